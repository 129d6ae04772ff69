from __future__ import annotations

import numpy as np
import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from attribution.ingest.templates.scan import scan
from attribution.ingest.templates.tokens import normalise, spans, tokenise

SEED = np.uint64(0x1234_5678_9ABC_DEF1)
_MIXED = st.text(st.sampled_from("aZ9_ -ÄßéйЖ天あカ한ก็ำ，\u200b\u0301\u3099ﬁＡ²…😀़"), max_size=30)  # noqa: RUF001  # the letters are the point


def slowly(text: str) -> list[int]:
    """Return the tokens of a text that was normalised as a whole."""
    return spans(normalise(pa.array([text])).to_pylist()[0], SEED)[0].tolist()


def quickly(texts: list[str]) -> list[list[int]]:
    rows, tokens, _ = tokenise(pa.array(texts, pa.string()), SEED)
    out: list[list[int]] = [[]] * len(texts)
    for i, row in enumerate(rows.tolist()):
        out[row] = tokens.values[tokens.indptr[i] : tokens.indptr[i + 1]].tolist()
    return out


def test_every_character_is_read_as_if_the_text_had_been_normalised() -> None:
    points = [point for point in range(0x1_1000) if not 0xD800 <= point < 0xE000]
    texts = [f"ab{chr(point)}cd {chr(point)} E" for point in points]
    folded = normalise(pa.array(texts)).to_pylist()
    assert all(got == spans(text, SEED)[0].tolist() for got, text in zip(quickly(texts), folded, strict=True))


@given(st.lists(_MIXED, max_size=6))
def test_mixtures_are_read_as_if_they_had_been_normalised(texts: list[str]) -> None:
    assert quickly(texts) == [slowly(text) for text in texts]


@given(st.lists(_MIXED, max_size=4))
def test_prompts_with_the_same_tokens_have_the_same_hash_and_others_do_not(texts: list[str]) -> None:
    rows, _, hashes = tokenise(pa.array(texts, pa.string()), SEED)
    given_tokens = [tuple(slowly(texts[row])) for row in rows.tolist()]
    assert len(set(hashes.tolist())) == len(set(given_tokens))


def test_scan_counts_what_it_writes() -> None:
    values, counts, none = np.empty(40, np.uint32), np.zeros(2, np.int64), np.empty(0, np.int64)
    data = np.frombuffer("one two天 three".encode(), np.uint8)
    used = scan(data, np.asarray([0, 7, len(data)], np.int64), SEED, values, counts, none, none)
    assert counts.tolist() == [2, 2]
    assert used == 4
