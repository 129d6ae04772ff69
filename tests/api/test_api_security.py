"""Who gets in: every way of asking, with and without keys; what every answer carries; what the description says."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING, Any

import duckdb
import handmade
import jsonschema
import pytest
from starlette.testclient import TestClient

from api import Keys, create_app
from api.security import check_bind, is_loopback, new_key
from api.serve import keys_from_environment, listen
from attribution.errors import ConfigError, UsageError
from attribution.store import EmbeddedStore

if TYPE_CHECKING:
    from pathlib import Path

    from fastapi import FastAPI

KEY, DIGEST = new_key()
OTHER, OTHER_DIGEST = new_key()
KEYS = Keys.parse(f"reader:{DIGEST}, nightly:{OTHER_DIGEST}")


def make(keys: Keys | None = None, **more: Any) -> FastAPI:
    store = EmbeddedStore(duckdb.connect(), owned=True)
    store.publish(handmade.run(1), handmade.tables(), report=handmade.REPORT)
    return create_app(store, keys=keys, **more)


def ask(
    app: FastAPI, path: str = "/v1/runs", *, peer: str = "127.0.0.1", host: str = "localhost", **headers: str
) -> int:
    client = TestClient(app, base_url=f"http://{host}", client=(peer, 50000))
    return client.get(path, headers={name.replace("_", "-"): value for name, value in headers.items()}).status_code


@pytest.fixture(scope="module")
def open_app() -> FastAPI:
    return make()


@pytest.fixture(scope="module")
def keyed_app() -> FastAPI:
    return make(KEYS)


@pytest.mark.parametrize("peer", ["127.0.0.1", "127.8.8.8", "::1", "::ffff:127.0.0.1"])
@pytest.mark.parametrize("host", ["localhost", "127.0.0.1:8000", "[::1]:8000", "LOCALHOST"])
def test_without_keys_this_machine_is_answered(open_app: FastAPI, peer: str, host: str) -> None:
    assert ask(open_app, peer=peer, host=host) == 200


@pytest.mark.parametrize("peer", ["10.0.0.1", "192.0.2.1", "::ffff:10.0.0.1", "fe80::1", "testclient", ""])
def test_without_keys_nobody_else_is(open_app: FastAPI, peer: str) -> None:
    assert ask(open_app, peer=peer) == 401
    assert ask(open_app, peer=peer, x_forwarded_for="127.0.0.1") == 401
    assert ask(open_app, peer=peer, forwarded="for=127.0.0.1", x_real_ip="127.0.0.1") == 401
    assert ask(open_app, peer=peer, authorization=f"Bearer {KEY}") == 401


@pytest.mark.parametrize(
    "name", ["x_forwarded_for", "forwarded", "x_real_ip", "via", "x_forwarded_host", "x_forwarded_proto"]
)
def test_what_a_proxy_passes_on_is_not_local(open_app: FastAPI, name: str) -> None:
    assert ask(open_app, **{name: "127.0.0.1"}) == 401


@pytest.mark.parametrize("host", ["evil.example", "localhost.evil.example", "127.0.0.1.evil.example", "2130706433"])
def test_a_page_that_rebinds_its_name_does_not_get_in(open_app: FastAPI, host: str) -> None:
    assert ask(open_app, host=host) == 401


@pytest.mark.parametrize("peer", ["127.0.0.1", "::1", "10.0.0.1"])
def test_with_keys_everybody_needs_one(keyed_app: FastAPI, peer: str) -> None:
    assert ask(keyed_app, peer=peer) == 401
    assert ask(keyed_app, peer=peer, authorization=f"Bearer {KEY}") == 200
    assert ask(keyed_app, peer=peer, authorization=f"bearer  {OTHER} ") == 200
    for wrong in (f"Bearer {KEY}x", f"Bearer {DIGEST}", f"Basic {KEY}", KEY, "Bearer", "Bearer ", f"Bearer {KEY[:-1]}"):
        assert ask(keyed_app, peer=peer, authorization=wrong) == 401, wrong
    assert ask(keyed_app, f"/v1/runs?key={KEY}", peer=peer) == 401


def test_two_authorization_headers_are_none(keyed_app: FastAPI) -> None:
    client = TestClient(keyed_app)
    headers = [("authorization", "Bearer x"), ("authorization", f"Bearer {KEY}")]
    assert client.get("/v1/runs", headers=headers).status_code == 401


def test_every_route_has_a_rule(keyed_app: FastAPI) -> None:
    """Whatever is routed answers 401 without a key, but for the two that say whether the service works."""
    client = TestClient(keyed_app)
    routes = [(method, path) for path, methods in keyed_app.openapi()["paths"].items() for method in methods] + [
        ("get", "/openapi.json"),
        ("get", "/nowhere"),
        ("options", "/v1/rings"),
        ("head", "/v1/runs"),
    ]
    assert len(routes) > 10
    open_paths = set()
    for method, path in routes:
        answer = client.request(method, path.replace("{", "").replace("}", ""))
        if answer.status_code == 401:
            assert answer.headers["www-authenticate"] == "Bearer"
        else:
            open_paths.add(path)
    assert open_paths == {"/healthz", "/readyz"}


@pytest.mark.parametrize("path", ["/healthz/", "/healthz/../v1/runs", "//healthz", "/HEALTHZ", "/v1/runs#/healthz"])
def test_near_misses_of_the_open_paths_are_closed(keyed_app: FastAPI, path: str) -> None:
    assert ask(keyed_app, path) == 401


def test_every_answer_carries_the_headers(keyed_app: FastAPI) -> None:
    client = TestClient(keyed_app, headers={"authorization": f"Bearer {KEY}"})
    for answer in (
        client.get("/v1/runs"),
        client.get("/nowhere"),
        client.get("/v1/rings?limit=0"),
        client.get("/v1/runs", headers={"authorization": ""}),
        client.post("/v1/attribution:score", content=b"x" * (1024 * 1024 + 1)),
    ):
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["content-security-policy"] == "default-src 'none'; frame-ancestors 'none'"
        assert "access-control-allow-origin" not in answer.headers


def test_a_body_that_is_too_long_is_refused_whatever_its_headers_say() -> None:
    client = TestClient(make(KEYS, max_body_bytes=1000), headers={"authorization": f"Bearer {KEY}"})
    address = "/v1/attribution:score"
    assert client.post(address, content=b"x" * 1001).status_code == 413
    assert client.post(address, content=b"x" * 1000).status_code == 422
    assert client.post(address, content=iter([b"x" * 600, b"x" * 600])).status_code == 413
    for length in ("-1", "1e9", "99999999999999999999999", "1,1"):
        assert client.post(address, content=b"{}", headers={"content-length": length}).status_code == 413


def test_listening_to_others_needs_a_key() -> None:
    for host in ("0.0.0.0", "::", "", "10.0.0.1", "example.org"):  # noqa: S104  # refused
        with pytest.raises(UsageError, match="no API key"):
            check_bind(host, Keys())
        check_bind(host, KEYS)
    for host in ("127.0.0.1", "localhost", "::1", "127.1.2.3"):
        check_bind(host, Keys())
        assert is_loopback(host)


def test_the_command_refuses_to_listen_to_others_without_a_key(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", f"from api import serve; serve({str(tmp_path)!r}, host='0.0.0.0', port=0)"],
        capture_output=True,
        text=True,
        check=False,
        env={"PATH": "/usr/bin:/bin"},
    )
    assert "no API key is set" in done.stderr


def test_keys_come_from_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ATTRIBUTION_API_KEYS", raising=False)
    assert not keys_from_environment().hashes
    (tmp_path / "keys").write_text(f"# for the night\nnightly:{OTHER_DIGEST}\n")
    monkeypatch.setenv("ATTRIBUTION_API_KEYS", f"reader:{DIGEST}")
    monkeypatch.setenv("ATTRIBUTION_API_KEYS_FILE", str(tmp_path / "keys"))
    keys = keys_from_environment()
    assert keys.match(KEY)
    assert keys.match(OTHER)
    assert not keys.match("")
    monkeypatch.setenv("ATTRIBUTION_API_KEYS", f"reader:{KEY}")
    with pytest.raises(UsageError, match="API key 1 is not") as caught:
        keys_from_environment()
    assert KEY not in str(caught.value)
    monkeypatch.setenv("ATTRIBUTION_API_KEYS_FILE", str(tmp_path / "none"))
    with pytest.raises(ConfigError, match="cannot be read"):
        keys_from_environment()


def test_making_a_key() -> None:
    done = subprocess.run([sys.executable, "-m", "api.keys", "reader"], capture_output=True, text=True, check=True)
    key, line = (text.rpartition(": ")[2].strip() for text in done.stdout.splitlines())
    assert Keys.parse(line).match(key)
    assert subprocess.run([sys.executable, "-m", "api.keys"], capture_output=True, check=False).returncode == 2


def test_a_port_that_is_taken_is_said() -> None:
    with listen("127.0.0.1", 0) as one, pytest.raises(UsageError, match="cannot listen"):
        listen("127.0.0.1", one.getsockname()[1])
    with pytest.raises(UsageError, match="cannot listen"):
        listen("192.0.2.1", 0)


def test_the_examples_of_the_description_are_valid(open_app: FastAPI) -> None:
    description = open_app.openapi()
    checked = 0
    for name, schema in description["components"]["schemas"].items():
        for one in schema.get("properties", {}).values():
            for example in one.get("examples", ()):
                jsonschema.validate(example, {**one, "components": description["components"]})
                checked += 1
        if name in {"Ring", "Member", "Campaign", "Evidence", "Posterior", "Run", "ScoreRequest", "Health"}:
            whole = {field: one["examples"][0] for field, one in schema["properties"].items()}
            jsonschema.validate(whole, {**schema, "components": description["components"]})
    assert checked > 40


def test_the_description_says_what_the_service_does(open_app: FastAPI) -> None:
    description = open_app.openapi()
    assert description["openapi"].startswith("3.1")
    for path, methods in description["paths"].items():
        for operation in methods.values():
            assert operation["summary"]
            for status, response in operation["responses"].items():
                if not status.startswith("2"):
                    assert list(response["content"]) == ["application/problem+json"], (path, status)
    assert description["security"] == [{"key": []}]
    assert description["paths"]["/healthz"]["get"]["security"] == []


def test_answers_match_the_description(open_app: FastAPI) -> None:
    description = open_app.openapi()
    client = TestClient(open_app, base_url="http://localhost", client=("127.0.0.1", 1))
    for path in (
        "/v1/rings",
        "/v1/rings/{ring_id}",
        "/v1/rings/{ring_id}/members",
        "/v1/rings/{ring_id}/evidence",
        "/v1/rings/{ring_id}/campaigns",
        "/v1/campaigns/{campaign_id}/attribution",
        "/v1/runs",
    ):
        answer = client.get(path.format(ring_id="ring-1", campaign_id="camp-1")).raise_for_status()
        schema = description["paths"][path]["get"]["responses"]["200"]["content"]["application/json"]["schema"]
        jsonschema.validate(answer.json(), {**schema, "components": description["components"]})
