"""Files of judgements, YAML or JSON Lines, read strictly: every problem names the record and what to write instead."""

from __future__ import annotations

import datetime as dt
import difflib
import json
import re
from typing import TYPE_CHECKING

import yaml

from attribution.domain import Facet
from attribution.errors import JudgementError
from attribution.ingest.addresses import canonical_address, parsed_network
from attribution.judgements.model import BENIGN_FACETS, SHAPES, Judgement, Kind
from attribution.plaintext import clean

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from attribution.store.base import Mark

MAX_BYTES = 64 * 1024 * 1024
MAX_TEXT = 4000
"""Characters of a reason; of an id, a quarter."""
FIRST, LAST = dt.datetime(2000, 1, 1, tzinfo=dt.UTC), dt.datetime(2100, 1, 1, tzinfo=dt.UTC)
"""Times that a judgement can have, as those of logs; fixed, so that no wall clock is asked."""
COMMON = ("kind", "author", "at", "reason")
_ZONE_NAME = re.compile(r"\[[^\]]*\]$")
"""A zone's name behind its offset, as a graph writes it: 2026-03-14T09:00+01:00[Europe/Berlin]."""
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def load(path: Path) -> tuple[Judgement, ...]:
    """Read a file: `.jsonl` has one judgement a line, anything else is YAML with a list under `judgements:`.

    Raises
    ------
    JudgementError
        The file cannot be read, or a record is wrong; the message names its line or number.
    """
    text = _text(path)
    records = _lines(path, text) if path.suffix.lower() in {".jsonl", ".ndjson"} else _yaml(path, text)
    return tuple(parse(record, where=f"{path}: {where}") for where, record in records)


