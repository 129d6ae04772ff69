"""From the table of distinct prompts to the table of templates: the stage that the ingest calls."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from attribution.ingest.templates import kernels
from attribution.ingest.templates.common import common_tokens
from attribution.ingest.templates.containment import fillings
from attribution.ingest.templates.discover import Found, discover
from attribution.ingest.templates.match import Matcher, build
from attribution.ingest.templates.pattern import Pattern, parse, render
from attribution.ingest.templates.refine import says_more
from attribution.ingest.templates.strength import Strength
from attribution.ingest.templates.tokens import HEAD_CHARS, TAIL_CHARS, Tokens, join, normalise, seed_of, tokenise

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    import duckdb
    from numpy.typing import NDArray

    from attribution.config import TemplateConfig

_BATCH = 131_072
_SAMPLE = 65_536
_MEMORY = 2_000_000
_ROUNDS = 3
_STRICT = 2
"""Rounds that name only the parts of a group where parts are templates of their own; later ones name the rest."""
_WORTHWHILE = 0.02
"""Another round is made as long as the last one placed this share of the prompts that were left."""
_CAP = 8
"""One prompt sent many times counts as this many at most when a template's weight is judged."""
_TEXT = f"""case when length(prompt) > {HEAD_CHARS + TAIL_CHARS}
    then left(prompt, {HEAD_CHARS}) || ' ' || right(prompt, {TAIL_CHARS}) else prompt end"""


@dataclass(frozen=True, slots=True)
class _Batch:
    """Prompts in token form: row i of `tokens` is prompt `keys[i]`, sent `n[i]` times."""

    keys: NDArray[np.int64]
    n: NDArray[np.int64]
    tokens: Tokens

    def take(self, rows: NDArray[np.int64]) -> _Batch:
        return _Batch(self.keys[rows], self.n[rows], self.tokens.take(rows))


