"""The commands, put together."""

from __future__ import annotations

import enum
from typing import Annotated

import typer

from attribution.cli import ask, demo, evaluate, graph, judge, labs, run, score, serve, show, simulate, why
from attribution.cli.session import Session

EXIT_CODES = """\
\b
Exit codes:
    0  done
    2  arguments that make no sense
    3  logs that cannot be read
    4  attribution.toml is wrong
    5  labs.yaml is wrong
    6  the store cannot be opened or written
    7  no such ring, run or output folder
    8  a judgement, or a file of them, is wrong
    9  `graph doctor` found something that needs a hand
    1  another failure (disk, memory, permissions)
   70  a bug
  130  interrupted (Ctrl-C)
"""

app = typer.Typer(
    name="attribution",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    epilog=EXIT_CODES,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)


class Level(enum.StrEnum):
    """How much is logged."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


def _version(asked: bool) -> None:  # called by Typer with the value of an option
    if asked:
        version()
        raise typer.Exit


@app.callback()
def root(
    context: typer.Context,
    _version: Annotated[
        bool, typer.Option("--version", help="Print the version and end.", callback=_version, is_eager=True)
    ] = False,  # an option is what Typer makes of it
    log: Annotated[Level, typer.Option(help="What to log on standard error.")] = Level.INFO,
) -> None:
    """Find distillation campaigns in an AI provider's API logs, and say on what evidence.

    \b
    A first look, with a simulated world:
        attribution simulate world --accounts 4000
        attribution run world --labs world/labs.yaml --out result
        attribution show result
        attribution evaluate world result

    Results go to standard output, logs and progress to standard error: pretty on a terminal, JSON lines elsewhere.
    """
    context.obj = Session(level=log.value)


app.command("run")(run.run)
app.command("show")(show.show)
app.command("why", short_help="Say why accounts are linked or not, or what ties a ring together.")(why.why)
app.command("ask", short_help="Ask a named question of a run in Neo4j.")(ask.ask)
app.command("evaluate", short_help="Score a run against the truth, beside three baselines.")(evaluate.evaluate)
app.command("simulate", short_help="Make a labelled world: rings among people who share honestly.")(simulate.simulate)
app.command("demo", short_help="Simulate a world, run the engine on it, and score what it finds.")(demo.demo)
app.command("score", short_help="Weigh the dossiers against any accounts, or stated evidence.")(score.score)
app.add_typer(labs.app, name="labs")
app.add_typer(judge.app, name="judge")
app.add_typer(graph.app, name="graph")
app.command("serve", short_help="Answer over HTTP: rings, evidence, campaigns, attribution.")(serve.serve)


@app.command()
def version() -> None:
    """Print the version.

    \b
    Example:
        attribution version
    """
    from attribution.version import engine

    typer.echo(engine())
