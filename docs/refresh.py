"""Bring the README up to date: run the demo, put what it prints and a picture of its report where the README has them.

`.venv/bin/python docs/refresh.py` (needs Chromium for the picture; a minute or two). What stands between the two marks
`demo` in README.md is written by this script.
"""

from __future__ import annotations

import base64
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from playwright.sync_api import sync_playwright

if TYPE_CHECKING:
    from playwright.sync_api import Browser

ROOT = Path(__file__).parents[1]
README = ROOT / "README.md"
PICTURE = ROOT / "docs" / "images" / "report.png"
DEMO = ROOT / "out" / "demo"
WIDTH, HEIGHT = 1280, 1500
LOOK = "margin:0;display:flex;gap:12px;background:#d8dce3;padding:12px"
SHOWN = {"coordinated": 5, "undetermined": 2, "innocent": 2}
"""How many clusters of each verdict the README shows."""
TEXT = """It prints the clusters that it judged (here {shown} of {all}, ring ids left out):

```text
{rings}
```

then scores itself against the truth of the world, beside three simple methods on the same logs:

```text
{scores}
```
"""


def demo() -> list[str]:
    """Run the demo; return the lines that it prints."""
    command = [Path(sys.executable).with_name("attribution"), "--log", "error", "demo", "--out", DEMO]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()


def clusters(lines: list[str]) -> list[tuple[str, list[str]]]:
    """Return the verdict and the lines of every cluster in the table; a ring with two campaigns has two lines."""
    found: list[tuple[str, list[str]]] = []
    for line in lines[lines.index(next(line for line in lines if "best innocent" in line)) + 2 :]:
        if not line.strip():
            break
        if row := re.match(r" +\d+ +ring-\w+ +(\w+)", line):
            found.append((row[1], [line]))
        else:
            found[-1][1].append(line)
    return found


def section(lines: list[str]) -> str:
    """Return the README's part about what the demo prints."""
    head = next(number for number, line in enumerate(lines) if "best innocent" in line)
    listed = clusters(lines)
    more = next((re.match(r"(\d+) more", line) for line in lines if re.match(r"\d+ more", line)), None)
    left, rows = dict(SHOWN), []
    for verdict, row in listed:
        if left.get(verdict, 0):
            left[verdict] -= 1
            rows += row
    start, end = lines[head].index("ring"), lines[head].index("verdict")
    table = [(line[1:start] + line[end:]).rstrip() for line in [*lines[head : head + 2], *rows]]
    first = next(number for number, line in enumerate(lines) if line.strip().startswith("method"))
    scores = [line[1:].rstrip() for line in lines[first : first + 6]]
    return TEXT.format(
        shown=sum(SHOWN.values()) - sum(left.values()),
        all=len(listed) + (int(more[1]) if more else 0),
        rings="\n".join(table),
        scores="\n".join(scores),
    )


def shot(browser: Browser, report: Path, part: str) -> str:
    """Return a picture of the report from a part on, as a data address."""
    page = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT})
    page.goto(report.resolve().as_uri())
    page.locator(part).evaluate("here => here.scrollIntoView({behavior: 'instant'})")
    data = base64.b64encode(page.screenshot()).decode()
    page.close()
    return f"data:image/png;base64,{data}"


def picture(report: Path) -> None:
    """Write the picture: summary on the left, the first ring on the right."""
    with sync_playwright() as play:
        browser = play.chromium.launch(
            executable_path=shutil.which("chromium"),
            args=["--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking"],
        )
        left, right = (shot(browser, report, part) for part in ("body", "#ring-1"))
        page = browser.new_page(viewport={"width": 1316, "height": 774})
        page.set_content(f'<body style="{LOOK}"><img src="{left}" width=640><img src="{right}" width=640></body>')
        page.wait_for_function("[...document.images].every(i => i.complete)")
        page.screenshot(path=PICTURE)
        browser.close()


if __name__ == "__main__":
    said = section(demo())
    old = README.read_text("utf-8")
    new = re.sub(r"(?<=<!-- demo -->\n).*(?=<!-- /demo -->)", lambda _: said, old, flags=re.DOTALL)
    README.write_text(new, "utf-8")
    picture(DEMO / "result" / "report.html")
