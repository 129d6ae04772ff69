"""docs/configuration.md says of every setting what attribution/config.py says."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import msgspec

from attribution.config import Config

PAGE = Path(__file__).parents[2] / "docs" / "configuration.md"
ROW = re.compile(r"\| `(?P<key>\w+)` \| `(?P<default>[^`]+)` \| (?P<bounds>[^|]+) \| (?P<meaning>[^|]+) \|")


def documented() -> dict[str, tuple[object, str]]:
    """Read `section.key` to default and bounds from the page's tables."""
    found: dict[str, tuple[object, str]] = {}
    section = ""
    for line in PAGE.read_text("utf-8").splitlines():
        if heading := re.match(r"## `\[(\w+)\]`", line):
            section = heading[1]
        elif row := ROW.fullmatch(line):
            name = f"{section}.{row['key']}"
            assert name not in found, f"{name} is described twice"
            assert len(row["meaning"]) > 10
            found[name] = tomllib.loads(f"x = {row['default']}")["x"], row["bounds"]
    return found


def bounds(kind: msgspec.inspect.Type) -> str:
    """Say the bounds of a setting as the page says them."""
    match kind:
        case msgspec.inspect.BoolType():
            return "`true`, `false`"
        case msgspec.inspect.StrType():
            return "text"
        case msgspec.inspect.IntType() | msgspec.inspect.FloatType():
            if kind.gt is not None and kind.lt is not None:
                return f"above {kind.gt:g}, below {kind.lt:g}"
            if kind.ge is not None and kind.le is not None:
                return f"{kind.ge:g} to {kind.le:g}"
            if kind.ge is not None and kind.le is None:
                return f"from {kind.ge:g}"
    raise AssertionError(f"teach this test and the page to say the bounds of {kind}")


def declared() -> dict[str, tuple[object, str]]:
    """Read the same from the code."""
    found: dict[str, tuple[object, str]] = {}
    for section in msgspec.structs.fields(Config):
        settings = getattr(Config(), section.name)
        inspected = msgspec.inspect.type_info(type(settings))
        assert isinstance(inspected, msgspec.inspect.StructType)
        for field in inspected.fields:
            found[f"{section.name}.{field.name}"] = getattr(settings, field.name), bounds(field.type)
    return found


def test_every_setting_is_described_with_its_default_and_its_bounds() -> None:
    assert documented() == declared()


def test_defaults_on_the_page_have_the_type_of_the_setting() -> None:
    code = declared()
    assert {name: type(default) for name, (default, _) in documented().items()} == {
        name: type(default) for name, (default, _) in code.items()
    }
