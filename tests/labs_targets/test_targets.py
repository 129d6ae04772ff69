from __future__ import annotations

import math
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from attribution.domain import CAPABILITIES
from attribution.labs.target_cues import CUES, ENDPOINTS
from attribution.labs.targets import mixture, recognise

CASES = Path(__file__).parent.parent / "cases" / "targets"


def cases() -> list[tuple[str, str]]:
    out = []
    for path in sorted(CASES.glob("*.yaml")):
        table = yaml.safe_load(path.read_text("utf-8"))
        out += [(capability, text) for capability, texts in table.items() for text in texts]
    return out


def top(text: str) -> str:
    shares = recognise(text)
    return max(shares, key=lambda name: (shares[name], name))


def test_accuracy_on_other_wordings() -> None:
    everything = cases()
    assert len(everything) >= 60
    wrong = [(want, top(text), text) for want, text in everything if top(text) != want]
    assert len(wrong) <= 0.1 * len(everything), wrong


@pytest.mark.parametrize("capability", CAPABILITIES)
def test_every_capability_is_found_in_most_of_its_cases(capability: str) -> None:
    own = [text for want, text in cases() if want == capability]
    assert sum(top(text) == capability for text in own) >= 0.75 * len(own)


def test_a_wording_that_says_nothing_is_general() -> None:
    assert recognise("{}")["general"] == 1.0
    assert recognise("")["general"] == 1.0


@given(st.text(max_size=200), st.none() | st.text(max_size=20), st.none() | st.floats(0, 1e9))
def test_shares_are_a_distribution(text: str, endpoint: str | None, length: float | None) -> None:
    shares = recognise(text, endpoint=endpoint, output_tokens=length)
    assert set(shares) == set(CAPABILITIES)
    assert all(0.0 <= value <= 1.0 for value in shares.values())
    assert math.isclose(math.fsum(shares.values()), 1.0, abs_tol=1e-12)


def test_request_facts_add_to_the_words() -> None:
    plain, long = recognise("think about {}"), recognise("think about {}", output_tokens=4000)
    assert long["chain_of_thought"] > plain["chain_of_thought"]
    assert recognise("{}", output_tokens=4000)["chain_of_thought"] == 0.0
    assert recognise("{}", endpoint="/v1/vision")["computer_vision"] > 0.5


def test_a_dossier_may_add_a_capability_by_examples() -> None:
    examples = {"protein_design": ["Design a protein that binds {} with high affinity and list its residues"]}
    shares = recognise("List the residues of a protein with high binding affinity for {}", examples=examples)
    assert max(shares, key=lambda name: shares[name]) == "protein_design"
    assert recognise("What is the capital of {}?", examples=examples)["protein_design"] == 0.0


def test_mixture_weighs_templates_by_traffic() -> None:
    texts = [("Translate {} into French", 3.0), ("Grade {} by the rubric {}", 1.0)]
    shares = mixture(texts)
    assert shares["multilingual"] > shares["rubric_grading"] > 0.1
    assert math.isclose(math.fsum(shares.values()), 1.0, abs_tol=1e-9)
    assert mixture([])["general"] == 1.0


def test_the_table_names_known_capabilities_with_positive_weights() -> None:
    for capability, weight, cues in (*CUES, *ENDPOINTS):
        assert capability in CAPABILITIES
        assert 0.0 < weight <= 3.0
        assert all(cue.strip() for cue in cues.split("|"))


def test_long_hostile_text_is_quick() -> None:
    assert recognise("show a a a " * 400_000)["general"] <= 1.0
