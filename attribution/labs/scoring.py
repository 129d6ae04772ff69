"""Ad-hoc scoring: the posterior and ledger of any set of accounts, with what-ifs; nothing is stored."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from attribution.domain import Ring, Verdict
from attribution.errors import NotFoundError, UsageError
from attribution.labs.facts import Gatherer
from attribution.labs.joined import together
from attribution.labs.ledger import LabFamily
from attribution.labs.naming import Prior, conclude
from attribution.labs.tenants import campaigns as find_campaigns

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    import pyarrow as pa

    from attribution.config import LabConfig
    from attribution.domain import Attribution, Campaign, Population, Traffic
    from attribution.labs.dossiers import Dossiers

SUBJECT = "ad-hoc"


def score_accounts(
    accounts: Sequence[str],
    population: Population,
    traffic: Traffic,
    dossiers: Dossiers,
    config: LabConfig,
    *,
    rings: Sequence[Ring] = (),
    templates: pa.Table | None = None,
    without: Collection[str] = (),
    prior: float | Mapping[str, float] | None = None,
    split: bool = False,
) -> tuple[Attribution, ...]:
    """Weigh the dossiers against a set of accounts as if one client ran them all (or, with `split`, several).

    Parameters
    ----------
    traffic : aggregates of these accounts and of the members of `rings`, from `attribution.warehouse.traffic.traffic`,
        with `SUBJECT` as the ring of these: places, cards and devices of all others make its base rates.
    rings : rings of the last run; their members are left out of all other base rates, as in the run itself.
    without : families of evidence to leave out (`LabFamily`).
    prior : probability of an unknown lab, or of each lab and `unknown` (what is not named shares the rest equally).

    Raises
    ------
    NotFoundError
        An account is not in the logs.
    UsageError
        No accounts, an unknown family, or a prior that is none.
    """
    ring = _as_ring(accounts, population)
    left_out = families(without)
    chosen = prior_of(prior, dossiers.ids, config)
    around = (*rings, ring)
    found = find_campaigns((ring,), population, traffic, templates, config, dossiers.capabilities)
    if not split and len(found) != 1:
        found = (_whole(ring, found),)
    gatherer = Gatherer(population, around, traffic, templates, dossiers, config)
    return tuple(conclude(facts, dossiers, config, without=left_out, prior=chosen) for facts in gatherer.facts(found))


def _as_ring(accounts: Sequence[str], population: Population) -> Ring:
    if not accounts:
        raise UsageError("no accounts to score", remedy="name at least one account")
    place = {name: row for row, name in enumerate(population.accounts.to_pylist())}
    missing = [name for name in accounts if name not in place]
    if missing:
        more = f" and {len(missing) - 1} more" if len(missing) > 1 else ""
        raise NotFoundError(
            f"account {missing[0]!r}{more} not in the logs", remedy="check the ids, or load their logs first"
        )
    members = np.array(sorted({place[name] for name in accounts}), dtype=np.int32)
    seen = population.activity.iloc[members]
    return Ring(
        ring_id=SUBJECT,
        verdict=Verdict.COORDINATED,
        probability=1.0,
        explanation=None,
        members=members,
        confidence=np.ones(len(members)),
        together=np.ones(len(members), np.float32),
        first_seen=pd.Timestamp(seen["first_seen"].min()),
        last_seen=pd.Timestamp(seen["last_seen"].max()),
        events=int(seen["events"].sum()),
        stability=1.0,
        evidence=(),
    )


def _whole(ring: Ring, parts: Sequence[Campaign]) -> Campaign:
    """Put the campaigns of a set of accounts together again, and all of its accounts with them."""
    one = together(parts)
    return dataclasses.replace(
        one,
        campaign_id=f"{SUBJECT}-c1",
        members=ring.members,
        share=np.ones(len(ring.members)),
        events=one.events or ring.events,
        first_seen=ring.first_seen,
        last_seen=ring.last_seen,
        evidence=(),
    )


def families(without: Collection[str]) -> frozenset[str]:
    """Return families of evidence to leave out, or raise for one that does not exist."""
    known = [family.value for family in LabFamily]
    for name in sorted(without):
        if name not in known:
            raise UsageError(f"no family of evidence {name!r}", remedy=f"choose of {', '.join(known)}")
    return frozenset(without)


def prior_of(prior: float | Mapping[str, float] | None, ids: Sequence[str], config: LabConfig) -> Prior:
    """Return a prior from what a user gave: an unknown lab's, or each lab's and `unknown`; None: as configured."""
    if prior is None:
        return Prior(config.prior_unknown)
    if not isinstance(prior, (int, float)):
        given = dict(prior)
        unknown = given.pop("unknown", config.prior_unknown)
        wrong = sorted(set(given) - set(ids))
        if wrong:
            raise UsageError(
                f"a prior for {wrong[0]!r}, which has no dossier", remedy=f"choose of {', '.join(ids) or 'none'}"
            )
        if any(value < 0 for value in given.values()):
            raise UsageError("a negative prior", remedy="give probabilities from 0 to 1")
        rest = max(0.0, 1.0 - unknown - sum(given[lab] for lab in sorted(given)))
        others = [lab for lab in ids if lab not in given]
        shares = given | {lab: rest / len(others) for lab in others}
        prior, labs = unknown, shares
    else:
        labs = None
    if not 0.0 < prior < 1.0:
        raise UsageError(f"prior {prior} of an unknown lab", remedy="give a probability between 0 and 1")
    return Prior(float(prior), labs if labs and sum(labs.values()) > 0 else None)
