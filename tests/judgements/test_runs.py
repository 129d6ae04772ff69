"""Judgements through the command line and a run: honoured, said, never overwritten, the same bytes again."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

import attribution
from api.facts import FactScorer
from attribution import pipeline, rings
from attribution.cli import main
from attribution.config import LabConfig
from attribution.domain import Facet
from attribution.inquiry import PairWhy, RingWhy
from attribution.labs.dossiers import Dossiers
from attribution.report import read
from attribution.store import open_store
from attribution.warehouse import connect, population

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from attribution.config import RingConfig
    from attribution.domain import Partition, Population, Ring
    from attribution.report import Document
    from attribution.report.changed import JudgementEntry
    from attribution.rings import Keep


@dataclass(frozen=True)
class Case:
    """A run, what people then said of it, and the next run."""

    folder: Path
    world: Path
    before: pipeline.Result
    after: pipeline.Result

    def said(self, kind: str) -> JudgementEntry:
        return next(one for one in self.after.report.judgements if one.kind == kind)


def command(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", "from attribution.cli import main; main()", *words],
        capture_output=True,
        text=True,
        check=False,
    )


def records(found: Document) -> list[dict[str, str]]:
    """What two people say of a run: one judgement of each kind, and a quarrel."""
    covert = [ring for ring in found.rings if ring.verdict == "coordinated"]
    cleared = [ring for ring in found.rings if ring.verdict != "coordinated"]
    one, other = covert[0], cleared[0]
    address = next(value for ring in found.rings for value in ring.shared if value.facet == "ip")
    campaign = one.campaigns[0]
    accounts = [member.account_id for member in one.members]
    said: list[dict[str, str]] = [
        {"kind": "ring_confirmed", "ring": other.ring_id},
        {"kind": "not_a_member", "ring": one.ring_id, "account": accounts[0]},
        {"kind": "cannot_link", "account": accounts[1], "with": accounts[2]},
        {"kind": "must_link", "account": accounts[1], "with": cleared[1].members[0].account_id},
        {"kind": "benign_value", "facet": "ip", "value": address.value},
        {"kind": "attribution_disputed", "campaign": campaign.campaign_id, "lab": "lab-none"},
        {"kind": "attribution_accepted", "campaign": campaign.campaign_id, "lab": "lab-else"},
        {"kind": "ring_rejected", "ring": cleared[2].ring_id, "author": "li"},
        {"kind": "ring_confirmed", "ring": cleared[2].ring_id},
    ]
    common = {"author": "mara", "at": "2026-04-01T09:00:00Z", "reason": "seen <b>on site</b>"}
    return [{**common, **one} for one in said]


@pytest.fixture(scope="module")
def case(world: Path, tmp_path_factory: pytest.TempPathFactory) -> Case:
    folder = tmp_path_factory.mktemp("judged")
    labs, store = world / "labs.yaml", folder / "s.duckdb"
    before = pipeline.run(world, labs=labs, out=folder / "before", seed=3, store=store)
    (folder / "said.jsonl").write_text("\n".join(json.dumps(one) for one in records(before.report)), "utf-8")
    told = command("judge", "import", str(folder / "said.jsonl"), "--store", str(store))
    assert told.stdout == "9 new, 0 there already\n", told.stderr
    after = pipeline.run(world, labs=labs, out=folder / "after", seed=3, store=store)
    return Case(folder, world, before, after)


def test_a_confirmed_ring_is_the_persons_with_the_engines_verdict_beside_it(case: Case) -> None:
    name = records(case.before.report)[0]["ring"]
    was, now = case.before.report.ring(name), case.after.report.ring(name)
    assert (now.verdict, now.machine_verdict) == ("coordinated", was.verdict)
    assert now.probability == pytest.approx(was.probability, abs=0.2)  # the engine's own, whatever people say
    assert "by judgement" in now.verdict_sentence
    row = case.after.tables["rings"].to_pandas().set_index("ring_id").loc[name]
    assert row["verdict"] == "coordinated"
    assert round(row["probability"], 6) == now.probability
    line = next(line for line in now.ledger if line.family == "judgement")
    assert (line.name, line.weight, line.detail["author"]) == ("ring_confirmed", 0.0, "mara")


def test_why_says_what_people_decided_about_two_accounts(case: Case) -> None:
    said = records(case.before.report)
    for kind, words in ((said[2], "do not have one operator"), (said[3], "have one operator")):
        pair = attribution.why(case.after.out, kind["account"], kind["with"], store=case.folder / "s.duckdb")
        assert isinstance(pair, PairWhy)
        (judged,) = pair.judged
        assert words in judged
        assert judged.endswith("mara, 2026-04-01: seen <b>on site</b>")
    told = command("why", str(case.after.out), kind["account"], kind["with"], "--store", str(case.folder / "s.duckdb"))
    assert "Judged: " in told.stdout
    rows = case.after.tables["members"].to_pandas()
    ring = rows.loc[rows["account_id"] == said[3]["with"], "ring_id"].item()
    inside = set(rows.loc[rows["ring_id"] == ring, "account_id"])
    whole = attribution.why(case.after.out, ring, store=case.folder / "s.duckdb")
    assert isinstance(whole, RingWhy)
    assert len(whole.judged) == sum({one["account"], one["with"]} <= inside for one in said[2:4]) == 1


def test_scoring_leaves_out_what_people_judged_benign(case: Case) -> None:
    path, address = case.folder / "s.duckdb", records(case.before.report)[4]["value"]
    with open_store(str(path)) as store, connect(path, read_only=True) as con:
        whole = population(con)
        scorer = FactScorer(path, store, Dossiers(), LabConfig())
        people = scorer.population(con)
        assert scorer.population(con) is people  # kept until something changes
    at = whole.incidence[Facet.IP].values.index(address).as_py()
    assert whole.incidence[Facet.IP].popularity()[at] >= 2
    users = dict(
        zip(people.incidence[Facet.IP].values.to_pylist(), people.incidence[Facet.IP].popularity(), strict=True)
    )
    assert users.get(address, 0) == 0


def test_members_links_and_values_are_as_people_say(case: Case) -> None:
    said = records(case.before.report)
    rows = case.after.tables["members"].to_pandas()
    home = dict(zip(rows["account_id"], rows["ring_id"], strict=True))
    assert home.get(said[1]["account"]) != said[1]["ring"]
    assert case.said("not_a_member").effect == "changed"
    one, two = said[2]["account"], said[2]["with"]
    assert one not in home or home[one] != home.get(two)
    assert case.said("cannot_link").effect == "changed"
    assert home[said[3]["account"]] == home[said[3]["with"]]
    assert case.said("must_link").effect == "changed"
    suppressed = case.after.tables["suppressed"].to_pandas()
    reason = suppressed[(suppressed["facet"] == "ip") & (suppressed["value"] == said[4]["value"])]["reason"].tolist()
    assert reason == ["judged benign by mara, 2026-04-01 09:00 UTC: seen <b>on site</b>"]
    assert case.said("benign_value").effect == "changed"


def test_a_must_link_holds_an_account_that_the_engine_would_leave_out(
    case: Case, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[list[str], list[str]]] = []

    def judge(found: Partition, people: Population, config: RingConfig, keep_with: Keep) -> tuple[Ring, ...]:
        def listen(accounts: NDArray[np.int32], sure: NDArray[np.bool_]) -> NDArray[np.bool_]:
            if not sure.all():
                names = [people.accounts.take(part.tolist()).to_pylist() for part in (accounts[sure], accounts[~sure])]
                asked.append((names[0], names[1]))
            return keep_with(accounts, sure)

        return rings.judge(found, people, config, listen)

    with monkeypatch.context() as patch:
        patch.setattr(pipeline, "judge", judge)
        first = pipeline.run(case.world, labs=case.world / "labs.yaml", out=tmp_path / "first", seed=3)
    certain, doubted = asked[0]
    pair = {"kind": "must_link", "account": certain[0], "with": doubted[0]}
    said = {**pair, "author": "mara", "at": "2026-04-01T09:00:00Z", "reason": "one passport"}
    (tmp_path / "said.jsonl").write_text(json.dumps(said), "utf-8")
    second = pipeline.run(
        case.world,
        labs=case.world / "labs.yaml",
        out=tmp_path / "second",
        seed=3,
        judgements=tmp_path / "said.jsonl",
    )
    home, now = (
        {row["account_id"]: row["ring_id"] for row in one.tables["members"].to_pylist()} for one in (first, second)
    )
    assert doubted[0] not in home
    assert now[doubted[0]] == now[certain[0]]
    assert set(now) == set(home) | {doubted[0]}
    assert [ring.verdict for ring in second.report.rings] == [ring.verdict for ring in first.report.rings]
    (told,) = second.report.judgements
    assert told.effect == "changed"
    assert f"{doubted[0]} stays in {now[certain[0]]}, where the engine would leave it out" in told.outcome


def test_an_account_of_another_night_ties_two_of_this_one(case: Case, tmp_path: Path) -> None:
    """People tied both to an account whose events are not among these logs: what follows of that holds here."""
    covert, other = (
        next(ring for ring in case.before.report.rings if (ring.verdict == "coordinated") is covert)
        for covert in (True, False)
    )
    pair, store = (covert.members[0].account_id, other.members[0].account_id), tmp_path / "s.duckdb"
    common = {"kind": "must_link", "author": "mara", "at": "2026-04-01T09:00:00Z", "reason": "one passport"}
    said = [{**common, "account": account, "with": "acct-of-last-night"} for account in pair]
    (tmp_path / "said.jsonl").write_text("\n".join(map(json.dumps, said)), "utf-8")
    pipeline.run(case.world, labs=case.world / "labs.yaml", out=tmp_path / "first", seed=3, store=store)
    told = command("judge", "import", str(tmp_path / "said.jsonl"), "--store", str(store))
    assert told.stdout == "2 new, 0 there already\n", told.stderr
    after = pipeline.run(case.world, labs=case.world / "labs.yaml", out=tmp_path / "after", seed=3, store=store)
    home = {row["account_id"]: row["ring_id"] for row in after.tables["members"].to_pylist()}
    assert home[pair[0]] == home[pair[1]]
    assert "acct-of-last-night" not in home
    assert [one.effect for one in after.report.judgements] == ["changed", "changed"]
    between = f"acct-of-last-night is not in the logs, and ties {' and '.join(sorted(pair))}: "
    assert all(one.outcome.startswith(between) for one in after.report.judgements)


def test_an_accepted_lab_stands_beside_the_engines_posterior(case: Case) -> None:
    said = records(case.before.report)[6]
    campaign = next(
        one for ring in case.after.report.rings for one in ring.campaigns if one.campaign_id == said["campaign"]
    )
    assert campaign.judged_lab == "lab-else"
    assert campaign.abstained
    rows = case.after.tables["attributions"].to_pandas().query("campaign_id == @said['campaign']")
    assert rows["posterior"].sum() == pytest.approx(1.0, abs=1e-9)
    assert case.said("attribution_disputed").effect == "agreed"


def test_a_quarrel_is_reported_and_the_engines_verdict_stays(case: Case) -> None:
    name = records(case.before.report)[8]["ring"]
    quarrel = [one for one in case.after.report.judgements if one.effect == "contradicted"]
    assert {one.author for one in quarrel} == {"mara", "li"}
    assert case.after.report.ring(name).machine_verdict is None
    assert case.after.report.ring(name).verdict == case.before.report.ring(name).verdict


def test_the_report_says_what_was_decided_and_escapes_it(case: Case) -> None:
    page = (case.folder / "after" / "report.html").read_text("utf-8")
    assert "What people decided" in page
    assert "seen &lt;b&gt;on site&lt;/b&gt;" in page
    changes = case.after.report.changes
    assert changes is not None
    assert sum(one.kind == "judgement" and one.event == "new" for one in changes.entries) == 9
    assert read(case.folder / "after") == case.after.report


def test_judgements_are_part_of_the_question_and_the_same_ones_give_the_same_bytes(case: Case) -> None:
    assert case.before.run_id != case.after.run_id
    again = pipeline.run(
        case.world, labs=case.world / "labs.yaml", out=case.folder / "again", seed=3, store=case.folder / "s.duckdb"
    )
    assert again.run_id == case.after.run_id
    for path in sorted((case.folder / "after").glob("*.parquet")):
        assert path.read_bytes() == (case.folder / "again" / path.name).read_bytes(), path.name


def test_the_command_writes_lists_and_refuses(
    case: Case, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    def tell(*words: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["attribution", "judge", *words])
        with pytest.raises(SystemExit) as end:
            main()
        out, err = capfd.readouterr()
        return int(str(end.value.code)), out, err

    store = str(case.folder / "s.duckdb")
    known = case.before.report.rings[0].ring_id
    common = ("--store", store, "--author", "li", "--reason", "x", "--at", "2026-05-01T00:00:00Z")
    code, out, err = tell("exclude", known, "nobody", *common)
    assert code == 0, err
    name = out.partition(":")[0]
    assert tell("exclude", known, "nobody", *common)[1].endswith("(there already)\n")
    assert tell("withdraw", name, *common)[0] == 0
    listed = json.loads(tell("list", "--store", store, "--json")[1])
    assert {one["id"]: one["state"] for one in listed}[name] == "withdrawn"
    assert sum(one["state"] == "contradicted" for one in listed) == 2
    for words, wanted, message in (
        (("confirm", "ring-none", *common), 7, "no ring 'ring-none' in any run of this store"),
        (("withdraw", "j-none", *common), 7, "no judgement 'j-none'"),
        (("benign", "planet", "x", *common), 8, "no facet 'planet'"),
        (("link", "a", "a", *common), 8, "with itself"),
        (("confirm", known, *common[:-1], "soon"), 8, "--at soon: not a time"),
        (("confirm", known, "--store", store + "x", *common[2:]), 7, "no such store"),
        (("confirm", known, "--store", store, "--reason", "x"), 2, "author"),
    ):
        code, _, err = tell(*words)
        assert (code, message in err) == (wanted, True), err
        assert "remedy:" in err
    with open_store(store) as source:
        assert source.ledger("judgements").num_rows == 11
