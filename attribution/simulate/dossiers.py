"""`labs.yaml`: what an investigator knows of the labs, whole, incomplete or partly wrong."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
import yaml

from attribution.domain import CAPABILITIES
from attribution.simulate.labs import bin_name, country_name
from attribution.simulate.network import COUNTRIES
from attribution.simulate.roster import REGIONAL_MAIL
from attribution.simulate.templates import Writer
from attribution.simulate.traffic import START, release_day

if TYPE_CHECKING:
    from pathlib import Path

    from attribution.simulate.labs import Lab
    from attribution.simulate.scene import Scene

Fact: TypeAlias = "str | int | float | Sequence[Fact] | Mapping[str, Fact]"
INFRASTRUCTURE = ("asns", "networks", "bins", "issuer_countries", "email_domains", "known")
ONE_FACT = ("working_day",)
"""Claims whose values say nothing one by one."""
_SLOT = re.compile(r"\{\w+\}")


def write_dossiers(scene: Scene, path: Path, brands: list[str]) -> None:
    """Write the dossiers of the documented labs, degraded as the options say."""
    state = scene.options.dossiers
    rng = scene.rng("dossiers")
    documented = [lab for lab in scene.labs if lab.documented]
    entries = []
    for lab in documented:
        facts = _facts(scene, lab, brands)
        others = [one for one in scene.labs if one.lab_id != lab.lab_id] or [lab]
        for name in list(facts):
            fate = rng.random(2)
            other = others[int(rng.integers(0, len(others)))]
            if fate[0] < state.missing or (not state.infrastructure and name in INFRASTRUCTURE):
                del facts[name]
            elif fate[1] < state.wrong:
                facts[name] = _outdated(scene, name, facts[name], other, rng)
        if state.thinned:
            rest = ((name, _thinned(fact, state.thinned, rng, whole=name in ONE_FACT)) for name, fact in facts.items())
            facts = {name: fact for name, fact in rest if fact is not None}
        grade = [
            {
                "claim": name,
                "reliability": "ABBCD"[int(rng.integers(0, 5))],
                "credibility": int(rng.integers(1, 5)),
                "ref": f"case 2026-{int(rng.integers(1, 90)):03d}",
            }
            for name in facts
        ]
        entries.append({"id": lab.lab_id, "name": lab.name, **facts, "sources": grade})
    path.write_text(yaml.safe_dump({"labs": entries}, sort_keys=False, allow_unicode=True, width=120), "utf-8")


def _facts(scene: Scene, lab: Lab, brands: list[str]) -> dict[str, Fact]:
    network = scene.network
    first = network.text(lab.egress_addresses[:1])[0]
    writer = Writer(scene.options.seed, scene.concepts, brands)
    examples = [_SLOT.sub("…", writer.write(one, 0)) for one in lab.core]
    facts: dict[str, Fact] = {
        "asns": [network.asn[one] for one in lab.operators],
        "networks": [first.rsplit(".", 1)[0] + ".0/24"],
        "bins": [bin_name(one) for one in lab.bins],
        "issuer_countries": [country_name(lab.country)],
        "email_domains": [f"mail-{COUNTRIES[lab.mail - REGIONAL_MAIL].lower()}.example"],
        "working_day": {"utc_offset": lab.hours[0], "start": lab.hours[1], "end": lab.hours[2]},
        "targets": lab.targets,
        "releases": [
            str((START + np.timedelta64(int(release_day(scene.options.days, one) * 24), "h")).astype("datetime64[D]"))
            for one in lab.pivots
        ],
        "template_examples": examples,
    }
    if lab.shared_core:
        facts["known"] = {"ips": network.text(lab.egress_addresses[:2])}
    return facts


def _thinned(fact: Fact, share: float, rng: np.random.Generator, *, whole: bool = False) -> Fact | None:
    """Lose each single value with probability `share` (a `whole` fact at once); None: nothing is left."""
    if isinstance(fact, Mapping) and not whole:
        values = {key: _thinned(value, share, rng) for key, value in fact.items()}
        return {key: value for key, value in values.items() if value is not None} or None
    if isinstance(fact, Sequence) and not isinstance(fact, str):
        return [value for one in fact if (value := _thinned(one, share, rng)) is not None] or None
    return fact if rng.random() >= share else None


def _outdated(scene: Scene, name: str, fact: Fact, other: Lab, rng: np.random.Generator) -> Fact:
    """Return a wrong value of a fact: another lab's, or one that has been given up."""
    network = scene.network
    days = scene.options.days
    wrong: dict[str, Fact] = {
        "asns": [network.asn[one] for one in other.operators],
        "networks": [network.text(other.egress_addresses[:1])[0].rsplit(".", 1)[0] + ".0/24"],
        "bins": [bin_name(one) for one in other.bins],
        "issuer_countries": [country_name(other.country)],
        "email_domains": [f"mail-{COUNTRIES[int(rng.integers(0, len(COUNTRIES)))].lower()}.example"],
        "working_day": {"utc_offset": int(rng.integers(-8, 10)), "start": 9, "end": 18},
        "targets": {CAPABILITIES[int(rng.integers(0, len(CAPABILITIES)))]: 1.0},
        "releases": [str((START + np.timedelta64(int(rng.integers(0, days)), "D")).astype("datetime64[D]"))],
        "known": {"ips": network.text(other.egress_addresses[:1])},
    }
    return wrong.get(name, fact)
