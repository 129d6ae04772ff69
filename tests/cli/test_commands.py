"""Commands as a user types them: exit codes, what is told on standard error, and nothing hostile on the terminal."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from importlib import metadata
from typing import TYPE_CHECKING

import pytest
import typer

from attribution.cli import main
from attribution.cli.app import app

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

ENTRY = "from attribution.cli import command; command()"


@dataclass(frozen=True)
class Ended:
    """How a command ended."""

    code: int
    out: str
    err: str


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Callable[..., Ended]:
    def call(*args: object) -> Ended:
        monkeypatch.setattr(sys, "argv", ["attribution", *map(str, args)])
        before = signal.getsignal(signal.SIGTERM)
        with pytest.raises(SystemExit) as ended:
            main()
        signal.signal(signal.SIGTERM, before)
        captured = capfd.readouterr()
        return Ended(int(ended.value.code or 0), captured.out, captured.err)

    return call


@pytest.fixture(scope="session")
def result(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return _written(tmp_path_factory, hostile=False)


@pytest.fixture(scope="session")
def hostile_result(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return _written(tmp_path_factory, hostile=True)


def _written(factory: pytest.TempPathFactory, *, hostile: bool) -> Path:
    from report_world import make_document  # noqa: PLC0415

    from attribution.report import write  # noqa: PLC0415

    out = factory.mktemp("result")
    write(make_document(hostile=hostile), out)
    return out


def commands() -> list[str]:
    """Return every command, those of groups with the group's name before theirs."""
    group = typer.main.get_group(app)
    found: list[str] = []
    for name, one in sorted(group.commands.items()):
        below = getattr(one, "commands", {})
        found += [f"{name} {inner}" for inner in sorted(below)] or [name]
    return found


