"""What a template is after: the capability that its answers would teach, told from its wording.

Offline and without a model: a reviewed table of cues in several languages (`target_cues.py`), each worth some nats.
The cues found add up per capability; `general` holds a floor, so that a wording that says little stays general.
"""

from __future__ import annotations

import math
import re
import unicodedata
from functools import cache
from typing import TYPE_CHECKING

from attribution.domain import CAPABILITIES
from attribution.labs.target_cues import CUES, ENDPOINTS, LONG_OUTPUT, SHORT_OUTPUT

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

FLOOR = 1.0
"""Nats that `general` has before anything is read."""
_CAP = 7.0
_READ = 4000
_EXAMPLE_NATS = 6.0
_EXAMPLE_FROM = 0.35


def recognise(
    text: str,
    *,
    endpoint: str | None = None,
    output_tokens: float | None = None,
    examples: Mapping[str, Sequence[str]] | None = None,
) -> Mapping[str, float]:
    """Return the share of each capability that a template is after; the shares sum to 1.

    Parameters
    ----------
    text : a template's pattern, slots as `{}`; the first 4,000 characters are read.
    endpoint : name of the endpoint that it is sent to, None if unknown.
    output_tokens : mean length of the answers, None if unknown.
    examples : capabilities of dossiers' own, each with example templates; a text counts for one as far as it shares
        the words of an example.

    Notes
    -----
    A capability's share is proportional to exp(sum of its cues) - 1, so that one without any cue has none; `general`
    starts from `FLOOR` nats. Request facts only add to what the words say, except the endpoint, which stands alone.
    """
    folded = _fold(text[:_READ])
    scores = dict.fromkeys(CAPABILITIES, 0.0)
    for capability, weight, pattern in _compiled():
        if pattern.search(folded):
            scores[capability] += weight
    for capability, weight, names in ENDPOINTS:
        if endpoint and any(name in endpoint.lower() for name in names.split("|")):
            scores[capability] += weight
    if output_tokens is not None:
        capability, weight, bound = LONG_OUTPUT
        scores[capability] += weight if output_tokens > bound and scores[capability] > 0 else 0.0
        capability, weight, bound = SHORT_OUTPUT
        scores[capability] += weight if output_tokens < bound and scores[capability] > 0 else 0.0
    for capability, known in sorted((examples or {}).items()):
        likeness = max((_likeness(folded, _fold(example[:_READ])) for example in known), default=0.0)
        scores[capability] = scores.get(capability, 0.0) + (
            _EXAMPLE_NATS * likeness if likeness >= _EXAMPLE_FROM else 0.0
        )
    scores["general"] += FLOOR
    odds = {capability: math.expm1(min(score, _CAP)) for capability, score in scores.items()}
    total = math.fsum(odds.values())
    return {capability: value / total for capability, value in odds.items()}


def mixture(templates: Sequence[tuple[str, float]]) -> Mapping[str, float]:
    """Return the capabilities that several templates are after, each given with its share of the traffic."""
    total = math.fsum(weight for _, weight in templates)
    out = dict.fromkeys(CAPABILITIES, 0.0)
    if total <= 0:
        return {**out, "general": 1.0}
    parts = [(recognise(text), weight / total) for text, weight in templates]
    return {capability: math.fsum(part[capability] * weight for part, weight in parts) for capability in CAPABILITIES}


def _fold(text: str) -> str:
    """Return lower-case text without accents; punctuation other than + and # becomes a space."""
    plain = unicodedata.normalize("NFKD", text.casefold())
    kept = "".join(c for c in plain if not 0x300 <= ord(c) <= 0x36F)  # the combining accents
    kept = unicodedata.normalize("NFC", kept)
    return " " + " ".join(re.sub(r"[^\w+#]+", " ", kept).split()) + " "


@cache
def _compiled() -> tuple[tuple[str, float, re.Pattern[str]], ...]:
    return tuple(
        (name, weight, re.compile("|".join(_cue(cue) for cue in cues.split("|")))) for name, weight, cues in CUES
    )


def _cue(cue: str) -> str:
    """Return the regular expression of one cue, over folded text; linear, no nested repeats."""
    whole = cue.endswith(".")
    body = _fold(cue.replace("*", "starstar").replace("_", " ")).strip()
    pattern = (
        re.escape(body)
        .replace(r"\ starstar\ ", r" (?:\w+ ){0,3}")
        .replace(r"\ ", " ?" if "_" in cue and "*" not in cue else " ")
    )
    if re.search(r"[\u0e00-\u0eff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]", body):
        return pattern
    return rf"(?<= ){pattern}{'(?= )' if whole else ''}"


def _likeness(one: str, other: str) -> float:
    """Return the Dice coefficient of two folded texts' words of four letters or more (characters where no spaces)."""
    a, b = _words(one), _words(other)
    return 2 * len(a & b) / (len(a) + len(b)) if a and b else 0.0


def _words(text: str) -> frozenset[str]:
    return frozenset(re.findall(r"[\u0e00-\u0eff\u3040-\u30ff\u3400-\u9fff]|[^\W\d_]{4,}", text))
