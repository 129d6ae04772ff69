"""What the driver raises, in one sentence that says what is wrong and one that says what to do about it."""

from __future__ import annotations

import re
import ssl
from typing import TYPE_CHECKING

from attribution.errors import SlowError, StoreError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

OLDEST = (5, 23)
"""The first server version whose Cypher has everything that the texts use (scope clauses of subqueries)."""

_SIGN_IN = (
    "set ATTRIBUTION_NEO4J_PASSWORD, or ATTRIBUTION_NEO4J_PASSWORD_FILE to a file that holds it; the user stands in"
)
_CODES: tuple[tuple[str, str, str], ...] = (
    (
        r"Security\.AuthenticationRateLimit",
        "the server refused the password too often and waits",
        "wait a few seconds, then try again with the right one",
    ),
    (
        r"Security\.CredentialsExpired",
        "the password must be changed before it is of use",
        "change it once in Neo4j Browser, or with ALTER CURRENT USER",
    ),
    (
        r"Security\.(Unauthorized|TokenExpired)",
        "the server refuses the user or password",
        f"{_SIGN_IN} the address (neo4j://USER@HOST:PORT) or in ATTRIBUTION_NEO4J_USER",
    ),
    (r"Security\.Forbidden", "the user may not do this", "use a user with the role publisher, or reader for questions"),
    (
        r"Database\.DatabaseNotFound",
        "the server has no such database",
        "the name stands after the port (neo4j://HOST:PORT/NAME); Community Edition has one, neo4j",
    ),
    (
        r"(General\.(WriteOn|ForbiddenOn)ReadOnly|Cluster\.NotALeader|Routing\.|ReadOnly)",
        "this database or server takes no writes: it is read-only, or a replica",
        "write to the leader: use neo4j:// in place of bolt://, and check server.databases.read_only",
    ),
    (
        r"(TransactionLogError|TransactionStartFailed|TransactionCommitFailed)",
        "the server could not write; its disk is full, as a rule",
        "free space where its data is, restart it and try again: a half-written run is not visible",
    ),
    (
        r"General\.DatabaseUnavailable",
        "the database is not available: it starts, or was stopped",
        "wait until it has started; if it does not, see the server's log",
    ),
    (
        r"(OutOfMemoryError|MemoryPoolOutOfMemory|TransactionOutOfMemory)",
        "the server has too little memory",
        "give it more (server.memory.heap.max_size)",
    ),
    (
        r"Statement\.SyntaxError",
        "the server does not know a statement of this version",
        f"use Neo4j {OLDEST[0]}.{OLDEST[1]} or newer",
    ),
)
_NO_BOLT = "what answers there does not speak Bolt"
_BOLT_PORT = "name the Bolt port, 7687 as a rule; 7474 and 7473 are for browsers"
_SLOW = "TransactionTimedOut"


def explain(url: str, error: BaseException) -> StoreError:
    """Return the error for a user; the driver's own text is repeated only where nothing better is known."""
    code = str(getattr(error, "code", None) or "")
    if _SLOW in code:
        return SlowError(f"{url}: the server gave up: the time limit was reached", remedy="narrow the question")
    if re.search(r"read.only", str(error), re.IGNORECASE):  # the code tells of it for some statements alone
        code = "Neo.ClientError.General.WriteOnReadOnlyAccessDatabase"
    for pattern, said, remedy in _CODES:
        if re.search(pattern, code):
            return StoreError(f"{url}: {said}", remedy=remedy)
    for cause in _causes(error):
        for meets, said, remedy in _CAUSES:
            if meets(cause):
                return StoreError(f"{url}: {said}", remedy=remedy)
    if type(error).__name__ in {"ServiceUnavailable", "SessionExpired", "IncompleteCommit"}:
        return StoreError(f"{url}: the server does not answer", remedy="start it, or check host, port and scheme")
    first = (str(error).splitlines() or [type(error).__name__])[0]
    return StoreError(f"{url}: {first[:300]}", remedy="see the server's log for the rest")


def too_old(url: str, agent: str) -> StoreError | None:
    """Return the error for a server that is too old, None for one that is not; `agent` is as `Neo4j/5.26.30`."""
    found = re.fullmatch(r"Neo4j/(\d+)\.(\d+).*", agent)
    if found is None or (int(found[1]), int(found[2])) >= OLDEST:
        return None
    return StoreError(
        f"{url}: {agent} is too old", remedy=f"use Neo4j {OLDEST[0]}.{OLDEST[1]} or newer (5.26 is supported longest)"
    )


def _causes(error: BaseException) -> Iterator[BaseException]:
    """Yield an error and everything that led to it."""
    seen: list[BaseException] = [error]
    while seen:
        one = seen.pop()
        yield one
        seen += [cause for cause in (one.__cause__, one.__context__) if cause is not None and cause is not one]
        seen += getattr(one, "exceptions", ())


def _is(*kinds: type[BaseException]) -> Callable[[BaseException], bool]:
    return lambda error: isinstance(error, kinds)


def _says(text: str) -> Callable[[BaseException], bool]:
    return lambda error: text in str(error)


_CAUSES: tuple[tuple[Callable[[BaseException], bool], str, str], ...] = (
    (
        _is(ssl.SSLCertVerificationError),
        "the server's certificate is not trusted",
        "use a certificate of a known authority, or +ssc in place of +s for one that signed itself",
    ),
    (
        _is(ssl.SSLError),
        "the server does not speak TLS there",
        "use bolt:// or neo4j:// without +s and the Bolt port (7687), or turn on TLS (dbms.ssl.policy.bolt.enabled)",
    ),
    (
        _says("closed with incomplete handshake response"),
        "the server closed the connection at once; it wants TLS, as a rule",
        "use neo4j+s:// or bolt+s:// (+ssc for a certificate that signed itself)",
    ),
    (
        _says("does not support communication with this driver"),
        "the server is too old, or no Neo4j",
        f"use Neo4j {OLDEST[0]}.{OLDEST[1]} or newer",
    ),
    (
        _says("four byte Bolt handshake response"),
        _NO_BOLT,
        _BOLT_PORT,
    ),
    (_says("looks like HTTP"), _NO_BOLT, _BOLT_PORT),
    (_says("DNS resolve"), "no such host", "check the host's name"),
    (_is(ConnectionRefusedError), "the server does not answer: connection refused", "start it, or check host and port"),
)
