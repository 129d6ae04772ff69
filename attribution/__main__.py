"""The installed command, and `python -m attribution`: loads the command line, and can be interrupted meanwhile."""

from __future__ import annotations

import sys
from typing import NoReturn


def command() -> NoReturn:
    """Run the command line. Loading it takes long enough for somebody to change their mind."""
    try:
        from attribution.cli import command as run  # noqa: PLC0415  # what takes the time
    except KeyboardInterrupt:
        sys.exit(130)
    run()


if __name__ == "__main__":
    command()
