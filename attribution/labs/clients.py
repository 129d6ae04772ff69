"""One client or several: the model comparison of separate clients with one, for a given way to divide templates.

Each kind of facts gives a log Bayes factor. What goes with the account is no sign of a client of its own where accounts
serve one group only: batches of accounts begin together and are given models and wordings of their own.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import gammaln

from attribution.labs.ledger import mixed

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from attribution.config import LabConfig
    from attribution.labs.core import Core, Unit

DRAWS = 60
"""The most independent draws that one template's histogram is worth: jobs fire through many accounts at once."""
ACCOUNT_DRAWS = 10.0
"""The most exchanges of one account that count: they come in jobs."""
TARGET_DRAWS = 3.0
"""What one template's capabilities are worth as draws from what its client is after."""
SPEAKS = 3.0
"""Nats from which a kind of facts speaks for a split."""
CAPS: Mapping[str, float] = {"hours": 15.0, "accounts": 15.0, "models": 8.0, "calendar": 10.0, "targets": 8.0}
"""The most that each kind of facts can say for a split, in nats."""
OF_ACCOUNTS = ("accounts", "calendar", "models")
"""Kinds of facts that go with the account."""
LOYAL, APART = 0.8, 0.7
"""Part of an account's core traffic from which it serves one group only; part of such accounts from which groups are
apart."""
TARGET_UNITS = 16.0
"""The most templates whose capabilities count: a client orders capabilities, and each may come in many wordings."""


@dataclass(frozen=True, slots=True)
class Split:
    """A comparison of one way to divide a ring's templates with leaving them together."""

    label: NDArray[np.int64]
    gains: Mapping[str, float]
    penalty: float
    apart: bool = False
    """Hardly an account serves two of the groups: then what an account has of its own (when it began, which models it
    uses, which wording it was given) sets the groups apart without any second client, and counts once."""

    @property
    def counted(self) -> Mapping[str, float]:
        """Return the gains that count: of what goes with the account only the largest where accounts are apart."""
        if not self.apart:
            return self.gains
        bound = max((name for name in OF_ACCOUNTS if name in self.gains), key=lambda name: (self.gains[name], name))
        return {name: gain for name, gain in self.gains.items() if name not in OF_ACCOUNTS or name == bound}

    @property
    def score(self) -> float:
        """Return capped gains less the penalty, in nats; above 0 the split is better than one client.

        Two clients may be alike in any kind of facts: each gain is mixed half and half with no difference.
        """
        return sum(min(mixed(gain, 0.5), CAPS[name]) for name, gain in sorted(self.counted.items())) - self.penalty

    @property
    def speaking(self) -> tuple[str, ...]:
        """Return the kinds of facts that speak for it."""
        return tuple(name for name, gain in sorted(self.counted.items()) if gain >= SPEAKS)

    def of_clients(self, ways: int) -> bool:
        """Say whether hours or targets, which a client sets and no batch of accounts, speak after looking at `ways`."""
        least = SPEAKS + math.log(ways)
        return any(gain >= least for name, gain in self.counted.items() if name not in OF_ACCOUNTS)


def thinned(histogram: NDArray[np.int64], unit: Unit) -> NDArray[np.float64]:
    """Scale a histogram down to the independent draws it is worth."""
    total = float(histogram.sum())
    return np.asarray(histogram * (min(unit.account_days, DRAWS) / max(total, 1.0)), dtype=np.float64)


def compared(label: NDArray[np.int64], core: Core, config: LabConfig) -> Split:
    """Compare separate clients with one: for each kind of facts the log Bayes factor, in nats."""
    units, apart = core.units, _apart(core.use, label)
    hours, weekend, mix, days = (
        _draws([getattr(unit, name) for unit in units], core, apart=apart)
        for name in ("hours", "weekdays", "mix", "days")
    )
    hours = hours.reshape(len(units), 12, 2).sum(axis=2)
    weekend = np.column_stack((weekend[:, :5].sum(axis=1), weekend[:, 5:].sum(axis=1)))
    gains = {
        "hours": _multinomial(hours, label) + _multinomial(weekend, label),
        "models": _multinomial(mix, label),
        "calendar": _multinomial(_thirds(days), label),
        "accounts": pools(core.use, label),
    }
    names = sorted({name for unit in units for name in unit.targets})
    if names:
        targets = np.array([[unit.targets.get(name, 0.0) for name in names] for unit in units])
        gains["targets"] = _multinomial(TARGET_DRAWS * min(1.0, TARGET_UNITS / len(units)) * targets, label)
    rounded = {name: round(gain, 9) for name, gain in sorted(gains.items())}
    return Split(label, rounded, config.tenant_penalty * int(label.max()), apart)


