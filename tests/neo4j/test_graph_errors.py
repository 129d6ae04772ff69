"""One clear sentence and one remedy for everything that a server, or what stands in its place, can refuse."""

from __future__ import annotations

import contextlib
import http.server
import socket
import ssl
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

import handmade
import neo4j_server
import pytest
import tcp_proxy

from attribution.errors import StoreError
from attribution.store import Published
from attribution.store.neo4j import Neo4jStore
from attribution.store.neo4j_client import Client
from attribution.store.neo4j_errors import explain, too_old

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.neo4j
LARGEST_FILE = 12_000_000


def refusal(url: str, *, user: str = "neo4j", password: str | None = neo4j_server.ADMIN_PASSWORD) -> StoreError:
    with Neo4jStore(Client(url, user=user, password=password)) as store, pytest.raises(StoreError) as caught:
        store.publish(handmade.run(1), handmade.tables())
    assert caught.value.remedy
    assert "\n" not in str(caught.value) + caught.value.remedy
    assert neo4j_server.ADMIN_PASSWORD not in str(caught.value) + caught.value.remedy
    return caught.value


def test_who_may_and_where(neo4j: neo4j_server.Server) -> None:
    error = refusal(neo4j.url, password="wrong")  # noqa: S106  # it is
    assert "refuses the user or password" in str(error)
    assert "ATTRIBUTION_NEO4J_PASSWORD_FILE" in error.remedy
    assert "refuses the user or password" in str(refusal(neo4j.url, password=None))
    for url in (neo4j.url, neo4j.url.replace("bolt", "neo4j")):
        assert str(refusal(f"{url}/nowhere")) == f"{url}/nowhere: the server has no such database"


@pytest.mark.parametrize("scheme", ["bolt", "neo4j"])
def test_nobody_there(scheme: str) -> None:
    error = refusal(f"{scheme}://127.0.0.1:{neo4j_server.free_port()}")
    assert "does not answer: connection refused" in str(error)
    assert "no such host" in str(refusal(f"{scheme}://nowhere.invalid:7687"))


def test_the_command_says_it_and_the_driver_says_nothing_beside_it() -> None:
    url = f"neo4j://127.0.0.1:{neo4j_server.free_port()}"
    program = Path(sys.executable).with_name("attribution")
    said = subprocess.run([program, "ask", "runs", "--store", url], capture_output=True, text=True, check=False)
    assert (said.returncode, said.stdout) == (6, "")
    assert said.stderr.splitlines() == [
        f"error: {url}: the server does not answer: connection refused",
        "remedy: start it, or check host and port",
    ]


@pytest.mark.parametrize("scheme", ["bolt", "neo4j"])
def test_the_port_for_browsers_is_not_the_one_for_bolt(neo4j: neo4j_server.Server, scheme: str) -> None:
    url = neo4j.browser.rstrip("/").replace("http", scheme)
    error = refusal(url)
    assert str(error) == f"{url}: what answers there does not speak Bolt"
    assert error.remedy.startswith("name the Bolt port, 7687 as a rule")
    assert "7687" in refusal(url.replace(scheme, f"{scheme}+s")).remedy


