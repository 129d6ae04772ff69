"""Blocks of JSON lines parsed at once by Arrow, where that surely says the same as parsing each line.

Arrow's parser works on a stream of objects: it would read two objects in one line, or one object in two lines. A block
is plain if every line begins with `{` and ends with `}` (then, since it parses, no object reaches over a line end: a
value is never followed by `{`), and if it has as many objects as lines (then each line is one). Text must be UTF-8
without surrogate escapes, which parsers treat in different ways. Fields outside the schema, fields that stand twice and
values of another type make the parser fail, and the block is not plain.
"""

from __future__ import annotations

import re
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
from pyarrow import json as arrow_json

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from attribution.ingest.lines import Block

SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]")
"""Escape of half a surrogate pair."""
_WORKERS = 2
_PATIENCE = 3
"""Blocks in a row that may turn out not to be plain before no further one is tried."""
_OPEN, _CLOSE, _RETURN = b"{}\r"


def parsed(
    blocks: Iterator[Block], schema: Callable[[Block], pa.Schema | None]
) -> Iterator[tuple[Block, pa.Table | None]]:
    """Yield each block with its rows (`line` and the columns of the schema), or with None if it is not plain.

    Parameters
    ----------
    schema : asked for each block; None if there is nothing to be tried. Blocks are parsed ahead with the schema of a
        moment before, which the caller widens as it learns: a block that is wider than the schema is not plain.
    """
    failed = 0
    coming: deque[tuple[Block, Future[pa.Table | None] | None]] = deque()

    def next_one() -> tuple[Block, pa.Table | None]:
        nonlocal failed
        block, future = coming.popleft()
        rows = future.result() if future else None
        failed = 0 if rows is not None else failed + (future is not None)
        return block, rows

    with ThreadPoolExecutor(_WORKERS) as pool:
        for block in blocks:
            columns = schema(block) if failed < _PATIENCE else None
            coming.append((block, pool.submit(parse_plain, block, columns) if columns is not None else None))
            if len(coming) > _WORKERS:
                yield next_one()
        while coming:
            yield next_one()


def parse_plain(block: Block, schema: pa.Schema) -> pa.Table | None:
    """Return the rows of a plain block, None for any other; O(bytes)."""
    if not _is_plain(block):
        return None
    try:
        rows = arrow_json.read_json(
            pa.BufferReader(block.data),
            read_options=arrow_json.ReadOptions(use_threads=False, block_size=len(block.data) + 1),
            parse_options=arrow_json.ParseOptions(
                explicit_schema=schema, newlines_in_values=False, unexpected_field_behavior="error"
            ),
        )
    except (pa.ArrowException, OSError):
        return None
    if rows.num_rows != len(block):
        return None
    line = pa.array(np.arange(block.first, block.first + len(block), dtype=np.int64))
    return rows.select(schema.names).add_column(0, "line", line)


def _is_plain(block: Block) -> bool:
    octets = np.frombuffer(block.data, np.uint8)
    ends = np.append(block.ends, len(octets))
    if np.diff(ends, prepend=np.int64(-1)).min() < len("{}\n"):
        return False
    before = np.where(octets[ends - 1] == _RETURN, octets[ends - 2], octets[ends - 1])
    if octets[0] != _OPEN or (octets[block.ends + 1] != _OPEN).any() or (before != _CLOSE).any():
        return False
    if b"\\" in block.data and SURROGATE.search(block.data):
        return False
    if block.data.isascii():
        return True
    try:
        block.data.decode()
    except UnicodeDecodeError:
        return False
    return True
