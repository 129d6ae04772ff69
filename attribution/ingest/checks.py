"""Types, bounds and canonical forms as SQL expressions: one set of rules for Parquet, CSV and JSON Lines.

`rules_of` turns a relation of raw columns into canonical columns plus `reason`, null for a good row. The rules are written
once, over whatever physical type the reader found, so that a row means the same in every format.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from attribution.ingest.contract import FIRST_TIME, LARGEST_COUNT, LAST_TIME, Column, Kind, Table, Word
from attribution.ingest.sql import literal

if TYPE_CHECKING:
    from collections.abc import Mapping

    from attribution.config import IngestConfig


class Physical(StrEnum):
    """How a reader holds a column."""

    TEXT = "text"
    WHOLE = "whole"
    REAL = "real"
    FLAG = "flag"
    INSTANT = "instant"
    NAIVE = "naive"


@dataclass(frozen=True, slots=True)
class Checked:
    """SQL of one column: its canonical value, and conditions (SQL, word) under which the row is refused."""

    value: str
    refusals: tuple[tuple[str, Word], ...]


SQL_TYPES: Mapping[Kind, str] = {
    Kind.KEY: "varchar",
    Kind.INSTRUMENT: "varchar",
    Kind.LABEL: "varchar",
    Kind.PROMPT: "varchar",
    Kind.ADDRESS: "varchar",
    Kind.TIME: "timestamp",
    Kind.COUNT: "bigint",
    Kind.FLAG: "boolean",
    Kind.WORD: "varchar",
}

_OCTET = "(25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])"
PLAIN_IPV4 = rf"({_OCTET}[.]){{3}}{_OCTET}"
"""Regular expression of a canonical IPv4 address: nothing needs to be done about it."""
_DATE_TIME = r"[0-9]{4}-[0-9]{2}-[0-9]{2}([T ]([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9]([.][0-9]{1,9})?)?)"
_NAIVE = rf"({_DATE_TIME}|[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}})"
_ZONED = rf"{_DATE_TIME}(Z|[+-]([01][0-9]|2[0-3])(:?[0-5][0-9])?)"
_CONTROL = r"[\x00-\x1f\x7f]"
_CARD_SHAPE = r"[0-9]([ -]?[0-9]){12,18}"


def _luhn(column: str) -> str:
    """Return SQL that is true for text of the shape of a card number whose check digit is right."""
    digits = f"regexp_replace({column}, '[ -]', '', 'g')"
    doubled = (
        f"list_sum(list_transform(range(1, len({digits}) + 1), lambda i: "
        f"case when (len({digits}) - i) % 2 = 0 then ascii({digits}[i]) - 48 "
        f"when ascii({digits}[i]) > 52 then 2 * (ascii({digits}[i]) - 48) - 9 else 2 * (ascii({digits}[i]) - 48) end))"
    )
    return f"case when regexp_full_match({column}, '{_CARD_SHAPE}') then {doubled} % 10 = 0 else false end"


def _text(column: Column, physical: Physical, config: IngestConfig) -> Checked:
    name = column.name
    if physical is not Physical.TEXT:
        return Checked("null", ((f"{name} is not null", Word.WRONG_TYPE),))
    value = f"nullif({name}, '')"
    too_long = (f"strlen({name}) > {config.max_value_bytes}", Word.TOO_LONG)
    if column.kind is Kind.PROMPT:
        return Checked(
            f"case when contains({name}, chr(0)) then replace({name}, chr(0), chr(65533)) else {value} end", (too_long,)
        )
    control = f"regexp_matches({name}, {literal(_CONTROL)})"
    if column.kind is Kind.LABEL:
        cleaned = (
            f"case when {control} then regexp_replace({name}, {literal(_CONTROL)}, chr(65533), 'g') else {value} end"
        )
        return Checked(cleaned, (too_long,))
    if column.kind is Kind.WORD:
        words = ", ".join(literal(word) for word in column.words)
        return Checked(f"lower({value})", ((f"lower({value}) not in ({words})", Word.UNKNOWN_WORD),))
    refusals = (too_long, (control, Word.CONTROL))
    if column.kind is Kind.INSTRUMENT:
        refusals = (*refusals, (_luhn(name), Word.CARD_NUMBER))
    return Checked(value, refusals)


def _address(column: Column, physical: Physical) -> Checked:
    """Check an address against `ingest_addresses` (raw, canonical), joined as `<column>_address`."""
    name = column.name
    if physical is not Physical.TEXT:
        return Checked("null", ((f"{name} is not null", Word.WRONG_TYPE),))
    plain = f"regexp_full_match({name}, '{PLAIN_IPV4}')"
    return Checked(
        f"case when {plain} then {name} else {name}_address.canonical end",
        ((f"{name} <> '' and not {plain} and {name}_address.canonical is null", Word.BAD_ADDRESS),),
    )


def _time(column: Column, physical: Physical, config: IngestConfig) -> Checked:
    name = column.name
    refusals: tuple[tuple[str, Word], ...] = ()
    if physical in (Physical.INSTANT, Physical.NAIVE):
        value = f"try_cast({name} as timestamp)"
        refusals = ((f"{name} is not null and {value} is null", Word.OUT_OF_RANGE),)
    elif physical is Physical.TEXT:
        shape = f"({_ZONED}|{_NAIVE})" if config.naive_times_are_utc else _ZONED
        value = f"case when regexp_full_match({name}, '{shape}') then try_cast({name} as timestamptz)::timestamp end"
        refusals = (
            (f"{name} <> '' and {value} is null and regexp_full_match({name}, '{_NAIVE}')", Word.NAIVE_TIME),
            (f"{name} <> '' and {value} is null", Word.BAD_TIME),
        )
    else:
        return Checked("null", ((f"{name} is not null", Word.BAD_TIME),))
    bounds = f"{value} < timestamp '{FIRST_TIME}' or {value} >= timestamp '{LAST_TIME}'"
    return Checked(value, (*refusals, (bounds, Word.OUT_OF_RANGE)))


def _count(column: Column, physical: Physical) -> Checked:
    """Check a whole number; 3.0 is one, however it is written, 3.5 is not. NaN in a column of reals is a null."""
    name = column.name
    if physical is Physical.WHOLE:
        value = f"try_cast({name} as bigint)"
        return Checked(value, ((f"{name} < 0 or {name} > {LARGEST_COUNT}", Word.OUT_OF_RANGE),))
    if physical is Physical.REAL:
        real = f"case when isnan({name}::double) then null else {name}::double end"
        return Checked(
            f"try_cast({real} as bigint)",
            (
                (f"({real}) <> trunc({real}) or isinf({name}::double)", Word.WRONG_TYPE),
                (f"({real}) < 0 or ({real}) >= {float(2**63)!r}", Word.OUT_OF_RANGE),
            ),
        )
    if physical is Physical.TEXT:
        whole = f"regexp_full_match({name}, '[+-]?[0-9]{{1,30}}([.]0*)?')"
        value = f"case when {whole} then try_cast(split_part({name}, '.', 1) as bigint) end"
        return Checked(
            value,
            (
                (f"{name} <> '' and not {whole}", Word.WRONG_TYPE),
                (f"{name} <> '' and ({value} is null or {value} < 0)", Word.OUT_OF_RANGE),
            ),
        )
    return Checked("null", ((f"{name} is not null", Word.WRONG_TYPE),))


def _flag(column: Column, physical: Physical) -> Checked:
    name = column.name
    if physical is Physical.FLAG:
        return Checked(name, ())
    if physical is Physical.TEXT:
        value = f"case when lower({name}) in ('true', 't', '1') then true when lower({name}) in ('false', 'f', '0') then false end"
        return Checked(value, ((f"{name} <> '' and ({value}) is null", Word.WRONG_TYPE),))
    return Checked("null", ((f"{name} is not null", Word.WRONG_TYPE),))


def check_column(column: Column, physical: Physical, config: IngestConfig) -> Checked:
    """Return the SQL that checks one column, the requirement to be there included."""
    if column.kind is Kind.ADDRESS:
        checked = _address(column, physical)
    elif column.kind is Kind.TIME:
        checked = _time(column, physical, config)
    elif column.kind is Kind.COUNT:
        checked = _count(column, physical)
    elif column.kind is Kind.FLAG:
        checked = _flag(column, physical)
    else:
        checked = _text(column, physical, config)
    if not column.required:
        return checked
    empty = f"{column.name} is null" + (f" or {column.name} = ''" if physical is Physical.TEXT else "")
    return Checked(checked.value, ((empty, Word.MISSING), *checked.refusals))


@dataclass(frozen=True, slots=True)
class Rules:
    """The rules of one table over columns as one reader holds them, as pieces of SQL.

    Attributes
    ----------
    values : the contract's columns in canonical form, each `expression as name`.
    reason : expression, null for a good row; else the first failing rule in the order of the contract's columns.
    joins : what `values` and `reason` need beside the source.
    """

    values: str
    reason: str
    joins: str
    raw: str

    def checked(self, source: str) -> str:
        """Return a query over `source` with `file_no`, `line`, the canonical columns and `reason`."""
        return f"select file_no, line, {self.values}, {self.reason} as reason from {source} {self.joins}"

    def refused(self, source: str) -> str:
        """Return a query over `source` with `file_no`, `line`, `reason` and `canon` (JSON) of the refused rows."""
        return f"select file_no, line, {self.reason} as reason, {self.raw} as canon from {source} {self.joins} where reason is not null"


def rules_of(table: Table, present: Mapping[str, Physical], config: IngestConfig) -> Rules:
    """Return the rules for `table` where the columns of `present` are there; all others become nulls."""
    values, cases, joins = [], [], []
    for column in table.columns:
        if column.name not in present:
            values.append(f"null::{SQL_TYPES[column.kind]} as {column.name}")
            cases += [f"when true then '{Word.MISSING}:{column.name}'"] if column.required else []
            continue
        checked = check_column(column, present[column.name], config)
        values.append(f"{checked.value} as {column.name}")
        cases += [f"when {condition} then '{word}:{column.name}'" for condition, word in checked.refusals]
        if column.kind is Kind.ADDRESS and present[column.name] is Physical.TEXT:
            joins.append(
                f"left join ingest_addresses {column.name}_address on {column.name}_address.raw = {column.name}"
            )
    raw = ", ".join(f"{name} := {name}" for name in table.names if name in present)
    return Rules(
        ", ".join(values),
        f"case {' '.join(cases)} end" if cases else "null::varchar",
        " ".join(joins),
        f"to_json(struct_pack({raw}))::varchar",
    )
