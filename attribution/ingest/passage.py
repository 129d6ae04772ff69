"""One pass over Parquet files: each row is tested, plain ones flow into the store, others are set aside by number."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import chain
from typing import TYPE_CHECKING

import duckdb
import numpy as np
import pyarrow as pa

from attribution.errors import InputError
from attribution.ingest.checks import Physical
from attribution.ingest.lines import FREE, made_ahead
from attribution.ingest.parquet import batches, bomb, damaged
from attribution.ingest.plain import PlainRows, longest, unfolded
from attribution.ingest.sql import scalar

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import numpy.typing as npt

    from attribution.config import IngestConfig
    from attribution.ingest.checks import Rules
    from attribution.ingest.parquet import Footer
    from attribution.ingest.sources import Source

PILED = "((file_no, line) in (select (file_no, line) from ingest_piled))"
"""Condition that tells the rows that were set aside."""


def pass_through(
    con: duckdb.DuckDBPyConnection,
    rules: Rules,
    members: Sequence[tuple[int, Source, Footer]],
    config: IngestConfig,
    into: str | None,
) -> tuple[int, str]:
    """Test the rows of files with the same columns, and store the plain ones in the table `into`, if there is one.

    Returns
    -------
    How many rows were stored, and the condition that tells the rows that need a second look (`false` if there are none;
    their numbers are added to `ingest_piled`).

    Raises
    ------
    InputError
        A file is damaged inside, or its text is far longer than its size explains.
    """
    passage = _Passage(PlainRows(rules.table, rules.present, config), config)
    stored = 0
    for number, source, footer in members:
        flow = passage.flow(number, source, footer)
        if into:
            stored += _store(con, rules, flow, into, passage)
        else:
            for _ in flow:
                pass
    return stored, passage.pile(con)


def _store(
    con: duckdb.DuckDBPyConnection, rules: Rules, flow: Iterator[pa.RecordBatch], into: str, passage: _Passage
) -> int:
    ahead = made_ahead(flow)
    first = next(ahead, None)
    if first is None:
        return 0
    con.register("ingest_batch", pa.RecordBatchReader.from_batches(first.schema, chain((first,), ahead)))
    try:
        return scalar(con, f"insert into {into} by name {rules.plain_columns('ingest_batch')}")
    except duckdb.Error as error:
        raise passage.error or error from error
    finally:
        con.unregister("ingest_batch")


@dataclass(slots=True)
class _Passage:
    tests: PlainRows
    config: IngestConfig
    error: InputError | None = None
    _files: list[int] = field(default_factory=list)
    _lines: list[npt.NDArray[np.int64]] = field(default_factory=list)

    def flow(self, number: int, source: Source, footer: Footer) -> Iterator[pa.RecordBatch]:
        """Yield the plain rows of a file."""
        line = octets = 0
        limit = FREE + self.config.max_unfolding * source.size
        short = limit // (2 * len(footer.physical) * max(1, footer.rows))
        texts = [name for name, held in footer.physical.items() if held is Physical.TEXT]
        try:
            for batch in batches(source, footer, self.config):
                columns = [batch.column(name) for name in texts]
                octets += sum(unfolded(column) for column in columns if longest(column) > short)
                if octets > limit:
                    raise bomb(source.name)
                odd = self.tests.odd(batch)
                if odd is None:
                    yield batch
                else:
                    self._files.append(number)
                    self._lines.append(np.flatnonzero(odd) + line + 1)
                    yield batch.filter(pa.array(~odd))
                line += batch.num_rows
        except InputError as error:
            self.error = error
            raise
        except (pa.ArrowException, OSError) as error:
            self.error = damaged(source.name)
            raise self.error from error

    def pile(self, con: duckdb.DuckDBPyConnection) -> str:
        """Add the rows that were set aside to `ingest_piled`, and return the condition that tells them."""
        if not self._lines:
            return "false"
        files = np.repeat(np.array(self._files, np.int32), [len(lines) for lines in self._lines])
        con.register("ingest_batch", pa.table({"file_no": files, "line": np.concatenate(self._lines)}))
        con.execute("insert into ingest_piled select file_no, line from ingest_batch")
        con.unregister("ingest_batch")
        return PILED