def test_something_else_is_there() -> None:
    class Quiet(http.server.BaseHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            """Say nothing."""

    web = http.server.HTTPServer(("127.0.0.1", 0), Quiet)
    threading.Thread(target=web.serve_forever, daemon=True).start()
    assert "does not speak Bolt" in str(refusal(f"bolt://127.0.0.1:{web.server_port}"))
    web.shutdown()
    with socket.create_server(("127.0.0.1", 0)) as old:

        def answer() -> None:
            with contextlib.suppress(OSError):
                while True:
                    peer, _ = old.accept()
                    with peer:
                        peer.recv(20)
                        peer.sendall(bytes(4))  # no version of Bolt in common

        threading.Thread(target=answer, daemon=True).start()
        error = refusal(f"bolt://127.0.0.1:{old.getsockname()[1]}")
    assert "too old" in str(error)
    assert "5.23" in error.remedy


def test_a_server_that_is_too_old(neo4j: neo4j_server.Server) -> None:
    agent = f"Neo4j/{neo4j_server.VERSION}".encode()
    older = b"Neo4j/4.4".ljust(len(agent), b"1")
    with tcp_proxy.proxy(neo4j.url) as between:
        between.plan.alter = lambda data: data.replace(agent, older)
        assert f"{older.decode()} is too old" in str(refusal(f"bolt://127.0.0.1:{between.port}"))
    assert too_old("x", "Neo4j/5.22.0") is not None
    for agent_text in ("Neo4j/5.23.0", "Neo4j/5.27-aura", "Neo4j/2025.08.0", "Another/1.0"):
        assert too_old("x", agent_text) is None


def test_tls_where_there_is_none(neo4j: neo4j_server.Server) -> None:
    for scheme in ("bolt+s", "bolt+ssc", "neo4j+s", "neo4j+ssc"):
        error = refusal(neo4j.url.replace("bolt", scheme))
        assert "does not speak TLS" in str(error), scheme
        assert "without +s" in error.remedy


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[neo4j_server.Server]:
    """Run a server that takes TLS alone, with a certificate that signed itself, and whose files cannot grow far."""
    home = tmp_path_factory.mktemp("guarded")
    folder = home / "certificates" / "bolt"
    folder.mkdir(parents=True)
    made = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost"]
    made += ["-keyout", str(folder / "private.key"), "-out", str(folder / "public.crt")]
    subprocess.run(made, check=True, capture_output=True)
    settings = {
        "dbms.ssl.policy.bolt.enabled": "true",
        "dbms.ssl.policy.bolt.base_directory": "certificates/bolt",
        "server.bolt.tls_level": "REQUIRED",
        "dbms.security.auth_lock_time": "1s",
    }
    server = neo4j_server.start(neo4j_server.fetch(), home, settings=settings, largest_file=LARGEST_FILE)
    yield server
    neo4j_server.stop(server, kill=True)


def test_tls_that_is_wanted_or_not_trusted(guarded: neo4j_server.Server) -> None:
    for scheme in ("bolt", "neo4j"):
        error = refusal(guarded.url.replace("bolt", scheme))
        assert ("wants TLS" in str(error)) is True, scheme
        assert f"{scheme}+s://" in error.remedy
        error = refusal(guarded.url.replace("bolt", f"{scheme}+s"))
        assert "certificate is not trusted" in str(error), scheme
        assert "+ssc" in error.remedy


def test_tls_is_honoured(guarded: neo4j_server.Server) -> None:
    for scheme in ("bolt+ssc", "neo4j+ssc"):
        client = Client(guarded.url.replace("bolt", scheme), password=neo4j_server.ADMIN_PASSWORD)
        with Neo4jStore(client) as store:
            assert store.publish(handmade.run(1), handmade.tables()) in {Published.NEW, Published.UNCHANGED}
    port = int(guarded.url.rpartition(":")[2])
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with socket.create_connection(("127.0.0.1", port), 5) as plain, context.wrap_socket(plain) as wrapped:
        assert str(wrapped.version()).startswith("TLSv1")


def test_a_password_that_is_guessed(guarded: neo4j_server.Server) -> None:
    said = [str(refusal(guarded.url.replace("bolt", "bolt+ssc"), password=f"guess-{at}")) for at in range(5)]
    assert "refuses the user or password" in said[0]
    assert "too often" in said[-1]
    time.sleep(1.5)  # the server forgets


def test_a_disk_that_is_full(guarded: neo4j_server.Server) -> None:
    """Stands for it: no file of this server may grow beyond a limit, which its log meets first."""
    client = Client(guarded.url.replace("bolt", "bolt+ssc"), password=neo4j_server.ADMIN_PASSWORD)
    text = "UNWIND range(1, 5) AS batch CALL (batch) { UNWIND range(1, 20000) AS n CREATE (:Ballast {text: $text}) }"
    with pytest.raises(StoreError, match="disk is full, as a rule") as caught:
        client.write(text, text="x" * 200)
    assert "restart it" in caught.value.remedy
    assert "disk is full" in str(refusal(guarded.url.replace("bolt", "bolt+ssc")))
    client.close()


def test_a_database_that_is_read_only(tmp_path: Path) -> None:
    lib, settings = neo4j_server.fetch(), {"server.databases.default_to_read_only": "true"}
    server = neo4j_server.start(lib, tmp_path)
    with Neo4jStore(Client(server.url, password=neo4j_server.ADMIN_PASSWORD)) as store:
        store.ping()  # the database is made by then
    neo4j_server.stop(server)
    server = neo4j_server.start(lib, tmp_path, settings=settings)
    try:
        for url in (server.url, server.url.replace("bolt", "neo4j")):
            error = refusal(url)
            assert "takes no writes" in str(error)
            assert "leader" in error.remedy
    finally:
        neo4j_server.stop(server, kill=True)


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("Neo.ClientError.Cluster.NotALeader", "takes no writes"),
        ("Neo.ClientError.General.ForbiddenOnReadOnlyDatabase", "takes no writes"),
        ("Neo.ClientError.Security.CredentialsExpired", "must be changed"),
        ("Neo.ClientError.Security.Forbidden", "may not do this"),
        ("Neo.TransientError.General.MemoryPoolOutOfMemoryError", "too little memory"),
        ("Neo.DatabaseError.General.Unknown", "out of the blue"),
    ],
)
def test_what_no_server_here_can_be_brought_to_say(code: str, said: str) -> None:
    error = Exception("out of the blue\nand more")
    error.code = code  # type: ignore[attr-defined]
    assert said in str(explain("bolt://x", error))
