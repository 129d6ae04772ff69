"""Population from synthetic events: time and peak memory beside a bare scan of the same columns, and the exponent.

python benchmarks/bench_warehouse.py            # 1 M and 4 M events
python benchmarks/bench_warehouse.py 1 4 16     # millions of events
python benchmarks/bench_warehouse.py --quick    # 100,000 and 400,000 events
"""

from __future__ import annotations

import argparse
import resource
import time
from math import log
from multiprocessing import get_context

from attribution.warehouse.database import connect
from attribution.warehouse.population import population

ACCOUNTS_PER_MILLION = 33_000
RING_SHARE = 0.045
COLUMNS = ("ip", "device_id", "payment_id", "template_id")


def fill(con: object, millions: float) -> None:
    """Make events of people with own values and popular prompts, and of rings with shared exits and templates."""
    events, accounts = int(millions * 1e6), int(millions * ACCOUNTS_PER_MILLION)
    con.execute("select setseed(0.5)")  # type: ignore[attr-defined]
    con.execute(  # type: ignore[attr-defined]
        """
        insert into events
            (account_id, ts, ip, device_id, payment_id, template_id, input_tokens, output_tokens, refused)
        with drawn as (
            select hash(i) % $accounts as a, hash(i, 1) % 1000003 as r, hash(i, 2) as s, hash(i, 3) % 2419200 as t
            from range($events) as e(i)
        ),
        placed as (select *, a < $ring * $accounts as ring, a % 12 as number from drawn)
        select
            'account-' || lpad(cast(a as varchar), 8, '0'),
            timestamp '2026-01-05' + to_seconds(cast(t as bigint)),
            case when ring then '45.' || number || '.' || (s % 8) || '.' || (s % 250)
                 when r % 10 < 1 then '100.64.' || (s % 40) || '.' || (a % 250)
                 else (a % 190 + 1) || '.' || ((a // 190) % 250) || '.' || ((a // 47500) % 250) || '.' || (r % 5) end,
            case when ring then 'ring-device-' || (a // 20) else 'device-' || a || '-' || (r % 2) end,
            case when ring then 'ring-card-' || (a // 12) else 'card-' || (a // (1 + a % 2)) end,
            case when ring and r % 10 < 8 then 'ring-' || number || '-' || (s % 40)
                 when r % 10 < 2 then 'popular-' || cast(floor(exp(ln(5000.0) * (s % 1000003) / 1000003.0)) as bigint)
                 else 'own-' || a || '-' || (s % 20) end,
            r % 900, r % 1700, r % 97 = 0
        from placed
        """,
        {"accounts": accounts, "events": events, "ring": RING_SHARE},
    )
    names = {"names": [*COLUMNS, "ts"]}
    con.execute("insert into input_columns select 'events.' || unnest($names)", names)  # type: ignore[attr-defined]


def measure(millions: float) -> tuple[float, float, float]:
    """Return seconds of a bare scan, seconds of `population`, and this process's peak memory in GB."""
    with connect(None, memory_limit="8GB") as con:
        fill(con, millions)
        before = time.perf_counter()
        con.execute(
            "select " + ", ".join(f"sum(length({c}))" for c in ("account_id", *COLUMNS)) + ", max(ts) from events"
        )
        con.fetchall()
        scan = time.perf_counter() - before
        before = time.perf_counter()
        people = population(con)
        took = time.perf_counter() - before
        entries = {facet.value: len(matrix.indices) for facet, matrix in people.incidence.items()}
        print(f"  {people.size} accounts, shared entries {entries}", flush=True)
    return scan, took, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6


def main(sizes: list[float]) -> None:
    """Measure every size in a fresh process and print the table."""
    found = []
    for millions in sizes:
        with get_context("spawn").Pool(1) as pool:
            scan, took, peak = pool.apply(measure, (millions,))
        found.append((millions, took))
        print(f"{millions:g} M events: scan {scan:.2f} s, population {took:.2f} s ({took / scan:.1f} x scan)")
        print(f"  peak {peak:.2f} GB, the events themselves included")
    if len(found) > 1:
        (m0, t0), (m1, t1) = found[0], found[-1]
        print(f"exponent {log(t1 / t0) / log(m1 / m0):.2f}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("millions", nargs="*", type=float, default=[1.0, 4.0], help="sizes")
    parser.add_argument("--quick", action="store_true", help="100,000 and 400,000 events")
    asked = parser.parse_args()
    main([0.1, 0.4] if asked.quick else asked.millions)