def parse(record: object, *, where: str = "judgement") -> Judgement:
    """Return a judgement from the keys of its kind, as a file or a program gives them.

    Raises
    ------
    JudgementError
        A key is missing, unknown or impossible; `where` begins the message.
    """
    if not isinstance(record, dict) or not all(isinstance(key, str) for key in record):
        raise JudgementError(f"{where}: not a mapping", remedy="write {kind: ..., author: ..., at: ..., reason: ...}")
    kind = _kind(record.get("kind"), where)
    shape = SHAPES[kind]
    keys = (*COMMON, shape.subject, *((shape.other,) if shape.other else ()))
    for key in sorted(record.keys() - set(keys)):
        near = difflib.get_close_matches(key, keys, 1)
        hint = f": did you mean {near[0]!r}?" if near else ""
        raise JudgementError(
            f"{where}: {kind.value} has no key {clean(key, 60)!r}{hint}", remedy=f"its keys are {', '.join(keys)}"
        )
    texts = {key: _field(record, key, where, MAX_TEXT // 4) for key in keys if key not in {"kind", "at", "reason"}}
    return make(
        kind,
        texts[shape.subject],
        texts.get(shape.other or ""),
        author=texts["author"],
        reason=_field(record, "reason", where, MAX_TEXT),
        decided=_moment(record.get("at"), where),
        where=where,
    )


def of_mark(mark: Mark) -> Judgement:
    """Return the judgement that somebody typed into the graph as a `Judgement` node.

    Raises
    ------
    JudgementError
        A property is missing or impossible; the message names the node.
    """
    where = f"Judgement node {mark.place}"
    kind = _kind(mark.kind, where)
    typed = {name: getattr(mark, name) for name in ("subject", "object", "facet", "author", "reason", "decided")}
    needed = ["subject", "author", "reason", "decided"]
    if SHAPES[kind].other is not None:
        needed.append("facet" if kind is Kind.BENIGN_VALUE else "object")
    texts = {key: _field(typed, key, where, MAX_TEXT if key == "reason" else MAX_TEXT // 4) for key in needed}
    for key in sorted(typed.keys() - set(needed)):
        if typed[key] is not None:
            raise JudgementError(
                f"{where}: {kind.value} has no property {key!r}", remedy=f"its properties are kind, {', '.join(needed)}"
            )
    return make(
        kind,
        texts["subject"],
        texts.get("facet") or texts.get("object"),
        author=texts["author"],
        reason=texts["reason"],
        decided=_moment(_ZONE_NAME.sub("", texts["decided"]), where, "decided", "decided: datetime()"),
        where=where,
    )


def make(
    kind: Kind,
    subject: str,
    other: str | None = None,
    *,
    author: str,
    reason: str,
    decided: dt.datetime,
    where: str = "judgement",
) -> Judgement:
    """Return a judgement from its parts, checked; the accounts of a link come in order.

    Raises
    ------
    JudgementError
        Author or reason is empty, the time has no zone or is impossible, the facet is none, or a link is of an account
        with itself.
    """
    for name, value in (("author", author), ("reason", reason), (SHAPES[kind].subject, subject)):
        if not value.strip():
            raise JudgementError(f"{where}: {name} is empty", remedy=f"say the {name}")
    if decided.tzinfo is None:
        raise JudgementError(f"{where}: the time {decided} has no zone", remedy="write it as 2026-03-14T09:00:00Z")
    if not FIRST <= decided < LAST:
        raise JudgementError(f"{where}: decided in {decided.year}", remedy="times lie from 2000 to 2099: mend the year")
    facet = None
    if kind is Kind.BENIGN_VALUE:
        facet, other = other, None
        names = [one.value for one in BENIGN_FACETS]
        if facet not in names:
            raise JudgementError(f"{where}: no facet {clean(str(facet), 60)!r}", remedy=f"choose of {', '.join(names)}")
        _addressed(facet, subject, where)
    if kind in {Kind.MUST_LINK, Kind.CANNOT_LINK} and other is not None:
        if subject == other:
            raise JudgementError(
                f"{where}: {kind.value} of account {clean(subject, 80)!r} with itself", remedy="name two accounts"
            )
        subject, other = sorted((subject, other))
    return Judgement(kind, subject, author.strip(), decided.astimezone(dt.UTC), reason.strip(), other, facet)


def _addressed(facet: str, value: str, where: str) -> None:
    """Refuse what no log can hold: a mistyped address would be honoured nowhere, and nobody would learn of it."""
    if facet == Facet.IP and canonical_address(value) is None:
        raise JudgementError(
            f"{where}: no address: {clean(value, 60)!r}",
            remedy="write one as 198.51.100.7; a network (198.51.100.0/24) has the facet network",
        )
    if facet == Facet.NETWORK and parsed_network(value) is None:
        raise JudgementError(f"{where}: no network: {clean(value, 60)!r}", remedy="write one as 198.51.100.0/24")


def _text(path: Path) -> str:
    try:
        if path.stat().st_size > MAX_BYTES:
            raise JudgementError(f"{path}: larger than {MAX_BYTES:,} bytes", remedy="split the file")
        return path.read_text("utf-8")
    except UnicodeDecodeError as error:
        raise JudgementError(f"{path}: not UTF-8 at byte {error.start}", remedy="save the file as UTF-8") from error
    except OSError as error:
        raise JudgementError(
            f"{path}: cannot be read ({error.strerror})", remedy="name an existing file of judgements"
        ) from error


def _lines(path: Path, text: str) -> Iterator[tuple[str, object]]:
    for number, line in enumerate(text.splitlines(), start=1):
        if line.strip():
            try:
                yield f"line {number}", json.loads(line)
            except (ValueError, RecursionError) as error:
                raise JudgementError(
                    f"{path}: line {number}: not JSON", remedy="write one JSON object a line"
                ) from error


def _yaml(path: Path, text: str) -> list[tuple[str, object]]:
    try:
        for event in yaml.parse(text, Loader=_LOADER):
            if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
                raise JudgementError(
                    f"{path}: {_place(event.start_mark)}: anchors and aliases are not read",
                    remedy="write the value out where it is used",
                )
        root = yaml.compose(text, Loader=_LOADER)
    except (yaml.YAMLError, RecursionError) as error:
        where = _place(getattr(error, "problem_mark", None))
        raise JudgementError(f"{path}: {where}: not YAML", remedy="see docs/judgements.md for an example") from error
    nodes = _listed(path, root)
    return [(_place(node.start_mark), _plain(node)) for node in nodes]


def _place(mark: object) -> str:
    line = getattr(mark, "line", None)
    return f"line {line + 1}" if isinstance(line, int) else "the file"


def _listed(path: Path, root: yaml.Node | None) -> Sequence[yaml.Node]:
    if isinstance(root, yaml.MappingNode) and len(root.value) == 1:
        key, value = root.value[0]
        if getattr(key, "value", None) == "judgements" and isinstance(value, yaml.SequenceNode):
            return list(value.value)
    raise JudgementError(
        f"{path}: no list under `judgements:`", remedy="begin the file with `judgements:` and a list below it"
    )


def _plain(node: yaml.Node) -> object:
    """Return a mapping of the scalars as they stand in the file, so that an id of digits keeps its zeros."""
    if not isinstance(node, yaml.MappingNode):
        return None
    record: dict[str, object] = {}
    for key, value in node.value:
        record[str(key.value)] = value.value if isinstance(value, yaml.ScalarNode) else None
    return record


def _kind(value: object, where: str) -> Kind:
    names = [kind.value for kind in Kind]
    if isinstance(value, str) and value in names:
        return Kind(value)
    near = difflib.get_close_matches(str(value), names, 1)
    hint = f": did you mean {near[0]!r}?" if near else ""
    said = "no `kind`" if value is None else f"no kind of judgement {clean(str(value), 60)!r}{hint}"
    raise JudgementError(f"{where}: {said}", remedy=f"kinds: {', '.join(names)}")


def _field(record: Mapping[str, object], key: str, where: str, limit: int) -> str:
    value = record.get(key)
    if value is not None and not isinstance(value, str):
        raise JudgementError(f"{where}: `{key}` is no text: {clean(str(value), 60)}", remedy="write it in quotes")
    if value is None or not value.strip():
        raise JudgementError(f"{where}: no `{key}`", remedy=f"add `{key}: ...` to the record, as text")
    if len(value) > limit:
        raise JudgementError(f"{where}: `{key}` is longer than {limit:,} characters", remedy="shorten it")
    return value


def _moment(value: object, where: str, name: str = "at", example: str = "it as 2026-03-14T09:00:00Z") -> dt.datetime:
    try:
        moment = dt.datetime.fromisoformat(str(value))
    except ValueError as error:
        said = f"no `{name}`" if value is None else f"`{name}` is no time: {clean(str(value), 60)!r}"
        raise JudgementError(f"{where}: {said}", remedy=f"write {example}") from error
    if moment.tzinfo is None:
        raise JudgementError(f"{where}: `{name}` has no zone: {clean(str(value), 60)!r}", remedy=f"write {example}")
    return moment
