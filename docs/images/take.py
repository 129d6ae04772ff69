"""Take the README's picture of a report: `make demo`, then `python docs/images/take.py out/demo/result`.

Summary on the left, one ring on the right, in Chromium (playwright, and `chromium` on the path).
"""

from __future__ import annotations

import base64
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from playwright.sync_api import sync_playwright

if TYPE_CHECKING:
    from playwright.sync_api import Browser

TARGET = Path(__file__).with_name("report.png")
WIDTH, HEIGHT = 1280, 1500
LOOK = "margin:0;display:flex;gap:12px;background:#d8dce3;padding:12px"


def picture(browser: Browser, report: Path, section: str) -> str:
    """Return a picture of the report from a section on, as a data address."""
    page = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT})
    page.goto(report.resolve().as_uri())
    page.locator(section).evaluate("here => here.scrollIntoView({behavior: 'instant'})")
    shot = base64.b64encode(page.screenshot()).decode()
    page.close()
    return f"data:image/png;base64,{shot}"


def main(result: Path, ring: int) -> None:
    """Write the picture."""
    with sync_playwright() as play:
        browser = play.chromium.launch(
            executable_path=shutil.which("chromium"),
            args=["--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking"],
        )
        left, right = (picture(browser, result / "report.html", part) for part in ("body", f"#ring-{ring}"))
        page = browser.new_page(viewport={"width": 1316, "height": 774})
        page.set_content(f'<body style="{LOOK}"><img src="{left}" width=640><img src="{right}" width=640></body>')
        page.wait_for_function("[...document.images].every(i => i.complete)")
        page.screenshot(path=TARGET)
        browser.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 1)  # the ring is optional
