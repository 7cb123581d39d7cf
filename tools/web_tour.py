"""Take the pictures of docs/tour.md from the running app, and write the page.

    python tools/web_tour.py [FOLDER]

It serves the app on its built-in logs, simulates a what-if in it, opens every stop of the tour in
Chromium and keeps what a reader would see. The tests take the same tour.
"""

from __future__ import annotations

import io
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent.parent / "docs"
WIDE, HIGH = 1100, 760  # CSS pixels
PHONE = 390, 760
COLOURS = 160  # of a picture's palette


@dataclass(frozen=True)
class Stop:
    """One picture: what it is called, where it is taken, what is said of it."""

    name: str
    path: str
    title: str
    words: str
    at: str = ""  # scrolled to this part of the page
    phone: bool = False
    theme: str = "light"


STOPS = (
    Stop(
        "home",
        "/",
        "The first page",
        "The whole system in one picture, with the flow of a simulated cohort, and three questions "
        "that newcomers ask, answered from the data at hand.",
    ),
    Stop(
        "statistics",
        "/statistics",
        "The statistics",
        "What can be asked, in the field's words. Every question has its definitions.",
    ),
    Stop(
        "definitions",
        "/statistics/asylum_denial_rate?log=made-up-records&definition=all",
        "One question under each definition",
        "The number first, then the chart. Tabs change the definition; all of them stand side by "
        "side. The records shown here are made up.",
        at="h1",
    ),
    Stop(
        "statistic",
        "/statistics/asylum_denial_rate?by=nationality&log=made-up-records",
        "Numbers with their range, definition and source",
        "Groups and filters are in the address, so a link keeps every choice. The same page as "
        "CSV, JSON, Parquet, PNG or SVG.",
        at="table",
    ),
    Stop(
        "what-if",
        "/what-if/caravan-2018?set.port.san_ysidro.holding_capacity=600",
        "What if",
        "Every number of a scenario with its range and source. What differs from the base is "
        "listed at once, and is in the address.",
    ),
    Stop(
        "result",
        "{result}",
        "What a change does",
        "The run beside its base: the same people with the same luck, differences with their "
        "ranges.",
        at="main h2",
    ),
    Stop(
        "flow",
        "/flow?day=2018-05-04",
        "Where people are, day by day",
        "Stages, a map and a table. It plays, pauses and goes by single days.",
        at="main h2",
    ),
    Stop(
        "one-life",
        "/one-life",
        "One simulated life",
        "Dated sentences with the rule and the parameter behind each step. Nobody real.",
    ),
    Stop(
        "compare",
        "/compare",
        "Records, runs and published figures",
        "One chart for what was counted, what was simulated and what was published.",
        at="main h2",
    ),
    Stop(
        "parameter",
        "/method/parameters/port.san_ysidro.caravan_intake",
        "Every number, and who disagrees",
        "Value, range, source and reason; other figures of the same thing beside it.",
    ),
    Stop(
        "ledger",
        "/data/made-up-records",
        "The account of every row",
        "What was read, kept, mended and set aside, file by file.",
    ),
    Stop(
        "spanish",
        "/es/statistics/asylum_denial_rate?by=nationality&log=made-up-records",
        "En español, on a phone, in the dark",
        "The interface is in English and Spanish; tables work without scripts.",
        phone=True,
        theme="dark",
    ),
)


def main() -> int:
    """Take every picture and write the page."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER
    pictures = folder / "tour"
    with tempfile.TemporaryDirectory() as home, served(Path(home)) as base:
        take(base, pictures)
    (folder / "tour.md").write_text(page(), "utf-8")
    print(f"{folder}/tour.md: {len(STOPS)} pictures")
    return 0


def page() -> str:
    """Return docs/tour.md."""
    parts = [
        "# A tour of the app",
        "<!-- made by tools/web_tour.py; do not edit -->",
        "`asylumatlas serve` shows all of this in a browser, from this machine and without any "
        "request to another. The pictures are taken on the built-in data: a simulated "
        "cohort and made-up court records. Nobody real is described.",
    ]
    for stop in STOPS:
        parts += [
            f"## {stop.title}",
            stop.words,
            f"![{stop.title}: {stop.words}](tour/{stop.name}.png)",
        ]
    return "\n\n".join(parts) + "\n"


@contextmanager
def served(home: Path) -> Iterator[str]:
    """Serve the app in a process of its own; its address, without a slash at the end."""
    words = [sys.executable, "-m", "asylumatlas", "serve", "--port", "0", "--home", str(home)]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield process.stdout.readline().strip().rstrip("/")
        finally:
            process.terminate()
            process.wait(20)


def take(base: str, folder: Path) -> None:
    """Take every picture of the tour.

    Args:
        base: address of the served app.
        folder: where the pictures go, NAME.png each.
    """
    from playwright.sync_api import sync_playwright

    folder.mkdir(parents=True, exist_ok=True)
    result = simulated(base)
    names = ("chromium", "chromium-browser", "google-chrome")
    program = next(filter(None, map(shutil.which, names)), None)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        for stop in STOPS:
            _take(browser, f"{base}{stop.path.format(result=result)}", stop, folder)
        browser.close()


def simulated(base: str, wait: float = 240.0) -> str:
    """Simulate a what-if and its base in the app; the path of its result."""
    order = {
        "scenario": "caravan-2018",
        "set": {"port.san_ysidro.holding_capacity": 600},
        "replications": 20,
        "seed": 1,
    }
    said = _asked(f"{base}/api/v1/jobs", order)
    until = time.monotonic() + wait
    while (state := _asked(f"{base}/jobs/{said['id']}.json")["state"]) != "done":
        if state in ("failed", "cancelled") or time.monotonic() > until:
            raise SystemExit(f"the what-if of the tour is {state}")
        time.sleep(0.5)
    return f"/what-if/results/{said['id']}"


def _asked(address: str, body: dict[str, Any] | None = None) -> Any:
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(address, data, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=60) as answer:
        return json.load(answer)


def _take(browser: Any, address: str, stop: Stop, folder: Path) -> None:
    width, height = PHONE if stop.phone else (WIDE, HIGH)
    context = browser.new_context(
        viewport={"width": width, "height": height},
        color_scheme=stop.theme,
        reduced_motion="reduce",
    )
    page = context.new_page()
    answer = page.goto(address)
    if answer.status != 200:
        raise SystemExit(f"{urllib.parse.urlsplit(address).path}: {answer.status}")
    if page.locator("script[data-vega]").count():
        page.wait_for_selector("html[data-drawn]", state="attached")
    if stop.at:
        page.locator(stop.at).first.evaluate("(part) => part.scrollIntoView({block: 'start'})")
    _store(page.screenshot(), folder / f"{stop.name}.png")
    context.close()


def _store(data: bytes, path: Path) -> None:
    """Keep a picture with few colours: a quarter of the size, and no difference to the eye."""
    from PIL import Image

    with Image.open(io.BytesIO(data)) as picture:
        small = picture.convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE)
        small.save(path.with_suffix(".draft"), "PNG", optimize=True)
    os.replace(path.with_suffix(".draft"), path)


if __name__ == "__main__":
    raise SystemExit(main())
