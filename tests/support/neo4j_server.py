"""A real Neo4j server for the tests, from its published jars: fetched once into `.cache/`, started on free ports.

Needs Java 17 and Maven. Where they are missing the tests skip and say so loudly, unless ATTRIBUTION_NO_SKIP=1, which
makes that a failure. ATTRIBUTION_NEO4J_VERSION names another version than the usual one; 2025 and later need Java 21,
which is looked for beside the default one. `python tests/support/neo4j_server.py fetch` fills the cache before the
tests run; `... serve` starts a server for looking around and prints its address.
"""

from __future__ import annotations

import contextlib
import functools
import os
import re
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
    from collections.abc import Iterator, Mapping

VERSION = os.environ.get("ATTRIBUTION_NEO4J_VERSION", "5.26.30")
YEARLY = not VERSION.startswith("5.")
"""Versions named by the year start in another way and need Java 21."""
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

SMALL = ("-Xms256m", "-Xmx1g", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1")
"""A server that is up soon and takes little."""
USUAL = ("-Xms2g", "-Xmx2g", "-XX:+UseG1GC")
"""A server as one would run it: the collector that Neo4j configures, the heap of docker-compose.yml."""
JAVA = (
    "-Dlog4j2.disable.jmx=true",
    "--add-opens=java.base/java.nio=ALL-UNNAMED",
    "--add-opens=java.base/java.io=ALL-UNNAMED",
    "--add-opens=java.base/sun.nio.ch=ALL-UNNAMED",
)


START = """public class Start {
    public static void main(String[] args) {
        org.neo4j.server.NeoBootstrapper.start(new org.neo4j.server.CommunityBootstrapper(), args);
    }
}
"""
"""What starts a server of a year's version: its jars have no entry point of their own."""


class ServerMissingError(Exception):
    """Java, Maven or the jars are not to be had."""


@dataclass(frozen=True, slots=True)
class Server:
    """A running server: where it answers over Bolt, and where its Browser does."""

    url: str
    browser: str
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
        java()
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


def start(
    lib: Path,
    home: Path,
    bolt: int | None = None,
    *,
    short: bool = True,
    settings: Mapping[str, str] | None = None,
    largest_file: int | None = None,
) -> Server:
    """Start a server in a home folder, new or used before.

    `settings` are lines of its configuration; `largest_file` bytes are the most that a file of it may grow to.
    """
    bolt, http = bolt or free_port(), free_port()
    configure(home, bolt, {"server.http.listen_address": f":{http}", **(settings or {})})
    password = home / "data" / "dbms" / "auth.ini"
    if not password.exists():
        password.parent.mkdir(parents=True)
        password.write_text(_initial_password(lib))
    options = [*JAVA, *(SMALL if short else USUAL), *(["--add-modules=jdk.incubator.vector"] if YEARLY else [])]
    entry = "org.neo4j.server.CommunityEntryPoint"
    if YEARLY:
        entry = str(home / "Start.java")
        Path(entry).write_text(START)
    command = [java(), *options, "-cp", f"{lib}/*", entry]
    limit = [] if largest_file is None else ["prlimit", f"--fsize={largest_file}"]
    said = home / "logs" / "console.log"
    with said.open("ab") as log:
        before = log.tell()
        process = subprocess.Popen(
            [*limit, *command, f"--home-dir={home}", f"--config-dir={home / 'conf'}", "--console-mode"],
            stdout=log,
            stderr=log,
        )
    deadline = time.monotonic() + START_SECONDS
    while not (_answers(bolt) or b" Started." in said.read_bytes()[before:]):  # with TLS it does not answer in plain
        if process.poll() is not None or time.monotonic() > deadline:
            process.kill()
            raise RuntimeError(f"Neo4j did not start: {said.read_text()[-2000:]}")
        time.sleep(0.2)
    _PROCESSES[process.pid] = process
    return Server(f"bolt://127.0.0.1:{bolt}", f"http://127.0.0.1:{http}", process.pid, home)


@functools.cache
def _initial_password(lib: Path) -> str:
    """Return what `neo4j-admin` writes down of the password: asking it takes a Java of its own, once is enough."""
    with tempfile.TemporaryDirectory(prefix="neo4j-") as folder:
        home = Path(folder)
        configure(home, free_port(), {})
        admin(lib, home, "dbms", "set-initial-password", ADMIN_PASSWORD)
        return (home / "data" / "dbms" / "auth.ini").read_text()


def configure(home: Path, bolt: int, settings: Mapping[str, str]) -> None:
    """Write a server's configuration and make its folders."""
    for name in ("conf", "plugins", "logs"):
        (home / name).mkdir(exist_ok=True)
    usual = {
        "server.default_listen_address": "127.0.0.1",
        "server.bolt.listen_address": f":{bolt}",
        "server.bolt.advertised_address": f"127.0.0.1:{bolt}",
        "server.memory.pagecache.size": "128m",
        "dbms.usage_report.enabled": "false",
        "db.tx_log.preallocate": "false",
    }
    lines = [f"{name}={value}\n" for name, value in {**usual, **settings}.items()]
    (home / "conf" / "neo4j.conf").write_text("".join(lines))


def admin(lib: Path, home: Path, *arguments: str, cwd: Path | None = None) -> str:
    """Run `neo4j-admin` on a home folder whose server does not run; return what it printed.

    Raises
    ------
    RuntimeError
        It failed; the message is its output.
    """
    done = subprocess.run(
        [java(), *JAVA, "-Xmx2g", "-cp", f"{lib}/*", "org.neo4j.cli.AdminTool", *arguments],
        env={**os.environ, "NEO4J_HOME": str(home), "NEO4J_CONF": str(home / "conf")},
        cwd=cwd,
        check=False,
        capture_output=True,
        text=True,
    )
    if done.returncode:
        raise RuntimeError(f"neo4j-admin {arguments[:3]}: {(done.stdout + done.stderr)[-3000:]}")
    return done.stdout


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


def java() -> str:
    """Return a Java runtime that is new enough for the version.

    Raises
    ------
    ServerMissingError
        There is none.
    """
    usual = shutil.which("java")
    if not YEARLY and usual is not None:
        return usual
    if YEARLY:
        for release in sorted(Path("/usr/lib/jvm").glob("*/release"), reverse=True):
            found = re.search(r'JAVA_VERSION="(\d+)', release.read_text())
            if found and int(found[1]) >= 21:
                return str(release.parent / "bin" / "java")
    raise ServerMissingError(f"java is missing: install a Java {21 if YEARLY else 17} runtime")


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
        print(server.url, server.browser, "user neo4j, password", ADMIN_PASSWORD, flush=True)  # noqa: T201
        with contextlib.suppress(KeyboardInterrupt):
            while True:
                time.sleep(1)


if __name__ == "__main__":
    main()
