"""The input side of the data contract as data: tables, columns, kinds of value, and why a row may be refused."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


class Kind(StrEnum):
    """What the values of a column are, and hence how they are checked."""

    KEY = "key"
    """A name minted by the provider: a control character in it means that the export is broken."""
    INSTRUMENT = "instrument"
    """A key of a payment instrument: no card numbers either."""
    LABEL = "label"
    """A name that a client can influence (device, user agent). Control characters are replaced, the row is kept:
    nobody shall get out of the analysis by sending a strange header."""
    PROMPT = "prompt"
    """Text of a request. As for labels, but line breaks and tabs are part of it."""
    ADDRESS = "address"
    """IPv4 or IPv6, stored in canonical text."""
    TIME = "time"
    """An instant in UTC."""
    COUNT = "count"
    """A whole number from 0."""
    FLAG = "flag"
    """True or false."""
    WORD = "word"
    """One of a closed list."""


class Word(StrEnum):
    """Why a row is refused. In `quarantine.reason` the column follows after a colon where one is to blame."""

    BAD_JSON = "bad_json"
    NOT_AN_OBJECT = "not_an_object"
    TOO_DEEP = "too_deep"
    LINE_TOO_LONG = "line_too_long"
    RAGGED = "wrong_number_of_columns"
    BAD_QUOTE = "bad_quote"
    MISSING = "missing"
    WRONG_TYPE = "wrong_type"
    BAD_UNICODE = "bad_unicode"
    TOO_LONG = "too_long"
    CONTROL = "control_character"
    NAIVE_TIME = "naive_time"
    BAD_TIME = "bad_time"
    OUT_OF_RANGE = "out_of_range"
    BAD_ADDRESS = "bad_address"
    CARD_NUMBER = "card_number"
    UNKNOWN_WORD = "unknown_word"
    CONFLICT = "conflict"


REMEDIES: Mapping[Word, str] = {
    Word.BAD_JSON: "write one JSON object a line",
    Word.NOT_AN_OBJECT: "write one JSON object a line, not a list or a bare value",
    Word.TOO_DEEP: "flatten the records: the contract's columns are plain values",
    Word.LINE_TOO_LONG: "write one record a line, or raise ingest.max_line_bytes",
    Word.RAGGED: "give every row as many fields as the header, and quote values that hold the delimiter",
    Word.BAD_QUOTE: "close every quote, and double the quotes inside quoted values",
    Word.MISSING: "give every row an account_id and a ts",
    Word.WRONG_TYPE: "write strings as strings, whole numbers as numbers, flags as true or false",
    Word.BAD_UNICODE: "write UTF-8",
    Word.TOO_LONG: "cut the value, or raise ingest.max_value_bytes",
    Word.CONTROL: "remove control characters from identifiers",
    Word.NAIVE_TIME: "write UTC as 2026-03-01T12:00:00Z; if the times are UTC already, "
    "set ingest.naive_times_are_utc = true",
    Word.BAD_TIME: "write times in ISO 8601 with a zone, as 2026-03-01T12:00:00Z",
    Word.OUT_OF_RANGE: "times must lie from 2000 to 2099, counts from 0 to 2^63 - 1",
    Word.BAD_ADDRESS: "write one IPv4 or IPv6 address without a port, or null",
    Word.CARD_NUMBER: "export the payment token, never the card number",
    Word.UNKNOWN_WORD: "use the words of the data contract",
    Word.CONFLICT: "give every event its own event_id",
}

FIRST_TIME = "2000-01-01 00:00:00"
LAST_TIME = "2100-01-01 00:00:00"
"""Instants from FIRST_TIME up to, not including, LAST_TIME are possible; fixed, so that no wall clock is asked."""

LARGEST_COUNT = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Column:
    """One column of an input table."""

    name: str
    kind: Kind
    required: bool = False
    words: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Table:
    """One input table. `key` identifies a row; for events a null key means that the content is the key."""

    name: str
    key: str
    columns: tuple[Column, ...]

    def column(self, name: str) -> Column | None:
        """Return the column of that name, None if the contract has none."""
        return next((column for column in self.columns if column.name == name), None)

    @property
    def names(self) -> tuple[str, ...]:
        """The columns' names in order."""
        return tuple(column.name for column in self.columns)


EVENTS = Table(
    "events",
    "event_id",
    (
        Column("event_id", Kind.KEY),
        Column("account_id", Kind.KEY, required=True),
        Column("ts", Kind.TIME, required=True),
        Column("ip", Kind.ADDRESS),
        Column("device_id", Kind.LABEL),
        Column("payment_id", Kind.INSTRUMENT),
        Column("template_id", Kind.KEY),
        Column("prompt", Kind.PROMPT),
        Column("model", Kind.LABEL),
        Column("endpoint", Kind.LABEL),
        Column("pathway", Kind.LABEL),
        Column("user_agent", Kind.LABEL),
        Column("input_tokens", Kind.COUNT),
        Column("output_tokens", Kind.COUNT),
        Column("refused", Kind.FLAG),
    ),
)
ACCOUNTS = Table(
    "accounts",
    "account_id",
    (
        Column("account_id", Kind.KEY, required=True),
        Column("created_at", Kind.TIME),
        Column("email_domain", Kind.LABEL),
        Column("org", Kind.LABEL),
        Column("country", Kind.LABEL),
        Column("pathway", Kind.LABEL),
        Column("verified", Kind.FLAG),
    ),
)
IPS = Table(
    "ips",
    "ip",
    (
        Column("ip", Kind.ADDRESS, required=True),
        Column("asn", Kind.COUNT),
        Column("as_org", Kind.LABEL),
        Column("country", Kind.LABEL),
        Column(
            "kind",
            Kind.WORD,
            words=("residential", "mobile", "business", "education", "hosting", "vpn", "proxy", "unknown"),
        ),
    ),
)
PAYMENTS = Table(
    "payments",
    "payment_id",
    (
        Column("payment_id", Kind.INSTRUMENT, required=True),
        Column("bin", Kind.INSTRUMENT),
        Column("issuer_country", Kind.LABEL),
        Column(
            "kind",
            Kind.WORD,
            words=("credit", "debit", "prepaid", "virtual", "corporate", "crypto", "unknown"),
        ),
    ),
)
TABLES: tuple[Table, ...] = (EVENTS, ACCOUNTS, IPS, PAYMENTS)
FACETS: tuple[str, ...] = ("ip", "device_id", "payment_id", "prompt", "template_id")
"""Columns of events of which at least one must be there."""
