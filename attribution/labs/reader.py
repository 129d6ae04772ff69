"""The strict reader of `labs.yaml`: every problem with its line and its remedy, nothing guessed, nothing expanded.

Scalars are read as they stand in the file and converted by what their key expects, so `bins: [012345]` keeps its zero
and `id: no` is no boolean. Anchors and aliases are refused, which is what makes a file of nested aliases harmless.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

import yaml

from attribution.domain import CAPABILITIES
from attribution.labs import scalars
from attribution.labs.dossiers import (
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


@dataclass(slots=True)
class _Report:
    """The problems found so far."""

    problems: list[Problem] = field(default_factory=list)

    def add(self, node: yaml.Node, message: str, remedy: str) -> None:
        self.problems.append(Problem(node.start_mark.line + 1, clean(message), clean(remedy, 400)))


def read(text: str) -> tuple[Dossiers, list[Problem]]:
    """Read dossiers from YAML text; with problems the dossiers are empty."""
    try:
        bomb = structure(text)
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


def structure(text: str) -> Problem | None:
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
    lab_id = _scalar(facts, "id", scalars.lab_id, report, "")
    name = _scalar(facts, "name", scalars.text, report, "")
    examples = _values(facts, "template_examples", scalars.example, report)
    dossier = Dossier(
        id=lab_id,
        name=name,
        asns=tuple(sorted(set(_values(facts, "asns", scalars.asn, report)))),
        networks=tuple(sorted(set(_values(facts, "networks", scalars.network, report)))),
        bins=tuple(sorted(set(_values(facts, "bins", scalars.card_prefix, report)))),
        issuer_countries=tuple(sorted(set(_values(facts, "issuer_countries", scalars.country, report)))),
        email_domains=tuple(sorted(set(_values(facts, "email_domains", scalars.domain, report)))),
        working_day=_working_day(facts.get("working_day"), report),
        targets=_targets(facts.get("targets"), report, own_allowed=bool(examples)),
        releases=tuple(sorted(set(_values(facts, "releases", scalars.date, report)))),
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
    offset = _scalar(facts, "utc_offset", scalars.number(-12, 14), report, 0.0)
    start = _scalar(facts, "start", scalars.number(0, 24), report, 0.0)
    end = _scalar(facts, "end", scalars.number(0, 24), report, 0.0)
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
            report.add(key, f"unknown capability {name!r}{scalars.suggest(name, CAPABILITIES)}",
                       "use a name of the list, or describe your own with template_examples")  # fmt: skip
        if name in shares:
            report.add(key, f"`{name}` twice", "keep one of them")
        shares[name] = _scalar({name: value}, name, scalars.number(0, 1), report, 0.0)
    total = sum(shares[name] for name in sorted(shares))
    if total > 1.1:  # rounding of the author's shares
        report.add(node, f"the shares of `targets` sum to {total:g}", "shares are parts of 1")
    return tuple(sorted((name, share) for name, share in shares.items() if share > 0))


def _known(node: yaml.Node | None, report: _Report) -> Known:
    if node is None or _null(node):
        return Known()
    facts = _mapping(node, KNOWN_KEYS, "`known`", report)
    return Known(
        account_ids=tuple(sorted(set(_values(facts, "account_ids", scalars.text, report)))),
        device_ids=tuple(sorted(set(_values(facts, "device_ids", scalars.text, report)))),
        payment_ids=tuple(sorted(set(_values(facts, "payment_ids", scalars.payment, report)))),
        ips=tuple(sorted(set(_values(facts, "ips", scalars.address, report)))),
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
                claim=_scalar(facts, "claim", scalars.choice(CLAIMS), report, ""),
                reliability=_scalar(facts, "reliability", scalars.choice(tuple(RELIABILITY)), report, None),
                credibility=_scalar(facts, "credibility", scalars.credibility, report, None),
                ref=_scalar(facts, "ref", scalars.text, report, None),
                author=_scalar(facts, "author", scalars.text, report, None),
                date=_scalar(facts, "date", scalars.date, report, None),
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
                key,
                f"unknown key `{name[:60]}` in {what}{scalars.suggest(name, keys)}",
                f"the keys are {', '.join(keys)}",
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
    except scalars.FactError as error:
        report.add(node, f"`{name}`: {error}", error.remedy)
        return ()
