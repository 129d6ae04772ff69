"""The strict reader of `labs.yaml`: every problem with its line and its remedy, nothing guessed, nothing expanded.

Scalars are read as they stand in the file and converted by what their key expects, so `bins: [012345]` keeps its zero
and `id: no` is no boolean. Anchors and aliases are refused, which is what makes a file of nested aliases harmless.
"""

from __future__ import annotations

import datetime as dt
import difflib
import ipaddress
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

import yaml

from attribution.domain import CAPABILITIES, UNKNOWN_LAB
from attribution.labs.dossiers import (
    CREDIBILITY,
    RELIABILITY,
    Dossier,
    Dossiers,
    Known,
    Problem,
    Source,
    WorkingDay,
)
from attribution.plaintext import clean

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

MAX_BYTES = 64 * 1024 * 1024
MAX_DEPTH = 12
MAX_EXAMPLE = 20_000
"""Characters of one template example."""

KEYS = (
    "id", "name", "asns", "networks", "bins", "issuer_countries", "email_domains", "working_day", "targets", "releases",
    "template_examples", "known", "sources",
)  # fmt: skip
KNOWN_KEYS = ("account_ids", "device_ids", "payment_ids", "ips")
SOURCE_KEYS = ("claim", "reliability", "credibility", "ref", "author", "date")
DAY_KEYS = ("utc_offset", "start", "end")
CLAIMS = (*KEYS[2:-1], *(f"known.{key}" for key in KNOWN_KEYS))
T = TypeVar("T")
D = TypeVar("D")
LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class _FactError(ValueError):
    """A scalar that is not what its key expects: message and remedy."""

    def __init__(self, message: str, remedy: str) -> None:
        super().__init__(message)
        self.remedy = remedy


@dataclass(slots=True)
class _Report:
    """The problems found so far."""

    problems: list[Problem] = field(default_factory=list)

    def add(self, node: yaml.Node, message: str, remedy: str) -> None:
        self.problems.append(Problem(node.start_mark.line + 1, clean(message), clean(remedy, 400)))


def read(text: str) -> tuple[Dossiers, list[Problem]]:
    """Read dossiers from YAML text; with problems the dossiers are empty."""
    try:
        bomb = _structure(text)
        if bomb:
            return Dossiers(), [bomb]
        root = yaml.compose(text, Loader=LOADER)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 0
        return Dossiers(), [
            Problem(line, f"not YAML: {clean(str(error.problem))}", "see docs/attribution.md for an example")
        ]
    except (yaml.YAMLError, ValueError) as error:
        return Dossiers(), [
            Problem(0, f"not YAML: {clean(str(error).splitlines()[0])}", "save the file as plain UTF-8 YAML")
        ]
    report = _Report()
    labs = _labs(root, report)
    if report.problems:
        return Dossiers(), sorted(report.problems, key=lambda problem: (problem.line, problem.message))
    return Dossiers(tuple(sorted(labs, key=lambda lab: lab.id))), []


def _structure(text: str) -> Problem | None:
    """Look for what makes a YAML file explode, before anything is built from it."""
    depth = 0
    for event in yaml.parse(text, Loader=LOADER):
        line = event.start_mark.line + 1 if event.start_mark else 0
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            return Problem(line, "anchors and aliases are not read", "write the value out where it is used")
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > MAX_DEPTH:
            return Problem(line, f"nested deeper than {MAX_DEPTH} levels", "a dossier is a flat list of facts")
    return None


def _labs(root: yaml.Node | None, report: _Report) -> list[Dossier]:
    if root is None:
        report.problems.append(Problem(0, "the file is empty", "write at least `labs: []`"))
        return []
    top = _mapping(root, ("labs",), "the file", report)
    if "labs" not in top:
        report.add(root, "no key `labs`", "begin the file with `labs:` and a list of dossiers below it")
        return []
    labs, seen = [], dict[str, int]()
    for node in _items(top["labs"], "labs", report):
        lab = _dossier(node, report)
        if lab is None:
            continue
        if lab.id in seen:
            report.add(node, f"lab id {lab.id!r} is already used at line {seen[lab.id]}", "give each lab its own id")
        seen.setdefault(lab.id, node.start_mark.line + 1)
        labs.append(lab)
    return labs


