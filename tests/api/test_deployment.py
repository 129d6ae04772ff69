"""The compose file is valid, and its commands do what they say outside containers, against a real Neo4j."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING, Any

import neo4j_server
import pytest
import yaml

from api.security import new_key
from attribution.store import open_store

if TYPE_CHECKING:
    from attribution.store.neo4j_client import Client

ROOT = Path(__file__).parents[2]
BIN = Path(sys.executable).parent
KEY, DIGEST = new_key()
PLACES = {
    "ATTRIBUTION_LOGS": "logs",
    "ATTRIBUTION_LABS": "logs/labs.yaml",
    "ATTRIBUTION_OUT": "out",
    "ATTRIBUTION_STORE": "attribution.duckdb",
    "ATTRIBUTION_DONE": "nightly.done",
}
"""The nightly script's files, under the folder that compose mounts as /data."""


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
    return found


def environment(**more: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("ATTRIBUTION_")}
    return {**kept, "PATH": f"{BIN}:{os.environ['PATH']}", **more}


def test_the_compose_file_is_valid() -> None:
    command = [BIN / "check-jsonschema", "--builtin-schema", "vendor.compose-spec", ROOT / "docker-compose.yml"]
    subprocess.run(command, check=True, capture_output=True)


def test_secrets_are_files_and_nothing_is_published_to_others(compose: dict[str, Any]) -> None:
    for name, service in compose["services"].items():
        for variable, value in service.get("environment", {}).items():
            if re.search("PASSWORD|AUTH|KEY|SECRET", variable):
                assert variable.endswith("_FILE"), (name, variable)
                assert Path(value).parent == Path("/run/secrets"), (name, variable)
                assert Path(value).name in service["secrets"], (name, variable)
        for port in service.get("ports", ()):
            assert port.startswith("127.0.0.1:"), (name, port)
    used = {secret for service in compose["services"].values() for secret in service.get("secrets", ())}
    assert used == set(compose["secrets"])
    for name, service in compose["services"].items():
        if name != "neo4j":
            assert service["read_only"] is True
            assert service["cap_drop"] == ["ALL"]
            assert service["init"] is True, "signals reach a shell only through an init"
            assert all(re.search(r"[:,]size=\d+m", mount) for mount in service["tmpfs"]), name


def test_without_neo4j_no_password_of_it_is_asked_for(compose: dict[str, Any]) -> None:
    profiles = {"graph": {"neo4j", "api", "nightly"}, "files": {"api-files", "nightly-files"}}
    for profile, names in profiles.items():
        assert {name for name, one in compose["services"].items() if one["profiles"] == [profile]} == names
    for name in profiles["files"]:
        service = compose["services"][name]
        assert "neo4j" not in json.dumps(service), name
    needed = set(re.findall(r"\$\{(\w+):\?", (ROOT / "docker-compose.yml").read_text()))
    assert needed == {"ATTRIBUTION_DATA"}, "what is needed is needed file-wide, whatever the profile"


def test_the_image_copies_what_is_there() -> None:
    text = (ROOT / "deploy" / "Dockerfile").read_text()
    ignored = (ROOT / "deploy" / "Dockerfile.dockerignore").read_text()
    for line in re.findall(r"^COPY (?!--)(.*)$", text, re.MULTILINE):
        for source in line.split()[:-1]:
            assert (ROOT / source).exists(), source
            assert f"!{source}" in ignored or f"!{source.split('/')[0]}" in ignored, source
    assert text.count("--require-hashes") == 2
    users = re.findall(r"^USER (.*)$", text, re.MULTILINE)
    assert users == ["10001"], "a number: an orchestrator that forbids root cannot look names up"
    assert "useradd --system --uid 10001 " in text


def test_the_example_names_every_value_that_compose_needs() -> None:
    needed = set(re.findall(r"\$\{(\w+):\?", (ROOT / "docker-compose.yml").read_text()))
    named = set(re.findall(r"^   (\w+)=", (ROOT / "deploy" / "README.md").read_text(), re.MULTILINE))
    assert named == needed | {"COMPOSE_PROFILES"}


def named(compose: dict[str, Any], service: str, secrets: Path) -> dict[str, str]:
    """Return the environment that compose gives a service, its secrets in a folder of the test."""
    given: dict[str, str] = compose["services"][service]["environment"]
    return {name: value.replace("/run/secrets", str(secrets)) for name, value in given.items()}


def ask(url: str, key: str | None, body: object = None) -> tuple[int, Any]:
    request = urllib.request.Request(url, data=None if body is None else json.dumps(body).encode())  # noqa: S310  # loopback
    request.add_header("content-type", "application/json")
    if key is not None:
        request.add_header("authorization", f"Bearer {key}")
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310  # as above
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)


