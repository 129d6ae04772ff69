"""Payment instruments: issued with a BIN, an issuer country and a kind, singly or in batches."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from attribution.simulate.draws import chance
from attribution.simulate.network import COUNTRIES

if TYPE_CHECKING:
    from numpy.typing import NDArray

KINDS = ("credit", "debit", "prepaid", "virtual", "corporate", "crypto", "unknown")
BINS = 40
PER_COUNTRY = BINS // len(COUNTRIES)
_PERSONAL = np.array([0.42, 0.33, 0.1, 0.12, 0.0, 0.01, 0.02])


@dataclass(slots=True)
class Cards:
    """Growing table of instruments; a card's number is its place."""

    bin: list[NDArray[np.int16]] = field(default_factory=list)
    kind: list[NDArray[np.int8]] = field(default_factory=list)
    count: int = 0

    def issue(self, bins: NDArray[np.integer], kinds: NDArray[np.integer]) -> NDArray[np.int64]:
        """Issue cards with these BINs (positions) and kinds; return their numbers."""
        self.bin.append(bins.astype(np.int16))
        self.kind.append(kinds.astype(np.int8))
        self.count += len(bins)
        return np.arange(self.count - len(bins), self.count, dtype=np.int64)

    def personal(self, rng: np.random.Generator, country: NDArray[np.integer]) -> NDArray[np.int64]:
        """Issue a card for each person: mostly from an own country's bank, a few of which issue most cards."""
        count = len(country)
        bank = np.minimum((PER_COUNTRY * rng.random(count) ** 1.7).astype(np.int64), PER_COUNTRY - 1)
        home = np.where(chance(rng, 0.93, count), country, rng.integers(0, len(COUNTRIES), count))
        kinds = np.searchsorted(np.cumsum(_PERSONAL), rng.random(count), side="right").clip(0, len(KINDS) - 1)
        return self.issue(home * PER_COUNTRY + bank, kinds)

    def table(self, used: NDArray[np.int64], names: pa.StringArray, rng: np.random.Generator) -> pa.Table:
        """Return the contract's `payments` table of the used cards; a few rows are missing, as in real enrichment."""
        bins, kinds = np.concatenate(self.bin)[used], np.concatenate(self.kind)[used]
        keep = ~chance(rng, 0.02, len(used))
        return pa.table(
            {
                "payment_id": names.take(pa.array(used)),
                "bin": pa.array(bin_names()).take(pa.array(bins)),
                "issuer_country": pa.array(COUNTRIES).take(pa.array(bins // PER_COUNTRY)),
                "kind": pa.array(KINDS).take(pa.array(kinds)),
            }
        ).filter(pa.array(keep))


def bin_names() -> list[str]:
    """Return the BINs in order of position, all from a range that no bank uses."""
    return [f"{990_000 + 37 * number}" for number in range(BINS)]
