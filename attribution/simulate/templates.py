"""Templates: concepts (what is asked) and wordings (how), rendered to text in whole columns."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from attribution.simulate.draws import mix, pick, salt
from attribution.simulate.language import SLOT_KINDS, Lexicon
from attribution.simulate.wording import BY_LANGUAGE, DOMAINS, PURPOSES

if TYPE_CHECKING:
    from numpy.typing import NDArray

_CHOICE = re.compile(r"\[([^\]]+)\]")
_SLOT = re.compile(r"\{(\w+)\}")
MOST_SLOTS = 8


@dataclass(slots=True)
class Concepts:
    """Growing list of concepts; a concept's number is its place.

    `source` is the concept that gave the subject (brand, domain); `voice` the one that gave variant 0 its words: equal
    sources and voices read the same, equal sources alone say the same in other words.
    """

    purpose: list[int] = field(default_factory=list)
    language: list[str] = field(default_factory=list)
    source: list[int] = field(default_factory=list)
    voice: list[int] = field(default_factory=list)

    def add(self, purpose: str, language: str = "en") -> int:
        """Add one concept and return its number."""
        number = len(self.purpose)
        self.purpose.append(PURPOSES.index(purpose))
        self.language.append(language if purpose in BY_LANGUAGE.get(language, {}) else "en")
        self.source.append(number)
        self.voice.append(number)
        return number

    def copy(self, concept: int, *, reworded: bool) -> int:
        """Add a concept that asks for the same as another one, in the same or in other words."""
        number = self.add(PURPOSES[self.purpose[concept]], self.language[concept])
        self.source[number] = self.source[concept]
        if not reworded:
            self.voice[number] = self.voice[concept]
        return number

    def add_many(self, purposes: list[str], language: str = "en") -> int:
        """Add several concepts in a row and return the first number."""
        first = len(self.purpose)
        for purpose in purposes:
            self.add(purpose, language)
        return first


@dataclass(slots=True)
class _Dice:
    """A fast stream of small choices (Knuth's MMIX generator, upper bits): wordings need many short ones."""

    state: int

    def roll(self, sides: int) -> int:
        self.state = (self.state * 6364136223846793005 + 1442695040888963407) & 0xFFFF_FFFF_FFFF_FFFF
        return (self.state >> 33) % sides


Parsed = tuple[str | tuple[str, ...], ...]


class Writer:
    """Writes wordings of concepts; the same world, concept and variant give the same words."""

    def __init__(self, seed: int, concepts: Concepts, brands: list[str]) -> None:
        self._concepts = concepts
        self._brands = brands
        self._subject_salt, self._voice_salt = salt(seed, "subject"), salt(seed, "voice")
        self._banks = {
            (language, purpose): tuple(tuple(_parse(text) for text in clause) for clause in clauses)
            for language, bank in BY_LANGUAGE.items()
            for purpose, clauses in bank.items()
        }

    def write(self, concept: int, variant: int) -> str:
        """Return one wording, with `{kind}` for its slots; variant 0 is the plain one."""
        concepts = self._concepts
        dice = _Dice(int(mix(self._voice_salt, concepts.voice[concept], variant)))
        purpose, language = PURPOSES[concepts.purpose[concept]], concepts.language[concept]
        if variant:
            spoken = [name for name in BY_LANGUAGE if (name, purpose) in self._banks] + ["en", "en"]
            language = spoken[dice.roll(len(spoken))]
        bank = self._banks.get((language, purpose)) or self._banks["en", purpose]
        middle = list(bank[1:-1])
        for place in range(len(middle) - 1, 0, -1):
            other = dice.roll(place + 1)
            middle[place], middle[other] = middle[other], middle[place]
        parts = [
            piece if isinstance(piece, str) else piece[dice.roll(len(piece))]
            for clause in (bank[0], *middle, bank[-1])
            for piece in (*clause[dice.roll(len(clause))], " ")
        ]
        brand, domain, number = self._subject(concepts.source[concept])
        text = "".join(parts).rstrip()
        return text.replace("<brand>", brand).replace("<domain>", domain).replace("<number>", number)

    def _subject(self, source: int) -> tuple[str, str, str]:
        dice = _Dice(int(mix(self._subject_salt, source)))
        brand = self._brands[dice.roll(len(self._brands))].title()
        return brand, DOMAINS[dice.roll(len(DOMAINS))], str(1 + dice.roll(12))


def _parse(text: str) -> Parsed:
    """Cut a clause at its choices: strings, and tuples of synonyms."""
    parts = _CHOICE.split(text)
    return tuple(tuple(part.split("|")) if place % 2 else part for place, part in enumerate(parts) if part)


def render(keys: NDArray[np.uint64], surface: NDArray[np.integer], texts: list[str], words: Lexicon) -> pa.StringArray:
    """Fill the slots of `texts[surface]` for each row; `keys` are one hash a row that decides the fillings.

    Time is linear in rows x slots, whatever the number of wordings.
    """
    pieces: list[str] = [""]
    at: dict[str, int] = {"": 0}
    piece = np.zeros((len(texts), MOST_SLOTS + 1), dtype=np.int32)
    kind = np.full((len(texts), MOST_SLOTS), SLOT_KINDS.index("none"), dtype=np.int8)
    deepest = 0
    for row, text in enumerate(texts):
        parts = _SLOT.split(text)
        deepest = max(deepest, len(parts) // 2)
        for place in range(0, len(parts), 2):
            if parts[place] not in at:
                at[parts[place]] = len(pieces)
                pieces.append(parts[place])
            piece[row, place // 2] = at[parts[place]]
        for place in range(1, len(parts), 2):
            kind[row, place // 2] = SLOT_KINDS.index(parts[place])
    table = pa.array(pieces)
    columns = [table.take(pa.array(piece[surface, 0]))]
    for slot in range(deepest):
        kinds = kind[surface, slot].astype(np.int64)
        fill = words.start[kinds] + pick(mix(slot + 1, keys), words.size[kinds])
        columns += [words.slots.take(pa.array(fill)), table.take(pa.array(piece[surface, slot + 1]))]
    return pc.binary_join_element_wise(*columns, "")
