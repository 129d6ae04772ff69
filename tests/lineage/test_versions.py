"""Dossiers in the store: every claim with its source, and what changed between two versions."""

from __future__ import annotations

from attribution.labs import loading
from attribution.lineage.versions import changes, claims

BEFORE = """
labs:
  - id: lab-amber
    name: Amber
    asns: [64510, 64511]
    bins: ["411111"]
    known: {ips: ["198.51.100.4"]}
    sources:
      - {claim: asns, reliability: B, credibility: 2, ref: case 7, author: mara, date: 2026-03-01}
      - {claim: asns, reliability: C}
  - {id: lab-gone, name: Gone, bins: ["422222"]}
"""
AFTER = """
labs:
  - id: lab-amber
    name: Amber
    asns: [64511, 64512]
    known: {ips: ["198.51.100.4"]}
    email_domains: [amber.example]
    sources:
      - {claim: asns, reliability: A, credibility: 2, ref: case 7, author: mara, date: 2026-03-01}
  - {id: lab-new, name: New, asns: [64999]}
"""


def test_each_claim_is_kept_with_each_of_its_sources() -> None:
    rows = [row for row in claims(loading.parse(BEFORE)).to_pylist() if row["lab_id"] == "lab-amber"]
    assert [(row["claim"], row["source"]) for row in rows] == [
        ("asns", "1"),
        ("asns", "2"),
        ("bins", ""),
        ("known.ips", ""),
        ("name", ""),
    ]
    first = next(row for row in rows if row["reliability"] == "B")
    assert (first["reliability"], first["credibility"], first["ref"]) == ("B", "2", "case 7")
    assert (first["author"], first["date"], first["content"]) == ("mara", "2026-03-01", "[64510, 64511]")


def test_what_changed_is_said_claim_by_claim() -> None:
    old, new = loading.parse(BEFORE), loading.parse(AFTER)
    before = {lab.id: lab.digest for lab in old.labs}
    said = {lab: (event, says) for lab, event, says in changes(new, before, claims(old))}
    assert said["lab-gone"][0] == "gone"
    assert said["lab-new"][0] == "new"
    event, says = said["lab-amber"]
    assert event == "changed"
    assert says == (
        "asns: + 64512, − 64510; bins removed; email_domains added: amber.example; source of asns changed"  # noqa: RUF001
    )


def test_the_same_dossiers_change_nothing_and_an_unknown_version_is_said() -> None:
    old = loading.parse(BEFORE)
    before = {lab.id: lab.digest for lab in old.labs}
    assert changes(old, before, claims(old)) == []
    other = {**before, "lab-amber": "0" * 64}
    assert changes(old, other, claims(old))[0][2] == "another version; the one before is not in this store"
