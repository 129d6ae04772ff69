"""Who may ask, how much may be sent, and what every answer carries. Plain ASGI, so that nothing gets past it.

Without keys, only a direct connection from this machine is answered: the peer's socket address is loopback, the
`Host` header names this machine (a web page that rebinds its name to 127.0.0.1 does not get in), and no header says
that a proxy passed the request on. `X-Forwarded-For` is never believed: it can only take rights away. With keys,
everybody needs one, since a reverse proxy on the same machine makes the whole world look local.
"""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import re
import secrets
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from api.problems import problem
from attribution.errors import UsageError

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

OPEN_PATHS = frozenset(
    {"/healthz", "/readyz", "/browser/style.grass", "/browser/guide.html", "/browser/favourites.zip"}
)
"""Answered to everybody; they tell whether the service works, and what every copy of this software says."""

FORWARDED = frozenset(
    {b"forwarded", b"x-forwarded-for", b"x-forwarded-host", b"x-forwarded-proto", b"x-real-ip", b"via"}
)
LOCAL_NAMES = frozenset({"localhost", "127.0.0.1", "[::1]"})
MAX_BODY_BYTES = 1024 * 1024
MAX_TARGET_BYTES = 8192

HEADERS: tuple[tuple[bytes, bytes], ...] = (
    (b"x-content-type-options", b"nosniff"),
    (b"cache-control", b"no-store"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"x-frame-options", b"DENY"),
)

_ENTRY = re.compile(r"[A-Za-z0-9_.-]{1,64}:[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Keys:
    """The API keys, by their SHA-256: keys are 256 random bits, so a plain hash cannot be searched."""

    hashes: tuple[bytes, ...] = ()

    @classmethod
    def parse(cls, text: str) -> Keys:
        """Read `name:sha256hex` entries, separated by commas or white space; `#` begins a comment.

        Raises
        ------
        UsageError
            An entry is no hash (its content is not repeated: it may be a key in clear).
        """
        entries = re.sub(r"#.*", "", text).replace(",", " ").split()
        for number, entry in enumerate(entries, 1):
            if _ENTRY.fullmatch(entry) is None:
                raise UsageError(
                    f"API key {number} is not of the form name:sha256",
                    remedy="make one with `python -m api.keys NAME` and store the line that it prints",
                )
        return cls(tuple(bytes.fromhex(entry.rpartition(":")[2]) for entry in entries))

    def match(self, key: str) -> bool:
        """Tell whether a key is one of these, in a time that does not depend on which."""
        given = hashlib.sha256(key.encode("utf-8", "surrogateescape")).digest()
        found = False
        for known in self.hashes:
            found |= hmac.compare_digest(given, known)
        return found


def new_key() -> tuple[str, str]:
    """Return a fresh key and its SHA-256 in hex."""
    key = secrets.token_urlsafe(32)
    return key, hashlib.sha256(key.encode()).hexdigest()


def is_loopback(host: str) -> bool:
    """Tell whether an address is one of this machine's own (`localhost`, 127.0.0.0/8, ::1)."""
    if host == "localhost":
        return True
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None)
    return bool((mapped or address).is_loopback)


def check_bind(host: str, keys: Keys) -> None:
    """Refuse to listen to others without a key.

    Raises
    ------
    UsageError
        The address is not loopback and there is no key.
    """
    if not keys.hashes and not is_loopback(host):
        raise UsageError(
            f"{host} can be reached by others, and no API key is set",
            remedy="put the line that `python -m api.keys NAME` prints into ATTRIBUTION_API_KEYS, or bind 127.0.0.1",
        )


class Guard:
    """Lets in who may come in; limits what is sent; adds the headers that every answer carries."""

    def __init__(self, app: ASGIApp, keys: Keys, max_body_bytes: int = MAX_BODY_BYTES) -> None:
        self._app, self._keys, self._max = app, keys, max_body_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one connection, or refuse it."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return

        async def send_safe(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", ()), *HEADERS]
            await send(message)

        if scope["type"] != "http":
            return  # there are no web sockets here
        refusal = self._refusal(scope)
        if refusal is not None:
            await refusal(scope, receive, send_safe)
            return
        await _Limited(self._app, self._max)(scope, receive, send_safe)

    def _refusal(self, scope: Scope) -> ASGIApp | None:
        headers = scope["headers"]
        if len(scope.get("raw_path") or b"") + len(scope["query_string"]) > MAX_TARGET_BYTES:
            return problem(414, "uri-too-long", f"the address is longer than {MAX_TARGET_BYTES} bytes")
        if scope["path"] not in OPEN_PATHS and not self._may_enter(scope):
            why = "an API key is needed: Authorization: Bearer KEY"
            return problem(401, "unauthorized", why, headers={"WWW-Authenticate": "Bearer"})
        for name, value in headers:
            if name == b"content-length" and not _within(value, self._max):
                return _too_large(self._max)
        return None

    def _may_enter(self, scope: Scope) -> bool:
        headers = scope["headers"]
        if not self._keys.hashes:
            return _is_local(scope)
        given = [value for name, value in headers if name == b"authorization"]
        if len(given) != 1:
            return False
        kind, _, key = given[0].decode("latin-1").partition(" ")
        return kind.lower() == "bearer" and self._keys.match(key.strip())


def _within(length: bytes, most: int) -> bool:
    return length.isdigit() and len(length) <= len(str(most)) and int(length) <= most


def _is_local(scope: Scope) -> bool:
    client = scope.get("client")
    names = [value.decode("latin-1").lower() for name, value in scope["headers"] if name == b"host"]
    return (
        client is not None
        and is_loopback(client[0])
        and len(names) == 1
        and re.sub(r":\d+$", "", names[0]) in LOCAL_NAMES
        and not any(name in FORWARDED for name, _ in scope["headers"])
    )


class _TooLargeError(Exception):
    """More came than is allowed."""


class _Limited:
    """Stops reading a body that is too long, whatever its headers said."""

    def __init__(self, app: ASGIApp, most: int) -> None:
        self._app, self._max = app, most

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        read, started = 0, False

        async def receive_counted() -> Message:
            nonlocal read
            message = await receive()
            read += len(message.get("body", b""))
            if read > self._max:
                raise _TooLargeError
            return message

        async def send_unless_too_large(message: Message) -> None:
            nonlocal started
            if read <= self._max or started:  # the framework may answer the error above in its own words
                started = True
                await send(message)

        with suppress(_TooLargeError):
            await self._app(scope, receive_counted, send_unless_too_large)
        if read > self._max and not started:
            await _too_large(self._max)(scope, receive, send)


def _too_large(most: int) -> ASGIApp:
    return problem(413, "content-too-large", f"a request may have {most} bytes at most")
