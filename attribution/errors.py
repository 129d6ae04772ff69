"""Every error that a user can meet, as one tree.

    AttributionError             exit code 1
    ├── UsageError               2   arguments that make no sense together
    ├── InputError               3   logs that cannot be read: file, line, what is wrong
    ├── ConfigError              4   attribution.toml: unknown key, wrong type, impossible value
    ├── DossierError             5   labs.yaml: line and remedy
    ├── StoreError               6   the store cannot be opened, is locked, or holds another format
    │   └── SlowError            6   a question reached its time limit
    ├── NotFoundError            7   no such ring, campaign, run or output folder
    └── JudgementError           8   a judgement, or a file of them, that is wrong: record and remedy

Each says what is wrong (`args[0]`) and what to do about it (`remedy`). Everything else that escapes is a bug.
"""

from __future__ import annotations


class AttributionError(Exception):
    """Base of all errors meant for users; `str(error)` is one line, `remedy` the next one."""

    exit_code = 1

    def __init__(self, message: str, *, remedy: str = "") -> None:
        super().__init__(message)
        self.remedy = remedy


class UsageError(AttributionError):
    """Arguments that make no sense together."""

    exit_code = 2


class InputError(AttributionError):
    """Logs that cannot be read at all (single bad rows go to quarantine instead)."""

    exit_code = 3


class ConfigError(AttributionError):
    """A configuration file that is wrong."""

    exit_code = 4


class DossierError(AttributionError):
    """A dossier file that is wrong; the message names the line."""

    exit_code = 5


class StoreError(AttributionError):
    """A store that cannot be opened or written."""

    exit_code = 6


class SlowError(StoreError):
    """A question that the store did not answer within the time limit."""


class NotFoundError(AttributionError):
    """Something asked for by name that is not there."""

    exit_code = 7


class JudgementError(AttributionError):
    """A person's judgement, or a file of them, that is wrong; the message names the record."""

    exit_code = 8