def test_without_neo4j_the_api_answers_from_the_file_of_the_night(compose: dict[str, Any], tmp_path: Path) -> None:
    (tmp_path / "api_keys").write_text(f"reader:{DIGEST}\n")
    (tmp_path / "hash_key").write_text("only for tests, long enough\n")
    simulate = ["attribution", "simulate", str(tmp_path / "logs"), "--accounts", "600", "--rings", "2", "--seed", "3"]
    subprocess.run(simulate, env=environment(), check=True, capture_output=True)
    folders = {name: str(tmp_path / rest) for name, rest in PLACES.items()}
    night = environment(**named(compose, "nightly-files", tmp_path), **folders)
    subprocess.run([ROOT / "deploy" / "nightly.sh", "--once"], env=night, check=True, capture_output=True)
    assert (tmp_path / "nightly.done").exists()

    port = neo4j_server.free_port()
    command = [word.replace("/data", str(tmp_path)) for word in compose["services"]["api-files"]["command"]]
    command = [str(port) if word == "8000" else word.replace("labs.yaml", "logs/labs.yaml") for word in command]
    serving = environment(**named(compose, "api-files", tmp_path))
    with subprocess.Popen(command, env=serving, stderr=subprocess.PIPE, text=True) as server:
        try:
            base = f"http://127.0.0.1:{port}"
            _wait(base, server)
            assert ask(f"{base}/v1/runs", None)[0] == 401
            assert len(ask(f"{base}/v1/runs", KEY)[1]["items"]) == 1
        finally:
            server.terminate()


@pytest.mark.neo4j
def test_a_night_and_the_morning_after(
    compose: dict[str, Any], graph: Client, neo4j_environment: str, tmp_path: Path
) -> None:
    """Simulate, run the nightly script twice, serve with the command of the compose file, ask over HTTP with a key."""
    assert graph.read("RETURN 1 AS n")
    logs, store = tmp_path / "logs", tmp_path / "attribution.duckdb"
    simulate = ["attribution", "simulate", str(logs), "--accounts", "600", "--rings", "2", "--labs", "2", "--seed", "3"]
    subprocess.run(simulate, env=environment(), check=True, capture_output=True)
    (tmp_path / "neo4j_password").write_text(f"{neo4j_server.ADMIN_PASSWORD}\n")
    (tmp_path / "api_keys").write_text(f"reader:{DIGEST}\n")
    (tmp_path / "hash_key").write_text("only for tests, long enough\n")
    night = environment(
        **{name: str(tmp_path / rest) for name, rest in PLACES.items()},
        ATTRIBUTION_TRIES="1",
        **{**named(compose, "nightly", tmp_path), "ATTRIBUTION_GRAPH": neo4j_environment},
    )
    for _ in range(2):
        done = subprocess.run(
            [ROOT / "deploy" / "nightly.sh", "--once"], env=night, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
    with open_store(store) as file, open_store(neo4j_environment) as loaded:
        assert len(file.runs()) == len(loaded.runs()) == 1
        assert file.digest() == loaded.digest()
        account = file.table("usage")["account_id"][0].as_py()

    port = neo4j_server.free_port()
    places = {"neo4j://neo4j:7687": neo4j_environment, "8000": str(port), "/data/labs.yaml": str(logs / "labs.yaml")}
    command = [places.get(word, word) for word in compose["services"]["api"]["command"]]
    serving = environment(**{**named(compose, "api", tmp_path), "ATTRIBUTION_FACTS": str(store)})
    with subprocess.Popen(command, env=serving, stderr=subprocess.PIPE, text=True) as server:
        try:
            base = f"http://127.0.0.1:{port}"
            _wait(base, server)
            assert ask(f"{base}/v1/runs", None)[0] == 401
            assert ask(f"{base}/v1/runs", "wrong")[0] == 401
            assert len(ask(f"{base}/v1/runs", KEY)[1]["items"]) == 1
            assert ask(f"{base}/v1/rings", KEY)[0] == 200
            status, score = ask(f"{base}/v1/attribution:score", KEY, {"accounts": [account]})
            assert status == 200, score
            assert sum(row["posterior"] for row in score["results"][0]["posteriors"]) == pytest.approx(1.0)
            assert ask(f"{base}/v1/attribution:score", KEY, {"accounts": ["nobody"]})[0] == 422
        finally:
            server.terminate()
        assert server.wait(20) == 128 + signal.SIGTERM  # it was asked to end, and did


def _wait(base: str, server: subprocess.Popen[str]) -> None:
    for _ in range(300):
        try:
            if ask(f"{base}/readyz", None)[0] == 200:
                return
        except OSError:
            assert server.poll() is None, server.stderr.read() if server.stderr else ""
        time.sleep(0.1)
    pytest.fail("the service did not answer")
