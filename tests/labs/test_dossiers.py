from __future__ import annotations

import ipaddress
import time
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from attribution.errors import DossierError
from attribution.labs.dossiers import Dossier, Dossiers
from attribution.labs.loading import check, load, parse
from attribution.labs.networks import NetworkTree, naive
from attribution.labs.reader import read

if TYPE_CHECKING:
    from pathlib import Path

CONTRACT = """
labs:
  - id: lab-amber
    name: Amber Research
    asns: [64510, 64511]
    networks: ["198.51.100.0/24"]
    bins: ["411111"]
    issuer_countries: [XA]
    email_domains: [amber-mail.example]
    working_day: {utc_offset: 8, start: 9, end: 21}
    targets: {chain_of_thought: 0.6, rubric_grading: 0.4}
    releases: [2026-03-14]
    template_examples: ["Imagine the internal reasoning behind …"]
    known: {account_ids: [], device_ids: [], payment_ids: [], ips: []}
    sources:
      - {claim: "asns", reliability: B, credibility: 2, ref: "case 2026-014"}
"""


def test_the_contracts_example_is_read_whole() -> None:
    lab = parse(CONTRACT).labs[0]
    assert lab.asns == (64510, 64511)
    assert lab.targets == (("chain_of_thought", 0.6), ("rubric_grading", 0.4))
    assert lab.releases[0].isoformat() == "2026-03-14"
    truth, ref = lab.truth("asns")
    assert 0.85 < truth < 1.0
    assert ref == "case 2026-014"
    assert lab.truth("bins")[1] is None


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("labs:\n- {id: a, name: A, asn: [1]}", 2, "did you mean `asns`?"),
        ("labs:\n- id: a\n  name: A\n  networks: [1.2.3.4/24]", 4, "bits set behind its prefix"),
        ("labs:\n- id: a\n  name: A\n  networks: [0.0.0.0/0]", 4, "every address"),
        ("labs:\n- id: a\n  name: A\n  bins: [4111111111111111]", 4, "no card prefix"),
        ("labs:\n- id: a\n  name: A\n  known: {payment_ids: [4111111111111111]}", 4, "card number"),
        ("labs:\n- id: a\n  name: A\n  known: {ip: [1.1.1.1]}", 4, "did you mean `ips`?"),
        ("labs:\n- id: a\n  name: A\n  targets: {chain_of_thougt: 1}", 4, "did you mean `chain_of_thought`?"),
        ("labs:\n- id: a\n  name: A\n  targets: {tool_use: .9, roleplay: .4}", 4, "sum to 1.3"),
        ("labs:\n- id: a\n  name: A\n  releases: [yesterday]", 4, "no date"),
        (
            "labs:\n- id: a\n  name: A\n  working_day: {utc_offset: 99, start: 9, end: 17}",
            4,
            "no number from -12 to 14",
        ),
        ("labs:\n- id: a\n  name: A\n  working_day: {start: 9, end: 17}", 4, "without utc_offset"),
        ("labs:\n- id: a\n  name: A\n  sources: [{claim: asns, reliability: G}]", 4, "not one of the choices"),
        ("labs:\n- id: a\n  name: A\n  sources: [{claim: asns, credibility: 7}]", 4, "no credibility"),
        ("labs:\n- id: a\n  name: A\n- id: a\n  name: B", 4, "already used at line 2"),
        ("labs:\n- id: unknown\n  name: A", 2, "labs without a dossier"),
        ("labs:\n- name: A", 2, "without `id`"),
        ("labs:\n- id: a\n  name: A\n  email_domains: [me@amber.example]", 4, "no mail domain"),
        ("labs:\n- id: a\n  name: A\n  asns: 64510", 4, "not a list"),
        ("labs: {a: 1}", 1, "not a list"),
        ("laps: []", 1, "did you mean `labs`?"),
        ("", 0, "empty"),
        ("labs: [}", 1, "not YAML"),
        ("a: &a [x, x]\nb: *a", 1, "anchors and aliases"),
        ("labs: " + "[" * 50 + "]" * 50, 1, "nested deeper"),
    ],
)
def test_each_mistake_is_named_with_its_line_and_a_remedy(text: str, line: int, message: str) -> None:
    dossiers, problems = read(text)
    assert not dossiers.labs
    found = [problem for problem in problems if message in problem.message]
    assert found, problems
    assert found[0].line == line
    assert found[0].remedy


