"""One connection pool to a Neo4j server: retried transactions, and errors that a user can act on.

The driver is an optional extra and is imported on first use.
"""

from __future__ import annotations

import logging
import os
import random
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit, urlunsplit

from attribution.errors import StoreError
from attribution.store.neo4j_errors import explain, too_old
from graph_schema import queries

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from typing import TypeVar
    from urllib.parse import SplitResult

    import neo4j

    T = TypeVar("T")

SCHEMES = ("neo4j", "neo4j+s", "neo4j+ssc", "bolt", "bolt+s", "bolt+ssc")
RETRY_SECONDS = 30.0
"""How long a piece of work is tried again while a server that had answered is away or busy."""
MEET_SECONDS = 2.0
"""The same for one that has never answered: the address is wrong, as a rule."""
FIRST_PAUSE, LONGEST_PAUSE = 0.1, 2.0
"""Seconds between two attempts."""
USER, PASSWORD = "ATTRIBUTION_NEO4J_USER", "ATTRIBUTION_NEO4J_PASSWORD"
PASSWORD_FILE = "ATTRIBUTION_NEO4J_PASSWORD_FILE"  # noqa: S105  # the name of a setting
_NOWHERE = logging.NullHandler()
"""What the driver logs of its troubles goes where a program wants it, or nowhere: `explain` tells the user."""
Rows = list[dict[str, Any]]
Step = tuple[str, dict[str, Any]]


def is_graph_url(text: str) -> bool:
    """Tell whether a store's name is the address of a graph server."""
    return text.partition("://")[0] in SCHEMES and "://" in text


