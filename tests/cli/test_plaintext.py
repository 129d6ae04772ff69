from __future__ import annotations

import time
import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from attribution.plaintext import clean


@given(st.text(max_size=300), st.integers(min_value=1, max_value=50))
def test_what_comes_out_is_one_visible_line_within_its_limit(text: str, limit: int) -> None:
    shown = clean(text, limit)
    assert len(shown) <= limit
    assert all(unicodedata.category(c) not in {"Cc", "Cs", "Co", "Cn", "Zl", "Zp"} for c in shown)
    assert not set(shown) & set("\u202a\u202b\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f\u200b\ufeff")


@given(st.text(alphabet=st.characters(categories=["L", "N", "P"]), max_size=60))
def test_ordinary_words_stay_as_they_are(text: str) -> None:
    assert clean(text) == text


def test_escape_sequences_go_with_their_parameters() -> None:
    assert clean("\x1b[1;31mred\x1b[0m") == "red"
    assert clean("\x1b]0;new title\x07text") == "text"
    assert clean("\x1b]8;;http://evil.example\x1b\\link\x1b]8;;\x1b\\") == "link"
    assert clean("a\u202egnp.exe") == "agnp.exe"
    assert clean("two\nlines\r\ttabs") == "two lines tabs"


def test_zalgo_is_cut_down_and_emoji_sequences_stay() -> None:
    assert len(clean("a" + "\u0301" * 50)) == 4
    assert clean("👩\u200d💻") == "👩\u200d💻"


def test_a_megabyte_costs_no_more_than_its_first_characters() -> None:
    started = time.perf_counter()
    assert clean("\x1b]" * 5_000_000, 100) == "…"
    assert len(clean("x" * 10_000_000, 100)) == 100
    assert time.perf_counter() - started < 0.5
