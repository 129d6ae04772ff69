"""What the model of the graph is made of: labels with their keys, relationship types, properties."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Kind = Literal["string", "integer", "float", "boolean", "datetime"]


@dataclass(frozen=True, slots=True)
class Property:
    """A property of a node or relationship. `optional` ones may be missing, which means unknown."""

    name: str
    kind: Kind
    doc: str
    optional: bool = False


@dataclass(frozen=True, slots=True)
class Node:
    """A label. `key` are the properties that together name one node; `indexed` is looked up besides."""

    label: str
    doc: str
    key: tuple[str, ...]
    properties: tuple[Property, ...]
    indexed: tuple[tuple[str, ...], ...] = ()

    def constraints(self) -> tuple[str, ...]:
        """Return the statements that make its key unique and its look-ups fast."""
        key = ", ".join(f"n.{name}" for name in self.key)
        name = self.label.lower()
        made = [f"CREATE CONSTRAINT {name}_key IF NOT EXISTS FOR (n:{self.label}) REQUIRE ({key}) IS UNIQUE"]
        for columns in self.indexed:
            on = ", ".join(f"n.{column}" for column in columns)
            made.append(f"CREATE INDEX {name}_{columns[-1]} IF NOT EXISTS FOR (n:{self.label}) ON ({on})")
        return tuple(made)


@dataclass(frozen=True, slots=True)
class Edge:
    """A relationship type, from each of `sources` to each of `targets`."""

    type: str
    doc: str
    sources: tuple[str, ...]
    targets: tuple[str, ...]
    properties: tuple[Property, ...] = ()
