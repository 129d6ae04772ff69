"""`attribution serve`: open the store, check who may reach the address, and answer."""

from __future__ import annotations

import os
import socket
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from api.app import create_app
from api.security import Keys, check_bind
from attribution.errors import ConfigError, UsageError
from attribution.store import open_store
from attribution.store.neo4j_client import is_graph_url

if TYPE_CHECKING:
    from fastapi import FastAPI

    from api.facts import FactScorer
    from attribution.store import Store

KEYS, KEYS_FILE = "ATTRIBUTION_API_KEYS", "ATTRIBUTION_API_KEYS_FILE"
CURSOR_SECRET, FACTS = "ATTRIBUTION_CURSOR_SECRET", "ATTRIBUTION_FACTS"
SHORTEST_SECRET = 16


def serve(source: str, *, host: str = "127.0.0.1", port: int = 8000, labs: Path | None = None) -> None:
    """Answer over HTTP until interrupted.

    Parameters
    ----------
    source : a run's output folder, a store's DuckDB file, or `neo4j://host:port`.
    host, port : where to listen; anything but loopback needs a key in the environment (ATTRIBUTION_API_KEYS, or a
        file named by ATTRIBUTION_API_KEYS_FILE). Port 0: a free one.
    labs : dossiers for scoring. The logs to score from are those of the source's DuckDB file, or of ATTRIBUTION_FACTS.

    Raises
    ------
    AttributionError
        No key, no such store, a port that is taken, dossiers that are wrong.
    """
    import uvicorn  # noqa: PLC0415  # only a server needs it

    keys = keys_from_environment()
    check_bind(host, keys)
    listener = listen(host, port)
    check_bind(str(listener.getsockname()[0]), keys)  # a name may stand for another address than it seems
    app = application(source, keys=keys, labs=labs)
    shown = f"[{host}]" if ":" in host else host
    where = f"http://{shown}:{listener.getsockname()[1]}"
    sys.stderr.write(f"serving {source} on {where} (Ctrl-C ends it)\n")
    config = uvicorn.Config(
        app,
        proxy_headers=False,  # the peer is whoever holds the socket, whatever a header says
        server_header=False,
        access_log=False,  # addresses and account ids in queries are personal data
        log_level="warning",
        timeout_keep_alive=15,
        limit_concurrency=256,
        timeout_graceful_shutdown=10,
    )
    uvicorn.Server(config).run(sockets=[listener])


def application(source: str, *, keys: Keys, labs: Path | None = None) -> FastAPI:
    """Return the application for a store, with what the environment adds."""
    store = open_store(source, follow=True)
    return create_app(store, keys=keys, scorer=_scorer(source, store, labs), cursor_secret=_secret())


def keys_from_environment() -> Keys:
    """Read the keys that the environment names.

    Raises
    ------
    ConfigError
        The file of keys cannot be read.
    UsageError
        An entry is no hash of a key.
    """
    text = os.environ.get(KEYS, "")
    if name := os.environ.get(KEYS_FILE):
        try:
            text += "\n" + Path(name).read_text("utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigError(
                f"{name}: the API keys cannot be read", remedy=f"name a readable file in {KEYS_FILE}"
            ) from error
    return Keys.parse(text)


def listen(host: str, port: int) -> socket.socket:
    """Return a listening socket.

    Raises
    ------
    UsageError
        The address is not this machine's, or the port is taken.
    """
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
        return socket.create_server(address[:2], family=family)
    except (OSError, UnicodeError) as error:
        raise UsageError(
            f"cannot listen on {host} port {port}: {error}", remedy="name another --host or --port"
        ) from error


def _scorer(source: str, store: Store, labs: Path | None) -> FactScorer | None:
    facts = _facts(source)
    if facts is None:
        return None
    from api.facts import FactScorer  # noqa: PLC0415  # the algorithms take seconds to import
    from attribution.config import Config  # noqa: PLC0415  # as above
    from attribution.labs import loading  # noqa: PLC0415  # as above

    return FactScorer(facts, store, loading.load(labs), Config().labs)


def _facts(source: str) -> Path | None:
    if named := os.environ.get(FACTS):
        return Path(named)
    if is_graph_url(source):
        return None
    path = Path(source)
    return next(iter(sorted(path.glob("*.duckdb"))), None) if path.is_dir() else path


def _secret() -> bytes | None:
    secret = os.environ.get(CURSOR_SECRET)
    if secret is None:
        return None
    if len(secret) < SHORTEST_SECRET:
        raise UsageError(f"{CURSOR_SECRET} is too short", remedy=f"give {SHORTEST_SECRET} random characters or more")
    return secret.encode()
