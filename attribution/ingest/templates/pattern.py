"""A template as text and as tokens: `Summarise {} in three points`, and the id that follows from its fixed words."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from attribution.ingest.templates.kernels import SLOT
from attribution.ingest.templates.tokens import normalise, spans

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from attribution.ingest.templates.grow import Found

MARK = "{}"
_ID_BYTES = 10
_BRACES = re.compile(r"[{}\[\]]")


@dataclass(frozen=True, slots=True)
class Pattern:
    """A template.

    Attributes
    ----------
    template_id : keyed hash of the sequence of fixed words, nothing else.
    text : the fixed words as they are written, slots as {}.
    example : the same with each slot's size instead of its content.
    tokens : int64, the fixed tokens, `SLOT` where anything may stand.
    """

    template_id: str
    text: str
    example: str
    tokens: NDArray[np.int64]

    @property
    def fixed(self) -> int:
        """Number of fixed tokens."""
        return int((self.tokens != SLOT).sum())


def template_id(words: list[str], key: bytes) -> str:
    """Return the id of the template with these fixed words: the same on every day, in every batch, for one key."""
    body = "\x1f".join(words).encode()
    return "tpl-" + hashlib.blake2b(body, key=key[:64], digest_size=_ID_BYTES).hexdigest()


def render(prompt: str, found: Found, seed: np.uint64, key: bytes) -> Pattern:
    """Write a pattern out with the words of the prompt that it was found in."""
    text = normalise(pa.array([prompt])).to_pylist()[0]
    _, starts, ends, raw = spans(text, seed)
    words: list[str] = []
    written: list[str] = []
    masked: list[str] = []
    hidden = 0
    for i, (item, cut) in enumerate(zip([*found.shape.tolist(), SLOT], found.cuts.tolist(), strict=True)):
        last = i == len(found.shape)
        hidden += item == SLOT and not last
        if item == SLOT and not (last and cut):
            continue
        if cut:
            written.append(MARK)
            masked.append(f"[{hidden} word{'' if hidden == 1 else 's'}]" if hidden else "[nothing]")
            hidden = 0
        elif words:
            gap = _gap(raw[ends[i - 1] : starts[i]].decode())
            written.append(gap)
            masked.append(gap)
        if not last:
            word = raw[starts[i] : ends[i]].decode()
            words.append(word.lower())
            written.append(word)
            masked.append(word)
    return Pattern(template_id(words, key), _join(written), _join(masked), found.pattern())


def parse(identifier: str, text: str, example: str, seed: np.uint64) -> Pattern:
    """Read a stored template back; the inverse of `render` as far as tokens go."""
    runs = normalise(pa.array(text.split(MARK))).to_pylist()
    tokens: list[int] = []
    for number, run in enumerate(runs):
        if number and (not tokens or tokens[-1] != SLOT):
            tokens.append(SLOT)
        tokens.extend(int(value) for value in spans(run, seed)[0])
    return Pattern(identifier, text, example, np.asarray(tokens, np.int64))


def _gap(between: str) -> str:
    """Return the punctuation between two fixed words, short, without braces (they mark slots)."""
    clean = _BRACES.sub("", between)
    space = any(character.isspace() for character in clean)
    return "".join(clean.split())[:3] + (" " if space else "")


def _join(pieces: list[str]) -> str:
    """Join words and gaps, with a space on both sides of a slot."""
    return "".join(f" {piece} " if piece.startswith(("{", "[")) else piece for piece in pieces).strip()
