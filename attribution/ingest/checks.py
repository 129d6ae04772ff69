"""Types, bounds and canonical forms as SQL: one set of rules for Parquet, CSV and JSON Lines.

Most values are plain: canonical as they stand and within all bounds. A cheap test per column finds the others
(`odd`); only rows with an odd value go through the full rules, which give the canonical value or the reason for
refusal. Both are written once, over whatever physical type the reader found, so that a row means the same in every
format.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from attribution.ingest.contract import FIRST_TIME, LARGEST_COUNT, LAST_TIME, Column, Kind, Table, Word
from attribution.ingest.sql import literal

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from attribution.config import IngestConfig


class Physical(StrEnum):
    """How a reader holds a column."""

    TEXT = "text"
    WHOLE = "whole"
    REAL = "real"
    FLAG = "flag"
    INSTANT = "instant"
    NANO = "nano"
    """An instant with nanoseconds: they are cut off."""


@dataclass(frozen=True, slots=True)
class Checked:
    """SQL of one column.

    Attributes
    ----------
    odd : condition under which the value needs a second look; null counts as no.
    plain : the canonical value of one that is not odd.
    value : the canonical value of any that is not refused.
    refusals : conditions under which the row is refused, in order of precedence.
    """

    odd: str
    plain: str
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
_DATE = "[0-9]{4}-[0-9]{2}-[0-9]{2}"
_DATE_TIME = _DATE + "[T ]([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9]([.][0-9]{1,9})?)?"
_NAIVE = f"({_DATE_TIME}|{_DATE})"
_ZONED = f"{_DATE_TIME}(Z|[+-]([01][0-9]|2[0-3])(:?[0-5][0-9])?)"
_BETWEEN = r"[\s._\-\x{a0}\x{2007}-\x{2015}\x{202f}]"
"""What people put between the digits of a card number: blanks, dashes and dots of any width."""
CARD_SHAPE = rf"{_BETWEEN}*[0-9]({_BETWEEN}{{0,3}}[0-9]){{12,18}}{_BETWEEN}*"
_WHOLE = "[+-]?[0-9]{1,30}([.]0*)?"


def luhn(column: str) -> str:
    """Return SQL that is true for text of the shape of a card number whose check digit is right."""
    digits = f"regexp_replace({column}, '[^0-9]', '', 'g')"
    digit = f"(ascii({digits}[i]) - 48)"
    doubled = f"case when {digit} > 4 then 2 * {digit} - 9 else 2 * {digit} end"
    total = (
        f"list_sum(list_transform(range(1, len({digits}) + 1), "
        f"lambda i: case when (len({digits}) - i) % 2 = 0 then {digit} else {doubled} end))"
    )
    return f"case when regexp_full_match({column}, '{CARD_SHAPE}') then {total} % 10 = 0 else false end"


def _wrong(name: str, word: Word = Word.WRONG_TYPE) -> Checked:
    """Return the check of a column that is held in a type it cannot have: every value is refused."""
    return Checked(f"{name} is not null", "null", "null", ((f"{name} is not null", word),))


def _text(column: Column, physical: Physical, config: IngestConfig) -> Checked:
    name = column.name
    if physical is not Physical.TEXT:
        return _wrong(name)
    if column.kind is Kind.WORD:
        words = ", ".join(literal(word) for word in column.words)
        value = f"lower(nullif({name}, ''))"
        return Checked(f"{name} not in ({words})", name, value, ((f"{value} not in ({words})", Word.UNKNOWN_WORD),))
    odd = f"strlen({name}) not between 1 and {config.max_value_bytes} or contains({name}, chr(0))"
    too_long = (f"strlen({name}) > {config.max_value_bytes}", Word.TOO_LONG)
    if column.kind in (Kind.LABEL, Kind.PROMPT):
        return Checked(odd, name, f"nullif(replace({name}, chr(0), chr(65533)), '')", (too_long,))
    control = (f"contains({name}, chr(0))", Word.CONTROL)
    value = f"nullif({name}, '')"
    if column.kind is Kind.INSTRUMENT:
        card = (luhn(name), Word.CARD_NUMBER)
        return Checked(f"{odd} or {name} < ':'", name, value, (too_long, control, card))
    return Checked(odd, name, value, (too_long, control))


def _address(column: Column, physical: Physical, config: IngestConfig) -> Checked:
    """Check an address against `ingest_addresses` (raw, canonical), joined as `<column>_address`."""
    del config
    name = column.name
    if physical is not Physical.TEXT:
        return _wrong(name)
    plain = f"regexp_full_match({name}, '{PLAIN_IPV4}')"
    bad = f"{name} <> '' and not {plain} and {name}_address.canonical is null"
    return Checked(
        f"not {plain}",
        name,
        f"case when {plain} then {name} else {name}_address.canonical end",
        ((bad, Word.BAD_ADDRESS),),
    )


def _utc(instant: str) -> str:
    """Return SQL of an instant as a timestamp in UTC; ten times as fast as a cast, which asks the calendar library."""
    return f"make_timestamp(epoch_us({instant}))"


def _time(column: Column, physical: Physical, config: IngestConfig) -> Checked:
    name = column.name
    if physical in (Physical.INSTANT, Physical.NANO):
        instant = name if physical is Physical.INSTANT else f"try_cast({name} as timestamptz)"
        value = _utc(instant)
        odd = f"{instant} < timestamptz '{FIRST_TIME}+00' or {instant} >= timestamptz '{LAST_TIME}+00'"
        return Checked(odd, value, value, ((f"{odd} or {name} is not null and {value} is null", Word.OUT_OF_RANGE),))
    if physical is not Physical.TEXT:
        return _wrong(name, Word.BAD_TIME)
    shape = f"({_ZONED}|{_NAIVE})" if config.naive_times_are_utc else _ZONED
    plain = _utc(f"try_cast({name} as timestamptz)")
    value = f"case when regexp_full_match({name}, '{shape}') then {plain} end"
    bounds = f"{value} < timestamp '{FIRST_TIME}' or {value} >= timestamp '{LAST_TIME}'"
    refusals = (
        (f"{name} <> '' and {value} is null and regexp_full_match({name}, '{_NAIVE}')", Word.NAIVE_TIME),
        (f"{name} <> '' and {value} is null", Word.BAD_TIME),
        (bounds, Word.OUT_OF_RANGE),
    )
    return Checked(f"{name} is not null and (({bounds}) is not false)", plain, value, refusals)


def _count(column: Column, physical: Physical, config: IngestConfig) -> Checked:
    """Check a whole number; 3.0 is one, however it is written, 3.5 is not. NaN in a column of reals is a null."""
    del config
    name = column.name
    if physical is Physical.WHOLE:
        value = f"try_cast({name} as bigint)"
        unfit = f"{name} < 0 or {name} > {LARGEST_COUNT}"
        return Checked(unfit, value, value, ((unfit, Word.OUT_OF_RANGE),))
    if physical is Physical.REAL:
        real = f"{name}::double"
        value = f"try_cast({real} as bigint)"
        fraction = f"{real} <> trunc({real}) or isinf({real})"
        unfit = f"{real} < 0 or {real} >= {float(2**63)!r}"
        # Not isnan(): Parquet statistics leave NaN out, and DuckDB 2.0 concludes from them that there is none.
        refused = f"({unfit}) and {real}::varchar <> 'nan'"
        return Checked(
            f"{fraction} or {unfit}", value, value, ((fraction, Word.WRONG_TYPE), (refused, Word.OUT_OF_RANGE))
        )
    if physical is not Physical.TEXT:
        return _wrong(name)
    whole = f"regexp_full_match({name}, '{_WHOLE}')"
    value = f"case when {whole} then try_cast(split_part({name}, '.', 1) as bigint) end"
    refusals = (
        (f"{name} <> '' and not {whole}", Word.WRONG_TYPE),
        (f"{name} <> '' and ({value} is null or {value} < 0)", Word.OUT_OF_RANGE),
    )
    return Checked(f"not regexp_full_match({name}, '[0-9]{{1,18}}')", f"try_cast({name} as bigint)", value, refusals)


def _flag(column: Column, physical: Physical, config: IngestConfig) -> Checked:
    del config
    name = column.name
    if physical is Physical.FLAG:
        return Checked("false", name, name, ())
    if physical is not Physical.TEXT:
        return _wrong(name)
    true, false = f"lower({name}) in ('true', 't', '1')", f"lower({name}) in ('false', 'f', '0')"
    value = f"case when {true} then true when {false} then false end"
    return Checked(
        f"{name} not in ('true', 'false')",
        f"{name} = 'true'",
        value,
        ((f"{name} <> '' and ({value}) is null", Word.WRONG_TYPE),),
    )


_CHECKS: Mapping[Kind, Callable[[Column, Physical, IngestConfig], Checked]] = {
    Kind.KEY: _text,
    Kind.INSTRUMENT: _text,
    Kind.LABEL: _text,
    Kind.PROMPT: _text,
    Kind.WORD: _text,
    Kind.ADDRESS: _address,
    Kind.TIME: _time,
    Kind.COUNT: _count,
    Kind.FLAG: _flag,
}


def check_column(column: Column, physical: Physical, config: IngestConfig) -> Checked:
    """Return the SQL that checks one column, the requirement to be there included."""
    checked = _CHECKS[column.kind](column, physical, config)
    if not column.required:
        return checked
    empty = f"{column.name} is null" + (f" or {column.name} = ''" if physical is Physical.TEXT else "")
    return Checked(
        f"{empty} or {checked.odd}", checked.plain, checked.value, ((empty, Word.MISSING), *checked.refusals)
    )


@dataclass(frozen=True, slots=True)
class Rules:
    """The rules of one table over columns as one reader holds them."""

    table: Table
    present: Mapping[str, Physical]
    checks: Mapping[str, Checked]

    def count_odd(self, source: str) -> str:
        """Return a query with one row: for each contract column, how many of its values need a second look."""
        counts = [
            f"count_if({self.checks[name].odd}) as {name}" if name in self.checks else f"{self._absent(name)} as {name}"
            for name in self.table.names
        ]
        return f"select {', '.join(counts)} from {source}"

    def _absent(self, name: str) -> str:
        column = self.table.column(name)
        return "count(*)" if column and column.required else "0"

    def odd(self, columns: Collection[str]) -> str:
        """Return a condition, never null, that tells rows with an odd value in one of the columns."""
        terms = []
        for name in self.table.names:
            if name not in columns:
                continue
            if name not in self.checks:
                return "true"
            term = f"({self.checks[name].odd})"
            if self.is_address(name):
                term = f"({term} and {name} not in (select raw from ingest_addresses where canonical = raw))"
            terms.append(term)
        return f"coalesce({' or '.join(terms)}, false)" if terms else "false"

    def is_address(self, name: str) -> bool:
        """Tell whether a column holds the text of addresses."""
        column = self.table.column(name)
        return column is not None and column.kind is Kind.ADDRESS and self.present.get(name) is Physical.TEXT

    def plain(self, source: str, odd: str) -> str:
        """Return a query with `file_no`, `line` and the canonical columns of the rows that are not odd."""
        where = "" if odd == "false" else f" where not {odd}"
        return f"select file_no, line, {self._values('plain')} from {source}{where}"

    def plain_columns(self, source: str) -> str:
        """Return a query with the canonical columns that are there, for a source whose rows are all plain."""
        values = ", ".join(
            f"{checked.plain if self.present[name] is not Physical.TEXT else f'{name}::varchar'} as {name}"
            for name, checked in self.checks.items()
        )
        return f"select {values} from {source}"

    def _values(self, which: str) -> str:
        values = []
        for column in self.table.columns:
            checked = self.checks.get(column.name)
            sql = f"null::{SQL_TYPES[column.kind]}" if checked is None else getattr(checked, which)
            values.append(f"{sql} as {column.name}")
        return ", ".join(values)

    def _reason(self) -> str:
        cases = []
        for column in self.table.columns:
            checked = self.checks.get(column.name)
            if checked is not None:
                cases += [f"when {condition} then '{word}:{column.name}'" for condition, word in checked.refusals]
            elif column.required:
                cases.append(f"when true then '{Word.MISSING}:{column.name}'")
        return f"case {' '.join(cases)} end" if cases else "null::varchar"

    def second_look(self, source: str, odd: str) -> str:
        """Return a query over the odd rows with `file_no`, `line`, the canonical columns, `reason` and `canon`.

        `reason` is null for a good row, else the first failing rule in the order of the contract's columns. `canon` is
        the row as JSON, as it came.
        """
        joins = " ".join(
            f"left join ingest_addresses {name}_address on {name}_address.raw = {name}"
            for name in self.table.names
            if self.is_address(name)
        )
        raw = ", ".join(f"{name} := {name}" for name in self.table.names if name in self.present)
        return (
            f"select file_no, line, {self._values('value')}, {self._reason()} as reason, "
            f"to_json(struct_pack({raw}))::varchar as canon from (select * from {source} where {odd}) {joins}"
        )


def rules_of(table: Table, present: Mapping[str, Physical], config: IngestConfig) -> Rules:
    """Return the rules for `table` where the columns of `present` are there; all others become nulls."""
    checks = {
        column.name: check_column(column, present[column.name], config)
        for column in table.columns
        if column.name in present
    }
    return Rules(table, present, checks)