def _apart(use: NDArray[np.int64], label: NDArray[np.int64]) -> bool:
    """Say whether hardly an account serves two groups."""
    sent = np.column_stack([use[:, label == group].sum(axis=1) for group in range(int(label.max()) + 1)])
    sent = sent[sent.sum(axis=1) > 1]
    return bool(len(sent)) and float((sent.max(axis=1) >= LOYAL * sent.sum(axis=1)).mean()) >= APART


def _draws(histograms: list[NDArray[np.int64]], core: Core, *, apart: bool) -> NDArray[np.float64]:
    """Return the templates' histograms as the independent draws that they are worth.

    Where accounts are apart, an account's templates share its hours, models and calendar: an account is one draw.
    """
    thin = np.array([thinned(histogram, unit) for histogram, unit in zip(histograms, core.units, strict=True)])
    accounts = float((core.use.sum(axis=1) > 0).sum())
    return thin * min(1.0, accounts / max(float(thin.sum()), 1.0)) if apart else thin


def _thirds(days: NDArray[np.float64]) -> NDArray[np.float64]:
    """Sum the calendar into at most ten equal spells: clients start and stop, single days are noise."""
    if not days.shape[1]:  # no day is known
        return np.zeros((len(days), 1))
    return np.column_stack([part.sum(axis=1) for part in np.array_split(days, min(10, days.shape[1]), axis=1)])


def _multinomial(counts: NDArray[np.float64], label: NDArray[np.int64]) -> float:
    """Return the log Bayes factor of one multinomial a group over one for all, Dirichlet(1) priors on the used bins."""
    counts = counts[:, counts.sum(axis=0) > 0]
    if counts.shape[1] < 2:  # a constant tells nothing
        return 0.0
    apart = sum(_dirichlet(counts[label == group].sum(axis=0), 1.0) for group in range(int(label.max()) + 1))
    return apart - _dirichlet(counts.sum(axis=0), 1.0)


def _dirichlet(counts: NDArray[np.float64], alpha: float | NDArray[np.float64]) -> float:
    a = np.broadcast_to(np.asarray(alpha, dtype=np.float64), counts.shape)
    total, start = float(counts.sum()), float(a.sum())
    return float(gammaln(start) - gammaln(start + total) + (gammaln(a + counts) - gammaln(a)).sum())


def _dirichlets(counts: NDArray[np.float64], alpha: NDArray[np.float64]) -> float:
    """Return the sum of `_dirichlet` over the rows of `counts`."""
    start, totals = alpha.sum(), counts.sum(axis=1)
    rows = gammaln(start) - gammaln(start + totals) + (gammaln(alpha + counts) - gammaln(alpha)).sum(axis=1)
    return float(rows.sum())


def pools(use: NDArray[np.int64], label: NDArray[np.int64]) -> float:
    """Return the log Bayes factor of own or leaning accounts over accounts that serve all clients alike.

    Per account: its exchanges for each client, thinned to `ACCOUNT_DRAWS`. Alike: Dirichlet around the overall shares,
    worth 20 exchanges. Otherwise, each as likely: worth 2 (accounts lean) or .2 (nearly all for one client). More than
    `DRAWS` accounts count as `DRAWS`.
    """
    sent = np.column_stack([use[:, label == group].sum(axis=1) for group in range(int(label.max()) + 1)]).astype(float)
    telling = sent[sent.sum(axis=1) > 1]
    if not len(telling):
        return 0.0
    telling = telling * np.minimum(1.0, ACCOUNT_DRAWS / telling.sum(axis=1, keepdims=True))
    overall = telling.sum(axis=0) / telling.sum()
    if not (overall > 0).all():
        return 0.0
    alike, lean, own = (_dirichlets(telling, worth * overall) for worth in (20.0, 2.0, 0.2))
    scale = min(1.0, DRAWS / len(telling))
    return float(np.logaddexp((lean - alike) * scale, (own - alike) * scale) - np.log(2.0))
