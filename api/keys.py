"""Make an API key: `python -m api.keys NAME` prints it once, with the line that the service keeps."""

from __future__ import annotations

import sys

from api.security import new_key


def main() -> int:
    """Print a key and its line."""
    if len(sys.argv) != 2 or not sys.argv[1].isidentifier():  # program and name
        print("usage: python -m api.keys NAME", file=sys.stderr)  # noqa: T201  # a command
        return 2
    key, digest = new_key()
    print(f"key, shown once:          {key}")  # noqa: T201  # a command
    print(f"for ATTRIBUTION_API_KEYS: {sys.argv[1]}:{digest}")  # noqa: T201  # a command
    return 0


if __name__ == "__main__":
    sys.exit(main())
