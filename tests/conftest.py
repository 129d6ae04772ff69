"""Fixtures that several folders of tests need."""

from __future__ import annotations

import os
import shutil
import warnings
from typing import TYPE_CHECKING

import neo4j_server
import pytest
from hypothesis import settings
from units import Units

from attribution import pipeline
from attribution.simulate import preset, simulate
from attribution.store.neo4j_client import Client

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Browser
    from xdist.remote import Producer

CALM = ("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
        "--disable-component-update", "--disable-sync")  # fmt: skip
settings.register_profile("figures", deadline=None)  # tests check figures, not times: a first call may compile
settings.load_profile("figures")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> Units:
    """Share the tests out between workers file by file."""
    return Units(config, log)


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make one small labelled world for all tests of the whole road."""
    folder = tmp_path_factory.mktemp("world")
    simulate(folder, preset("moderate", accounts=2_500, rings=3, seed=71))
    return folder


@pytest.fixture(scope="session")
def result(world: Path, tmp_path_factory: pytest.TempPathFactory) -> pipeline.Result:
    """Run the engine once on that world."""
    return pipeline.run(world, labs=world / "labs.yaml", out=tmp_path_factory.mktemp("out"), seed=3)


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """Run one Chromium that asks nothing of the network by itself; tests that ask for it carry the mark `browser`."""
    found = shutil.which("chromium") or shutil.which("chromium-browser")
    if found is None:
        said = "NOT TESTED: Chromium is missing (on Debian: apt-get install chromium)"
        if os.environ.get("ATTRIBUTION_NO_SKIP") == "1":
            pytest.fail(said)
        warnings.warn(said, stacklevel=1)
        pytest.skip(said)
    from playwright.sync_api import sync_playwright  # noqa: PLC0415  # only with a browser

    with sync_playwright() as play:
        started = play.chromium.launch(executable_path=found, args=list(CALM))
        yield started
        started.close()


@pytest.fixture(scope="session")
def neo4j() -> Iterator[neo4j_server.Server]:
    """Run one real server for the whole session; tests that ask for it carry the mark `neo4j`."""
    try:
        lib = neo4j_server.fetch()
    except neo4j_server.ServerMissingError as error:
        if os.environ.get("ATTRIBUTION_NO_SKIP") == "1":
            pytest.fail(f"NEO4J TESTS CANNOT RUN: {error}")
        pytest.skip(f"NEO4J TESTS DO NOT RUN: {error}")
    assert lib.is_dir()
    with neo4j_server.running() as server:
        yield server


@pytest.fixture
def graph(neo4j: neo4j_server.Server) -> Iterator[Client]:
    """Lend a client of the server, its database emptied first."""
    client = Client(neo4j.url, user="neo4j", password=neo4j_server.ADMIN_PASSWORD)
    client.write(neo4j_server.EMPTY)
    yield client
    client.close()


@pytest.fixture
def neo4j_environment(neo4j: neo4j_server.Server, monkeypatch: pytest.MonkeyPatch) -> str:
    """Put the server's credentials into the environment; return its address."""
    monkeypatch.setenv("ATTRIBUTION_NEO4J_USER", "neo4j")
    monkeypatch.setenv("ATTRIBUTION_NEO4J_PASSWORD", neo4j_server.ADMIN_PASSWORD)
    return neo4j.url
