"""Who benefits: posterior over dossiers and `unknown`, the rule of abstention, and what would change the answer."""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from attribution.domain import UNKNOWN_LAB, Attribution, Evidence, LabPosterior
from attribution.labs.calibration import load_coefficients
from attribution.labs.coverage import coverage_row, partly_covered
from attribution.labs.evidence import comparison_of, judge
from attribution.labs.facts import Gatherer
from attribution.labs.joined import of_whole, same_client, together
from attribution.labs.ledger import LabFamily, likelihood_term
from attribution.labs.observations import observations
from attribution.labs.rule import SPEAKS, disputes, obstacle, second_client, standing

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    import pyarrow as pa

    from attribution.config import LabConfig
    from attribution.domain import Campaign, Population, Ring, Traffic
    from attribution.labs.calibration import Coefficients
    from attribution.labs.dossiers import Dossiers
    from attribution.labs.facts import Facts
    from attribution.labs.rule import Standing

FLAT = "flat"
SCEPTICAL = "sceptical"
SCEPTICAL_UNKNOWN = 0.9
"""Prior probability of an unknown lab in the sceptical view."""
DECISION = "decision"


@dataclass(frozen=True, slots=True)
class Prior:
    """Prior probabilities: `unknown` for a lab without a dossier, the rest in equal parts unless `labs` says other."""

    unknown: float
    labs: Mapping[str, float] | None = None

    def of(self, ids: Sequence[str]) -> dict[str, float]:
        """Return the prior of each lab and of `unknown`; they sum to 1."""
        if not ids:
            return {UNKNOWN_LAB: 1.0}
        weight = {lab: (self.labs or {}).get(lab, 1.0) for lab in ids}
        total = sum(weight[lab] for lab in ids)
        return {UNKNOWN_LAB: self.unknown} | {lab: (1.0 - self.unknown) * weight[lab] / total for lab in ids}


@dataclass(frozen=True, slots=True)
class Decision:
    """Whether a name is given, and why."""

    named: str | None
    reason: str
    confidence: str
    supporting: tuple[str, ...]
    deciding: str | None
    """The one family without which the name would not be given; None where no single one decides."""


def attribute(
    campaigns: Sequence[Campaign],
    rings: Sequence[Ring],
    population: Population,
    traffic: Traffic,
    templates: pa.Table | None,
    dossiers: Dossiers,
    config: LabConfig,
) -> tuple[Attribution, ...]:
    """Weigh every dossier against every campaign.

    Without `templates` (patterns of the mined templates) the likeness of wordings is unknown and weighs nothing.
    """
    gatherer = Gatherer(population, rings, traffic, templates, dossiers, config)
    return tuple(said for _, said in judged(gatherer, campaigns, dossiers, config))


def judged(
    gatherer: Gatherer, campaigns: Sequence[Campaign], dossiers: Dossiers, config: LabConfig
) -> list[tuple[Facts, Attribution]]:
    """Return the facts and the attribution of each campaign.

    Parts of one ring that each more likely than not serve the same lab are judged as one campaign, where that one is
    named after it: then each has the facts and the answer of the whole (`joined`).
    """
    found = [(facts, conclude(facts, dossiers, config)) for facts in gatherer.facts(campaigns)]
    alone = [said for _, said in found]
    for lab, places in same_client(campaigns, alone):
        rest = [one for place, one in enumerate(campaigns) if place not in places]
        whole = gatherer.facts([together([campaigns[place] for place in places]), *rest])[0]
        parts = [alone[place] for place in places]
        for place in places:
            facts = dataclasses.replace(whole, campaign_id=campaigns[place].campaign_id)
            said = conclude(facts, dossiers, config)
            if not said.abstained and said.posteriors[0].lab_id == lab:
                found[place] = facts, of_whole(said, lab, parts)
    return found


def conclude(
    facts: Facts,
    dossiers: Dossiers,
    config: LabConfig,
    *,
    without: Collection[str] = (),
    prior: Prior | None = None,
    coefficients: Coefficients | None = None,
) -> Attribution:
    """Return the attribution of one campaign from its facts; families in `without` are left out as if unknown."""
    fitted = coefficients or load_coefficients()
    comparison = comparison_of(dossiers.labs)
    ledger = tuple(
        row
        for number, lab in enumerate(dossiers.labs)
        for row in judge(facts, number, lab, comparison, fitted)
        if row.family not in without
    )
    if LabFamily.CONTENT not in without:
        ledger += tuple(
            coverage_row(facts.campaign_id, dossiers.labs[number].id, facts.coverage[number])
            for number in sorted(facts.coverage)
        )
    ledger += tuple(row for row in observations(facts) if row.family not in without)
    chosen = prior or Prior(config.prior_unknown)
    names = {lab.id: lab.name for lab in dossiers.labs}
    return posterior_of(facts.campaign_id, facts.ring_id, ledger, dossiers.ids, config, chosen, fitted, names)


def posterior_of(
    campaign_id: str,
    ring_id: str,
    ledger: tuple[Evidence, ...],
    ids: Sequence[str],
    config: LabConfig,
    prior: Prior,
    fitted: Coefficients,
    names: Mapping[str, str] | None = None,
) -> Attribution:
    """Turn a ledger into posteriors, a decision and its reason."""
    sums = family_sums(ledger, ids)
    chance = posterior(sums, ids, prior, fitted.unknown)
    disputed, partly = disputes(ledger, ids), partly_covered(ledger)
    decision = decide(sums, ids, prior, fitted.unknown, config, disputed=disputed, partly=partly, names=names)
    ranked = sorted(chance, key=lambda lab: (-chance[lab], lab == UNKNOWN_LAB, lab))
    rows = tuple(
        LabPosterior(lab, chance[lab], rank, likelihood_term(chance[lab]), decision.confidence)
        for rank, lab in enumerate(ranked, start=1)
    )
    extra = _decision_row(campaign_id, ranked[0], sums, ids, prior, fitted.unknown, config, decision)
    return Attribution(campaign_id, ring_id, rows, decision.named is None, decision.reason, (*ledger, extra))