def _dossier(node: yaml.Node, report: _Report) -> Dossier | None:
    facts = _mapping(node, KEYS, "a dossier", report)
    before = len(report.problems)
    for key in ("id", "name"):
        if key not in facts:
            report.add(node, f"a dossier without `{key}`", f"add `{key}: ...` to it")
    lab_id = _scalar(facts, "id", _lab_id, report, "")
    name = _scalar(facts, "name", _text, report, "")
    examples = _values(facts, "template_examples", _example, report)
    dossier = Dossier(
        id=lab_id,
        name=name,
        asns=tuple(sorted(set(_values(facts, "asns", _asn, report)))),
        networks=tuple(sorted(set(_values(facts, "networks", _network, report)))),
        bins=tuple(sorted(set(_values(facts, "bins", _bin, report)))),
        issuer_countries=tuple(sorted(set(_values(facts, "issuer_countries", _country, report)))),
        email_domains=tuple(sorted(set(_values(facts, "email_domains", _domain, report)))),
        working_day=_working_day(facts.get("working_day"), report),
        targets=_targets(facts.get("targets"), report, own_allowed=bool(examples)),
        releases=tuple(sorted(set(_values(facts, "releases", _date, report)))),
        template_examples=tuple(sorted(set(examples))),
        known=_known(facts.get("known"), report),
        sources=_sources(facts.get("sources"), report),
    )
    return dossier if len(report.problems) == before else None


def _working_day(node: yaml.Node | None, report: _Report) -> WorkingDay | None:
    if node is None or _null(node):
        return None
    facts = _mapping(node, DAY_KEYS, "`working_day`", report)
    missing = [key for key in DAY_KEYS if key not in facts]
    if missing:
        report.add(node, f"`working_day` without {', '.join(missing)}", "write {utc_offset: 8, start: 9, end: 21}")
        return None
    offset = _scalar(facts, "utc_offset", _number(-12, 14), report, 0.0)
    start = _scalar(facts, "start", _number(0, 24), report, 0.0)
    end = _scalar(facts, "end", _number(0, 24), report, 0.0)
    if start == end:
        report.add(node, "`working_day` begins and ends at the same hour", "leave it out if the hours are not known")
        return None
    return WorkingDay(offset, start, end)


def _targets(node: yaml.Node | None, report: _Report, *, own_allowed: bool) -> tuple[tuple[str, float], ...]:
    if node is None or _null(node):
        return ()
    if not isinstance(node, yaml.MappingNode):
        report.add(node, "`targets` is not a mapping", "write {chain_of_thought: 0.6, rubric_grading: 0.4}")
        return ()
    shares: dict[str, float] = {}
    for key, value in node.value:
        name = str(key.value)
        if name not in CAPABILITIES and not own_allowed:
            report.add(key, f"unknown capability {name!r}{_suggest(name, CAPABILITIES)}",
                       "use a name of the list, or describe your own with template_examples")  # fmt: skip
        if name in shares:
            report.add(key, f"`{name}` twice", "keep one of them")
        shares[name] = _scalar({name: value}, name, _number(0, 1), report, 0.0)
    total = sum(shares[name] for name in sorted(shares))
    if total > 1.1:  # rounding of the author's shares
        report.add(node, f"the shares of `targets` sum to {total:g}", "shares are parts of 1")
    return tuple(sorted((name, share) for name, share in shares.items() if share > 0))


def _known(node: yaml.Node | None, report: _Report) -> Known:
    if node is None or _null(node):
        return Known()
    facts = _mapping(node, KNOWN_KEYS, "`known`", report)
    return Known(
        account_ids=tuple(sorted(set(_values(facts, "account_ids", _text, report)))),
        device_ids=tuple(sorted(set(_values(facts, "device_ids", _text, report)))),
        payment_ids=tuple(sorted(set(_values(facts, "payment_ids", _payment, report)))),
        ips=tuple(sorted(set(_values(facts, "ips", _address, report)))),
    )


