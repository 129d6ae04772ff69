"""What an investigation takes: typed values with bounds and defaults, read from text or checked as they are."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal, get_args

Kind = Literal[
    "account", "ip", "network", "device", "card", "template", "value", "ring", "campaign", "lab", "run", "facet",
    "verdict", "integer", "number",
]  # fmt: skip
Value = str | int | float | None
CHOICES = {
    "facet": ("ip", "device", "payment", "template"),
    "verdict": ("coordinated", "innocent", "undetermined"),
}
KEYED = frozenset({"account", "ip", "network", "device", "card", "template", "value"})
"""Kinds that the graph finds by `key`, which is not the value itself where that is long."""
LONGEST = 8192
"""Characters of a text value."""
_LINE = re.compile(
    r"(?P<name>[a-z_]+): (?P<kind>[a-z]+)(?:, (?P<needed>needed)| = (?P<default>[^,]+?))"
    r"(?:, (?P<low>[\d.]+) to (?P<high>[\d.]+))? -- (?P<doc>.+)"
)


class ParameterError(ValueError):
    """A value that a parameter does not take; the message says what it takes."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter; `default` none means that it may be left out, unless it is `needed`."""

    name: str
    kind: Kind
    doc: str
    needed: bool = False
    default: Value = None
    low: float | None = None
    high: float | None = None

    @property
    def choices(self) -> tuple[str, ...]:
        """The words that it takes, if they are a closed set."""
        return CHOICES.get(self.kind, ())

    @property
    def takes(self) -> str:
        """What it takes, in words."""
        if self.choices:
            return f"one of {', '.join(self.choices)}"
        if self.low is not None and self.high is not None:
            return f"{'a whole number' if self.kind == 'integer' else 'a number'} from {self.low:g} to {self.high:g}"
        return {"integer": "a whole number", "number": "a number"}.get(self.kind, "a text")

    def parse(self, text: str) -> Value:
        """Return the value that a text stands for; raises ParameterError."""
        try:
            if self.kind == "integer":
                return self.check(int(text))
            if self.kind == "number":
                return self.check(float(text))
        except ParameterError:
            raise
        except ValueError as error:
            raise ParameterError(f"{self.name} takes {self.takes}") from error
        return self.check(text)

    def check(self, value: object) -> Value:
        """Return a value of the right type and within the bounds; raises ParameterError."""
        if value is None:
            if self.needed:
                raise ParameterError(f"{self.name} is needed: {self.doc}")
            return self.default
        if self.kind in {"integer", "number"}:
            numbers = int if self.kind == "integer" else (int, float)
            if isinstance(value, bool) or not isinstance(value, numbers) or not self._within(value):
                raise ParameterError(f"{self.name} takes {self.takes}")
            return value if self.kind == "integer" else float(value)
        if not isinstance(value, str) or not 0 < len(value) <= LONGEST or (self.choices and value not in self.choices):
            raise ParameterError(f"{self.name} takes {self.takes}")
        return value

    def _within(self, value: float) -> bool:
        return (self.low is None or value >= self.low) and (self.high is None or value <= self.high)


def read_parameter(line: str) -> Parameter:
    """Read `name: kind = default, low to high -- what it is` (or `name: kind, needed -- ...`).

    Raises
    ------
    ValueError
        The line is not like that, or its default is none that it takes.
    """
    found = _LINE.fullmatch(line)
    if found is None or found["kind"] not in get_args(Kind):
        raise ValueError(f"not a parameter: {line!r}")
    bounds = [None if found[side] is None else float(found[side]) for side in ("low", "high")]
    one = Parameter(found["name"], found["kind"], found["doc"], bool(found["needed"]), None, *bounds)  # type: ignore[arg-type]  # just checked
    if one.needed or found["default"] == "none":
        return one
    return Parameter(one.name, one.kind, one.doc, one.needed, one.parse(found["default"]), *bounds)
