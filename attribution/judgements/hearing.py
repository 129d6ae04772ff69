"""One run's hearing: every judgement is applied where it bears, and what it changed is written down.

The machine's own result stays beside the person's: probabilities and posteriors are never touched, a verdict that a
person decided keeps what the engine would have said.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from attribution.domain import UNKNOWN_LAB, Evidence, Verdict
from attribution.judgements import ties, values
from attribution.judgements.model import Judgement, Kind
from attribution.judgements.standing import Effect, Outcome, Standing, follow, groups_of, weigh

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    import pyarrow as pa
    from numpy.typing import NDArray

    from attribution.domain import Attribution, Links, Partition, Population, Ring

FAMILY = "judgement"
"""Family of the ledger's lines that say what a person decided; they weigh nothing."""
Went = dict[tuple[str, str], str]


class Hearing:
    """Judgements applied to one run, stage by stage; `outcomes` says what each of them did."""

    def __init__(
        self, standing: Standing, merged: Mapping[tuple[str, str], str], split: Mapping[tuple[str, str], str]
    ) -> None:
        self._merged, self._split = dict(merged), dict(split)
        self._standing = weigh(standing.everything, self._merged)
        self._outcomes: dict[str, Outcome] = {one.judgement.id: one for one in self._standing.disputes}
        self._removed: tuple[values.Removed, ...] = ()
        self._place: dict[str, int] = {}
        self._linked: frozenset[ties.Pair] = frozenset()
        self._group: dict[int, int] = {}
        self._vouched: set[int] = set()
        self.machine: dict[str, Verdict] = {}
        """What the engine said of the rings that a person decided."""
        self.accepted: dict[str, str] = {}
        """Labs that a person accepted where the evidence leads elsewhere, by campaign."""

    @property
    def outcomes(self) -> tuple[Outcome, ...]:
        """What became of every judgement, by time and id."""
        unheard = [
            Outcome(one, Effect.ABSENT, _absent(one)) for one in self._standing.held if one.id not in self._outcomes
        ]
        both = (*self._outcomes.values(), *unheard)
        return tuple(sorted(both, key=lambda one: (one.judgement.decided, one.judgement.id)))

    def population(self, population: Population) -> Population:
        """Return the population without benign values; facts for everything that follows."""
        benign = self._standing.of(Kind.BENIGN_VALUE)
        named = {str(one.subject) for one in self._links()} | {str(one.object) for one in self._links()}
        if named:
            accounts = population.accounts.to_pylist()
            self._place = {name: at for at, name in enumerate(accounts) if name in named}
        left, self._removed = values.without(population, benign)
        for one in benign:
            mine = [removed for removed in self._removed if removed.judgement.id == one.id]
            if mine:
                shared = max(removed.accounts for removed in mine)
                many = f" ({len(mine):,} values)" if len(mine) > 1 else ""
                self._note(
                    one, Effect.CHANGED, f"shared by {shared:,} accounts{many}; left out before links were weighed"
                )
        return left

    def suppressed(self, table: pa.Table) -> pa.Table:
        """Return the suppressed values with the benign ones."""
        return values.suppressed(table, self._removed)

    def links(self, links: Links) -> Links:
        """Return the validated links with what must be linked, without what cannot be."""
        must, cannot = self._must_pairs(), self._cannot()
        if must or cannot:
            links, self._linked = ties.constrain(links, must, list(cannot))
        return links

    def clusters(self, found: Partition, links: Links, min_size: int) -> Partition:
        """Return the clusters with every constraint kept."""
        must, cannot = self._must_pairs(), self._cannot()
        if not must and not cannot:
            return found
        self._group = groups_of(must)
        made, moves = ties.hold(found, links, must, list(cannot), min_size)
        home = {account: at for at, members in enumerate(made.clusters) for account in members.tolist()}
        for tie in self._ties():
            together = all(home.get(one, -1) == home.get(other, -2) for one, other in tie.pairs)
            self._tied(tie, together=together, moved=not moves.joined.isdisjoint(tie.pairs))
        for pair, judgements in cannot.items():
            for one in judgements:
                self._parted(one, pair, moves.left.get(pair))
        return made

    def keep_with(self, accounts: NDArray[np.int32], sure: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Return who of a cluster stays in its ring: certain members, and whom people tied to one of them."""
        held = {self._group[account] for account in accounts[sure].tolist() if account in self._group}
        if not held or sure.all():
            return sure
        vouched = np.array([self._group.get(account, -1) in held for account in accounts.tolist()], bool)
        self._vouched |= set(accounts[vouched & ~sure].tolist())
        return np.asarray(sure | vouched)

    def rings(self, rings: Sequence[Ring], lineage: pa.Table, population: Population) -> tuple[Ring, ...]:
        """Return the rings as people decided: members taken out, verdicts replaced; the engine's stand beside them."""
        self._follow(lineage)
        made = [self._decided(self._cleared(ring, population)) for ring in rings]
        left = tuple(ring for ring in made if len(ring.members))
        self._check_tied(left)
        return left

    def _check_tied(self, rings: Sequence[Ring]) -> None:
        """Say which must-links hold an account in its ring against the engine's doubt, and which hold nobody."""
        home = {account: ring.ring_id for ring in rings for account in ring.members.tolist()}
        for tie in self._ties():
            doubted = [account for account in tie.accounts if account in self._vouched and account in home]
            for one in tie.judgements:
                told = self._outcomes.get(one.id)
                if told is None or told.effect not in {Effect.CHANGED, Effect.AGREED}:
                    continue
                if not any(account in home for account in tie.accounts):
                    says = f"{self._between(tie)}in one cluster, but neither is a member of its ring"
                    self._note(one, Effect.UNMET, says)
                elif doubted:
                    says = f"{self._named(doubted)} stays in {home[doubted[0]]}, where the engine would leave it out"
                    self._note(one, Effect.CHANGED, f"{told.says}; {says}")

    def _named(self, accounts: Sequence[int]) -> str:
        """Return the names of some accounts that links are about, the first few of many."""
        names = {at: name for name, at in self._place.items()}
        return ties.few([names[account] for account in accounts])

    def _between(self, tie: ties.Tie) -> str:
        """Return what to say first of accounts that are tied through others."""
        if not tie.absent:
            return ""
        verbs = ("is", "ties") if len(tie.absent) == 1 else ("are", "tie")
        return f"{ties.few(tie.absent)} {verbs[0]} not in the logs, and {verbs[1]} {self._named(tie.accounts)}: "

    def campaigns(self, lineage: pa.Table) -> None:
        """Let judgements follow the campaigns that merged."""
        self._follow(lineage)

    def _follow(self, lineage: pa.Table) -> None:
        """Learn what merged and split in this run; two judgements may be about one ring from now on."""
        for row in lineage.to_pylist():
            if row["event"] in {"merged", "split"}:
                (self._merged if row["event"] == "merged" else self._split)[row["kind"], row["id"]] = row["other"]
        self._standing = weigh(self._standing.everything, self._merged)
        self._outcomes |= {one.judgement.id: one for one in self._standing.disputes}

    def attributions(self, attributions: Sequence[Attribution]) -> tuple[Attribution, ...]:
        """Return the attributions with what people accepted or disputed."""
        return tuple(self._settled(one) for one in attributions)

    def _note(self, judgement: Judgement, effect: Effect, says: str) -> None:
        self._outcomes[judgement.id] = Outcome(judgement, effect, says)

    def between(self, accounts: Collection[str]) -> tuple[Judgement, ...]:
        """Return the must-links that tie two of these, also by way of others, and the cannot-links; oldest first."""
        said = ties.stated(self._standing.of(Kind.MUST_LINK), {name: at for at, name in enumerate(sorted(accounts))})
        tied = {one.id for tie in said for one in tie.judgements}
        return tuple(one for one in self._links() if one.id in tied or {one.subject, str(one.object)} <= set(accounts))

    def _links(self) -> tuple[Judgement, ...]:
        return self._standing.of(Kind.MUST_LINK, Kind.CANNOT_LINK)

    def _ties(self) -> tuple[ties.Tie, ...]:
        """Return what must be linked, of the accounts that are in the logs."""
        return ties.stated(self._standing.of(Kind.MUST_LINK), self._place)

    def _must_pairs(self) -> list[ties.Pair]:
        return sorted({pair for tie in self._ties() for pair in tie.pairs})

    def _cannot(self) -> dict[ties.Pair, tuple[Judgement, ...]]:
        """Return the pairs that cannot be linked and are in the logs, with who named them."""
        said = ties.stated(self._standing.of(Kind.CANNOT_LINK), self._place)
        return {tie.pairs[0]: tie.judgements for tie in said if not tie.absent}

    def _tied(self, tie: ties.Tie, *, together: bool, moved: bool) -> None:
        if not together:
            effect, says = Effect.UNMET, "linked, but no cluster holds them: two accounts alone are no ring"
        elif moved:
            effect, says = Effect.CHANGED, "brought into one cluster, with the clusters that they were in"
        elif self._linked.issuperset(tie.pairs):
            effect, says = Effect.AGREED, "in one cluster, and linked by the logs as well"
        else:
            effect, says = Effect.CHANGED, "linked, though the logs do not link them; they are in one cluster"
        for one in tie.judgements:
            self._note(one, effect, f"{self._between(tie)}{says}")

    def _parted(self, one: Judgement, pair: ties.Pair, leaver: int | None) -> None:
        if leaver is not None:
            name = self._named([leaver])
            self._note(one, Effect.CHANGED, f"{name} left the cluster: its ties to the others were the weaker")
        elif pair in self._linked:
            self._note(one, Effect.CHANGED, "their link was dropped; no cluster holds both")
        else:
            self._note(one, Effect.AGREED, "nothing linked them, and no cluster holds both")

    def _origins(self, ring_id: str) -> set[str]:
        """Return the ids that a ring came out of: itself, what merged into it, what it split off from."""
        found, fresh = {ring_id}, [ring_id]
        into: dict[str, list[str]] = {}
        for (kind, name), other in self._merged.items():
            if kind == "ring":
                into.setdefault(other, []).append(name)
        while fresh:
            name = fresh.pop()
            more = [*into.get(name, []), *([self._split["ring", name]] if ("ring", name) in self._split else [])]
            fresh += [other for other in more if other not in found]
            found |= set(more)
        return found

    def _cleared(self, ring: Ring, population: Population) -> Ring:
        """Return the ring without the accounts that are no members of it."""
        mine = [one for one in self._standing.of(Kind.NOT_A_MEMBER) if one.subject in self._origins(ring.ring_id)]
        if not mine:
            return ring
        names = population.accounts.take(ring.members.tolist()).to_pylist()
        root = groups_of((one.subject, str(one.object)) for one in self._standing.of(Kind.MUST_LINK))
        staying = {root[name] for name in set(names) - {str(one.object) for one in mine} if name in root}
        out: set[str] = set()
        for one in mine:
            name = str(one.object)
            if name not in names:
                self._noted_unless(one, Effect.AGREED, f"the engine does not count it to {ring.ring_id} either")
            elif root.get(name) in staying:
                self._note(one, Effect.CONTRADICTED, "not applied: a must-link ties it to another member")
            else:
                out.add(name)
                self._note(one, Effect.CHANGED, f"taken out of {ring.ring_id}")
        keep = np.array([name not in out for name in names], bool)
        return ring if keep.all() else _reduced(ring, keep, population)

    def _noted_unless(self, one: Judgement, effect: Effect, says: str) -> None:
        """Note an outcome unless another ring had a stronger one."""
        if one.id not in self._outcomes:
            self._note(one, effect, says)

    def _decided(self, ring: Ring) -> Ring:
        """Return the ring with the verdict that people gave it."""
        kinds = (Kind.RING_CONFIRMED, Kind.RING_REJECTED)
        mine = [one for one in self._standing.of(*kinds) if follow(("ring", one.subject), self._merged) == ring.ring_id]
        if not mine:
            return ring
        verdict = Verdict.COORDINATED if mine[0].kind is Kind.RING_CONFIRMED else Verdict.INNOCENT
        self.machine[ring.ring_id] = ring.verdict
        for one in mine:
            said = (
                f"the engine says {ring.verdict.value} as well"
                if ring.verdict is verdict
                else (f"{verdict.value}, where the engine says {ring.verdict.value}")
            )
            self._note(one, Effect.AGREED if ring.verdict is verdict else Effect.CHANGED, said)
        lines = tuple(_line(ring.ring_id, None, one, {"machine_verdict": ring.verdict.value}) for one in mine)
        return replace(ring, verdict=verdict, evidence=(*ring.evidence, *lines))

    def _settled(self, found: Attribution) -> Attribution:
        """Return the attribution with what people decided about it: whether a name stands, never how likely it is."""
        kinds = (Kind.ATTRIBUTION_ACCEPTED, Kind.ATTRIBUTION_DISPUTED)
        mine = [
            one
            for one in self._standing.of(*kinds)
            if follow(("campaign", one.subject), self._merged) == found.campaign_id
        ]
        top = min(found.posteriors, key=lambda row: row.rank).lab_id if found.posteriors else UNKNOWN_LAB
        named = None if found.abstained else top
        for one in mine:
            accepted = one.kind is Kind.ATTRIBUTION_ACCEPTED
            name = str(one.object)
            by = f"{one.by}: {one.reason}"
            if accepted and top == name:
                changed, found = found.abstained, replace(found, abstained=False)
                said = (
                    f"named, where the engine abstains ({found.reason})" if changed else "the engine names it as well"
                )
                found = replace(found, reason=f"Accepted by {by}") if changed else found
            elif accepted:
                changed = True
                said = f"{name} stands as the person's answer; the engine leads with {top}, which is not named"
                found = replace(
                    found, abstained=True, reason=f"{name} was accepted by {by}; the evidence leads to {top}"
                )
                self.accepted[found.campaign_id] = name
            else:
                changed = named == name
                said = "no longer named" if changed else "the engine does not name it either"
                found = replace(found, abstained=True, reason=f"{name} was disputed by {by}") if changed else found
            self._note(one, Effect.CHANGED if changed else Effect.AGREED, said)
            line = _line(found.campaign_id, name, one, {"machine_names": named})
            found = replace(found, evidence=(*found.evidence[:-1], line, *found.evidence[-1:]))
        return found


def _line(subject: str, lab: str | None, one: Judgement, more: dict[str, object]) -> Evidence:
    """Return what a person decided as a line of the ledger that weighs nothing."""
    detail: dict[str, object] = {
        "question": one.reason,
        "author": one.author,
        "decided": one.decided.isoformat(),
        "judgement": one.id,
        "reason": one.reason,
        **more,
    }
    return Evidence(subject, lab, FAMILY, one.kind.value, 0.0, detail)


def _reduced(ring: Ring, keep: NDArray[np.bool_], population: Population) -> Ring:
    members = ring.members[keep]
    seen = population.activity.iloc[members]
    if not len(members):
        return replace(ring, members=members, confidence=ring.confidence[keep], together=ring.together[keep])
    return replace(
        ring,
        members=members,
        confidence=ring.confidence[keep],
        together=ring.together[keep],
        first_seen=pd.Timestamp(seen["first_seen"].min()),
        last_seen=pd.Timestamp(seen["last_seen"].max()),
        events=int(seen["events"].sum()),
    )


def _absent(one: Judgement) -> str:
    """Say that a judgement found nothing to bear upon."""
    what = {
        Kind.BENIGN_VALUE: "no two accounts of these logs share the value",
        Kind.MUST_LINK: "an account of the two is not in the logs",
        Kind.CANNOT_LINK: "an account of the two is not in the logs",
        Kind.ATTRIBUTION_ACCEPTED: "this run has no such campaign",
        Kind.ATTRIBUTION_DISPUTED: "this run has no such campaign",
        Kind.WITHDRAWN: "no such judgement is on record",
    }
    return what.get(one.kind, "this run has no such ring")
