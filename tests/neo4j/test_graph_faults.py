"""A hundred faults: whatever is cut, delayed, reset or killed, a reader sees the old run whole or the new one whole.

A history of publications goes on through all of them; every third step is a new run, the others replace the latest one.
After each fault the latest run is compared by digest with the step before and the step that was hit, then the step
is published again without a fault and must give its digest. A server that is killed is most of the time on its way up
again: it is one of its own, and goes through its history beside the others.
"""

from __future__ import annotations

import functools
import multiprocessing
import random
import signal
import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING

import handmade
import neo4j_server
import pytest
import tcp_proxy
from publish_when_told import GO, PUBLISHED, READY, publish_when_told

from attribution.errors import StoreError
from attribution.store.digests import content_digest
from attribution.store.neo4j import Neo4jStore
from attribution.store.neo4j_client import Client

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.neo4j

NETWORK_FAULTS, ENGINE_KILLS, SERVER_KILLS = 86, 11, 3
FORKS = multiprocessing.get_context("forkserver")


@functools.cache
def wanted(step: int) -> tuple[str, str]:
    run = handmade.step_run(step)
    return run.run_id, content_digest(run, "{}", handmade.tables(shift=step))


def seen(reader: Neo4jStore) -> tuple[str, str]:
    while True:
        run = reader.run().run_id
        digest = reader.digest(run)
        if reader.run().run_id == run:
            return run, digest


def open_graph(url: str) -> Neo4jStore:
    return Neo4jStore(Client(url, password=neo4j_server.ADMIN_PASSWORD), lease_seconds=0.3)


def settle(store: Neo4jStore, step: int) -> None:
    """Check what the fault left, publish the step again, check that it converges."""
    assert seen(store) in {wanted(step - 1), wanted(step)}, step
    store.publish(handmade.step_run(step), handmade.tables(shift=step))
    assert seen(store) == wanted(step), step


def nothing_is_left_over(client: Client, steps: int) -> None:
    """Check that every visible run is as its last step left it, and that no edge stands twice or without a run."""
    store = Neo4jStore(client)
    last = {wanted(step)[0]: wanted(step)[1] for step in range(steps + 1)}
    assert {run.run_id: store.digest(run.run_id) for run in store.runs()} == last
    twice = "MATCH (a)-[r:USED_IP|PAID_WITH|SENT_TEMPLATE|LINKED_TO|IN_ASN]->(b) WITH a, b, type(r) AS t, r.since AS s"
    assert client.read(twice + ", count(*) AS n WHERE n > 1 RETURN count(*) AS n") == [{"n": 0}]
    generations = {row["g"] for row in client.read("MATCH (r:Ring) RETURN DISTINCT r.generation AS g")}
    assert generations == {row["g"] for row in client.read("MATCH (r:Run) RETURN r.generation AS g")}
    assert client.read("MATCH (w:Writer) WHERE w.holder IS NOT NULL RETURN count(w) AS n") == [{"n": 0}]


class Witness(threading.Thread):
    """Reads the latest run again and again, and keeps what it saw."""

    def __init__(self, url: str) -> None:
        super().__init__(daemon=True)
        self._store, self._over, self.saw = open_graph(url), threading.Event(), set[tuple[str, str]]()
        self._failed: Exception | None = None

    def run(self) -> None:
        try:
            while not self._over.wait(0.05):
                self.saw.add(seen(self._store))
        except Exception as error:  # noqa: BLE001  # told by `end`: a thread's own end is seen by nobody
            self._failed = error

    def end(self) -> set[tuple[str, str]]:
        self._over.set()
        self.join(30)
        self._store.close()
        if self._failed is not None:
            raise self._failed
        return self.saw


def kill_a_server(home: Path) -> None:
    """Publish a history to a server of its own that is killed in the middle of each step but the first."""
    draw, lib = random.Random(8), neo4j_server.fetch()  # noqa: S311  # where faults strike
    server = neo4j_server.start(lib, home)
    port = int(server.url.rpartition(":")[2])
    store = open_graph(server.url)
    store.publish(handmade.step_run(0), handmade.tables())
    outcomes: list[object] = []

    def publish(step: int) -> None:
        try:
            outcomes.append(store.publish(handmade.step_run(step), handmade.tables(shift=step)))
        except StoreError as error:
            outcomes.append(error)

    for step in range(1, SERVER_KILLS + 1):
        writer = threading.Thread(target=publish, args=(step,))
        writer.start()
        time.sleep(draw.uniform(0.05, 0.5))
        neo4j_server.stop(server, kill=True)
        server = neo4j_server.start(lib, home, port)  # the writer goes on trying meanwhile
        writer.join()
        settle(store, step)
    assert len(outcomes) == SERVER_KILLS
    client = Client(server.url, password=neo4j_server.ADMIN_PASSWORD)
    nothing_is_left_over(client, SERVER_KILLS)
    for one in (store, client):
        one.close()
    neo4j_server.stop(server, kill=True)


