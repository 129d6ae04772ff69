"""From the table of distinct prompts to the table of templates: the stage that the ingest calls."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from attribution.ingest.templates.common import common_tokens
from attribution.ingest.templates.containment import fillings
from attribution.ingest.templates.corpus import TEXT, Batch, Corpus, stream
from attribution.ingest.templates.discover import discover
from attribution.ingest.templates.grow import Found, Node, grow, root
from attribution.ingest.templates.match import Matcher, build
from attribution.ingest.templates.pattern import Pattern, parse, render
from attribution.ingest.templates.refine import says_more
from attribution.ingest.templates.strength import Strength
from attribution.ingest.templates.tokens import seed_of

if TYPE_CHECKING:
    import duckdb
    from numpy.typing import NDArray

    from attribution.config import TemplateConfig

_SAMPLE = 65_536
_MEMORY = 2_000_000
_ROUNDS = 3
_STRICT = 2
"""Rounds that name only the parts of a group where parts are templates of their own; later ones name the rest."""
_WORTHWHILE = 0.02
"""Another round is made as long as the last one placed this share of the prompts that were left."""


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
    job = _Job(con, key, seed_of(key), config.min_count, Strength.of(common_tokens(seed_of(key))))
    rows = con.execute("select template_id, pattern, example from templates").fetchall()
    known = {name: parse(name, text, example, job.seed) for name, text, example in rows}
    fresh: dict[str, Pattern] = {}
    ((total,),) = con.execute("select count(*) from prompts").fetchall()
    if total > _MEMORY:
        # Too many to hold: learn from a sample first, so that most prompts are recognised as they stream by.
        parts = stream(con, job.seed, total // _SAMPLE, lambda batch: _split(batch, build(known.values()))[1])
        sample = Corpus.of(list(parts))
        nodes = job.grow(sample, sample.rows)
        fresh = {name: pattern for name, pattern in job.learn(sample, nodes).items() if name not in known}
    matcher = build([*known.values(), *fresh.values()])
    placed: list[_Placed] = []
    rest: list[Batch] = []
    for hits, misses in stream(con, job.seed, 1, lambda batch: _split(batch, matcher)):
        placed.append(hits)
        rest.append(misses)
    held, found = _search(job, Corpus.of(rest), {*known, *fresh})
    placed.append(held)
    fresh.update(found)
    within = job.fillings([pattern for _, pattern in sorted(fresh.items())])
    _write(con, placed, within)
    _merge(con, [pattern for name, pattern in sorted(fresh.items()) if name not in within])


@dataclass(frozen=True, slots=True)
class _Placed:
    """Prompts (keys, sent `n` times) with the number of their template in `names`, -1 for none."""

    keys: NDArray[np.int64]
    n: NDArray[np.int64]
    number: NDArray[np.int32]
    names: list[str]


def _split(batch: Batch, matcher: Matcher) -> tuple[_Placed, Batch]:
    """Return the prompts that fit a template, and the others."""
    hit = matcher(batch.tokens)
    found = np.flatnonzero(hit >= 0)
    names = [pattern.template_id for pattern in matcher.patterns]
    rest = batch.take(np.flatnonzero(hit < 0)) if len(found) else batch
    return _Placed(batch.keys[found], batch.n[found], hit[found], names), rest


def _search(job: _Job, corpus: Corpus, taken: set[str]) -> tuple[_Placed, dict[str, Pattern]]:
    """Find the templates among prompts that follow none so far; return where each prompt belongs, and the templates."""
    found: dict[str, Pattern] = {}
    number = np.full(len(corpus), -1, np.int32)
    left = np.arange(len(corpus))
    tree: tuple[int, list[Node]] = (-1, [])

    def settle(patterns: dict[str, Pattern]) -> NDArray[np.int64]:
        fresh = {name: pattern for name, pattern in patterns.items() if name not in taken and name not in found}
        if not fresh:
            return left
        matcher = build(fresh.values())
        hit = matcher.on_two_threads(corpus.batch.tokens, corpus.rows[left])
        number[left[hit >= 0]] = hit[hit >= 0] + len(found)
        found.update({pattern.template_id: pattern for pattern in matcher.patterns})
        return left[hit < 0]

    for step in range(_ROUNDS + 1):
        look = left[:_SAMPLE] if step == 0 and len(left) > 2 * _SAMPLE else left
        again = tree[0] == len(left)
        if again and step < _STRICT:
            continue
        if not again:
            tree = len(left) if len(look) == len(left) else -1, job.grow(corpus, corpus.rows[look])
        before = len(left)
        left = settle(job.learn(corpus, tree[1], last=step >= _STRICT))
        if step >= _STRICT and before - len(left) < _WORTHWHILE * before:
            break
    left = settle(job.copies(corpus, left))
    batch = corpus.batch
    row_number = np.repeat(number, np.diff(corpus.bounds))
    return _Placed(batch.keys[corpus.order], batch.n[corpus.order], row_number, list(found)), found


@dataclass(frozen=True, slots=True)
class _Job:
    """What all steps of one mining share."""

    con: duckdb.DuckDBPyConnection
    key: bytes
    seed: np.uint64
    floor: int
    strength: Strength

    def fillings(self, patterns: list[Pattern]) -> dict[str, str]:
        """Return which templates, found in different rounds, are another one with a slot filled in."""
        within = fillings([pattern.tokens for pattern in patterns], says_more, self.strength)
        return {patterns[part].template_id: patterns[whole].template_id for part, whole in within.items()}

    def grow(self, corpus: Corpus, rows: NDArray[np.int64]) -> list[Node]:
        """Divide prompts into groups by shared wording."""
        return grow(corpus.batch.tokens, [root(rows, corpus.weight)], corpus.weight, self.floor, self.strength)

    def learn(self, corpus: Corpus, nodes: list[Node], *, last: bool = False) -> dict[str, Pattern]:
        """Find the templates among groups of prompts."""
        return self.render(corpus, discover(corpus.batch.tokens, nodes, self.strength, last=last))

    def copies(self, corpus: Corpus, left: NDArray[np.int64]) -> dict[str, Pattern]:
        """Find the prompts that were sent word for word often enough to be templates without slots."""
        tokens = corpus.batch.tokens
        found = []
        for row in corpus.rows[left[corpus.sent[left] >= self.floor]].tolist():
            shape = tokens.values[tokens.indptr[row] : tokens.indptr[row + 1]].astype(np.int64)
            if self.strength.enough(shape, 1.0):
                found.append(Found(row, shape, np.zeros(len(shape) + 1, np.bool_)))
        return self.render(corpus, found)

    def render(self, corpus: Corpus, found: list[Found]) -> dict[str, Pattern]:
        """Write patterns out; of prompts with the same tokens the one first in the alphabet lends its spelling."""
        if not found:
            return {}
        alike = {item.reference: corpus.batch.keys[corpus.alike(item.reference)] for item in found}
        wanted = np.unique(np.concatenate(list(alike.values())))
        self.con.register("mined_now", pa.table({"prompt_key": pa.array(wanted, pa.int64())}))
        query = f"select prompt_key, {TEXT} from prompts join mined_now using (prompt_key)"
        texts = dict(self.con.execute(query).fetchall())
        self.con.unregister("mined_now")
        out: dict[str, Pattern] = {}
        for item in found:
            spelling = min(texts[key] for key in alike[item.reference].tolist())
            pattern = render(spelling, item, self.seed, self.key)
            held = out.get(pattern.template_id)
            if held is None or pattern.text < held.text:
                out[pattern.template_id] = pattern
        return out


def _write(con: duckdb.DuckDBPyConnection, placed: list[_Placed], within: dict[str, str]) -> None:
    """Fill `prompt_templates`, and `mined_counts` with the prompts sent of each template."""
    con.execute("create or replace temp table mined_counts (template_id varchar, n bigint)")
    for part in placed:
        names = pa.array([within.get(name, name) for name in part.names], pa.string())
        numbers = pa.array(part.number, mask=part.number < 0)
        ids = pa.DictionaryArray.from_arrays(numbers, names)
        con.register("mined_now", pa.table({"prompt_key": part.keys, "template_id": ids}))
        con.execute("insert into prompt_templates select prompt_key, template_id::varchar from mined_now")
        fits = part.number >= 0
        sent = np.zeros(len(names), np.int64)
        np.add.at(sent, part.number[fits], part.n[fits])
        con.register("mined_now", pa.table({"template_id": names, "n": sent}))
        con.execute("insert into mined_counts select template_id, n from mined_now where n > 0")
        con.unregister("mined_now")
    con.execute("insert into prompt_templates select prompt_key, null from prompts where prompt is null")


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
        from (select template_id, sum(n)::bigint as n from mined_counts group by all) seen
        where templates.template_id = seen.template_id
        """
    )
    con.execute("delete from templates where prompts = 0")
    con.execute("drop table mined_counts")
