"""Ways to divide a ring's templates by what goes together: sent by accounts that lean the same way, for like orders.

Where every batch of accounts is told the same task in other words, the batches have no template in common, and neither
accounts nor wordings say which templates of two batches are one client's. Within a batch the accounts do: who serves
one client more sends more of all of its templates. Between batches the capabilities and the models do. One matrix over
the templates holds all three, and its leading eigenvector puts them on two sides (spectral partition; Newman 2006,
PNAS 103:8577).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from attribution.labs.clients import ACCOUNT_DRAWS, DRAWS
from attribution.labs.targeting import UNRECOGNISED

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from attribution.labs.core import Core

FEWEST = 4
"""Templates that are worth a look: two on each side."""
MIXES = ((0.5, 0.0), (0.0, 0.5), (0.5, 0.5), (1.0, 1.0))
"""Weights of capabilities and of models beside the accounts, each one a candidate."""


def by_affinity(core: Core) -> Iterator[NDArray[np.int64]]:
    """Yield divisions of the units in two, 0 and 1; some may be alike or one-sided.

    Costs a product of accounts by units by units, and an eigenvector of the units, of which there are few
    (`core.MAX_UNITS`).
    """
    if len(core.units) < FEWEST:
        return
    names = sorted({name for unit in core.units for name in unit.targets} - {UNRECOGNISED})
    targets = np.array([[unit.targets.get(name, 0.0) for name in names] for unit in core.units])
    mix = np.sqrt(np.array([unit.mix for unit in core.units], dtype=np.float64))
    worth = np.sqrt(np.minimum([unit.events for unit in core.units], DRAWS))
    leaning, orders, models = (
        _scaled(matrix * np.outer(worth, worth)) for matrix in (_leaning(core.use), _likeness(targets), _likeness(mix))
    )
    for of_orders, of_models in MIXES:
        _, vectors = np.linalg.eigh(np.round(leaning + of_orders * orders + of_models * models, 9))
        yield (np.round(vectors[:, -1], 6) > 0.0).astype(np.int64)


def _leaning(use: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return how the units of an account vary together beside what is usual, shape (units, units), diagonal 0.

    Usual is, for each account, what others send who send its units: so a batch that was given wordings of its own is no
    leaning. Residuals are Pearson's, summed over accounts, over the geometric mean of both units' accounts.
    """
    sent = use[use.sum(axis=1) > 1].astype(np.float64)
    sent *= np.minimum(1.0, ACCOUNT_DRAWS / sent.sum(axis=1, keepdims=True))
    total, has = sent.sum(axis=1, keepdims=True), (sent > 0).astype(np.float64)
    users = np.maximum(has.sum(axis=0), 1.0)
    likely = (has @ (has.T @ has / users[:, np.newaxis])) * (sent.sum(axis=0) / users)
    part = likely / np.maximum(likely.sum(axis=1, keepdims=True), 1e-12)
    spread = np.sqrt(np.maximum(total * part * (1.0 - part), 1e-9))
    residual = np.where(part > 0.0, (sent - total * part) / spread, 0.0)
    together = np.asarray(residual.T @ residual / np.sqrt(np.outer(users, users)), dtype=np.float64)
    np.fill_diagonal(together, 0.0)
    return together


def _likeness(rows: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the cosine of each two rows, centred, diagonal 0: above 0 are units more alike than usual."""
    if not rows.size:
        return np.zeros((len(rows), len(rows)))
    unit = rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-9)
    alike = unit @ unit.T
    centred = np.asarray(alike - alike.mean(axis=0) - alike.mean(axis=1, keepdims=True) + alike.mean(), np.float64)
    np.fill_diagonal(centred, 0.0)
    return centred


def _scaled(matrix: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return a matrix of norm 1, or of zeros."""
    size = float(np.linalg.norm(matrix))
    return matrix / size if size > 0.0 else matrix
