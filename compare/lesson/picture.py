"""The picture of the page in README.md: python -m compare.lesson.picture

Needs what the tests in a browser need: pip install -e ".[browser]" and Chromium.
"""

import shutil
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from compare.lesson.page import page
from compare.problems.seeded import random_problem

PICTURE = Path(__file__).with_name("lesson.png")
SIZE = {"width": 1500, "height": 990}
SCALE = 0.66
LARGEST = 150_000  # bytes
# No sandbox, as in a container; nothing fetched in the background.
CHROMIUM_OPTIONS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


def chromium() -> str | None:
    """Where Chromium is, if it is installed."""
    return shutil.which("chromium") or shutil.which("chromium-browser")


def main() -> int:
    from playwright.sync_api import sync_playwright

    browser_path = chromium()
    if browser_path is None:
        print("picture: expected Chromium, found none", file=sys.stderr)
        return 2
    with TemporaryDirectory() as folder, sync_playwright() as playwright:
        file = Path(folder) / "lesson.html"
        page(random_problem()).write(file)
        browser = playwright.chromium.launch(
            executable_path=browser_path, args=list(CHROMIUM_OPTIONS)
        )
        tab = browser.new_page(viewport=SIZE, device_scale_factor=SCALE, color_scheme="light")
        tab.goto(f"{file.as_uri()}#dW2")
        tab.locator("#dW2 .ledger").wait_for()
        tab.locator(".rail").evaluate("rail => rail.scrollIntoView()")
        tab.screenshot(path=str(PICTURE))
        browser.close()
    size = PICTURE.stat().st_size
    print(f"{PICTURE}: {size / 1000:.0f} kB")
    return 0 if size <= LARGEST else 1


if __name__ == "__main__":
    sys.exit(main())
