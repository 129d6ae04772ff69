# ruff: noqa: E501, S311  # prompts in many languages; a seeded world, no cryptography
from __future__ import annotations

import random
import time
from collections import Counter, defaultdict
from typing import TYPE_CHECKING

import pyarrow as pa
import pytest
from corpus import Row, corpus
from sklearn.metrics import homogeneity_completeness_v_measure

from attribution.config import TemplateConfig
from attribution.ingest.templates import mine
from attribution.warehouse.database import connect

if TYPE_CHECKING:
    from collections.abc import Iterator

    import duckdb

KEY = b"k" * 32


@pytest.fixture
def con() -> Iterator[duckdb.DuckDBPyConnection]:
    with connect(None) as connection:
        yield connection


def run(con: duckdb.DuckDBPyConnection, prompts: Counter[str] | list[str], key: bytes = KEY) -> dict[str, str | None]:
    counted = Counter(prompts)
    table = pa.table({"prompt_key": range(len(counted)), "prompt": list(counted), "n": list(counted.values())})
    con.register("given", table)
    con.execute("create or replace temp table prompts as select * from given")
    mine(con, key=key, config=TemplateConfig())
    found = con.execute("select prompt, template_id from prompts join prompt_templates using (prompt_key)").fetchall()
    assert len(found) == len(counted)
    return dict(found)


def fresh(prompts: list[str], key: bytes = KEY) -> dict[str, str | None]:
    with connect(None) as con:
        return run(con, prompts, key)


def patterns(con: duckdb.DuckDBPyConnection) -> dict[str, str]:
    return dict(con.execute("select template_id, pattern from templates").fetchall())


def scores(rows: list[Row], found: dict[str, str | None]) -> tuple[float, float, int]:
    """Return homogeneity, completeness (a prompt without template is a cluster of its own) and one-offs in templates."""
    known = sorted({(text, template) for text, template in rows if template is not None})
    labels = [found[text] or f"none {i}" for i, (text, _) in enumerate(known)]
    h, c, _ = homogeneity_completeness_v_measure([template for _, template in known], labels)
    return h, c, sum(found[text] is not None for text, template in rows if template is None)


def ids(rows: list[Row], found: dict[str, str | None]) -> dict[str, str | None]:
    """Return the id that most copies of each template have."""
    votes: defaultdict[str, Counter[str | None]] = defaultdict(Counter)
    for text, template in rows:
        if template is not None:
            votes[template][found[text]] += 1
    return {template: count.most_common(1)[0][0] for template, count in votes.items()}


@pytest.mark.parametrize("seed", [1, 2])
def test_a_log_of_two_thousand_prompts(seed: int) -> None:
    rows = corpus(seed, copies=(20, 50), one_offs=700)
    h, c, collapsed = scores(rows, fresh([text for text, _ in rows]))
    assert h >= 0.99
    assert c >= 0.99
    assert collapsed == 0


def test_a_larger_log_with_many_templates_and_mostly_people() -> None:
    rows = corpus(3, copies=(30, 80), one_offs=15_000, more=100)
    h, c, collapsed = scores(rows, fresh([text for text, _ in rows]))
    assert h >= 0.99
    assert c >= 0.99
    assert collapsed <= 15