def _sources(node: yaml.Node | None, report: _Report) -> tuple[Source, ...]:
    sources = []
    for item in _items(node, "sources", report):
        facts = _mapping(item, SOURCE_KEYS, "a source", report)
        if "claim" not in facts:
            report.add(item, "a source without `claim`", "name the key of the dossier that it speaks for")
            continue
        sources.append(
            Source(
                claim=_scalar(facts, "claim", _choice(CLAIMS), report, ""),
                reliability=_scalar(facts, "reliability", _choice(tuple(RELIABILITY)), report, None),
                credibility=_scalar(facts, "credibility", _credibility, report, None),
                ref=_scalar(facts, "ref", _text, report, None),
                author=_scalar(facts, "author", _text, report, None),
                date=_scalar(facts, "date", _date, report, None),
            )
        )
    return tuple(sorted(sources, key=lambda s: (s.claim, s.ref or "", s.reliability or "", s.author or "")))


# ── shapes ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def _null(node: yaml.Node) -> bool:
    return isinstance(node, yaml.ScalarNode) and node.tag == "tag:yaml.org,2002:null"


def _mapping(node: yaml.Node, keys: tuple[str, ...], what: str, report: _Report) -> dict[str, yaml.Node]:
    if not isinstance(node, yaml.MappingNode):
        report.add(node, f"{what} is not a mapping", f"write `key: value` lines; the keys are {', '.join(keys)}")
        return {}
    facts: dict[str, yaml.Node] = {}
    for key, value in node.value:
        name = str(key.value) if isinstance(key, yaml.ScalarNode) else "(a list or mapping)"
        if name not in keys:
            report.add(
                key, f"unknown key `{name[:60]}` in {what}{_suggest(name, keys)}", f"the keys are {', '.join(keys)}"
            )
        elif name in facts:
            report.add(key, f"key `{name}` twice in {what}", "keep one of them")
        else:
            facts[name] = value
    return facts


def _items(node: yaml.Node | None, name: str, report: _Report) -> Iterable[yaml.Node]:
    if node is None or _null(node):
        return ()
    if not isinstance(node, yaml.SequenceNode):
        report.add(node, f"`{name}` is not a list", f"write `{name}: [...]`, or one `- item` a line")
        return ()
    return tuple(node.value)


def _values(facts: dict[str, yaml.Node], name: str, convert: Callable[[str], T], report: _Report) -> list[T]:
    return [value for item in _items(facts.get(name), name, report) for value in _one(item, name, convert, report)]


def _scalar(facts: dict[str, yaml.Node], name: str, convert: Callable[[str], T], report: _Report, default: D) -> T | D:
    node = facts.get(name)
    if node is None or _null(node):
        return default
    return next(iter(_one(node, name, convert, report)), default)


def _one(node: yaml.Node, name: str, convert: Callable[[str], T], report: _Report) -> tuple[T, ...]:
    if not isinstance(node, yaml.ScalarNode):
        report.add(node, f"`{name}` holds a list or mapping where one value belongs", "write a plain value")
        return ()
    try:
        return (convert(node.value),)
    except _FactError as error:
        report.add(node, f"`{name}`: {error}", error.remedy)
        return ()


def _suggest(name: str, among: Iterable[str]) -> str:
    close = difflib.get_close_matches(name, list(among), n=1, cutoff=0.6)
    return f"; did you mean `{close[0]}`?" if close else ""


# ── values ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def _text(raw: str) -> str:
    if not raw.strip():
        raise _FactError("an empty text", "write a value, or leave the key out")
    return raw.strip()


def _lab_id(raw: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}", raw):
        raise _FactError(f"{raw[:60]!r} is no id", "use letters, digits, dot, dash and underscore, at most 100 of them")
    if raw == UNKNOWN_LAB:
        raise _FactError(f"{UNKNOWN_LAB!r} stands for labs without a dossier", "choose another id")
    return raw


def _example(raw: str) -> str:
    if len(raw) > MAX_EXAMPLE:
        raise _FactError(f"an example of {len(raw)} characters", f"cut it to {MAX_EXAMPLE}")
    return _text(raw)


