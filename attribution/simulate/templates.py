"""Templates: concepts (what is asked) and wordings (how), rendered to text in whole columns."""

from __future__ import annotations

import random
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from attribution.simulate.draws import mix, pick
from attribution.simulate.language import SLOT_KINDS, Lexicon
from attribution.simulate.wording import BY_LANGUAGE, DOMAINS, ENGLISH, PURPOSES, Clauses

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


def wording(seed: int, concepts: Concepts, concept: int, variant: int, brands: list[str]) -> str:
    """Write one wording of a concept, with `{kind}` for its slots; variant 0 is the plain one."""
    fixed = random.Random(f"{seed}/concept/{concepts.source[concept]}")  # noqa: S311  # a simulation, not a secret
    brand, domain, number = fixed.choice(brands).title(), fixed.choice(DOMAINS), str(fixed.randint(1, 12))
    draw = random.Random(f"{seed}/wording/{concepts.voice[concept]}/{variant}")  # noqa: S311
    purpose = PURPOSES[concepts.purpose[concept]]
    languages = [concepts.language[concept]]
    if variant:
        languages = [name for name, bank in BY_LANGUAGE.items() if purpose in bank] + ["en", "en"]
    bank: Clauses = BY_LANGUAGE[draw.choice(languages)].get(purpose, ENGLISH[purpose])
    middle = list(bank[1:-1])
    draw.shuffle(middle)
    parts = [draw.choice(clause) for clause in (bank[0], *middle, bank[-1])]
    text = " ".join(_CHOICE.sub(lambda found: draw.choice(found.group(1).split("|")), part) for part in parts)
    return text.replace("<brand>", brand).replace("<domain>", domain).replace("<number>", number)


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