def mine(con: duckdb.DuckDBPyConnection, *, key: bytes, config: TemplateConfig) -> None:
    """Give every prompt its template.

    Reads the temporary table `prompts(prompt_key, prompt, n)` of distinct prompts, creates the temporary table
    `prompt_templates(prompt_key, template_id)` (null: a prompt that follows no template) and merges what was found
    into the fact table `templates`. Templates that the table already holds come first: a prompt that fits one gets
    its id, however few of its kind this batch has.

    Parameters
    ----------
    key : secret of the deployment. The ids are keyed hashes of the fixed words, so that the same template has the
        same id on another day, and nobody without the key can aim at one.

    Notes
    -----
    Linear in the text. Memory: four bytes a token of the prompts that follow no template known by then.
    """
    con.execute("create or replace temp table prompt_templates (prompt_key bigint, template_id varchar)")
    job = _Job(con, key, seed_of(key), config.min_count, Strength(common_tokens(seed_of(key))))
    rows = con.execute("select template_id, pattern, example from templates").fetchall()
    known = {name: parse(name, text, example, job.seed) for name, text, example in rows}
    fresh: dict[str, Pattern] = {}
    ((total,),) = con.execute("select count(*) from prompts").fetchall()
    if total > _MEMORY:
        # Too many to hold: learn from a sample first, so that most prompts are recognised as they stream by.
        sample = _join([_miss(batch, build(known.values())) for batch in job.stream(total // _SAMPLE)])
        fresh = {name: pattern for name, pattern in job.learn(sample).items() if name not in known}
    placed: list[tuple[NDArray[np.int64], pa.DictionaryArray]] = []
    left = _settle(job.stream(1), build([*known.values(), *fresh.values()]), placed)
    for number in range(_ROUNDS + 1):
        look = job.sample(left) if number == 0 else left
        learnt = job.learn(look, last=number >= _STRICT)
        found = {name: pattern for name, pattern in learnt.items() if name not in fresh and name not in known}
        fresh.update(found)
        before = len(left.keys)
        left = _settle([left], build(found.values()), placed)
        if number >= _STRICT and before - len(left.keys) < _WORTHWHILE * before:
            break
    copies = job.copies(left)
    fresh.update({name: pattern for name, pattern in copies.items() if name not in known and name not in fresh})
    left = _settle([left], build(copies.values()), placed)
    fillings = job.fillings([pattern for name, pattern in sorted(fresh.items()) if name not in known])
    for keys, names in placed:
        job.write(
            keys,
            pa.DictionaryArray.from_arrays(names.indices, [fillings.get(n, n) for n in names.dictionary.to_pylist()]),
        )
    job.write(left.keys, pa.nulls(len(left.keys), pa.string()))
    con.execute("insert into prompt_templates select prompt_key, null from prompts where prompt is null")
    _merge(con, [pattern for name, pattern in sorted(fresh.items()) if name not in known and name not in fillings])


def _settle(
    batches: Iterable[_Batch], matcher: Matcher, placed: list[tuple[NDArray[np.int64], pa.DictionaryArray]]
) -> _Batch:
    """Add the prompts that fit a template to `placed`; return the others."""
    names = pa.array([pattern.template_id for pattern in matcher.patterns], pa.string())
    rest = []
    for batch in batches:
        hit = matcher(batch.tokens)
        found = np.flatnonzero(hit >= 0)
        if len(found):
            placed.append((batch.keys[found], pa.DictionaryArray.from_arrays(pa.array(hit[found]), names)))
        rest.append(batch if not len(found) else batch.take(np.flatnonzero(hit < 0)))
    return _join(rest)


@dataclass(frozen=True, slots=True)
class _Job:
    """What all steps of one mining share."""

    con: duckdb.DuckDBPyConnection
    key: bytes
    seed: np.uint64
    floor: int
    strength: Strength

    def stream(self, every: int) -> Iterator[_Batch]:
        """Yield the prompts as tokens, in batches; of `every` > 1, one in so many, chosen by content."""
        chosen = f" and hash(prompt) % {int(every)} = 0" if every > 1 else ""
        reader = self.con.sql(
            f"select prompt_key, n::bigint as n, {_TEXT} as prompt from prompts where prompt is not null{chosen}"
        )
        for record in reader.to_arrow_reader(_BATCH):
            keys = record.column(0).to_numpy(zero_copy_only=False).astype(np.int64)
            n = record.column(1).to_numpy(zero_copy_only=False).astype(np.int64)
            yield _Batch(keys, n, tokenise(normalise(record.column(2)), self.seed))

    def write(self, keys: NDArray[np.int64], ids: pa.Array) -> None:
        """Append to `prompt_templates`."""
        self.con.register("mined_now", pa.table({"prompt_key": pa.array(keys, pa.int64()), "template_id": ids}))
        self.con.execute("insert into prompt_templates select prompt_key, template_id::varchar from mined_now")
        self.con.unregister("mined_now")

    def fillings(self, patterns: list[Pattern]) -> dict[str, str]:
        """Return which templates, found in different rounds, are another one with a slot filled in."""
        within = fillings([pattern.tokens for pattern in patterns], says_more, self.strength)
        return {patterns[part].template_id: patterns[whole].template_id for part, whole in within.items()}

    def rows(self, batch: _Batch) -> NDArray[np.uint64]:
        """Return a hash of each prompt's tokens."""
        return np.asarray(kernels.hash_rows(batch.tokens.values, batch.tokens.indptr, self.seed))

    def sample(self, batch: _Batch) -> _Batch:
        """Return some 200,000 prompts, chosen by content."""
        every = len(batch.keys) // _SAMPLE
        return batch.take(np.flatnonzero(self.rows(batch) % np.uint64(every) == 0)) if every > 1 else batch

    def learn(self, batch: _Batch, *, last: bool = False) -> dict[str, Pattern]:
        """Find the templates among prompts."""
        hashes = self.rows(batch)
        first, sent = _distinct(hashes, np.minimum(batch.n, _CAP))
        weight = np.minimum(sent, _CAP).astype(np.uint32)
        found = discover(batch.tokens.take(first), weight, self.floor, self.strength, last=last)
        return self.render(batch, hashes, [Found(int(first[item.reference]), item.shape, item.cuts) for item in found])

    def copies(self, batch: _Batch) -> dict[str, Pattern]:
        """Find the prompts that were sent word for word often enough to be templates without slots."""
        hashes = self.rows(batch)
        first, sent = _distinct(hashes, batch.n)
        often = np.flatnonzero(sent >= self.floor)
        shapes = [(int(first[i]), batch.tokens.take(first[i : i + 1]).values.astype(np.int64)) for i in often]
        found = [Found(row, shape, np.zeros(len(shape) + 1, np.bool_)) for row, shape in shapes]
        return self.render(batch, hashes, [item for item in found if self.strength.enough(item.shape, 1.0)])

    def render(self, batch: _Batch, hashes: NDArray[np.uint64], found: list[Found]) -> dict[str, Pattern]:
        """Write patterns out; of prompts with the same tokens the one first in the alphabet lends its spelling."""
        if not found:
            return {}
        wanted = np.unique(np.asarray([hashes[item.reference] for item in found], np.uint64))
        rows = np.flatnonzero(wanted[np.minimum(np.searchsorted(wanted, hashes), len(wanted) - 1)] == hashes)
        self.con.register("mined_now", pa.table({"prompt_key": pa.array(batch.keys[rows], pa.int64())}))
        texts = dict(
            self.con.execute(f"select prompt_key, {_TEXT} from prompts join mined_now using (prompt_key)").fetchall()
        )
        self.con.unregister("mined_now")
        spelling: dict[int, str] = {}
        for row in rows.tolist():
            name, text = int(hashes[row]), texts[int(batch.keys[row])]
            spelling[name] = min(spelling.get(name, text), text)
        out: dict[str, Pattern] = {}
        for item in found:
            pattern = render(spelling[int(hashes[item.reference])], item, self.seed, self.key)
            held = out.get(pattern.template_id)
            if held is None or pattern.text < held.text:
                out[pattern.template_id] = pattern
        return out


def _distinct(hashes: NDArray[np.uint64], n: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return a row of each distinct hash, in the order of the hashes, and the sum of `n` over all its rows."""
    order = np.argsort(hashes, kind="stable")
    if not len(order):
        return order, n
    starts = np.flatnonzero(np.concatenate([[True], np.diff(hashes[order]) != 0]))
    return order[starts], np.add.reduceat(n[order], starts)


def _miss(batch: _Batch, matcher: Matcher) -> _Batch:
    return batch.take(np.flatnonzero(matcher(batch.tokens) < 0))


def _join(batches: list[_Batch]) -> _Batch:
    none = np.zeros(0, np.int64)
    return _Batch(
        np.concatenate([none, *(batch.keys for batch in batches)]),
        np.concatenate([none, *(batch.n for batch in batches)]),
        join([batch.tokens for batch in batches]),
    )


def _merge(con: duckdb.DuckDBPyConnection, fresh: list[Pattern]) -> None:
    """Add the new templates that some prompt has, and this batch's prompts to the counts of all."""
    con.register(
        "mined_now",
        pa.table(
            {
                "template_id": pa.array([pattern.template_id for pattern in fresh], pa.string()),
                "pattern": pa.array([pattern.text for pattern in fresh], pa.string()),
                "example": pa.array([pattern.example for pattern in fresh], pa.string()),
            }
        ),
    )
    con.execute("insert into templates select template_id, pattern, example, 0 from mined_now")
    con.unregister("mined_now")
    con.execute(
        """
        update templates set prompts = templates.prompts + seen.n
        from (select template_id, sum(n)::bigint as n from prompt_templates join prompts using (prompt_key)
              where template_id is not null group by all) seen
        where templates.template_id = seen.template_id
        """
    )
    con.execute("delete from templates where prompts = 0")
