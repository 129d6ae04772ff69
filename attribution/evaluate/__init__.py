"""Score a run against a world's truth, and simple methods beside it."""

from attribution.evaluate.scores import Scores, evaluate

__all__ = ["Scores", "evaluate"]
