"""Template mining beside mask-and-hash: prompts a second, homogeneity, completeness.

    python benchmarks/bench_templates.py [prompts]

Half of the prompts follow templates whose slots hold words, numbers, names, code and quoted passages, the others are
one-offs. Mask-and-hash (the usual cheap way: digits, quotes and long words become a mark, the rest is hashed) runs in
DuckDB on the same table.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa
from sklearn.metrics import homogeneity_completeness_v_measure

sys.path.insert(0, str(Path(__file__).parent.parent / "tests" / "templates"))

from corpus import corpus

from attribution.config import TemplateConfig
from attribution.ingest.templates import mine
from attribution.warehouse.database import connect

if TYPE_CHECKING:
    import duckdb

MASK = r"""
    create or replace temp table masked as
    select prompt_key, md5(regexp_replace(regexp_replace(regexp_replace(lower(prompt),
        '"[^"]*"', '*', 'g'), '[0-9]+([.][0-9]+)?', '*', 'g'), '[a-z]{9,}', '*', 'g')) as template_id from prompts
"""


def load(con: duckdb.DuckDBPyConnection, count: int) -> list[str | None]:
    """Fill `prompts`; return each prompt's template by its key."""
    rows: dict[str, str | None] = {}
    seed = 0
    while len(rows) < count:
        rows.update(corpus(seed, copies=(100, 200), one_offs=40_000, more=250))
        seed += 1
    texts = list(rows)[:count]
    con.register("given", pa.table({"prompt_key": range(count), "prompt": texts, "n": [1] * count}))
    con.execute("create temp table prompts as select * from given")
    print(f"{count:,} distinct prompts, {sum(map(len, texts)) / count:.0f} characters on average")
    return [rows[text] for text in texts]


def quality(con: duckdb.DuckDBPyConnection, table: str, truth: list[str | None]) -> str:
    """Return homogeneity and completeness over the prompts with a template; one without id is a cluster of its own."""
    found = con.execute(f"select template_id from {table} order by prompt_key").fetchall()
    pairs = [(want, got[0] or f"none {i}") for i, (want, got) in enumerate(zip(truth, found, strict=True)) if want]
    h, c, _ = homogeneity_completeness_v_measure([want for want, _ in pairs], [got for _, got in pairs])
    return f"homogeneity {h:.4f}, completeness {c:.4f}"


def main() -> None:
    """Run both, each three times, and print the medians and their ratio."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("prompts", nargs="?", type=int, default=500_000, help="distinct prompts")
    parser.add_argument("--quick", action="store_true", help="50,000 prompts")
    asked = parser.parse_args()
    count = 50_000 if asked.quick else asked.prompts
    with connect(None) as con:
        truth = load(con, count)
        seconds: dict[str, list[float]] = {"mask and hash": [], "mined": []}
        mine(con, key=b"k" * 32, config=TemplateConfig())  # compiles
        for _ in range(3):
            begin = time.perf_counter()
            con.execute(MASK)
            seconds["mask and hash"].append(time.perf_counter() - begin)
            con.execute("delete from templates")
            begin = time.perf_counter()
            mine(con, key=b"k" * 32, config=TemplateConfig())
            seconds["mined"].append(time.perf_counter() - begin)
        begin = time.perf_counter()
        mine(con, key=b"k" * 32, config=TemplateConfig())
        again = time.perf_counter() - begin
        for name, table in (("mask and hash", "masked"), ("mined", "prompt_templates")):
            rate = count / sorted(seconds[name])[1]
            print(f"{name:14} {rate:11,.0f} prompts/s  {quality(con, table, truth)}")
        print(f"{'known already':14} {count / again:11,.0f} prompts/s")
        print(
            f"ratio {sorted(seconds['mined'])[1] / sorted(seconds['mask and hash'])[1]:.2f} x the time of mask and hash"
        )


if __name__ == "__main__":
    main()
