"""Single values of a dossier: each converted as its key expects, or refused with what to write instead."""

from __future__ import annotations

import datetime as dt
import difflib
import ipaddress
import re
from typing import TYPE_CHECKING

from attribution.domain import UNKNOWN_LAB
from attribution.labs.dossiers import CREDIBILITY

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

MAX_EXAMPLE = 20_000
"""Characters of one template example."""


class FactError(ValueError):
    """A scalar that is not what its key expects: message and remedy."""

    def __init__(self, message: str, remedy: str) -> None:
        super().__init__(message)
        self.remedy = remedy


def suggest(name: str, among: Iterable[str]) -> str:
    """Return a hint at the name that was probably meant, empty if none is near."""
    close = difflib.get_close_matches(name, list(among), n=1, cutoff=0.6)
    return f"; did you mean `{close[0]}`?" if close else ""


def text(raw: str) -> str:
    """Read a text that is not empty."""
    if not raw.strip():
        raise FactError("an empty text", "write a value, or leave the key out")
    return raw.strip()


def lab_id(raw: str) -> str:
    """Read a lab's id."""
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}", raw):
        raise FactError(f"{raw[:60]!r} is no id", "use letters, digits, dot, dash and underscore, at most 100 of them")
    if raw == UNKNOWN_LAB:
        raise FactError(f"{UNKNOWN_LAB!r} stands for labs without a dossier", "choose another id")
    return raw


def example(raw: str) -> str:
    """Read a template example."""
    if len(raw) > MAX_EXAMPLE:
        raise FactError(f"an example of {len(raw)} characters", f"cut it to {MAX_EXAMPLE}")
    return text(raw)


def asn(raw: str) -> int:
    """Read an AS number, with or without "AS"."""
    digits = raw.strip().upper().removeprefix("AS")
    if not digits.isdecimal() or not digits.isascii() or not 0 < int(digits[:12]) < 2**32:
        raise FactError(f"{raw[:60]!r} is no AS number", "write a number from 1 to 4294967295, such as 64510")
    return int(digits)


def network(raw: str) -> str:
    """Read a network with no bits behind its prefix."""
    try:
        network = ipaddress.ip_network(raw.strip(), strict=False)
        exact = ipaddress.ip_interface(raw.strip()).ip == network.network_address
    except ValueError:
        raise FactError(f"{raw[:60]!r} is no network", 'write it as "198.51.100.0/24" or "2001:db8::/32"') from None
    if not exact:
        raise FactError(f"{raw[:60]!r} has bits set behind its prefix", f'write "{network}"')
    if network.prefixlen == 0:
        raise FactError(f"{raw!r} is every address", "name the lab's own networks")
    return str(network)


def address(raw: str) -> str:
    """Read an address; IPv4 in IPv6 becomes IPv4."""
    try:
        address = ipaddress.ip_address(raw.strip().split("%", maxsplit=1)[0])
    except ValueError:
        raise FactError(f"{raw[:60]!r} is no IP address", 'write it as "198.51.100.7" or "2001:db8::7"') from None
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return str(mapped or address)


def card_prefix(raw: str) -> str:
    """Read the first digits of a card."""
    if not re.fullmatch(r"[0-9]{4,11}", raw.strip()):
        raise FactError(
            f"{_masked(raw)} is no card prefix", 'write its first 6 to 8 digits in quotes, such as "411111"'
        )
    return raw.strip()


def payment(raw: str) -> str:
    """Read a payment token; a card number is refused and not repeated."""
    digits = re.sub(r"[ -]", "", raw)
    if re.fullmatch(r"[0-9]{13,19}", digits) and _luhn(digits):
        raise FactError(f"{_masked(digits)} is a card number", "write the payment token; card numbers are never stored")
    return text(raw)


def _masked(raw: str) -> str:
    return f"{raw[:4]!r} and {len(raw) - 4} more characters" if len(raw) > 11 else repr(raw)  # a prefix may show


def _luhn(digits: str) -> bool:
    odd, even = digits[-1::-2], digits[-2::-2]
    return (sum(map(int, odd)) + sum(sum(divmod(2 * int(digit), 10)) for digit in even)) % 10 == 0


def country(raw: str) -> str:
    """Read a country code."""
    if not re.fullmatch(r"[A-Za-z]{2}", raw.strip()):
        raise FactError(f"{raw[:60]!r} is no country", "write the two letters of ISO 3166")
    return raw.strip().upper()


def domain(raw: str) -> str:
    """Read a mail domain."""
    domain = raw.strip().lower().removeprefix("@").rstrip(".")
    if "@" in domain or "." not in domain or any(c.isspace() for c in domain):
        raise FactError(f"{raw[:60]!r} is no mail domain", "write what stands behind the @, such as amber-mail.example")
    return domain


def date(raw: str) -> dt.date:
    """Read a date; a time behind it is dropped."""
    try:
        return dt.date.fromisoformat(raw.strip()[:10])
    except ValueError:
        raise FactError(f"{raw[:60]!r} is no date", "write it as 2026-03-14") from None


def credibility(raw: str) -> int:
    """Read an Admiralty credibility."""
    if raw.strip() not in {str(grade) for grade in CREDIBILITY}:
        raise FactError(f"{raw[:60]!r} is no credibility", "write 1 (confirmed) to 6 (cannot be judged)")
    return int(raw)


def choice(among: tuple[str, ...]) -> Callable[[str], str]:
    """Return a reader of one of several words."""

    def convert(raw: str) -> str:
        if raw.strip() not in among:
            raise FactError(
                f"{raw[:60]!r} is not one of the choices{suggest(raw, among)}", f"choose of {', '.join(among)}"
            )
        return raw.strip()

    return convert


def number(low: float, high: float) -> Callable[[str], float]:
    """Return a reader of a number within bounds."""

    def convert(raw: str) -> float:
        try:
            value = float(raw)
        except ValueError:
            value = float("nan")
        if not low <= value <= high:
            raise FactError(
                f"{raw[:60]!r} is no number from {low:g} to {high:g}", f"write a number from {low:g} to {high:g}"
            )
        return value

    return convert
