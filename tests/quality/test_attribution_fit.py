"""The file of attribution's factors is what `attribution_fit.py` makes of rows: the same rows give the same bytes."""

from __future__ import annotations

import dataclasses
from typing import Any

import msgspec


def rows_of(fitting: Any) -> list[Any]:
    def row(number: int) -> Any:
        speaks = {"place+": 1.0 + number % 3, "content+": 0.5, "hours-": -0.25 * (number % 2)}
        sums = {"lab-a": speaks, "lab-b": {"place-": -1.0, "content-": -0.5}}
        truth = "unknown" if number % 5 == 4 else "lab-a"
        return fitting.Row(f"w{number}", "full", "c", truth, sums, {}, {}, {})

    return [row(number) for number in range(20)]


def test_same_rows_give_the_same_bytes_whatever_order_their_facts_were_seen_in(fitting: Any) -> None:
    rows = rows_of(fitting)
    turned = [
        dataclasses.replace(row, sums={lab: dict(reversed(parts.items())) for lab, parts in reversed(row.sums.items())})
        for row in rows
    ]
    assert fitting.as_json(fitting.content_of(rows)) == fitting.as_json(fitting.content_of(turned))


def test_the_hash_is_of_what_was_fitted_on(fitting: Any) -> None:
    rows = rows_of(fitting)
    other = [dataclasses.replace(rows[0], truth="lab-b"), *rows[1:]]
    assert fitting.content_of(rows)["trained_on"] != fitting.content_of(other)["trained_on"]


def test_the_shipped_file_has_the_form_the_fit_writes(fitting: Any) -> None:
    shipped = fitting.TARGET.read_bytes()
    content = msgspec.json.decode(shipped)
    made = fitting.content_of(rows_of(fitting))
    assert shipped == fitting.as_json(content)
    assert set(content) == set(made)
    assert content["worlds"] == made["worlds"]
    for part in ("families", "against"):
        assert set(content[part]) == set(made[part]) == set(fitting.FAMILIES)
