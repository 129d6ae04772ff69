"""What people decide: append-only judgements, honoured by the next run, never overwritten by it."""

from attribution.judgements.hearing import Hearing
from attribution.judgements.model import SHAPES, Judgement, Kind, from_table, to_table
from attribution.judgements.reading import load, make, parse
from attribution.judgements.record import record
from attribution.judgements.standing import Effect, Outcome, Standing, gather, weigh

__all__ = [
    "SHAPES",
    "Effect",
    "Hearing",
    "Judgement",
    "Kind",
    "Outcome",
    "Standing",
    "from_table",
    "gather",
    "load",
    "make",
    "parse",
    "record",
    "to_table",
    "weigh",
]
