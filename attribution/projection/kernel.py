"""The projection kernel: every pair of accounts that shares a kept value, scored row by row.

Gustavson's sparse product with a dense accumulator: for each account `a` in ascending order, walk over its values,
rarest first, and over each value's accounts `b > a`; the accumulator holds each partner's nats by facet and how many
shared values it has met. When the row is finished its pairs are combined and only those over the threshold are
written. O(sum of d (d - 1) / 2) updates, O(accounts x facets) memory. Pure functions of their arrays: the same bytes
whatever the number of threads.
"""

from __future__ import annotations

from math import log

import numpy as np
from numba import njit

CONTENT = 3
"""The group of template, template family and burst."""


@njit(cache=True, nogil=True)
def fact_nats(level, expected):  # type: ignore[no-untyped-def]
    """Return -ln of an upper bound of P(share at least `level` values | `expected` of them by chance), at least 0.

    One value: Markov, P <= expected. More: Chernoff for independent or negatively dependent indicators,
    P <= exp(-(j ln(j / expected) - j + expected)).
    """
    if expected >= level:
        return 0.0
    if level == 1:
        return -log(expected)
    return level * log(level / expected) - level + expected


@njit(cache=True, nogil=True)
def tested(level):  # type: ignore[no-untyped-def]
    """Return whether a number of shared values is one of `rules.LEVELS`: 1, 2, 3, 4, 6, 8, 12, 16, ..., 48, 64."""
    power = level & -level
    return level == power or level == 3 * power


@njit(cache=True, nogil=True)
def combine(nats, degree_a, degree_b, top_rate, anchor, group, group_price, groups, burst, shown):  # type: ignore[no-untyped-def]
    """Combine one pair's capped nats by facet; fill `shown` (a burst counts by what it adds to content).

    Returns
    -------
    weight : sum over groups of the greatest facet, nats.
    log_p : ln of the pair's p-value; 0 where no anchor facet speaks.

    Notes
    -----
    Each group's nats X_g satisfy P(X_g >= x) <= exp(-x) and P(X_g > 0) <= exp(-l_g) under the null, so for the set of
    n groups that speak, P(sum >= x) <= exp(-x) Q_n(x - sum l_g) with Q_n(y) = sum_{i<n} y^i / i! (Gamma tail), and
    2^groups - 1 such sets were possible (Bonferroni).
    """
    best = np.zeros(group_price.shape[0])
    reach = np.zeros(group_price.shape[0])
    content = 0.0
    anchored = False
    for f in range(nats.shape[0]):
        g = group[f]
        shown[f] = nats[f]
        reach[g] += min(1.0, degree_a[f] * degree_b[f] * top_rate[f])
        best[g] = max(best[g], nats[f])
        if g == CONTENT and f != burst:
            content = max(content, nats[f])
        if anchor[f] and nats[f] > 0.0:
            anchored = True
    if burst >= 0:
        shown[burst] = max(0.0, nats[burst] - content)
    weight = 0.0
    total = 0.0
    least = 0.0
    speaking = 0
    for g in range(best.shape[0]):
        weight += best[g]
        paid = best[g] - group_price[g]
        if paid > 0.0:
            total += paid
            speaking += 1
            if reach[g] < 1.0:
                least -= log(reach[g])
    if speaking == 0 or not anchored:
        return weight, 0.0
    excess = max(0.0, total - least)
    term = 1.0
    tail = 1.0
    for i in range(1, speaking):
        term *= excess / i
        tail += term
    return weight, min(0.0, log(2.0**groups - 1.0) - total + log(tail))


@njit(cache=True, nogil=True)
def skip_to(row, row_start, row_value, cursor):  # type: ignore[no-untyped-def]
    """Move each value's cursor behind the accounts before `row`. O(entries before)."""
    for f in range(row_start.shape[0]):
        for i in range(row_start[f, 0], row_start[f, row]):
            cursor[row_value[i]] += 1


@njit(cache=True, nogil=True)
def score_rows(  # type: ignore[no-untyped-def]
    first,
    last,
    row_start,
    row_value,
    column_start,
    column_account,
    cursor,
    rate,
    degree,
    top_rate,
    facts,
    cap,
    anchor,
    group,
    price,
    group_price,
    groups,
    burst,
    log_bound,
    nats,
    count,
    source,
    target,
    by_facet,
    weight,
    log_p,
):
    """Score the pairs of rows `first` to `last`; return the next row to do and the pairs written.

    Stops before a row whose pairs might not fit into the buffers. `cursor` (values,) must stand behind the accounts
    before `first`; `nats` (accounts, facets) and `count` (accounts, facets) must be zero and are left so.
    """
    written = 0
    room = source.shape[0]
    touched = np.empty(nats.shape[0], np.int32)
    stamp = np.full(nats.shape[0], -1, np.int32)
    shown = np.zeros(nats.shape[1])
    log_degree = np.log(np.maximum(degree, 1.0))
    log_rate = np.log(np.maximum(rate, 1e-300))
    for a in range(first, last):
        partners = 0
        for f in range(nats.shape[1]):
            most = facts[f]
            for i in range(row_start[f, a], row_start[f, a + 1]):
                v = row_value[i]
                start = cursor[v] + 1
                cursor[v] = start
                base = -log_rate[v] - log_degree[a, f]
                for j in range(start, column_start[v + 1]):
                    b = column_account[j]
                    if stamp[b] != a:
                        stamp[b] = a
                        touched[partners] = b
                        partners += 1
                    c = count[b, f] + 1
                    if c > most:
                        continue
                    count[b, f] = c
                    if c == 1:
                        worth = base - log_degree[b, f] - price[f]
                    elif tested(c):
                        worth = fact_nats(c, degree[a, f] * degree[b, f] * rate[v]) - price[f]
                    else:
                        continue
                    nats[b, f] = max(nats[b, f], min(worth, cap[f]))
        if written + partners > room:
            for f in range(nats.shape[1]):
                for i in range(row_start[f, a], row_start[f, a + 1]):
                    cursor[row_value[i]] -= 1
            for k in range(partners):
                nats[touched[k], :] = 0.0
                count[touched[k], :] = 0
            return a, written
        partners_sorted = np.sort(touched[:partners])
        for k in range(partners):
            b = partners_sorted[k]
            total = 0.0
            for f in range(nats.shape[1]):
                total += nats[b, f]
            if -total <= log_bound:
                w, lp = combine(
                    nats[b], degree[a], degree[b], top_rate, anchor, group, group_price, groups, burst, shown
                )
                if lp <= log_bound:
                    source[written] = a
                    target[written] = b
                    by_facet[written, :] = shown
                    weight[written] = w
                    log_p[written] = lp
                    written += 1
            nats[b, :] = 0.0
            count[b, :] = 0
    return last, written