def _asn(raw: str) -> int:
    digits = raw.strip().upper().removeprefix("AS")
    if not digits.isdecimal() or not digits.isascii() or not 0 < int(digits[:12]) < 2**32:
        raise _FactError(f"{raw[:60]!r} is no AS number", "write a number from 1 to 4294967295, such as 64510")
    return int(digits)


def _network(raw: str) -> str:
    try:
        network = ipaddress.ip_network(raw.strip(), strict=False)
        exact = ipaddress.ip_interface(raw.strip()).ip == network.network_address
    except ValueError:
        raise _FactError(f"{raw[:60]!r} is no network", 'write it as "198.51.100.0/24" or "2001:db8::/32"') from None
    if not exact:
        raise _FactError(f"{raw[:60]!r} has bits set behind its prefix", f'write "{network}"')
    if network.prefixlen == 0:
        raise _FactError(f"{raw!r} is every address", "name the lab's own networks")
    return str(network)


def _address(raw: str) -> str:
    try:
        address = ipaddress.ip_address(raw.strip().split("%", maxsplit=1)[0])
    except ValueError:
        raise _FactError(f"{raw[:60]!r} is no IP address", 'write it as "198.51.100.7" or "2001:db8::7"') from None
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return str(mapped or address)


def _bin(raw: str) -> str:
    if not re.fullmatch(r"[0-9]{4,11}", raw.strip()):
        raise _FactError(
            f"{_masked(raw)} is no card prefix", 'write its first 6 to 8 digits in quotes, such as "411111"'
        )
    return raw.strip()


def _payment(raw: str) -> str:
    digits = re.sub(r"[ -]", "", raw)
    if re.fullmatch(r"[0-9]{13,19}", digits) and _luhn(digits):
        raise _FactError(
            f"{_masked(digits)} is a card number", "write the payment token; card numbers are never stored"
        )
    return _text(raw)


def _masked(raw: str) -> str:
    return f"{raw[:4]!r} and {len(raw) - 4} more characters" if len(raw) > 11 else repr(raw)  # a prefix may show


def _luhn(digits: str) -> bool:
    odd, even = digits[-1::-2], digits[-2::-2]
    return (sum(map(int, odd)) + sum(sum(divmod(2 * int(digit), 10)) for digit in even)) % 10 == 0


def _country(raw: str) -> str:
    if not re.fullmatch(r"[A-Za-z]{2}", raw.strip()):
        raise _FactError(f"{raw[:60]!r} is no country", "write the two letters of ISO 3166")
    return raw.strip().upper()


def _domain(raw: str) -> str:
    domain = raw.strip().lower().removeprefix("@").rstrip(".")
    if "@" in domain or "." not in domain or any(c.isspace() for c in domain):
        raise _FactError(
            f"{raw[:60]!r} is no mail domain", "write what stands behind the @, such as amber-mail.example"
        )
    return domain


def _date(raw: str) -> dt.date:
    try:
        return dt.date.fromisoformat(raw.strip()[:10])
    except ValueError:
        raise _FactError(f"{raw[:60]!r} is no date", "write it as 2026-03-14") from None


def _credibility(raw: str) -> int:
    if raw.strip() not in {str(grade) for grade in CREDIBILITY}:
        raise _FactError(f"{raw[:60]!r} is no credibility", "write 1 (confirmed) to 6 (cannot be judged)")
    return int(raw)


def _choice(among: tuple[str, ...]) -> Callable[[str], str]:
    def convert(raw: str) -> str:
        if raw.strip() not in among:
            raise _FactError(
                f"{raw[:60]!r} is not one of the choices{_suggest(raw, among)}", f"choose of {', '.join(among)}"
            )
        return raw.strip()

    return convert


def _number(low: float, high: float) -> Callable[[str], float]:
    def convert(raw: str) -> float:
        try:
            value = float(raw)
        except ValueError:
            value = float("nan")
        if not low <= value <= high:
            raise _FactError(
                f"{raw[:60]!r} is no number from {low:g} to {high:g}", f"write a number from {low:g} to {high:g}"
            )
        return value

    return convert
