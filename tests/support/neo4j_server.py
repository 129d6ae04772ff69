"""A real Neo4j server for the tests, from its published jars: fetched once into `.cache/`, started on free ports.

Needs Java 17 and Maven. Where they are missing the tests skip and say so loudly, unless ATTRIBUTION_NO_SKIP=1, which
makes that a failure. `python tests/support/neo4j_server.py fetch` fills the cache before the tests run;
`... serve` starts a server for looking around and prints its address.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess  # the commands are this module's own
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

VERSION = "5.26.30"
BROWSER = "5.24.0"
"""Neo4j Browser, as the server serves it at `/browser/`."""
CACHE = Path(__file__).resolve().parents[2] / ".cache" / f"neo4j-{VERSION}-browser-{BROWSER}"
ADMIN_PASSWORD = "only-for-tests"  # noqa: S105  # a throwaway server on loopback
START_SECONDS = 180
EMPTY = "MATCH (n) WHERE NOT n:Migration DETACH DELETE n"
"""Removes everything but the schema and its history."""

POM = f"""<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>attribution</groupId>
  <artifactId>neo4j-for-tests</artifactId>
  <version>1</version>
  <dependencies>
    <dependency><groupId>org.neo4j.app</groupId><artifactId>neo4j-server</artifactId><version>{VERSION}</version></dependency>
    <dependency><groupId>org.neo4j</groupId><artifactId>neo4j</artifactId><version>{VERSION}</version></dependency>
    <dependency><groupId>org.neo4j.client</groupId><artifactId>neo4j-browser</artifactId><version>{BROWSER}</version></dependency>
  </dependencies>
</project>
"""

JAVA = (
    "-Xms256m",
    "-Xmx1g",
    "-XX:+UseSerialGC",
    "-Dlog4j2.disable.jmx=true",
    "--add-opens=java.base/java.nio=ALL-UNNAMED",
    "--add-opens=java.base/java.io=ALL-UNNAMED",
    "--add-opens=java.base/sun.nio.ch=ALL-UNNAMED",
)


class ServerMissingError(Exception):
    """Java, Maven or the jars are not to be had."""


@dataclass(frozen=True, slots=True)
class Server:
    """A running server."""

    url: str
    pid: int
    home: Path


def fetch() -> Path:
    """Return the folder of jars, downloading them once.

    Raises
    ------
    ServerMissingError
        Java or Maven is missing, or Maven fails; the message says how to get them.
    """
    lib = CACHE / "lib"
    if (CACHE / "complete").exists():
        if shutil.which("java") is None:
            raise ServerMissingError("java is missing: install a Java 17 runtime")
        return lib
    for tool, package in (("java", "a Java 17 runtime"), ("mvn", "Maven")):
        if shutil.which(tool) is None:
            raise ServerMissingError(f"{tool} is missing: install {package}")
    CACHE.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=CACHE.parent) as folder:
        work = Path(folder)
        (work / "pom.xml").write_text(POM)
        done = subprocess.run(
            ["mvn", "-B", "-q", "dependency:copy-dependencies", f"-DoutputDirectory={work / 'new' / 'lib'}"],  # noqa: S607
            cwd=work,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise ServerMissingError(f"Maven could not fetch Neo4j {VERSION}: {(done.stdout + done.stderr)[-400:]}")
        (work / "new" / "complete").touch()
        with contextlib.suppress(OSError):  # another process was first
            (work / "new").rename(CACHE)
    return lib


@contextlib.contextmanager
def running(*, short: bool = True) -> Iterator[Server]:
    """Start a server with an empty database, wait until it answers, and end it by its process id.

    `short`: for tests, where compiling fast beats fast code.
    """
    lib = fetch()
    with tempfile.TemporaryDirectory(prefix="neo4j-") as folder:
        home = Path(folder)
        server = start(lib, home, short=short)
        try:
            yield server
        finally:
            stop(server, kill=True)  # its data goes with the folder


def start(lib: Path, home: Path, bolt: int | None = None, *, short: bool = True) -> Server:
    """Start a server in a home folder, new or used before."""
    bolt = bolt or free_port()
    for name in ("conf", "plugins", "logs"):
        (home / name).mkdir(exist_ok=True)
    (home / "conf" / "neo4j.conf").write_text(
        f"server.default_listen_address=127.0.0.1\nserver.bolt.listen_address=:{bolt}\n"
        f"server.bolt.advertised_address=127.0.0.1:{bolt}\nserver.http.enabled=false\n"
        "server.memory.pagecache.size=128m\ndbms.usage_report.enabled=false\ndb.tx_log.preallocate=false\n"
    )
    classpath = ["-cp", f"{lib}/*"]
    if not (home / "data").exists():
        subprocess.run(
            [*_java(), *classpath, "org.neo4j.cli.AdminTool", "dbms", "set-initial-password", ADMIN_PASSWORD],
            env={**os.environ, "NEO4J_HOME": str(home), "NEO4J_CONF": str(home / "conf")},
            check=True,
            capture_output=True,
        )
    options = [*JAVA, "-XX:TieredStopAtLevel=1"] if short else [*JAVA]
    command = [*_java(), *options, *classpath, "org.neo4j.server.CommunityEntryPoint"]
    with (home / "logs" / "console.log").open("ab") as log:
        process = subprocess.Popen(
            [*command, f"--home-dir={home}", f"--config-dir={home / 'conf'}", "--console-mode"], stdout=log, stderr=log
        )
    deadline = time.monotonic() + START_SECONDS
    while not _answers(bolt):
        if process.poll() is not None or time.monotonic() > deadline:
            process.kill()
            raise RuntimeError(f"Neo4j did not start: {(home / 'logs' / 'console.log').read_text()[-2000:]}")
        time.sleep(0.2)
    _PROCESSES[process.pid] = process
    return Server(f"bolt://127.0.0.1:{bolt}", process.pid, home)


def stop(server: Server, *, kill: bool = False) -> None:
    """End a server, gently or not."""
    process = _PROCESSES.pop(server.pid)
    if kill:
        process.kill()
    else:
        process.terminate()
    try:
        process.wait(30)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


_PROCESSES: dict[int, subprocess.Popen[bytes]] = {}


def _java() -> list[str]:
    java = shutil.which("java")
    if java is None:
        raise ServerMissingError("java is missing: install a Java 17 runtime")
    return [java]


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _answers(port: int) -> bool:
    """Tell whether a Bolt server shakes hands."""
    try:
        with socket.create_connection(("127.0.0.1", port), 1) as peer:
            peer.settimeout(2)
            peer.sendall(b"\x60\x60\xb0\x17" + bytes([0, 4, 4, 5]) + bytes(12))
            return len(peer.recv(4)) == 4
    except OSError:
        return False


def main() -> None:
    """Fetch the jars, or serve until interrupted."""
    if sys.argv[1:] == ["fetch"]:
        print(fetch())  # noqa: T201
        return
    with running() as server:
        print(server.url, "user neo4j, password", ADMIN_PASSWORD, flush=True)  # noqa: T201
        with contextlib.suppress(KeyboardInterrupt):
            while True:
                time.sleep(1)


if __name__ == "__main__":
    main()