class Client:
    """A pool of connections; whatever the server calls transient is tried again, so writes must be idempotent.

    A commit whose answer was lost is tried again as well: nobody knows whether it took.
    """

    def __init__(self, url: str, *, user: str | None = None, password: str | None = None) -> None:
        parts = _address(url)
        self.url = urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], "", "", ""))
        self._database = parts.path.strip("/") or None
        self._met = False
        user = unquote(parts.username or "") or user or "neo4j"
        try:
            import neo4j  # noqa: PLC0415  # an optional extra
        except ImportError as error:
            raise StoreError("the Neo4j driver is not installed", remedy="install attribution-engine[neo4j]") from error
        logging.getLogger("neo4j").addHandler(_NOWHERE)
        try:
            self._driver = neo4j.GraphDatabase.driver(
                self.url,
                auth=(user, password) if password else None,
                notifications_min_severity="OFF",
                max_transaction_retry_time=0,  # `_guard` does it
                connection_acquisition_timeout=10.0,
                connection_timeout=5.0,
            )
        except (neo4j.exceptions.DriverError, ValueError) as error:
            raise StoreError(f"{self.url}: {error}", remedy="write neo4j://HOST:7687[/DATABASE]") from error

    @classmethod
    def from_environment(cls, url: str) -> Client:
        """Connect with the user and password that the environment names; the password is never logged.

        Raises
        ------
        StoreError
            The address holds a password, or the file that should hold it cannot be read.
        """
        return cls(url, user=os.environ.get(USER), password=_password())

    @property
    def address(self) -> str:
        """The server's address with the database's name, if one was given; without the user."""
        return f"{self.url}/{self._database}" if self._database else self.url

    def read(self, text: str, /, **values: Any) -> Rows:  # noqa: ANN401  # the driver takes any Cypher value
        """Run one reading statement in a transaction of its own."""
        return self.reading(lambda run: run(text, **values))

    def reading(self, work: Callable[[Callable[..., Rows]], T], *, seconds: float | None = None) -> T:
        """Run several reading statements in one transaction; `work` gets a function that runs one.

        The server ends a transaction that takes longer than `seconds`; then SlowError is raised.
        """
        from neo4j import unit_of_work  # noqa: PLC0415  # an optional extra

        @unit_of_work(timeout=seconds)
        def unit(tx: neo4j.ManagedTransaction) -> T:
            return work(lambda text, /, **values: _run(tx, text, values))

        return self._guard(lambda session: session.execute_read(unit))

    def stream(self, text: str, take: Callable[[Iterator[list[Any]]], T], /, **values: Any) -> T:  # noqa: ANN401
        """Hand the rows of one reading statement to `take` as they come; after a fault it is called again, anew."""

        def unit(tx: neo4j.ManagedTransaction) -> T:
            return take(row.values() for row in tx.run(text, values))

        return self._guard(lambda session: session.execute_read(unit))

    def write(self, text: str, /, **values: Any) -> Rows:  # noqa: ANN401  # as above
        """Run one writing statement in a transaction of its own."""
        return self.write_all([(text, values)])[0]

    def write_all(self, steps: Sequence[Step], *, guarded: bool = False) -> list[Rows]:
        """Run several writing statements in one transaction; return the rows of each.

        `guarded`: the first statement tells in `fresh` whether the others are to run.

        Raises
        ------
        StoreError
            The server cannot be reached or refuses; or, `guarded`, the first statement found no row: then nothing is
            written.
        """

        def unit(tx: neo4j.ManagedTransaction) -> list[Rows]:
            first = _run(tx, *steps[0])
            if guarded and not first:
                raise StoreError("another process took over writing", remedy="nothing was made visible: try again")
            if guarded and not first[0]["fresh"]:
                return [first]
            return [first, *(_run(tx, text, values) for text, values in steps[1:])]

        return self._guard(lambda session: session.execute_write(unit))

    def close(self) -> None:
        """Close all connections."""
        self._driver.close()

    def _guard(self, work: Callable[[neo4j.Session], T]) -> T:
        """Do a piece of work in a session, again after a pause of random length while the server is away or busy."""
        from neo4j import exceptions  # noqa: PLC0415  # an optional extra

        started, pause = time.monotonic(), FIRST_PAUSE
        while True:
            try:
                with self._driver.session(database=self._database) as session:
                    self._meet(session)
                    return work(session)
            except (exceptions.DriverError, exceptions.Neo4jError) as error:
                said = explain(self.address, error)
                again = error.is_retryable() or isinstance(error, exceptions.IncompleteCommit)
                if not again or isinstance(error, exceptions.ForbiddenOnReadOnlyDatabase):
                    raise said from error
                answered = self._met or isinstance(error, exceptions.Neo4jError)
                if time.monotonic() + pause > started + (RETRY_SECONDS if answered else MEET_SECONDS):
                    raise said from error
            time.sleep(pause * random.uniform(0.5, 1.0))  # noqa: S311  # so that two writers do not meet again
            pause = min(pause * 2, LONGEST_PAUSE)

    def _meet(self, session: neo4j.Session) -> None:
        """Look at the server's version, once."""
        if self._met:
            return
        agent = session.execute_read(lambda tx: tx.run(queries.PING).consume().server.agent)
        if (error := too_old(self.url, agent)) is not None:
            raise error
        self._met = True


def _address(url: str) -> SplitResult:
    """Take an address apart; raises StoreError where it is none, or says what would be passed over."""
    remedy = "write neo4j://[USER@]HOST:7687[/DATABASE]"
    scheme, _, rest = url.partition("://")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise StoreError(f"{scheme}://{rest.rpartition('@')[2]}: no address: {error}", remedy=remedy) from error
    if parts.password is not None:
        raise StoreError(
            f"{parts.scheme}://{parts.hostname}: the address holds a password",
            remedy=f"put it into {PASSWORD}, or into a file that {PASSWORD_FILE} names",
        )
    wrong = {
        "no host": not parts.hostname,
        "port 0": port == 0,
        "no database has a / in its name": "/" in parts.path.strip("/"),
        "nothing follows the database's name": bool(parts.query or parts.fragment),
    }
    for what, holds in wrong.items():
        if holds:
            raise StoreError(f"{url}: no address: {what}", remedy=remedy)
    return parts


def _password() -> str | None:
    """Return the password from the environment, or from the file that it names."""
    if (given := os.environ.get(PASSWORD)) or not (file := os.environ.get(PASSWORD_FILE)):
        return given
    try:
        return Path(file).read_text("utf-8").rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        raise StoreError(f"{PASSWORD_FILE}: {file} cannot be read", remedy="name a file with the password") from error


def _run(tx: neo4j.ManagedTransaction, text: str, values: dict[str, Any]) -> Rows:
    # Every text is a constant of graph_schema.queries or a migration; a test holds this module to it.
    return tx.run(text, values).data()
