"""One connection pool to a Neo4j server: retried transactions, and errors that a user can act on.

The driver is an optional extra and is imported on first use.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit, urlunsplit

from attribution.errors import SlowError, StoreError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import TypeVar

    import neo4j

    T = TypeVar("T")

SCHEMES = ("neo4j", "neo4j+s", "neo4j+ssc", "bolt", "bolt+s", "bolt+ssc")
RETRY_SECONDS = 30.0
"""How long a statement is tried again while the server is away or busy."""
TIMED_OUT = "TransactionTimedOut"
"""In the server's code for a transaction that reached its time limit."""
Rows = list[dict[str, Any]]
Step = tuple[str, dict[str, Any]]


def is_graph_url(text: str) -> bool:
    """Tell whether a store's name is the address of a graph server."""
    return text.partition("://")[0] in SCHEMES and "://" in text


class Client:
    """A pool of connections; `read` and `write` retry what the server calls transient, so writes must be idempotent."""

    def __init__(self, url: str, *, user: str | None, password: str | None) -> None:
        parts = urlsplit(url)
        if parts.username or parts.password:
            raise StoreError(
                f"{parts.scheme}://{parts.hostname}: the address holds credentials",
                remedy="put them into ATTRIBUTION_NEO4J_USER and ATTRIBUTION_NEO4J_PASSWORD, and only the host here",
            )
        self.url = urlunsplit((parts.scheme, parts.netloc, "", "", ""))
        self._database = parts.path.strip("/") or None
        try:
            import neo4j  # noqa: PLC0415  # an optional extra
        except ImportError as error:
            raise StoreError("the Neo4j driver is not installed", remedy="install attribution-engine[neo4j]") from error
        try:
            self._driver = neo4j.GraphDatabase.driver(
                self.url,
                auth=(user, password) if user and password else None,
                notifications_min_severity="OFF",
                max_transaction_retry_time=RETRY_SECONDS,
                connection_acquisition_timeout=RETRY_SECONDS + 5.0,
                connection_timeout=5.0,
            )
        except (neo4j.exceptions.DriverError, ValueError) as error:
            raise StoreError(f"{self.url}: {error}", remedy="write neo4j://HOST:7687[/DATABASE]") from error

    @classmethod
    def from_environment(cls, url: str) -> Client:
        """Connect with the user and password that the environment names; neither is ever logged."""
        return cls(
            url,
            user=os.environ.get("ATTRIBUTION_NEO4J_USER"),
            password=os.environ.get("ATTRIBUTION_NEO4J_PASSWORD"),
        )

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
        from neo4j import exceptions  # noqa: PLC0415  # an optional extra

        try:
            with self._driver.session(database=self._database) as session:
                return work(session)
        except exceptions.AuthError as error:
            raise StoreError(
                f"{self.url}: the server refuses the user or password",
                remedy="set ATTRIBUTION_NEO4J_USER and ATTRIBUTION_NEO4J_PASSWORD",
            ) from error
        except (exceptions.ServiceUnavailable, exceptions.SessionExpired) as error:
            raise StoreError(
                f"{self.url}: the server does not answer", remedy="start it, or check host, port and scheme"
            ) from error
        except (exceptions.DriverError, exceptions.Neo4jError) as error:
            if TIMED_OUT in str(getattr(error, "code", "")):
                raise SlowError(
                    f"{self.url}: the server gave up: the time limit was reached", remedy="narrow the question"
                ) from error
            first = (str(error).splitlines() or [type(error).__name__])[0]
            raise StoreError(f"{self.url}: {first[:300]}", remedy="see the server's log for the rest") from error


def _run(tx: neo4j.ManagedTransaction, text: str, values: dict[str, Any]) -> Rows:
    # Every text is a constant of graph_schema.queries or a migration; a test holds this module to it.
    return tx.run(text, values).data()
