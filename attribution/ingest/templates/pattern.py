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

MARK = "{}"
_ID_BYTES = 10
_KEEP = re.compile(r"[^\w{}]+")
_BRACES = re.compile(r"[{}]")


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


def render(prompt: str, shape: NDArray[np.int64], seed: np.uint64, key: bytes) -> Pattern:
    """Write a pattern out with the words of a prompt that it was found in.

    Parameters
    ----------
    prompt : the reference prompt.
    shape : the pattern's tokens and slots, in the order of the prompt; every fixed token stands in the prompt, and
        `SLOT` for each of the prompt's tokens that is not fixed, or once where nothing stands between two runs.
    """
    text = normalise(pa.array([prompt])).to_pylist()[0]
    values, starts, ends, raw = spans(text, seed)
    words: list[str] = []
    pieces: list[str] = []
    masked: list[str] = []
    position, previous, hidden = 0, 0, 0
    compact: list[int] = []

    def close() -> None:
        if hidden >= 0 and compact and compact[-1] == SLOT:
            pieces.append(MARK)
            masked.append(f"[{hidden} word{'' if hidden == 1 else 's'}]" if hidden else "[…]")

    for item in shape.tolist():
        if item == SLOT:
            if not compact or compact[-1] != SLOT:
                compact.append(SLOT)
                hidden = 0
            continue
        while position < len(values) and int(values[position]) != item:
            position += 1
            hidden += 1
        if position == len(values):
            message = "the pattern does not fit its own reference prompt"
            raise ValueError(message)
        if compact and compact[-1] == SLOT:
            close()
        between = raw[previous : starts[position]].decode() if not compact or compact[-1] != SLOT else " "
        gap = _gap(between)
        pieces.append(gap)
        masked.append(gap)
        word = raw[starts[position] : ends[position]].decode()
        pieces.append(word)
        masked.append(word)
        words.append(word.lower())
        compact.append(item)
        previous = int(ends[position])
        position += 1
        hidden = 0
    if compact and compact[-1] == SLOT:
        hidden = len(values) - position
        close()
    return Pattern(
        template_id(words, key), _join(pieces), _join(masked), np.asarray(compact, np.int64)
    )


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
    return re.sub(r"(\{\}|\])(?=\w)", r"\1 ", re.sub(r"(?<=[^\s])(\{\}|\[(?:\d|…))", r" \1", "".join(pieces))).strip()