def family_sums(ledger: Sequence[Evidence], ids: Sequence[str]) -> dict[str, dict[str, float]]:
    """Return lab to family to nats, summed in the ledger's order."""
    sums: dict[str, dict[str, float]] = {lab: {} for lab in ids}
    for row in ledger:
        if row.lab_id is not None:
            sums[row.lab_id][row.family] = sums[row.lab_id].get(row.family, 0.0) + row.weight
    return sums


def posterior(
    sums: Mapping[str, Mapping[str, float]],
    ids: Sequence[str],
    prior: Prior,
    unknown: float,
    without: str | None = None,
) -> dict[str, float]:
    """Return the probability of each lab and of `unknown`, which sum to 1.

    `unknown` has the likelihood ratio `exp(unknown)`: how much better a lab without a dossier fits by chance than the
    population does, as fitted. That is what a best match among many dossiers has to beat.
    """
    before = prior.of(ids)
    logs = {UNKNOWN_LAB: math.log(before[UNKNOWN_LAB]) + (unknown if ids else 0.0)}
    for lab in ids:
        weight = math.fsum(sums[lab][family] for family in sorted(sums[lab]) if family != without)
        logs[lab] = (math.log(before[lab]) if before[lab] > 0 else -math.inf) + weight
    top = max(logs.values())
    raw = {lab: math.exp(value - top) for lab, value in logs.items()}
    total = math.fsum(raw[lab] for lab in sorted(raw))
    return {lab: raw[lab] / total for lab in raw}


def decide(
    sums: Mapping[str, Mapping[str, float]],
    ids: Sequence[str],
    prior: Prior,
    unknown: float,
    config: LabConfig,
    *,
    disputed: Mapping[str, tuple[str, ...]] | None = None,
    partly: Collection[str] = (),
    names: Mapping[str, str] | None = None,
) -> Decision:
    """Apply the rule of abstention, then again with each family left out.

    `disputed` names for each lab the families whose facts contradict one another, `partly` the labs whose content
    covers some accounts and not others, `names` what a reader calls the labs.
    """
    if not ids:
        return Decision(None, "No lab is named: there are no dossiers.", "low", (), None)

    def led(among: Sequence[str]) -> Standing:
        return standing(sums, posterior(sums, among, prior, unknown), disputed or {}, partly, names or {})

    best = led(ids)
    why, named, speaking = obstacle(best, config), best.lab, best.speaking
    if len(ids) > 1:
        rival = led([lab for lab in ids if lab != named])
        why = second_client(led([lab for lab in ids if lab != rival.lab]), rival, config) or why
    if why is not None:
        return Decision(None, f"No lab is named: {why}.", "low", speaking, None)
    lost = [
        family
        for family in speaking
        if max(posterior(sums, ids, prior, unknown, without=family).items(), key=lambda item: (item[1], item[0]))[0]
        != named
    ]
    sceptical = posterior(sums, ids, Prior(SCEPTICAL_UNKNOWN, prior.labs), unknown)[named]
    against = bool(best.disputed) or any(sums[named][family] <= -SPEAKS for family in sums[named])
    if not lost and len(speaking) >= 3 and sceptical >= config.name_posterior and not against:  # three families
        confidence = "high"
    elif not lost and not against:
        confidence = "moderate"
    else:
        confidence = "low"
    said = f" One family decides: without {lost[0]} another answer leads." if len(lost) == 1 else ""
    if len(lost) > 1:
        said = f" The name hangs on each of {', '.join(lost)}: without any one of them another answer leads."
    reason = f"{best.said[0].upper()}{best.said[1:]} for {best.name}.{said}"
    return Decision(named, reason, confidence, speaking, lost[0] if len(lost) == 1 else None)


def _decision_row(
    campaign_id: str,
    top: str,
    sums: Mapping[str, Mapping[str, float]],
    ids: Sequence[str],
    prior: Prior,
    unknown: float,
    config: LabConfig,
    decision: Decision,
) -> Evidence:
    """Return the ledger's last line: priors, the unknown's likelihood, other views, and each family left out."""
    rounded = {
        "configured": posterior(sums, ids, prior, unknown),
        FLAT: posterior(sums, ids, Prior(1.0 / (len(ids) + 1)), unknown),
        SCEPTICAL: posterior(sums, ids, Prior(SCEPTICAL_UNKNOWN, prior.labs), unknown),
    }
    families = sorted({family for lab in sums for family in sums[lab]})
    left_out = {family: posterior(sums, ids, prior, unknown, without=family) for family in families}
    detail = {
        "prior": _short(prior.of(ids)),
        "unknown_log_likelihood": unknown,
        "posterior": {name: _short(chance) for name, chance in rounded.items()},
        "without": {family: _short(chance) for family, chance in left_out.items()},
        "supporting": list(decision.supporting),
        "one_family_decides": decision.deciding,
        "rule": {"posterior": config.name_posterior, "margin": config.name_margin, "families": config.name_families},
        "reason": decision.reason,
    }
    return Evidence(campaign_id, None if top == UNKNOWN_LAB else top, DECISION, "posterior", 0.0, detail)


def _short(chance: Mapping[str, float], keep: int = 5) -> dict[str, float]:
    """Return the most probable ones, and always `unknown`."""
    ranked = sorted(chance, key=lambda lab: (-chance[lab], lab))
    return {lab: round(chance[lab], 9) for lab in ranked if lab in ranked[:keep] or lab == UNKNOWN_LAB}
