"""Working days: how well 24 hourly counts fit office hours, and which time zone they fit best."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import logsumexp

from attribution.labs.dossiers import WorkingDay
from attribution.labs.ledger import mixed

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

NOISE = (0.15, 0.35, 0.55, 0.75)
"""Shares of traffic that does not keep the hours, each as likely as the other."""
FLAT = np.full(24, 1.0 / 24.0)
DRAWS = 24
"""The most independent draws that a campaign's hours are worth: its jobs are scheduled together."""
LENGTHS = (8, 10, 12, 14)
"""Lengths of an office day in general."""
SLACK = ((-1, 0.25), (0, 0.5), (1, 0.25))
"""Hours by which people are early or late, with their probabilities."""
SCHEDULED = 0.5
"""Probability that a lab's traffic keeps its operator's schedule, or the day that each account claims to live in, and
not the lab's own: then its hours are anybody's. Hours that do not fit are worth log 2 against the lab at the most."""


def working_day_weight(
    hours: NDArray[np.int64], account_days: int, day: WorkingDay, outside: NDArray[np.int64]
) -> tuple[float, Mapping[str, object]]:
    """Return the log likelihood ratio of a working day against office hours in general and against the population's.

    Counts are scaled down to at most `DRAWS`. Under the lab: the day's hours, an hour early or late, with a share of
    noise, averaged; the noise keeps the hours of accounts outside rings, among which a campaign hides. Under anybody
    else: half office days of any length at any hour, half those hours alone. A lab whose traffic is scheduled by others
    (`SCHEDULED`) is like anybody else.
    """
    counts = thinned(hours, account_days)
    people = np.asarray((outside + 1.0) / (outside.sum() + 24.0))
    lab = float(logsumexp([np.log(p) + _log(counts, _plateau(day, shift), people) for shift, p in SLACK]))
    anywhere = _fits(counts, _office_days(), people)
    general = float(logsumexp(anywhere) - np.log(anywhere.size))
    crowd = _log(counts, people, FLAT)
    other = float(logsumexp([general, crowd]) - np.log(2.0))
    return round(mixed(lab - other, 1.0 - SCHEDULED), 12), {
        "model": "hours",
        "hours": [int(n) for n in hours],
        "draws": float(counts.sum()),
        "working_day": [day.utc_offset, day.start, day.end],
        "outside_hours": [int(n) for n in outside],
        "scheduled": SCHEDULED,
        "log_lab": lab,
        "log_general": general,
        "log_crowd": crowd,
    }


def thinned(hours: NDArray[np.int64], account_days: int) -> NDArray[np.float64]:
    """Scale hourly counts down to the independent draws they are worth."""
    total = float(hours.sum())
    return np.asarray(hours * (min(total, float(account_days), DRAWS) / max(total, 1.0)), dtype=np.float64)


def zone_estimate(hours: NDArray[np.int64], account_days: int) -> tuple[float, float, float]:
    """Return the offset from UTC that fits 9-to-19 office hours best, and the ends of its 90 % interval.

    The likelihood over whole offsets from -12 to 14 under the model above. With flat hours the interval is the whole
    range: nothing can be said.
    """
    counts = thinned(hours, account_days)
    offsets = np.arange(-12, 15)
    fit = np.array([_log(counts, _plateau(WorkingDay(float(o), 9.0, 19.0), 0), FLAT) for o in offsets])
    chance = np.exp(fit - logsumexp(fit))
    best = int(np.argmax(chance))
    low = high = best
    while chance[low : high + 1].sum() < 0.9 and (low > 0 or high < len(offsets) - 1):  # as documented
        left = chance[low - 1] if low > 0 else -1.0
        right = chance[high + 1] if high < len(offsets) - 1 else -1.0
        low, high = (low - 1, high) if left >= right else (low, high + 1)
    return float(offsets[best]), float(offsets[low]), float(offsets[high])


def _plateau(day: WorkingDay, shift: int) -> NDArray[np.float64]:
    """Return the share of a working day that falls into each UTC hour; they sum to 1."""
    length = (day.end - day.start) % 24
    start = (day.start - day.utc_offset + shift) % 24
    return _window(start, length)


def _window(start: float, length: float) -> NDArray[np.float64]:
    edges = np.arange(24)
    inside = np.zeros(24)
    for turn in (0, 24):
        low = np.maximum(edges + turn, start)
        high = np.minimum(edges + turn + 1, start + length)
        inside += np.clip(high - low, 0.0, 1.0)
    return np.asarray(inside / inside.sum())


@cache
def _office_days() -> NDArray[np.float64]:
    """Return every office day on earth, shape (days, 24)."""
    return np.array([_window(start, length) for start in range(24) for length in LENGTHS])


def _fits(counts: NDArray[np.float64], shapes: NDArray[np.float64], other: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the log likelihood of the counts for each shape and share of noise, shape (shapes, noises)."""
    noise = np.array(NOISE)[:, np.newaxis]
    mixed = (1 - noise) * shapes[:, np.newaxis, :] + noise * other
    return np.asarray((np.log(mixed) * counts).sum(axis=2))


def _log(counts: NDArray[np.float64], shape: NDArray[np.float64], other: NDArray[np.float64]) -> float:
    """Return the log likelihood of the counts under a shape with a share of noise, averaged over the share."""
    fits = _fits(counts, shape[np.newaxis, :], other)
    return float(logsumexp(fits) - np.log(len(NOISE)))
