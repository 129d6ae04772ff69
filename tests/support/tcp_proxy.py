"""A TCP proxy on loopback that does to a connection what a bad network does: cuts, delays, resets, alters.

A `Plan` says what is to happen to the next connections, at which byte from the client or at which reply of the server.
"""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

Kind = Literal["pass", "cut", "reset", "delay", "swallow"]
CHUNK = 65536
COMMIT = b"\x00\x02\xb0\x12\x00\x00"
"""The Bolt message that commits, as a chunk of its own."""


@dataclass
class Plan:
    """What happens, once, when `after` bytes, or `commits` commits, went from client to server over all connections.

    cut : both directions end as if the peer had closed. reset : the same with RST. delay : 0.3 s of silence.
    swallow : the server gets everything, its answer is lost, then RST: the client cannot know whether a commit took.
    """

    kind: Kind = "pass"
    after: int = 0
    commits: int = 0
    alter: Callable[[bytes], bytes] = bytes
    sent: int = 0
    committed: int = 0
    happened: bool = False
    lock: threading.Lock = field(default_factory=threading.Lock)

    def due(self, data: bytes) -> Kind:
        """Count what came from the client; return what is to happen to the connection that sent it."""
        with self.lock:
            self.sent += len(data)
            self.committed += data.count(COMMIT)
            if self.happened or self.kind == "pass" or self.sent < self.after or self.committed < self.commits:
                return "pass"
            self.happened = True
            return self.kind


class Proxy:
    """Listens on a port of its own and forwards to another one of this machine."""

    def __init__(self, target: int) -> None:
        self.plan = Plan()
        self._target = target
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        """Take no more connections."""
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            try:
                server = socket.create_connection(("127.0.0.1", self._target), 5)
                server.settimeout(None)
            except OSError:
                client.close()
                continue
            for one in (client, server):
                one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            pair = _Pair(client, server, self)
            threading.Thread(target=pair.upstream, daemon=True).start()
            threading.Thread(target=pair.downstream, daemon=True).start()


class _Pair:
    """One connection of a client and the one to the server that belongs to it."""

    def __init__(self, client: socket.socket, server: socket.socket, proxy: Proxy) -> None:
        self._client, self._server, self._proxy = client, server, proxy
        self._swallowing = False

    def upstream(self) -> None:
        """Carry what the client says."""
        while data := _receive(self._client):
            what = self._proxy.plan.due(data)
            if what in {"cut", "reset"}:
                with contextlib.suppress(OSError):
                    self._server.sendall(data[: len(data) // 2])
                self._end(reset=what == "reset")
                return
            if what == "delay":
                time.sleep(0.3)
            if what == "swallow":
                self._swallowing = True
            try:
                self._server.sendall(data)
            except OSError:
                break
        if not self._swallowing:
            self._end(reset=False)

    def downstream(self) -> None:
        """Carry what the server says."""
        while data := _receive(self._server):
            if self._swallowing:
                self._end(reset=True)
                return
            try:
                self._client.sendall(self._proxy.plan.alter(data))
            except OSError:
                break
        self._end(reset=False)

    def _end(self, *, reset: bool) -> None:
        for one in (self._client, self._server):
            with contextlib.suppress(OSError):
                if reset:
                    one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                one.shutdown(socket.SHUT_RD if reset else socket.SHUT_RDWR)  # wakes the thread that reads
            one.close()


def _receive(peer: socket.socket) -> bytes:
    try:
        return peer.recv(CHUNK)
    except OSError:
        return b""


@contextlib.contextmanager
def proxy(url: str) -> Iterator[Proxy]:
    """Stand between a client and the server of an address."""
    one = Proxy(int(url.rpartition(":")[2]))
    try:
        yield one
    finally:
        one.close()
