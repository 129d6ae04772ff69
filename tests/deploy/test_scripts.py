"""What Compose runs around the engine: secrets made and kept, no Neo4j without a password, health over Bolt."""

from __future__ import annotations

import os
import re
import socket
import stat
import subprocess
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from api.security import Keys
from attribution.cli import run
from attribution.errors import ConfigError

if TYPE_CHECKING:
    import neo4j_server

DEPLOY = Path(__file__).parents[2] / "deploy"
ENTRY = '#!/bin/sh\necho "$NEO4J_AUTH" "$@"\nenv | cut -d= -f1 | grep ^NEO4J_\n'


def start(secret: Path, tmp_path: Path) -> subprocess.CompletedProcess[str]:
    entry = tmp_path / "entry"
    entry.write_text(ENTRY)
    entry.chmod(0o755)
    given = {**os.environ, "NEO4J_PASSWORD_SECRET": str(secret), "NEO4J_ENTRY": str(entry)}
    return subprocess.run(
        ["/bin/sh", DEPLOY / "neo4j.sh", "neo4j"], env=given, capture_output=True, text=True, check=False
    )


def test_neo4j_starts_with_the_password_of_the_secret(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("correct horse $(id) 'battery'\n")
    done = start(tmp_path / "secret", tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == ["neo4j/correct horse $(id) 'battery' neo4j", "NEO4J_AUTH"]


@pytest.mark.parametrize(
    ("secret", "said"),
    [(None, "cannot be read"), ("\n", "is empty"), ("s3cr3t\n", "shorter"), ("a/slash/in it\n", "slash")],
)
def test_neo4j_does_not_start_without_a_password(secret: str | None, said: str, tmp_path: Path) -> None:
    if secret is not None:
        (tmp_path / "secret").write_text(secret)
    done = start(tmp_path / "secret", tmp_path)
    assert done.returncode == 1
    assert said in done.stderr
    assert "remedy: " in done.stderr
    assert not done.stdout
    if secret is not None and secret.strip():
        assert secret.strip() not in done.stderr, "a refused password is no secret any more once it is in a log"


def test_secrets_are_made_once_and_kept(tmp_path: Path) -> None:
    folder = tmp_path / "secrets"
    first = subprocess.run([DEPLOY / "secrets.sh", folder], check=True, capture_output=True, text=True).stdout
    made = {path.name: path.read_text() for path in folder.iterdir()}
    assert set(made) == {"neo4j_password", "hash_key", "api_keys"}
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {0o444}
    assert len(made["neo4j_password"].strip()) == 32
    key = re.search(r"shown once: ([0-9a-f]{64})$", first, re.MULTILINE)
    assert key is not None
    assert Keys.parse(made["api_keys"]).match(key[1])
    assert start(folder / "neo4j_password", tmp_path).returncode == 0
    again = subprocess.run([DEPLOY / "secrets.sh", folder], check=True, capture_output=True, text=True).stdout
    assert {path.name: path.read_text() for path in folder.iterdir()} == made
    assert "shown once" not in again
    other = tmp_path / "other"
    subprocess.run([DEPLOY / "secrets.sh", other], check=True, capture_output=True)
    assert not {path.read_text() for path in other.iterdir()} & set(made.values())


def answers(port: int) -> int:
    return subprocess.run(
        [DEPLOY / "neo4j-answers.sh", "127.0.0.1", str(port)], capture_output=True, check=False, timeout=20
    ).returncode


@pytest.mark.parametrize(
    ("says", "healthy"),
    [
        (bytes([0, 0, 4, 4]), True),
        (bytes(4), False),  # no version in common
        (b"HTT", False),
        (b"", False),
    ],
)
def test_health_is_a_handshake_over_bolt(says: bytes, healthy: bool) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        heard: list[bytes] = []

        def serve() -> None:
            peer, _ = listener.accept()
            with peer:
                heard.append(peer.recv(20, socket.MSG_WAITALL))
                peer.sendall(says)

        server = threading.Thread(target=serve)
        server.start()
        assert (answers(listener.getsockname()[1]) == 0) is healthy
        server.join()
    assert heard[0][:4] == b"\x60\x60\xb0\x17"
    assert len(heard[0]) == 20


def test_nobody_listens_is_not_healthy() -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        assert answers(probe.getsockname()[1]) != 0


@pytest.mark.neo4j
def test_a_real_server_is_healthy(neo4j: neo4j_server.Server) -> None:
    assert answers(int(neo4j.url.rpartition(":")[2])) == 0


def test_the_hash_key_comes_from_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(run.KEY, raising=False)
    monkeypatch.delenv(run.KEY_FILE, raising=False)
    assert run.secret() is None
    file = tmp_path / "hash_key"
    monkeypatch.setenv(run.KEY_FILE, str(file))
    with pytest.raises(ConfigError, match="cannot be read"):
        run.secret()
    file.write_text("\n")
    with pytest.raises(ConfigError, match="is empty"):
        run.secret()
    file.write_text("long and random\n")
    assert run.secret() == b"long and random"
    monkeypatch.setenv(run.KEY, "from the environment")
    assert run.secret() == b"from the environment"
