"""Parquet files: what their footers promise, checked before a byte of data is unfolded."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pyarrow as pa
from pyarrow import parquet as pq

from attribution.errors import InputError
from attribution.ingest.checks import Physical
from attribution.ingest.contract import Column, Kind
from attribution.ingest.lines import FREE

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from attribution.config import IngestConfig
    from attribution.ingest.sources import Source

_LARGEST_GROUP = 1 << 32
"""Bytes that a row group may say it unfolds to."""
_ROWS_PER_BYTE = 1000
"""Rows per byte of file that can be honest: a row group of nothing but repeated values takes about this little."""
_OCTETS_OF_A_PLACE = 6
"""Octets a value of a column whose dictionary is small beside its rows; more means that it was given up on the way."""
_DICTIONARY_PAGE = b"\x15\x04"
"""How the header of a page begins that is a dictionary (field 1 of the Thrift struct: type 2)."""


@dataclass(frozen=True, slots=True)
class Footer:
    """What a Parquet file says of itself."""

    rows: int
    physical: dict[str, Physical]
    unknown: tuple[str, ...]
    repeated: tuple[str, ...]
    """Text columns whose values stand in dictionaries, much fewer than rows."""
    suspect: tuple[str, ...]
    """Other text columns whose pages can unfold to more than their own size."""


def bomb(name: str) -> InputError:
    """Return the error for a file that is a few kilobytes on the disk and gigabytes in memory."""
    return InputError(
        f"{name}: unfolds to far more than its size explains",
        remedy="check where the file comes from; if it is sound, raise ingest.max_unfolding",
    )


def damaged(name: str) -> InputError:
    """Return the error for a file whose footer is sound and whose pages are not."""
    return InputError(f"{name}: the Parquet file is damaged inside", remedy="copy or export it again")


def read_footer(source: Source, config: IngestConfig) -> Footer:
    """Read the footer of a Parquet file and hold it to the contract.

    Raises
    ------
    InputError
        The footer is damaged, promises more than the file's size explains, or a column has a type that the contract
        does not know.
    """
    try:
        with pq.ParquetFile(source.path) as file:
            metadata, schema = file.metadata, file.schema_arrow
            groups = [metadata.row_group(number).total_byte_size for number in range(metadata.num_row_groups)]
            chunks = _text_chunks(source, metadata)
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        raise InputError(f"{source.name}: the Parquet footer is damaged", remedy="copy or export it again") from error
    if (
        sum(groups) > FREE + config.max_unfolding * source.size
        or max(groups, default=0) > _LARGEST_GROUP
        or metadata.num_rows > FREE + _ROWS_PER_BYTE * source.size
    ):
        raise bomb(source.name)
    physical: dict[str, Physical] = {}
    unknown: list[str] = []
    for field in schema:
        column = source.table.column(field.name)
        if column is None:
            unknown.append(field.name)
        elif field.name in physical:
            raise InputError(f"{source.name}: has the column {field.name} twice", remedy="name each column once")
        else:
            physical[field.name] = _physical(source, column, field.type, config)
    texts = {name: chunk for name, chunk in chunks.items() if physical.get(name) is Physical.TEXT}
    repeated = tuple(name for name, chunk in texts.items() if chunk.is_repeated)
    suspect = tuple(name for name, chunk in texts.items() if chunk.unfolds and not chunk.is_repeated)
    return Footer(metadata.num_rows, physical, tuple(unknown), repeated, suspect)


@dataclass(slots=True)
class _Chunks:
    """What is known of a column's pages before they are read."""

    dictionary: bool = False
    unfolds: bool = False
    octets: int = 0
    values: int = 0

    @property
    def is_repeated(self) -> bool:
        return self.dictionary and self.octets < _OCTETS_OF_A_PLACE * self.values


def _text_chunks(source: Source, metadata: pq.FileMetaData) -> dict[str, _Chunks]:
    """Return what holds for each column of octets; whether there are dictionaries is looked up, not believed."""
    found: dict[str, _Chunks] = {}
    with source.path.open("rb") as file:
        for number in range(metadata.num_row_groups):
            group = metadata.row_group(number)
            for position in range(group.num_columns):
                chunk = group.column(position)
                if chunk.physical_type != "BYTE_ARRAY":
                    continue
                column = found.setdefault(chunk.path_in_schema, _Chunks())
                file.seek(max(0, chunk.data_page_offset))
                dictionary = chunk.has_dictionary_page or file.read(2) == _DICTIONARY_PAGE
                column.dictionary |= dictionary
                column.unfolds |= dictionary or "DELTA_BYTE_ARRAY" in chunk.encodings
                column.octets += chunk.total_uncompressed_size
                column.values += chunk.num_values
    return found


def batches(source: Source, footer: Footer, config: IngestConfig) -> Iterator[pa.RecordBatch]:
    """Yield the contract's columns in batches, in the order of rows; repeated texts as dictionaries."""
    with pq.ParquetFile(source.path, read_dictionary=list(footer.repeated)) as file:
        for batch in file.iter_batches(config.batch_rows, columns=list(footer.physical)):
            yield _held(batch, footer.physical)


def _held(batch: pa.RecordBatch, physical: Mapping[str, Physical]) -> pa.RecordBatch:
    """Return the batch with numbers and instants as plain columns, reals as doubles, instants as microseconds.

    Texts are strings or dictionaries of them.
    """
    for position, name in enumerate(batch.schema.names):
        array = batch.column(position)
        if physical[name] is not Physical.TEXT and pa.types.is_dictionary(array.type):
            array = array.dictionary_decode()
        if array.type == pa.string_view():
            array = array.cast(pa.string())
        if physical[name] is Physical.REAL:
            array = array.cast(pa.float64(), safe=False)
        if physical[name] is Physical.NANO:
            array = array.cast(pa.timestamp("us", array.type.tz), safe=False)
        if array is not batch.column(position):
            batch = batch.set_column(position, name, array)
    return batch


def _physical(source: Source, column: Column, held: pa.DataType, config: IngestConfig) -> Physical:
    if pa.types.is_dictionary(held):
        held = held.value_type
    if pa.types.is_null(held) or pa.types.is_string(held) or pa.types.is_large_string(held) or held == pa.string_view():
        return Physical.TEXT
    if column.kind is Kind.TIME and pa.types.is_timestamp(held):
        if held.tz is not None or config.naive_times_are_utc:
            return Physical.NANO if held.unit == "ns" else Physical.INSTANT
        raise InputError(
            f"{source.name}: the times in {column.name} have no zone",
            remedy=f"write {column.name} as a timestamp in UTC (Arrow: timestamp[us, tz=UTC]; "
            "pandas: dt.tz_localize('UTC'); DuckDB: timestamptz); "
            "if these times are UTC already, set ingest.naive_times_are_utc = true",
        )
    if column.kind is Kind.COUNT:
        if pa.types.is_integer(held):
            return Physical.WHOLE
        if pa.types.is_floating(held) or pa.types.is_decimal(held):
            return Physical.REAL
    if column.kind is Kind.FLAG and pa.types.is_boolean(held):
        return Physical.FLAG
    wanted = {Kind.TIME: "a timestamp in UTC", Kind.COUNT: "a whole number", Kind.FLAG: "a bool"}.get(
        column.kind, "a string"
    )
    raise InputError(
        f"{source.name}: {column.name} is {held}, not {wanted}",
        remedy=f"cast {column.name} to {wanted} and export again",
    )
