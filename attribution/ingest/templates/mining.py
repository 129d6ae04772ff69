"""From the table of distinct prompts to the table of templates: the stage that the ingest calls."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from attribution.ingest.cards import without_cards
from attribution.ingest.templates.common import common_tokens
from attribution.ingest.templates.containment import fillings
from attribution.ingest.templates.corpus import TEXT, Batch, Corpus, stream
from attribution.ingest.templates.discover import discover
from attribution.ingest.templates.grow import Found, Grower, Node, root
from attribution.ingest.templates.match import Matcher, build
from attribution.ingest.templates.narrower import narrower
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
_HASHES = float(2**64 - 2**11)
"""The largest hash that a float can be, and no larger."""
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
    its id, however few of its kind this batch has, unless this batch shows that it mixes two: then the part that is a
    template of its own is one from now on.

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
    recognised = build(known.values())
    fresh: dict[str, Pattern] = {}
    ((total,),) = con.execute("select count(*) from prompts").fetchall()
    if total > _MEMORY:
        # Too many to hold: learn from a sample first, so that most prompts are recognised as they stream by.
        parts = stream(con, job.seed, total // _SAMPLE, lambda batch: _split(batch, recognised, 0.0).rest)
        sample = Corpus.of(list(parts))
        grower = job.grower(sample)
        learned = discover(grower, grower.grow([root(np.arange(len(sample)), sample.weight)]), last=False)
        fresh = {name: pattern for name, pattern in job.render(sample, learned).items() if name not in known}
    passed = job.let_by(total, {**known, **fresh})
    if own := job.narrower(Corpus.of([part.seen for part in passed]), recognised):
        fresh |= own
        passed = job.let_by(total, {**known, **fresh})
    held, found = _search(job, Corpus.of([part.rest for part in passed]), {*known, *fresh})
    fresh.update(found)
    within = job.fillings([pattern for _, pattern in sorted(fresh.items())])
    _write(con, [*(part.placed for part in passed), held], within)
    _merge(con, [pattern for name, pattern in sorted(fresh.items()) if name not in within])


@dataclass(frozen=True, slots=True)
class _Placed:
    """Prompts (keys, sent `n` times) with the number of their template in `names`, -1 for none."""

    keys: NDArray[np.int64]
    n: NDArray[np.int64]
    number: NDArray[np.int32]
    names: list[str]


@dataclass(frozen=True, slots=True)
class _Passed:
    """Prompts divided: those that fit a template, those that fit none, and some of the former with their tokens."""

    placed: _Placed
    rest: Batch
    seen: Batch


def _split(batch: Batch, matcher: Matcher, share: float) -> _Passed:
    """Divide a batch; of the prompts that fit a template a `share` is kept with its tokens, chosen by content."""
    hit = matcher(batch.tokens)
    found = np.flatnonzero(hit >= 0)
    names = [pattern.template_id for pattern in matcher.patterns]
    rest = batch.take(np.flatnonzero(hit < 0)) if len(found) else batch
    seen = found[batch.hashes[found] <= np.uint64(share * _HASHES)]
    return _Passed(_Placed(batch.keys[found], batch.n[found], hit[found], names), rest, batch.take(seen))


def _search(job: _Job, corpus: Corpus, taken: set[str]) -> tuple[_Placed, dict[str, Pattern]]:
    """Find the templates among prompts that follow none so far; return where each prompt belongs, and the templates."""
    found: dict[str, Pattern] = {}
    number = np.full(len(corpus), -1, np.int32)
    left = np.arange(len(corpus))

    def settle(seen: list[Found]) -> NDArray[np.bool_]:
        """Look for new templates among the prompts left; return which of these stay."""
        patterns = job.render(corpus, seen)
        fresh = [pattern for name, pattern in patterns.items() if name not in taken and name not in found]
        matcher = build(fresh)
        hit = matcher.on_two_threads(corpus.tokens, left)
        number[left[hit >= 0]] = hit[hit >= 0] + len(found)
        found.update({pattern.template_id: pattern for pattern in matcher.patterns})
        return hit < 0

    grower = job.grower(corpus)
    sampled = len(left) > 2 * _SAMPLE
    if sampled:
        rows = left[:_SAMPLE]
        left = left[settle(discover(grower, grower.grow([root(rows, corpus.weight)]), last=False))]
    shared = grower.share(left)
    nodes: list[Node] = []
    for step in range(int(sampled), _ROUNDS + 1):
        if nodes and step < _STRICT:
            continue  # the same groups again
        nodes = nodes or grower.grow([root(left, corpus.weight)], shared)
        stay = settle(discover(grower, nodes, last=step >= _STRICT))
        before, left = len(left), left[stay]
        if len(left) < before:
            shared, nodes = shared.take(np.flatnonzero(stay)), []
        if step >= _STRICT and before - len(left) < _WORTHWHILE * before:
            break
    left = left[settle(job.copies(corpus, left))]
    row_number = np.repeat(number, np.diff(corpus.bounds))
    return _Placed(corpus.keys, corpus.n, row_number, list(found)), found


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

    def let_by(self, total: int, templates: dict[str, Pattern]) -> list[_Passed]:
        """Divide all prompts by the templates; of those that fit one about `_SAMPLE` are kept."""
        matcher = build(templates.values())
        share = min(1.0, _SAMPLE / max(total, 1))
        return list(stream(self.con, self.seed, 1, lambda batch: _split(batch, matcher, share)))

    def narrower(self, corpus: Corpus, recognised: Matcher) -> dict[str, Pattern]:
        """Return templates of their own among prompts that known ones, `recognised`, would take."""
        known = {pattern.template_id for pattern in recognised.patterns}
        found = narrower(self.grower(corpus), recognised) if len(corpus) else []
        return {name: pattern for name, pattern in self.render(corpus, found).items() if name not in known}

    def grower(self, corpus: Corpus) -> Grower:
        """Return what divides these prompts into groups by shared wording."""
        return Grower(corpus.tokens, corpus.weight, self.floor, self.strength)

    def copies(self, corpus: Corpus, left: NDArray[np.int64]) -> list[Found]:
        """Find the prompts that were sent word for word often enough to be templates without slots."""
        tokens = corpus.tokens
        found = []
        for row in left[corpus.sent[left] >= self.floor].tolist():
            shape = tokens.values[tokens.indptr[row] : tokens.indptr[row + 1]].astype(np.int64)
            if self.strength.enough(shape, 1.0):
                found.append(Found(row, shape, np.zeros(len(shape) + 1, np.bool_)))
        return found

    def render(self, corpus: Corpus, found: list[Found]) -> dict[str, Pattern]:
        """Write patterns out; of prompts with the same tokens the one first in the alphabet lends its spelling."""
        if not found:
            return {}
        bounds = corpus.bounds
        alike = {row: corpus.keys[bounds[row] : bounds[row + 1]] for row in (item.reference for item in found)}
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
    starts = np.cumsum([0, *(len(part.names) for part in placed)])
    number = np.concatenate(
        [np.where(part.number < 0, -1, part.number + start) for part, start in zip(placed, starts, strict=False)]
    )
    names = pa.array([within.get(name, name) for part in placed for name in part.names], pa.string())
    keys = np.concatenate([part.keys for part in placed])
    ids = pa.DictionaryArray.from_arrays(pa.array(number, pa.int32(), mask=number < 0), names)
    con.register("mined_now", pa.table({"prompt_key": keys, "template_id": ids}))
    con.execute("insert into prompt_templates select prompt_key, template_id::varchar from mined_now")
    fits = number >= 0
    sent = np.zeros(len(names), np.int64)
    np.add.at(sent, number[fits], np.concatenate([part.n for part in placed])[fits])
    con.register("mined_now", pa.table({"template_id": names, "n": sent}))
    con.execute("create or replace temp table mined_counts as select template_id, n from mined_now where n > 0")
    con.unregister("mined_now")
    con.execute("insert into prompt_templates select prompt_key, null from prompts where prompt is null")


def _merge(con: duckdb.DuckDBPyConnection, fresh: list[Pattern]) -> None:
    """Add the new templates that some prompt has, and this batch's prompts to the counts of all.

    A card number that all copies of a prompt hold is a slot in what is stored; the id was made of all words.
    """
    con.register(
        "mined_now",
        pa.table(
            {
                "template_id": pa.array([pattern.template_id for pattern in fresh], pa.string()),
                "pattern": pa.array([without_cards(pattern.text) for pattern in fresh], pa.string()),
                "example": pa.array([without_cards(pattern.example) for pattern in fresh], pa.string()),
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