def test_card_numbers_never_stand_in_a_message() -> None:
    for key in ("bins: [4111111111111111]", "known: {payment_ids: [4111111111111111]}"):
        problems = read(f"labs:\n- id: a\n  name: A\n  {key}")[1]
        assert problems
        assert all("4111111111111111" not in str(problem) + problem.remedy for problem in problems)


def test_billion_laughs_are_refused_at_once() -> None:
    bomb = "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
        f"{b}: &{b} [*{a},*{a},*{a},*{a},*{a},*{a},*{a},*{a},*{a}]\n"
        for a, b in zip("abcdefgh", "bcdefghi", strict=True)
    )
    begin = time.perf_counter()
    _, problems = read(bomb)
    assert time.perf_counter() - begin < 1.0
    assert "anchors" in problems[0].message


def test_load_says_file_line_and_how_many_more(tmp_path: Path) -> None:
    path = tmp_path / "labs.yaml"
    path.write_text("labs:\n- {id: a, name: A, asn: [1], bin: [2]}")
    with pytest.raises(DossierError, match=r"labs\.yaml: line 2: .*1 more") as caught:
        load(path)
    assert "asns" in caught.value.remedy
    assert len(check(path)) == 2
    with pytest.raises(DossierError, match="cannot be read"):
        load(tmp_path / "missing.yaml")
    path.write_bytes(b"labs: [\xff\xfe]")
    with pytest.raises(DossierError, match="UTF-8"):
        load(path)
    assert load(None) == Dossiers()


def test_digest_follows_content_not_order_or_comments() -> None:
    one = parse("labs:\n- {id: a, name: A, asns: [1, 2]}\n- {id: b, name: B}")
    two = parse("labs: # comment\n- {id: b, name: B}\n- {name: A, asns: [2, 1], id: a}")
    three = parse("labs:\n- {id: a, name: A, asns: [1, 3]}\n- {id: b, name: B}")
    assert one.digest == two.digest != three.digest
    assert one.labs[1].digest == three.labs[1].digest


def test_values_keep_their_writing() -> None:
    lab = parse('labs:\n- {id: no, name: 007, bins: [012345], known: {ips: ["::ffff:1.2.3.4", "2001:DB8::1"]}}').labs[0]
    assert (lab.id, lab.name, lab.bins) == ("no", "007", ("012345",))
    assert lab.known.ips == ("1.2.3.4", "2001:db8::1")


networks = st.lists(
    st.builds(
        lambda address, length: str(ipaddress.ip_network((address, length), strict=False)),
        st.integers(0, 2**32 - 1).map(lambda n: n & 0x0F0F0000),
        st.integers(4, 32),
    ),
    max_size=12,
)


@settings(max_examples=60)
@given(st.lists(networks, min_size=1, max_size=4), st.integers(0, 2**32 - 1).map(lambda n: n & 0x0F0F0003))
def test_tree_finds_what_looking_at_every_network_finds(listed: list[list[str]], number: int) -> None:
    labs = Dossiers(
        tuple(Dossier(id=f"l{n}", name="L", networks=tuple(sorted(set(nets)))) for n, nets in enumerate(listed))
    )
    address = str(ipaddress.ip_address(number))
    assert NetworkTree(labs).labs(address) == naive([lab.networks for lab in labs.labs], address)


def test_tree_knows_ipv6_and_nonsense() -> None:
    tree = NetworkTree(Dossiers((Dossier(id="a", name="A", networks=("2001:db8::/32", "2001:db8:1::/48")),)))
    assert tree.labs("2001:db8:1::7") == (0,)
    assert tree.labs("2001:db9::1") == ()
    assert tree.labs("not an address") == ()


def test_thousands_of_networks_stay_fast() -> None:
    nets = tuple(f"{10 + n // 65536}.{n // 256 % 256}.{n % 256}.0/24" for n in range(20_000))
    begin = time.perf_counter()
    tree = NetworkTree(Dossiers((Dossier(id="a", name="A", networks=nets),)))
    hits = sum(bool(tree.labs(f"10.{n // 256}.{n % 256}.7")) for n in range(20_000))
    assert hits == 20_000
    assert time.perf_counter() - begin < 3.0
