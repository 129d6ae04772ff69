from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import pytest
from report_world import make_document

from attribution.errors import NotFoundError
from attribution.report import stored, write
from attribution.report.wording import percent, unrounded

if TYPE_CHECKING:
    from pathlib import Path

    from attribution.report.document import Document


def test_what_is_written_is_read_back_the_same(document: Document, tmp_path: Path) -> None:
    write(document, tmp_path)
    assert stored.read(tmp_path) == document


def test_rings_come_by_verdict_then_probability(document: Document) -> None:
    assert [ring.verdict for ring in document.rings] == ["coordinated"] * 3 + ["undetermined"] + ["innocent"] * 2
    assert [ring.probability for ring in document.rings] == [0.9994, 0.982, 0.91, 0.44, 0.02, 0.001]


def test_the_summary_counts_what_the_rings_hold(document: Document) -> None:
    summary = document.summary
    assert (summary.coordinated, summary.undetermined, summary.innocent) == (3, 1, 2)
    assert summary.accounts_coordinated == 240 + 61 + 12
    assert (summary.campaigns, summary.named, summary.abstained) == (3, 2, 1)


def test_accounts_are_counted_even_where_their_names_look_alike(document: Document, hostile: Document) -> None:
    assert hostile.summary == document.summary


def test_posteriors_sum_to_one_and_keep_two_statements(document: Document) -> None:
    for campaign in (campaign for ring in document.rings for campaign in ring.campaigns):
        assert sum(row.posterior for row in campaign.posteriors) == pytest.approx(1.0)
        assert [row.rank for row in campaign.posteriors] == [1, 2, 3]
        assert all(row.likelihood_term not in row.confidence_level for row in campaign.posteriors)


def test_strongest_evidence_for_and_against_comes_from_the_ledger(document: Document) -> None:
    ring = document.rings[0]
    assert ring.evidence_for[0].name == "concealed_card"
    assert [line.name for line in ring.evidence_against] == ["common_place", "anonymous_egress"]
    assert all(line in ring.ledger for line in ring.evidence_for + ring.evidence_against)
    assert all(line.family != "hypothesis" for line in ring.ledger)
    assert ring.hypotheses[0].name == "careless ring"
    assert ring.hypotheses[0].relative == 0.0


def test_missing_columns_are_named_and_present_ones_are_not(document: Document) -> None:
    missing = {row.column for row in document.missing}
    assert "ips.kind" in missing
    assert "events.ip" not in missing
    assert not any("template_id" in column for column in missing), "prompts are there, so templates are not missing"


def test_suppressed_values_and_refusals_are_summed_up(document: Document) -> None:
    assert [(row.facet, row.values, len(row.largest)) for row in document.suppressed] == [("template", 12, 8)]
    assert [(row.reason, row.rows, row.first) for row in document.quarantine] == [
        ("time stamp without zone", 31, "events.parquet:17")
    ]


def test_suppressed_values_hold_no_ring_together(document: Document) -> None:
    shared = {value.value for ring in document.rings for value in ring.shared}
    assert shared
    assert not any(value.startswith("t-popular") for value in shared)


def test_an_unknown_ring_is_told_with_known_ones(document: Document) -> None:
    assert document.ring("ring-0001").size == 61
    assert [document.ring(str(number)) for number in range(1, len(document.rings) + 1)] == list(document.rings)
    for number in ("-1", "9" * 5000):
        with pytest.raises(NotFoundError):
            document.ring(number)
    with pytest.raises(NotFoundError, match="no ring 'nope'") as caught:
        document.ring("nope")
    assert "ring-0000" in caught.value.remedy


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "not the output of a run"),
        (b"{", "damaged"),
        (b"[]", "damaged"),
        (b'{"schema_version": "1.0"}', "damaged"),
        (b'{"schema_version": "9.1"}', "written as report version 9.1"),
    ],
)
def test_a_folder_without_a_readable_report_is_refused(tmp_path: Path, content: bytes | None, message: str) -> None:
    if content is not None:
        (tmp_path / stored.JSON_NAME).write_bytes(content)
    with pytest.raises(NotFoundError, match=message):
        stored.read(tmp_path)


def test_fields_of_later_versions_are_ignored(document: Document, tmp_path: Path) -> None:
    later = msgspec.json.decode(stored.encode(document))
    later["schema_version"] = "1.7"
    later["weather"] = "fine"
    (tmp_path / stored.JSON_NAME).write_bytes(msgspec.json.encode(later))
    assert stored.read(tmp_path).rings == document.rings


def test_no_control_or_bidi_character_reaches_the_document(hostile: Document) -> None:
    text = stored.encode(hostile).decode()
    assert not set(text) & set("\x1b\u202e\u0000\u2066\u200f")
    assert "\\u001b" not in text
    assert "\\u202e" not in text
    assert "x" * 2_000 not in text


def test_very_many_innocent_clusters_are_brief(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("attribution.report.assemble.WHOLE_ENTRIES", 5)
    rings = make_document().rings
    assert [ring.brief for ring in rings] == [False] * 5 + [True]
    assert 0 < len(rings[5].ledger) <= len(rings[4].ledger)
    assert rings[5].timeline == ()
    assert len(rings[5].members) == rings[5].size


def test_explanations_are_told_once_in_words(document: Document) -> None:
    assert [one.name for one in document.explanations] == ["careful ring", "careless ring", "agency", "campus", "team"]


def test_what_is_not_certain_is_never_shown_as_certain() -> None:
    """A score of 18 nats is a probability of .9999999: six digits would make it 1, and the page 100 %."""
    assert unrounded(1 - 1e-9) == 0.999999
    assert (unrounded(1.0), unrounded(0.0)) == (1.0, 0.0)
    assert percent(unrounded(1e-12)) == percent(unrounded(1e-12, 9)) == "< 0.1 %"
    assert unrounded(0.1234567) == 0.123457
    assert percent(unrounded(1 - 1e-9)) == "> 99.9 %"
