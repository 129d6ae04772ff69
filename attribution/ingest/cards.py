"""Card numbers in text: what a template's fixed words may hold, and nobody may keep."""

from __future__ import annotations

import re

_RUN = re.compile(r"[0-9]+(?:[ ._-][0-9]+)*+")
_APART = re.compile(r"([ ._-])")
SHORTEST, LONGEST = 13, 19
SLOT = "{}"


def without_cards(text: str) -> str:
    """Return the text with a slot for each card number: 13 to 19 digits, perhaps in groups, the check digit right.

    A group of digits is masked as a whole or not at all. O(length), since a number has nineteen groups at most.
    """
    return _RUN.sub(lambda run: "".join(_masked(_APART.split(run[0]))), text)


def _masked(parts: list[str]) -> list[str]:
    """Return groups of digits, with what stands between them, after masking."""
    out: list[str] = []
    first = 0
    while first < len(parts):
        last = _end_of_card(parts, first)
        out += parts[first : first + 2] if last is None else [SLOT, *parts[last + 1 : last + 2]]
        first = (first if last is None else last) + 2
    return out


def _end_of_card(parts: list[str], first: int) -> int | None:
    """Return the last group of the card number that begins with the group at `first`, None if none does."""
    digits = ""
    for last in range(first, len(parts), 2):
        digits += parts[last]
        if len(digits) > LONGEST:
            break
        if len(digits) >= SHORTEST and luhn(digits):
            return last
    return None


def luhn(digits: str) -> bool:
    """Tell whether the last digit is the check digit of those before it (ISO/IEC 7812-1)."""
    odd, even = digits[-1::-2], digits[-2::-2]
    return (sum(map(int, odd)) + sum(sum(divmod(2 * int(digit), 10)) for digit in even)) % 10 == 0
