"""Reading a run in the graph while it is replaced, without a server: what is half gone is looked at again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import pytest

from attribution.errors import NotFoundError, StoreError
from attribution.store.neo4j import ATTEMPTS, Neo4jStore
from graph_schema import queries

if TYPE_CHECKING:
    from collections.abc import Callable

    from attribution.store.neo4j_client import Client


class Replaced:
    """A client whose latest run has another generation at each of its first looks, and then stays."""

    def __init__(self, times: int) -> None:
        self.generation, self._times, self.looked = 0, times, 0

    def run(self, text: str, /, **_: object) -> list[dict[str, Any]]:
        assert text == queries.RESOLVE
        row = {"run_id": "run-1", "generation": f"g{self.generation}", "version": 1}
        self.generation += self.looked < 2 * self._times
        self.looked += 1
        return [row]

    def reading(self, work: Callable[..., object], *, seconds: float | None = None) -> object:
        assert seconds is None
        return work(self.run)


def store_of(client: Replaced) -> Neo4jStore:
    return Neo4jStore(cast("Client", client))


@pytest.mark.parametrize("error", [ValueError("a null where none may be"), KeyError("kind"), NotFoundError("no run")])
def test_what_a_run_that_is_being_deleted_comes_to_is_no_answer(error: Exception) -> None:
    client = Replaced(times=1)

    def work(_run: object, _view: object) -> str:
        if client.looked < 3:
            raise error
        return "whole"

    assert store_of(client).viewing(work) == "whole"


@pytest.mark.parametrize("error", [ValueError("a null where none may be"), NotFoundError("no ring")])
def test_what_is_wrong_with_a_run_that_stays_is_told(error: Exception) -> None:
    def work(_run: object, _view: object) -> str:
        raise error

    with pytest.raises(type(error), match=str(error)):
        store_of(Replaced(times=0)).viewing(work)


def test_a_run_that_is_replaced_for_ever_is_given_up() -> None:
    with pytest.raises(StoreError, match="again and again"):
        store_of(Replaced(times=2 * ATTEMPTS)).viewing(lambda _run, _view: "half")
