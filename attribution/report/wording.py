"""The sentences of the report, in one place so that a lawyer can review them."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from attribution.domain import Attribution, Ring
    from attribution.report.document import LabFacts

FACETS: Mapping[str, tuple[str, str]] = {
    "ip": ("address", "addresses"),
    "network": ("network", "networks"),
    "device": ("device", "devices"),
    "payment": ("payment instrument", "payment instruments"),
    "batch": ("card batch", "card batches"),
    "template": ("prompt template", "prompt templates"),
    "template_family": ("template family", "template families"),
    "burst": ("burst", "bursts"),
    "signup": ("sign-up burst", "sign-up bursts"),
}
"""Singular and plural of each facet, as a reader says it."""

FAMILIES: Mapping[str, str] = {
    "place": "Place",
    "device": "Device",
    "payment": "Payment",
    "content": "Content",
    "timing": "Timing",
    "lifecycle": "Life cycle",
    "workload": "Workload",
    "hours": "Working hours",
}

WANTED: Sequence[tuple[tuple[str, ...], str]] = (
    (("events.ip",), "whether the accounts come through the same addresses"),
    (("events.device_id",), "whether the accounts are worked from the same devices"),
    (("events.payment_id",), "whether the accounts are paid with the same instruments"),
    (("events.prompt", "events.template_id"), "whether the accounts send the same prompts, and what is extracted"),
    (("events.ts",), "at which hours and on which days the accounts are active, and which act together"),
    (("events.output_tokens",), "how long the answers were that the accounts collected"),
    (("events.refused",), "how often the safety layer refused the accounts"),
    (("events.model",), "whether traffic moved to a new model on its release"),
    (("accounts.created_at",), "whether the accounts were opened in bursts"),
    (("accounts.org",), "whether the accounts belong to one verified organisation, an innocent explanation"),
    (("accounts.email_domain",), "whether the accounts share mail domains"),
    (("accounts.verified",), "whether somebody checked who holds the accounts"),
    (("ips.kind",), "whether the addresses are homes, offices, campuses, hosting or proxies"),
    (("ips.asn",), "who operates the networks, which dossiers are compared with"),
    (("payments.bin",), "who issued the cards, which dossiers are compared with"),
    (("payments.kind",), "whether the instruments are prepaid or virtual"),
)
"""Inputs that carry weight, and what each would tell; alternatives count as one."""

VERDICTS: Mapping[str, str] = {
    "coordinated": "Covertly coordinated",
    "undetermined": "Undetermined",
    "innocent": "Explained innocently",
}
VERDICT_ORDER: tuple[str, ...] = ("coordinated", "undetermined", "innocent")

LIKELIHOOD_TERMS: Sequence[tuple[str, str]] = (
    ("almost no chance", "1 to 5 %"),
    ("very unlikely", "5 to 20 %"),
    ("unlikely", "20 to 45 %"),
    ("roughly even chance", "45 to 55 %"),
    ("likely", "55 to 80 %"),
    ("very likely", "80 to 95 %"),
    ("almost certain", "95 to 99 %"),
)
"""ICD 203, Analytic Standards: what each likelihood term means."""


def facet(name: str, number: int = 1) -> str:
    """Return the reader's word for a facet."""
    one, many = FACETS.get(name, (name.replace("_", " "),) * 2)
    return one if number == 1 else many


def family(name: str) -> str:
    """Return the reader's word for a family of evidence."""
    return FAMILIES.get(name, name.replace("_", " ").capitalize())


def words(name: str) -> str:
    """Return a name of the program as a reader says it."""
    return name.replace("_", " ")


def signed(weight: float, digits: int = 1) -> str:
    """Return a weight with its sign, as print sets it."""
    return f"{weight:+.{digits}f}".replace("-", "\N{MINUS SIGN}")


def unrounded(probability: float, digits: int = 6) -> float:
    """Return some digits of a probability; what is neither certain nor impossible is not rounded to be."""
    if not 0 < probability < 1:
        return round(probability, digits)
    least = 10.0**-digits
    return min(max(round(probability, digits), least), 1 - least)


def how_common(times: float) -> str:
    """Return how common something is taken to be beside what is believed, for a tenth and for ten times of it."""
    return "ten times rarer" if times < 1 else "ten times commoner"


def percent(value: float) -> str:
    """Return a probability as people read it, never rounded up to certainty."""
    if value >= 1 or value <= 0:
        return "100 %" if value >= 1 else "0 %"
    if value > 0.999:  # what would round to 100.0 %
        return "> 99.9 %"
    if value < 0.001:  # what would round to 0.0 %
        return "< 0.1 %"
    return f"{value * 100:.1f} %"


def count(number: int, one: str, many: str | None = None) -> str:
    """Return "1 ring" or "1,234 rings"."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def verdict_sentence(ring: Ring, reason: str) -> str:
    """Return the claim about a ring, with its probability and the best honest explanation."""
    size = count(len(ring.members), "account")
    chance = percent(ring.probability)
    honest = "no innocent explanation was found"
    if ring.explanation is not None:
        honest = f"the best innocent explanation ({words(ring.explanation)}) fits less well"
    if ring.verdict == "coordinated":
        return f"{size} are judged to be run together covertly (probability {chance}); {honest}."
    if ring.verdict == "innocent":
        why = "they share too little to be suspected" if ring.explanation is None else words(ring.explanation)
        return f"{size} share things for an honest reason: {why} (probability of covert coordination {chance})."
    because = f": {reason}" if reason else ""
    best = "" if ring.explanation is None else f" The best innocent explanation is {words(ring.explanation)}."
    return f"Whether {size} are run together cannot be decided (probability {chance}){because}.{best}"


def attribution_sentence(attribution: Attribution | None, labs: Mapping[str, LabFacts]) -> str:
    """Return what is said about who benefits; likelihood and analytic confidence in two sentences."""
    if attribution is None or not attribution.posteriors:
        return "Nothing is said about who benefits."
    ranked = sorted(attribution.posteriors, key=lambda row: row.rank)
    if attribution.abstained:
        return "The engine abstains from naming a beneficiary."
    best = ranked[0]
    if best.lab_id == "unknown":
        return (
            f"The beneficiary is {best.likelihood_term} ({percent(best.posterior)}) a laboratory without a dossier. "
            f"Analytic confidence is {best.confidence_level}."
        )
    name = labs[best.lab_id].name if best.lab_id in labs else best.lab_id
    return (
        f"It is {best.likelihood_term} ({percent(best.posterior)}) that {name} benefits. "
        f"Analytic confidence is {best.confidence_level}."
    )
