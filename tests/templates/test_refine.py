# ruff: noqa: S311  # a seeded world, no cryptography
"""Clients whose templates share sentences must not become one template; slots with few values must not fall apart."""

from __future__ import annotations

import random
from itertools import product

import pytest
from corpus import LANGUAGES, Row, number, one_off, passage, word
from test_mine import fresh, ids, scores

OPENINGS = (
    "Caption the picture of {} in detail.",
    "You see a scan of {}.",
    "Describe the image of {} exhaustively.",
    "Act as a curator of {} archives.",
)
MIDDLES = (
    ("State what is blurred.", "Say what is uncertain.", "Mark every doubtful region."),
    ("Name every object with its coordinates.", "List each object with its box.", "Transcribe all text you find."),
)
ENDINGS = ("File", "Image", "Frame number")
SUBJECTS = ("pharmacy", "philosophy", "hydrology", "algebra", "poetry", "mining")


def clients(count: int, rng: random.Random) -> list[str]:
    """Return templates of clients that drew their sentences, the order of these, and a subject from the same few."""
    found: dict[str, None] = {}
    while len(found) < count:
        middle = [rng.choice(choice) for choice in MIDDLES]
        rng.shuffle(middle)
        opening = rng.choice(OPENINGS).replace("{}", rng.choice(SUBJECTS))
        found[" ".join([opening, *middle, rng.choice(ENDINGS)])] = None
    return list(found)


def log(templates: list[str], copies: tuple[int, int], rng: random.Random, one_offs: int = 1000) -> list[Row]:
    rows: list[Row] = [
        (f"{text} {word(rng)}{number(rng)}: {passage(rng)}", text)
        for text in templates
        for _ in range(rng.randint(*copies))
    ]
    rows += [(one_off(rng), None) for _ in range(one_offs)]
    rng.shuffle(rows)
    return rows


@pytest.mark.parametrize("seed", [1, 2])
def test_clients_that_share_sentences_are_told_apart(seed: int) -> None:
    rng = random.Random(seed)
    rows = log(clients(30, rng), (30, 200), rng)
    h, c, collapsed = scores(rows, fresh([text for text, _ in rows]))
    assert h >= 0.97
    assert c >= 0.98
    assert collapsed == 0


def test_two_rings_with_one_sentence_in_common() -> None:
    rng = random.Random(3)
    one = (
        "Caption the picture of pharmacy in detail. State what is blurred. Name every object with its coordinates. File"
    )
    two = "You see a scan of philosophy. Say what is blurred. Name every object with its coordinates. Image"
    rows = log([one, two], (150, 250), rng)
    h, c, _ = scores(rows, fresh([text for text, _ in rows]))
    assert (h, c) == (1.0, 1.0)


def test_words_that_go_together_are_two_templates_and_words_that_do_not_are_slots() -> None:
    rng = random.Random(4)
    frame = "You work as the {} assistant of our shop and always answer with a {} sentence about order {}: {}"
    together = [frame.format(a, b, rng.randint(1, 10**6), passage(rng))
                for a, b in (("friendly", "short"), ("polite", "long")) for _ in range(60)]  # fmt: skip
    assert len(set(fresh(together).values())) == 2
    crossed = [frame.format(a, b, rng.randint(1, 10**6), passage(rng))
               for a, b in product(("friendly", "polite"), ("short", "long")) for _ in range(30)]  # fmt: skip
    assert len(set(fresh(crossed).values())) == 1


def test_a_language_in_a_slot_does_not_split_a_template() -> None:
    rng = random.Random(5)
    texts = [
        f"Translate the passage below into {rng.choice(LANGUAGES)}, keep the tone, gloss idiom {i}: {passage(rng)}"
        for i in range(600)
    ]
    found = fresh(texts)
    assert len(set(found.values())) == 1
    assert None not in found.values()


def test_phrases_that_many_people_quote_do_not_split_a_template() -> None:
    rng = random.Random(6)
    phrases = [
        "as a matter of fact",
        "at the end of the day",
        "on the other hand",
        "in the long run",
        "to be honest with you",
    ]
    texts = [
        f"Rewrite this complaint in a calm voice, keep all dates: {passage(rng)} {rng.choice(phrases)} {passage(rng)}"
        for _ in range(800)
    ]
    assert len(set(fresh(texts).values())) == 1


def test_ids_stay_the_same_in_a_part_and_on_another_day() -> None:
    rng = random.Random(7)
    templates = clients(12, rng)
    one = log(templates, (300, 400), rng)
    two = log(templates, (300, 400), rng)
    want = ids(one, fresh([text for text, _ in one]))
    assert len(set(want.values())) == len(templates)
    for rows in (two, rng.sample(one, len(one) // 5), [*one, *two]):
        assert ids(rows, fresh([text for text, _ in rows])) == want