def test_the_same_ids_on_another_day_in_a_part_and_in_both_together() -> None:
    one = corpus(4, copies=(200, 300), one_offs=2000, more=15)
    two = corpus(5, copies=(200, 300), one_offs=2000, more=15)
    part = random.Random(0).sample(one, len(one) // 10)
    want = ids(one, fresh([text for text, _ in one]))
    assert None not in want.values()
    for rows in (two, part, [*one, *two]):
        assert ids(rows, fresh([text for text, _ in rows])) == want


def test_the_order_of_rows_does_not_matter(con: duckdb.DuckDBPyConnection) -> None:
    rows = corpus(6, one_offs=300)
    texts = [text for text, _ in rows]
    one = run(con, texts)
    first = con.execute("select * from templates order by all").fetchall()
    random.Random(1).shuffle(texts)
    with connect(None) as other:
        assert run(other, texts) == one
        assert other.execute("select * from templates order by all").fetchall() == first


def test_a_known_template_is_recognised_in_a_batch_that_could_not_show_it(con: duckdb.DuckDBPyConnection) -> None:
    one = corpus(7, one_offs=300)
    want = ids(one, run(con, [text for text, _ in one]))
    before = patterns(con)
    two = corpus(8, copies=(1, 2), one_offs=300)
    found = run(con, [text for text, _ in two])
    assert sum(found[text] == want[template] for text, template in two if template) >= 0.99 * sum(
        template is not None for _, template in two
    )
    assert patterns(con) == before


WIDE = "Write a short letter about the {} for the {} as soon as possible."
NARROW = (
    "Write a short letter about the {} as a table with the columns amount and unit, for the {} as soon as possible."
)


def letters(shape: str, count: int, seed: int) -> list[str]:
    """Return prompts of a wording whose slots hold two words each out of some hundred."""
    rng = random.Random(seed)
    words = ["".join(rng.choices("abcdefghijklmnoprstuvw", k=6)) for _ in range(120)]
    slots = shape.count("{}")
    return [shape.format(*(" ".join(rng.choices(words, k=2)) for _ in range(slots))) for _ in range(count)]


@pytest.mark.parametrize("others", [0, 300])
def test_a_wide_template_that_is_stored_does_not_take_a_narrow_one_of_a_later_batch(
    others: int, con: duckdb.DuckDBPyConnection
) -> None:
    """The narrow one has the id that it has where both are in one batch, and the wide one keeps its own."""
    wide, narrow = letters(WIDE, 300, 1), letters(NARROW, 60, 2)
    together = fresh([*wide, *narrow])
    (of_wide,), (of_narrow,) = {together[text] for text in wide}, {together[text] for text in narrow}
    assert of_wide != of_narrow
    assert set(run(con, wide).values()) == {of_wide}
    later = letters(WIDE, others, 3)
    found = run(con, [*later, *narrow])
    assert {found[text] for text in narrow} == {of_narrow}
    assert {found[text] for text in later} <= {of_wide}
    assert len(patterns(con)) == 2
    assert set(run(con, letters(NARROW, 3, 4)).values()) == {of_narrow}


def test_the_same_prompts_again_bring_no_template(con: duckdb.DuckDBPyConnection) -> None:
    rows = corpus(9, copies=(60, 300), one_offs=1000, more=60)
    run(con, [text for text, _ in rows])
    before = patterns(con)
    run(con, [text for text, _ in rows])
    assert patterns(con) == before


def test_values_that_are_common_on_one_day_make_no_template_of_their_own(con: duckdb.DuckDBPyConnection) -> None:
    run(con, letters(WIDE, 300, 1))
    before = patterns(con)
    run(con, letters(WIDE.replace("{}", "harbour {}", 1), 60, 5))
    run(con, letters(WIDE.replace("the {} as", "the mayor as"), 60, 6))
    assert patterns(con) == before


def test_counts_grow_with_each_batch(con: duckdb.DuckDBPyConnection) -> None:
    texts = [f"Please compute the quarterly turnover of store {i} in detail" for i in range(30)]
    run(con, texts)
    run(con, Counter(dict.fromkeys(texts, 2)))
    assert con.execute("select prompts from templates").fetchall() == [(90,)]


def test_openings_that_people_share_are_no_templates() -> None:
    rng = random.Random(3)
    words = ["".join(rng.choices("abcdefghijklmnoprstuvw", k=6)) for _ in range(3000)]
    openings = ["please help me with", "can you help me to", "how do I get", "what is the difference between", "请帮我"]
    texts = [f"{rng.choice(openings)} {' '.join(rng.choices(words, k=rng.randint(4, 12)))}" for _ in range(2000)]
    assert set(fresh(texts).values()) == {None}


def test_copies_word_for_word_are_a_template(con: duckdb.DuckDBPyConnection) -> None:
    text = "Tell a story about a lighthouse keeper who befriends a whale"
    found = run(con, Counter({text: 40, "hi": 500, "ok thanks": 90, "Explain entropy to me with an example": 2}))
    assert found[text] is not None
    assert [found[other] for other in ("hi", "ok thanks", "Explain entropy to me with an example")] == [None] * 3
    assert patterns(con) == {found[text]: text}


def test_few_values_in_a_slot_stay_one_template() -> None:
    texts = [f"Classify the mood of this review as {a} or {b}: item {n}" for a in ("good", "fine") for b in ("bad", "poor", "awful")
             for n in range(12)]  # fmt: skip
    assert len(set(fresh(texts).values())) == 1


def test_templates_that_share_a_long_beginning_are_told_apart() -> None:
    start = "You are a senior assistant with long experience in research and teaching."
    rows = [(f"{start} Translate the sentence {i} into {i * 7} and list every difficult noun", "a") for i in range(40)]
    rows += [(f"{start} Grade essay {i} of pupil {i * 3} and name the weakest argument in it", "b") for i in range(40)]
    h, c, _ = scores(list(rows), fresh([text for text, _ in rows]))
    assert (h, c) == (1.0, 1.0)


def test_no_slot_content_is_stored(con: duckdb.DuckDBPyConnection) -> None:
    texts = [f"Write a polite reminder to customer secret{i}name about invoice {i * 991} today" for i in range(50)]
    run(con, texts)
    stored = str(con.execute("select pattern, example from templates").fetchall())
    assert "secret" not in stored
    assert "Write a polite reminder to customer {} about invoice {} today" in stored
    assert "[1 word]" in stored


def test_another_key_gives_other_ids() -> None:
    texts = [f"Write a polite reminder to customer number {i} about the open invoice" for i in range(50)]
    assert set(fresh(texts).values()).isdisjoint(fresh(texts, b"z" * 32).values())


def test_invisible_and_stacked_characters_change_nothing() -> None:
    texts = [f"Write a polite reminder to customer {i} about the open invoice" for i in range(50)]
    hidden = [text.replace("polite", "po\u200bli\u00adte").replace("open", "o\u0336p\u0336en\u202e") for text in texts]
    wide = [text.replace("customer", "\uff43\uff55\uff53\uff54\uff4f\uff4d\uff45\uff52") for text in texts]
    found = fresh([*texts, *hidden, *wide])
    assert len(set(found.values())) == 1
    assert None not in found.values()


@pytest.mark.parametrize(
    "monster",
    [
        "a" * 1_000_000,
        "a b " * 250_000,
        "\u200b" * 300_000,
        "e\u0301\u0336" * 300_000,
        "\u202e\u2066" * 200_000,
        "\ufdfa" * 200_000,
        "one two three " * 70_000,
        "天" * 300_000,
        "\U0001f600" * 200_000,
        "{}" * 400_000,
        "\x00\x01" * 10,
        "",
        "   \n\t ",
        "!!! ... ???",
    ],
)
def test_hostile_prompts_do_no_harm(con: duckdb.DuckDBPyConnection, monster: str) -> None:
    texts = [f"Write a polite reminder to customer {i} about the open invoice" for i in range(20)]
    begin = time.perf_counter()
    found = run(con, [*texts, monster])
    assert time.perf_counter() - begin < 20
    assert len({found[text] for text in texts}) == 1
    assert found[texts[0]] is not None
    assert found[monster] is None


def test_long_slots_between_fixed_words() -> None:
    rng = random.Random(5)
    texts = [
        "Summarise the report below for the board. " + " ".join(rng.choices(["alpha", "beta", "gamma", "delta"], k=40_000))
        + " Finish with three recommendations and their cost." for _ in range(25)
    ]  # fmt: skip
    found = set(fresh(texts).values())
    assert len(found) == 1
    assert None not in found


@pytest.mark.parametrize("count", [0, 1, 2])
def test_tiny_inputs(con: duckdb.DuckDBPyConnection, count: int) -> None:
    found = run(con, [f"prompt number {i}" for i in range(count)])
    assert set(found.values()) <= {None}


def test_null_prompts_are_listed_without_template(con: duckdb.DuckDBPyConnection) -> None:
    con.execute("create temp table prompts as select 1::bigint as prompt_key, null::varchar as prompt, 3::bigint as n")
    mine(con, key=KEY, config=TemplateConfig())
    assert con.execute("select * from prompt_templates").fetchall() == [(1, None)]


def test_braces_and_brackets_in_prompts_are_no_slots(con: duckdb.DuckDBPyConnection) -> None:
    texts = [f"Fill the form {{}} [name] for applicant {i} with the usual defaults {{x}}" for i in range(30)]
    assert None not in run(con, texts).values()
    before = patterns(con)
    assert len(before) == 1
    run(con, [text.replace("applicant ", "applicant 77") for text in texts])
    assert patterns(con) == before