@pytest.fixture(scope="module", autouse=True)
def killed(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Future[None]]:
    """Kill a server, again and again, while the other tests of this module run, if that is to be tested at all."""
    with ThreadPoolExecutor(1) as beside:
        if any(getattr(one, "function", None) is test_a_server_that_is_killed for one in request.session.items):
            neo4j_server.fetch()
            yield beside.submit(kill_a_server, tmp_path_factory.mktemp("killed"))
        else:
            yield Future()


def test_a_network_that_cuts_delays_and_resets(graph: Client, neo4j: neo4j_server.Server) -> None:
    draw, direct = random.Random(6), Neo4jStore(graph, lease_seconds=0.3)  # noqa: S311  # where faults strike
    direct.publish(handmade.step_run(0), handmade.tables())
    failed = happened = 0
    with tcp_proxy.proxy(neo4j.url) as between:
        through = open_graph(f"bolt://127.0.0.1:{between.port}")
        through.publish(handmade.step_run(1), handmade.tables(shift=1))
        size, commits = between.plan.sent, between.plan.committed
        assert commits > 20
        witness = Witness(neo4j.url)
        witness.start()
        step = 1
        while happened < NETWORK_FAULTS:  # a publication may be over before its fault
            step += 1
            kind: tcp_proxy.Kind = ("cut", "reset", "swallow", "delay")[step % 4]  # type: ignore[assignment]
            inside = {"after": draw.randrange(size)} if step % 8 < 4 else {"commits": draw.randint(1, commits)}
            between.plan = plan = tcp_proxy.Plan(kind, **inside)
            try:
                through.publish(handmade.step_run(step), handmade.tables(shift=step))
            except StoreError:
                failed += 1
            between.plan = tcp_proxy.Plan()
            happened += plan.happened
            settle(direct, step)
        saw = witness.end()
        through.close()
    assert step < NETWORK_FAULTS * 2
    assert failed <= NETWORK_FAULTS // 4, "what is transient is tried again"
    assert saw <= {wanted(one) for one in range(step + 1)}
    assert len(saw) > NETWORK_FAULTS // 4
    nothing_is_left_over(graph, step)


class Engine:
    """A process that publishes a step when it is told; it is forked from one that has imported everything."""

    def __init__(self, url: str, step: int) -> None:
        FORKS.set_forkserver_preload([publish_when_told.__module__])
        self._told, other = FORKS.Pipe()
        self._process = FORKS.Process(target=publish_when_told, args=(url, step, other))
        self._process.start()
        other.close()

    def start(self) -> None:
        assert self._told.poll(30)
        assert self._told.recv() == READY
        self._told.send(GO)

    def kill(self) -> bool:
        """Kill it; say whether it had published by then."""
        self._process.kill()
        self._process.join(30)
        try:
            published = self._told.poll() and self._told.recv() == PUBLISHED
        except EOFError:
            published = False
        assert published or self._process.exitcode == -signal.SIGKILL
        return published


def test_an_engine_that_is_killed(graph: Client, neo4j: neo4j_server.Server) -> None:
    draw, direct = random.Random(7), Neo4jStore(graph, lease_seconds=0.3)  # noqa: S311  # where faults strike
    direct.publish(handmade.step_run(0), handmade.tables())
    started = time.monotonic()
    direct.publish(handmade.step_run(1), handmade.tables(shift=1))
    usual = time.monotonic() - started
    died = 0
    waiting = Engine(neo4j.url, 2)
    for step in range(2, ENGINE_KILLS + 2):
        engine, waiting = waiting, Engine(neo4j.url, step + 1)
        engine.start()
        time.sleep(draw.uniform(0, usual))
        died += not engine.kill()
        settle(direct, step)
    waiting.kill()
    assert died > ENGINE_KILLS // 3
    nothing_is_left_over(graph, ENGINE_KILLS + 1)


def test_a_server_that_is_killed(killed: Future[None]) -> None:
    killed.result()


def test_it_is_a_hundred() -> None:
    assert NETWORK_FAULTS + ENGINE_KILLS + SERVER_KILLS == 100
