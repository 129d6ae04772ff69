"""The command line: `attribution COMMAND ...`. One module a group of commands; heavy imports wait for their command."""

from attribution.cli.main import command, main

__all__ = ["command", "main"]
