"""Cursors: where a page ended, opaque and signed, bound to the run and the filters that it was read with."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
from dataclasses import dataclass

from api.problems import ProblemError

SIGNATURE_BYTES = 16


@dataclass(frozen=True, slots=True)
class Position:
    """The last row of a page: its sort value and its name."""

    run_id: str
    value: float
    name: str


class Cursors:
    """Writes and reads cursors with a secret of the service (one for all replicas that share clients)."""

    def __init__(self, secret: bytes) -> None:
        self._secret = secret

    def write(self, position: Position, question: str) -> str:
        """Return the cursor of a position within the answers to a question."""
        row = [position.run_id, position.value.hex(), position.name]
        payload = json.dumps(row, ensure_ascii=True, separators=(",", ":")).encode()
        return base64.urlsafe_b64encode(self._sign(payload, question) + payload).rstrip(b"=").decode()

    def read(self, cursor: str, question: str) -> Position:
        """Return the position; raises ProblemError (400) if the cursor is not ours or belongs to another question."""
        try:
            data = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        except (binascii.Error, ValueError):
            data = b""
        signature, payload = data[:SIGNATURE_BYTES], data[SIGNATURE_BYTES:]
        if not hmac.compare_digest(signature, self._sign(payload, question)):
            raise ProblemError(400, "invalid-cursor", "the cursor is not one of this list: begin without a cursor")
        run_id, value, name = json.loads(payload)
        return Position(run_id, float.fromhex(value), name)

    def _sign(self, payload: bytes, question: str) -> bytes:
        asked = hashlib.sha256(question.encode("utf-8", "surrogatepass")).digest()
        return hmac.new(self._secret, asked + payload, "sha256").digest()[:SIGNATURE_BYTES]