@pytest.mark.parametrize("name", commands())
def test_every_help_teaches_with_an_example_and_fits_a_terminal(
    command: Callable[..., Ended], monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    ended = command(*name.split(), "--help")
    assert ended.code == 0
    assert "Example:" in ended.out
    assert f"attribution {name}" in ended.out.split("Example:")[1]
    assert max(map(len, ended.out.splitlines())) <= 80
    assert ended.err == ""


@pytest.mark.parametrize("name", ["", "labs", "judge", "graph"])
def test_lists_of_commands_are_not_cut(
    command: Callable[..., Ended], monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    listed = command(*name.split(), "--help").out.split("Commands:")[1]
    assert "..." not in listed
    assert max(map(len, listed.splitlines())) <= 80


def test_the_version_is_told_in_both_ways(command: Callable[..., Ended]) -> None:
    assert command("--version") == command("version")
    assert command("--version").out.strip() == metadata.version("attribution-engine")


def test_the_first_help_names_every_exit_code(command: Callable[..., Ended]) -> None:
    from attribution import errors  # noqa: PLC0415

    text = command("--help").out
    kinds = [
        kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, errors.AttributionError)
    ]
    assert len(kinds) >= 7
    for code in {kind.exit_code for kind in kinds} | {0, 70, 130}:
        assert f" {code}  " in text


@pytest.mark.parametrize(
    ("args", "code", "error", "remedy"),
    [
        (["--nonsense"], 2, "No such option: --nonsense", "see `attribution --help`"),
        (["nonsense"], 2, "No such command 'nonsense'", "see `attribution --help`"),
        (["run"], 2, "Missing argument 'INPUT'", "see `attribution run --help`"),
        (["run", "{tmp}"], 2, "Missing option '--out'", "see `attribution run --help`"),
        (["run", "{tmp}/nowhere", "--out", "{tmp}/o"], 3, "no such file or folder", "name the folder"),
        (["run", "s3://logs/april", "--out", "{tmp}/o"], 3, "usage edges from neo4j://", "name their folder"),
        (
            ["run", "neo4j://localhost:7687", "--out", "{tmp}/o", "--store", "engine.duckdb"],
            2,
            "kept in that graph",
            "leave --store out",
        ),
        (["run", "{tmp}", "--out", "{tmp}/file"], 2, "is a file", "name a folder"),
        (["run", "{tmp}", "--out", "{tmp}"], 2, "is the input folder", "name another folder"),
        (["run", "{tmp}", "--out", "{tmp}/o", "--seed", str(2**63)], 2, "--seed", "see `attribution run --help`"),
        (["run", "{tmp}", "--out", "{tmp}/o", "--seed", "x"], 2, "--seed", "see `attribution run --help`"),
        (["show", "{tmp}/nowhere"], 7, "no such folder", "--out OUT"),
        (["show", "{tmp}"], 7, "not the output of a run", "attribution run"),
        (["evaluate", "{tmp}", "{tmp}/o"], 7, "", ""),
        (["labs", "check", "{tmp}/none.yaml"], 5, "none.yaml", ""),
        (["simulate", "{tmp}/w", "--set", "nonsense=1"], 2, "no dial 'nonsense'", "accounts_per_card"),
        (["simulate", "{tmp}/w", "--set", "leaks"], 2, "has no value", "NAME=VALUE"),
        (["simulate", "{tmp}/w", "--set", "leaks=many"], 2, "is no float", "leaks=VALUE"),
        (["simulate", "{tmp}/w", "--preset", "easy"], 2, "no preset 'easy'", "careless"),
        (["simulate", "{tmp}/w", "--drop", "colour"], 2, "cannot drop 'colour'", "prompt"),
        (["simulate", "{tmp}/file"], 2, "is a file", "name a folder"),
    ],
)
def test_a_mistake_ends_with_its_code_one_line_and_a_remedy(  # pytest passes them by name
    command: Callable[..., Ended], tmp_path: Path, args: list[str], code: int, error: str, remedy: str
) -> None:
    (tmp_path / "file").write_text("x")
    ended = command(*(arg.replace("{tmp}", str(tmp_path)) for arg in args))
    assert ended.code == code
    lines = ended.err.splitlines()
    assert lines[-2].startswith("error: ")
    assert lines[-1].startswith("remedy: ")
    assert error in lines[-2]
    assert remedy in lines[-1]
    assert "Traceback" not in ended.err
    assert ended.out == ""


def test_show_prints_rings_and_one_ring(command: Callable[..., Ended], result: Path) -> None:
    rings = command("show", result)
    assert rings.code == 0
    assert "ring-0000" in rings.out
    assert "Amber Research" in rings.out
    assert "very likely (91.2 %)" in rings.out
    one = command("show", result, "ring-0001")
    assert "Evidence" in one.out
    assert command("show", result, 2).out == one.out
    assert command("show", result, "ring-9").code == 7


def test_show_json_is_the_document(command: Callable[..., Ended], result: Path) -> None:
    whole = json.loads(command("show", result, "--json").out)
    assert whole["schema_version"] == "1.4"
    one = json.loads(command("show", result, "ring-0001", "--json").out)
    assert one == whole["rings"][1]


def test_hostile_strings_do_nothing_to_the_terminal(command: Callable[..., Ended], hostile_result: Path) -> None:
    for args in ([], [1], [2], ["--json"]):
        ended = command("show", hostile_result, *args)
        assert ended.code == 0
        assert not set(ended.out) & set("\x1b\u202e\x00\r\x07\u2066")
    assert "[31mred" not in command("show", hostile_result).out
    assert "[bold]" not in command("show", hostile_result).out


def test_an_error_cannot_be_forged_by_a_file_name(command: Callable[..., Ended], tmp_path: Path) -> None:
    ended = command("show", tmp_path / "x\nremedy: send money\x1b[31m")
    assert ended.code == 7
    assert len(ended.err.splitlines()) == 2
    assert "\x1b" not in ended.err


def test_a_bug_names_its_place_and_no_data(
    command: Callable[..., Ended], monkeypatch: pytest.MonkeyPatch, result: Path
) -> None:
    def broken(_out: Path) -> None:
        raise ValueError("4111 1111 1111 1111")

    monkeypatch.setattr("attribution.report.stored.read", broken)
    ended = command("show", result)
    assert ended.code == 70
    assert "internal error: ValueError at " in ended.err
    assert "4111" not in ended.err


def test_labs_check_shows_what_is_known(command: Callable[..., Ended], tmp_path: Path) -> None:
    labs = tmp_path / "labs.yaml"
    labs.write_text("labs:\n  - {id: lab-amber, name: Amber Research, asns: [64510]}\n")
    ended = command("labs", "check", labs)
    assert ended.code == 0
    assert "lab-amber" in ended.out
    labs.write_text("labs:\n  - {id: lab-amber, nme: Amber}\n")
    ended = command("labs", "check", labs)
    assert ended.code == 5
    assert [line.split(":")[0] for line in ended.err.splitlines()] == ["error", "remedy"] * 2, "every problem"
    assert "without `name`" in ended.err
    assert "did you mean `name`?" in ended.err
    assert "more" not in ended.err


@pytest.mark.parametrize(
    "error",
    [
        OSError(28, "No space left on device"),
        OSError("Error writing bytes. Detail: [errno 28] No space left on device"),
    ],
)
def test_a_full_disk_is_told_in_the_same_words(
    command: Callable[..., Ended], monkeypatch: pytest.MonkeyPatch, tmp_path: Path, error: OSError
) -> None:
    def full(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr("attribution.simulate.world.build", full)
    ended = command("simulate", tmp_path / "w", "--accounts", 500)
    assert (ended.code, ended.err.splitlines()[-2]) == (1, "error: no space left on the disk")
    assert not (tmp_path / "w").exists()


def test_a_full_disk_is_no_bug(tmp_path: Path) -> None:
    """The largest file that may be written is small, which looks the same to a program."""
    events = "".join(
        f'{{"account_id": "a{n % 900}", "ts": "2026-03-01T{n % 24:02}:00:00Z", "ip": "10.{n % 7}.{n % 251}.9"}}\n'
        for n in range(30_000)
    )
    (tmp_path / "events.jsonl").write_text(events)
    small = f"import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, 300_000)); {ENTRY}"
    ended = subprocess.run(
        [sys.executable, "-c", small, "run", tmp_path, "--out", tmp_path / "out"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 1, ended.stderr
    assert "error: no space left on the disk\nremedy: make room" in ended.stderr
    assert not (tmp_path / "out").exists()


def test_every_dial_of_the_simulator_can_be_set() -> None:
    from attribution.cli.simulate import build  # noqa: PLC0415

    settings = [
        "days=14",
        "accounts_per_card=2",
        "paraphrase=account",
        "attacks.slow=yes",
        "dossiers.missing=0.6",
        "flags.hours=true",
    ]
    options = build({"accounts": 900}, "private", settings)
    assert (options.accounts, options.days, options.resolved.accounts_per_card) == (900, 14, 2.0)
    assert (options.resolved.paraphrase, options.attacks.slow) == ("account", True)
    assert (options.dossiers.missing, options.flags.hours) == (0.6, True)


def _start(*args: object, **more: object) -> subprocess.Popen[str]:
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a parent that ignores it (nohup) would hand that on
    return subprocess.Popen(  # our own program
        [sys.executable, "-c", ENTRY, *map(str, args)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        **more,  # type: ignore[call-overload]
    )


def test_help_comes_at_once_and_loads_nothing_heavy() -> None:
    program = (
        "import sys; sys.argv = ['attribution', '--help']\n"
        "from attribution.cli import main\n"
        "try: main()\nexcept SystemExit: pass\n"
        "heavy = {'pandas', 'duckdb', 'numpy', 'pyarrow', 'igraph', 'numba', 'rich', 'fastapi'} & set(sys.modules)\n"
        "assert not heavy, heavy"
    )
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr


def test_a_reader_that_goes_away_is_no_error(result: Path) -> None:
    process = _start("show", result, "--json")
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.read(10)
    process.stdout.close()
    assert process.stderr.read() == ""
    assert process.wait() in {0, 141}


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_interrupted_is_told_by_the_code_alone(tmp_path: Path, number: signal.Signals, code: int) -> None:
    process = _start("simulate", tmp_path / "w", "--accounts", 400_000, env=os.environ | {"PYTHONUNBUFFERED": "1"})
    deadline = time.monotonic() + 20
    while not (tmp_path / "w").exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    process.send_signal(number)
    _, err = process.communicate(timeout=20)
    assert process.returncode == code
    assert "Traceback" not in err


def test_interrupted_while_it_loads_it_ends_the_same_way() -> None:
    program = (
        "import signal, sys\n"
        "class Impatient:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name == 'typer': signal.raise_signal(signal.SIGINT)\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "sys.meta_path.insert(0, Impatient())\n"
        "from attribution.__main__ import command\n"
        "command()"
    )
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert (run.returncode, run.stdout, run.stderr) == (130, "", "")


@pytest.mark.parametrize(
    ("columns", "told"), [(("payment_id",), "payments alone"), (("ip",), "addresses alone"), (("ip", "payment_id"), "")]
)
def test_logs_with_one_kind_of_ties_are_told_what_they_cannot_show(
    command: Callable[..., Ended], tmp_path: Path, columns: tuple[str, ...], told: str
) -> None:
    values = {"payment_id": "card-{}", "ip": "198.51.100.{}"}
    lines = [",".join(("account_id", "ts", *columns))]
    lines += [
        ",".join((f"a{n}", f"2026-03-0{1 + n % 9}T12:00:00Z", *(values[c].format(n // 9) for c in columns)))
        for n in range(90)
    ]
    (tmp_path / "events.csv").write_text("\n".join(lines), "utf-8")
    ran = command("run", tmp_path / "events.csv", "--out", tmp_path / "out")
    shown = command("show", tmp_path / "out")
    page = (tmp_path / "out" / "report.html").read_text("utf-8")
    for where in (" ".join(ran.out.split()), " ".join(shown.out.split()), page):
        assert (f"these logs hold {told}: rings can hardly be seen" in where) == bool(told)
        assert ("does not say that there is none" in where) == bool(told)
