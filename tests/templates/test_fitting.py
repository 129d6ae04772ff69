from __future__ import annotations

import re

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from attribution.ingest.templates.fitting import fits
from attribution.ingest.templates.kernels import SLOT
from attribution.ingest.templates.match import build
from attribution.ingest.templates.pattern import Pattern
from attribution.ingest.templates.tokens import Tokens

ALPHABET = "pqrs"
texts = st.text(ALPHABET, max_size=12)
shapes = st.lists(st.sampled_from([*ALPHABET, "*"]), min_size=1, max_size=7).map("".join)


def numbers(text: str) -> np.ndarray:
    return np.asarray([SLOT if c == "*" else 4 + 2 * ALPHABET.index(c) for c in text], np.int64)


def squeezed(shape: str) -> str:
    return re.sub(r"\*+", "*", shape)


@settings(max_examples=400)
@given(texts, shapes)
def test_fits_is_what_a_regular_expression_says(text: str, shape: str) -> None:
    values = numbers(text).astype(np.uint32)
    expected = re.fullmatch(shape.replace("*", ".*"), text) is not None
    assert fits(values, 0, len(values), numbers(squeezed(shape))) == expected


@settings(max_examples=200)
@given(st.lists(texts, max_size=6), st.lists(shapes.filter(lambda s: s.count("*") < len(s)), max_size=6, unique=True))
def test_the_matcher_finds_the_most_specific_pattern_of_a_slow_search(
    prompts: list[str], given_shapes: list[str]
) -> None:
    # Only patterns with a run of three (with the marks of begin and end) can be indexed.
    usable = [s for s in {squeezed(s) for s in given_shapes} if any(len(r) >= 3 for r in ("^" + s + "$").split("*"))]
    matcher = build(Pattern(f"t{s}", s, s, numbers(s)) for s in usable)
    values = [numbers(text).astype(np.uint32) for text in prompts]
    indptr = np.concatenate([[0], np.cumsum([len(v) for v in values])]).astype(np.int64)
    tokens = Tokens(np.concatenate([np.zeros(0, np.uint32), *values]), indptr)
    for text, hit in zip(prompts, matcher(tokens).tolist(), strict=True):
        fitting = [s for s in usable if re.fullmatch(s.replace("*", ".*"), text)]
        best = min(fitting, key=lambda s: (-len(s.replace("*", "")), f"t{s}"), default=None)
        assert (matcher.patterns[hit].text if hit >= 0 else None) == best
