"""The report: whole, honest, inert to hostile text, and drawn by a real browser with no request."""

import copy
import hashlib
import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from asylumatlas import charts, report
from asylumatlas.findings import findings
from asylumatlas.markup import amount, reach
from asylumatlas.sankey import flow_svg, returning
from asylumatlas.summary import SummaryError, check

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
STATIC = ROOT / "src" / "asylumatlas" / "static"
EXAMPLE = json.loads((HERE / "summary_example.json").read_text("utf-8"))
HOSTILE = "</script><script>window.hacked = 1</script><img src=x onerror='window.hacked = 2'>\"&"
VOID = {"meta", "br", "wbr", "img", "link", "input", "hr"}


@pytest.fixture
def summary() -> dict[str, Any]:
    return copy.deepcopy(EXAMPLE)


class Page(HTMLParser):
    """Checks nesting as it reads, and keeps elements with their attributes."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.faults: list[str] = []
        self.scripts: list[str] = []
        self.text = ""
        self.feed(html)
        self.close()
        self.faults += [f"{tag} is never closed" for tag in self.open]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))
        if tag == "script":
            self.scripts.append("")
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.faults.append(f"</{tag}> at {self.getpos()}")

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] == "script":
            self.scripts[-1] += data
        else:
            self.text += data


def leaves(value: Any) -> Iterator[tuple[Any, Any]]:
    """Every (container, key) that holds free text of a summary."""
    fixed = {"role", "date", "dates", "from", "to", "source", "measure", "stage", "created"}
    pairs = value.items() if isinstance(value, dict) else enumerate(value)
    for key, item in pairs:
        if isinstance(item, dict | list):
            if key not in fixed and key != "sources":
                yield from leaves(item)
        elif isinstance(item, str) and key not in fixed:
            yield value, key


def hostile(summary: dict[str, Any]) -> dict[str, Any]:
    for container, key in list(leaves(summary)):
        container[key] = HOSTILE
    for source in summary["sources"].values():
        source.update(dict.fromkeys(("publisher", "title", "grade"), HOSTILE))
        source["address"] = "javascript:window.hacked = 3"
    return summary


# --- The page as text -------------------------------------------------------------------------


def test_page_is_well_formed_and_every_anchor_leads_somewhere(summary: dict[str, Any]) -> None:
    page = Page(report.render(summary))
    assert page.faults == []
    ids = [attrs["id"] for _, attrs in page.found if "id" in attrs]
    assert len(ids) == len(set(ids))
    targets = [attrs["href"] or "" for tag, attrs in page.found if tag == "a"]
    inner = {target[1:] for target in targets if target.startswith("#")}
    assert inner
    assert inner <= set(ids)


def test_page_loads_nothing_from_anywhere(summary: dict[str, Any]) -> None:
    page = Page(report.render(summary))
    for tag, attrs in page.found:
        for name in ("src", "srcset", "data", "poster", "action", "background", "xlink:href"):
            assert name not in attrs, (tag, attrs)
        assert "href" not in attrs or tag == "a"
        assert tag not in {"link", "iframe", "object", "embed", "base", "img"}
    css = (STATIC / "report.css").read_text("utf-8")
    assert not re.search(r"url\(|@import|http", css)
    policy = next(a["content"] for t, a in page.found if t == "meta" and "http-equiv" in a) or ""
    assert policy.startswith("default-src 'none'; script-src 'sha256-")
    assert "unsafe-eval" not in policy
    assert "script-src 'unsafe-inline'" not in policy


def test_page_fits_the_size_budget(summary: dict[str, Any]) -> None:
    assert len(report.render(summary).encode()) < 1_500_000
    long = summary["series"][0]
    for key, value in long.items():
        if isinstance(value, list) and key != "points":
            long[key] = (value * 17)[:3650]
    summary["series"] = [long] * 12
    assert len(report.render(summary).encode()) < 1_500_000


def test_hostile_text_stays_text(summary: dict[str, Any]) -> None:
    page = Page(report.render(hostile(summary)))
    assert page.faults == []
    assert not any(tag == "img" for tag, _ in page.found)
    assert not any(name.startswith("on") for _, attrs in page.found for name in attrs)
    assert not any((a.get("href") or "").startswith("javascript") for _, a in page.found)
    specs = page.scripts[:-2]
    assert len(specs) == len(EXAMPLE["series"]) + 3
    for spec in specs:
        assert "<" not in spec
        json.loads(spec)


def test_every_number_of_the_reported_table_is_printed(summary: dict[str, Any]) -> None:
    text = Page(report.render(summary)).text
    for row in summary["reported"]:
        assert amount(row["reported"], row["unit"]) in text
        assert reach(row, row["unit"]) in text
    assert text.count("✓ inside 80 %") == sum(row["inside80"] for row in summary["reported"])
    assert text.count("✗") == sum(not row["inside95"] for row in summary["reported"])


def test_each_assumed_parameter_is_marked(summary: dict[str, Any]) -> None:
    html = report.render(summary)
    marks = html.count('data-label="Basis"><span class="tag">assumed</span>')
    assert marks == sum(row["assumed"] for row in summary["assumptions"]) == 3


def test_missing_report_says_not_found(summary: dict[str, Any]) -> None:
    summary["reported"][0].update(reported=None, inside80=None, inside95=None)
    assert "not found" in Page(report.render(summary)).text


def test_unbalanced_books_are_an_alarm(summary: dict[str, Any]) -> None:
    assert "do not balance" not in report.render(summary)
    summary["conservation"]["ok"] = False
    assert 'role="alert">The books of this run do not balance' in report.render(summary)


def test_an_almost_empty_summary_still_renders(summary: dict[str, Any]) -> None:
    for key in ("reported", "series", "stages", "flow", "outcomes", "meters", "assumptions"):
        summary[key] = []
    summary["uncertainty"] = []
    page = Page(report.render(summary))
    assert page.faults == []
    assert "no later count" in page.text


# --- Findings ---------------------------------------------------------------------------------


def sentence(summary: dict[str, Any], start: str) -> str:
    """The one finding that begins so."""
    (found,) = [said for said in findings(summary) if said.startswith(start)]
    return found


def test_findings_count_what_lies_inside(summary: dict[str, Any]) -> None:
    # Hand-counted in summary_example.json.
    said = sentence(summary, "Of 5 reported counts used as input, ")
    assert "4 lie inside the 80 % interval" in said
    said = sentence(summary, "Of 5 later counts held back, ")
    assert "2 lie inside the 80 % interval and 3 inside" in said
    # 401 against 318..386: above by 15 of 68; 2 against 2.2..11.8 rounds to inside or nearer.
    said = sentence(summary, "Farthest from the simulation")
    assert "reported 401 people, above the 95 % interval 318 to 386" in said


def test_findings_say_when_all_is_outside(summary: dict[str, Any]) -> None:
    for row in summary["reported"]:
        row.update(reported=10**6, inside80=False, inside95=False)
    assert ", 0 lie inside the 80 % interval and 0 inside" in sentence(summary, "Of 5 reported")
    assert ", 0 lie inside the 80 % interval and 0 inside" in sentence(summary, "Of 5 later")


def test_findings_name_counts_that_conflict(summary: dict[str, Any]) -> None:
    assert not any(said.startswith("Published counts conflict") for said in findings(summary))
    first = summary["reported"][0]
    other = {**first, "reported": 11, "outlet": "Example Gazette", "qualifier": "at_least"}
    summary["reported"].append(other)
    said = sentence(summary, "Published counts conflict")
    assert f"{first['reported']} ({first['outlet']}) and at least 11 (Example Gazette)" in said


def test_findings_say_when_a_line_is_longest(summary: dict[str, Any]) -> None:
    fan = summary["series"][0]
    shape = [0, 40, 25, 0]
    fan.update(
        label="Waiting", place="", unit="people", dates=[f"2018-05-0{d}" for d in range(1, 5)]
    )
    fan.update(dict.fromkeys(("median", "low80", "low95", "high80", "high95"), shape), points=[])
    said = sentence(summary, "Waiting: most on 2 May 2018, 40 (40 to 40) people")
    assert said.endswith("in the median run nobody after 3 May 2018.")


def test_findings_say_what_a_final_stage_means(summary: dict[str, Any]) -> None:
    span = {"median": 900, "low95": 800, "high95": 950}
    row = {
        "stage": "ended",
        "label": "Left the process",
        **dict.fromkeys(("entered", "left"), span),
    }
    summary["stages"].append({**row, "inside": span})
    assert "stayed in Mexico" in sentence(summary, "\u201cLeft the process\u201d means")


@pytest.mark.parametrize(
    ("qualifier", "reported", "inside"),
    [
        ("at_least", 2, True),
        ("more_than", 99, False),
        ("at_most", 99, True),
        ("less_than", 2, False),
    ],
)
def test_a_bound_is_contradicted_from_one_side_only(
    summary: dict[str, Any], qualifier: str, reported: int, inside: bool
) -> None:
    row = summary["reported"][0]  # 80 % interval 6 to 12, 95 % interval 4 to 14
    row.update(reported=reported, qualifier=qualifier, inside80=inside, inside95=inside)
    words = qualifier.replace("_", " ")
    assert f"{words} {reported}" in Page(report.render(summary)).text
    row.update(inside80=not inside)
    with pytest.raises(SummaryError, match="contradicts the interval"):
        check(summary)


def test_no_label_ends_in_a_comma_and_no_person_is_a_fraction(summary: dict[str, Any]) -> None:
    for row in summary["reported"] + summary["series"]:
        row.update(place="")
    summary["stages"][0]["inside"].update(median=12.6, low95=10.2, high95=15.7)
    text = Page(report.render(summary)).text
    assert not re.search(r",\s*(\(|$|,)", text, re.MULTILINE)
    assert "13 (10 to 16)" in text


def test_decisions_are_listed_and_drawn_inside_the_dates(summary: dict[str, Any]) -> None:
    assert "What was decided" not in report.render(summary)
    source = next(iter(summary["sources"]))
    on = summary["series"][0]["dates"][3]
    summary["changes"] = [
        {"on": on, "what": "A second court room", "source": source},
        {"on": "2031-01-01", "what": "Too late to draw", "source": source},
    ]
    assert "Too late to draw" in Page(report.render(summary)).text
    chart = charts.fan(summary["series"][0], summary["changes"])
    assert [row["number"] for row in chart["datasets"]["changes"]] == ["1"]
    summary["changes"][0]["source"] = "NOBODY"
    with pytest.raises(SummaryError, match=r"changes\.0\.source: unknown source"):
        check(summary)


# --- Bad summaries ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda s: s.update(qestion=s.pop("question")), r'question: is missing. Did you mean "qes'),
        (lambda s: s["reported"][2].pop("median"), r"^summary: reported\.2\.median: is missing"),
        (lambda s: s["reported"][0].update(median=float("nan")), "must be a finite number"),
        (lambda s: s["reported"][0].update(source="WIRE430"), 'Did you mean "WIRE0430"'),
        (lambda s: s["reported"][0].update(inside80=False), "inside80: False contradicts"),
        (lambda s: s["reported"][0].update(role="guess"), "unknown role"),
        (lambda s: s["reported"][0].update(date="2018-13-01"), "must be a date"),
        (lambda s: s["reported"][0].update(low95=9**9), "not in order"),
        (lambda s: s["series"][0]["median"].pop(), r"series\.0\.median: has 225 values for 226"),
        (lambda s: s["stages"][0]["inside"].pop("low95"), r"stages\.0\.inside: low95 missing"),
        (lambda s: s.update(flow="none"), "flow: must be a list"),
    ],
)
def test_bad_summary_is_one_clear_line(summary: dict[str, Any], change: Any, message: str) -> None:
    change(summary)
    with pytest.raises(SummaryError, match=message) as caught:
        check(summary)
    assert "\n" not in str(caught.value)


def test_failed_write_leaves_the_old_report_and_no_litter(
    summary: dict[str, Any], tmp_path: Path
) -> None:
    path = tmp_path / "report.html"
    report.write(summary, path)
    before = path.read_bytes()
    del summary["title"]
    with pytest.raises(SummaryError):
        report.write(summary, path)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


# --- Charts -----------------------------------------------------------------------------------


def test_fan_names_layers_and_reads_dates_as_utc(summary: dict[str, Any]) -> None:
    chart = charts.fan(summary["series"][0])
    names = [layer["name"] for layer in chart["layer"]]
    assert names == ["band95", "band80", "median", "hover", "prediction", "input"]
    assert chart["encoding"]["x"]["scale"]["type"] == "utc"
    assert len(chart["datasets"]["points"]) == 3


def test_fan_refuses_ragged_lists(summary: dict[str, Any]) -> None:
    summary["series"][0]["low80"].pop()
    with pytest.raises(ValueError, match="one length"):
        charts.fan(summary["series"][0])


def test_uncertainty_bars_fill_exactly_one() -> None:
    rows = [{"label": "a", "luck_share": 0.25, "parameter_share": 0.75}]
    low, high = charts.uncertainty(rows)["datasets"]["shares"]
    assert (low["start"], low["end"], high["start"], high["end"]) == (0, 0.25, 0.25, 1)


def move(start: str, end: str, people: float) -> dict[str, Any]:
    label = {"from_label": start, "to_label": end, "label": ""}
    return {"from": start, "to": end, "median": people, **label}


def test_flow_breaks_loops_and_says_which() -> None:
    flow = [move("court", "appeal", 14), move("appeal", "court", 2), move("port", "court", 90)]
    assert returning(flow) == [flow[1]]
    assert flow_svg(flow).count("<path") == 2
    assert flow_svg([move("a", "a", 5)]) == ""


def test_flow_labels_do_not_overlap_and_stay_inside(summary: dict[str, Any]) -> None:
    svg = flow_svg(summary["flow"], summary["stages"])
    width = float(re.search(r'viewBox="0 0 (\d+)', svg)[1])  # type: ignore[index]
    bars = re.findall(r'<rect class="bar[^"]*" x="([-\d.]+)" y="([\d.]+)" width="([\d.]+)"', svg)
    assert len(bars) == 9 + 7
    rows: dict[str, list[tuple[float, float]]] = {}
    for x, y, wide in bars:
        half = max(float(wide), 104.0) / 2
        middle = float(x) + float(wide) / 2
        rows.setdefault(y, []).append((middle - half, middle + half))
    for row in rows.values():
        row.sort()
        assert row[0][0] >= -1
        assert row[-1][1] <= width + 1
        assert all(a[1] <= b[0] + 1 for a, b in pairwise(row))


# --- What ships -------------------------------------------------------------------------------


def test_vendored_code_is_the_file_named_in_its_manifest() -> None:
    vega = tomllib.loads((STATIC / "VENDORED.toml").read_text("utf-8"))["vega"]
    code = (STATIC / vega["file"]).read_bytes()
    assert hashlib.sha256(code).hexdigest() == vega["sha256"]
    assert len(code) == vega["bytes"]


def test_vendored_code_is_made_by_the_installed_exporter() -> None:
    from importlib.metadata import version

    vega = tomllib.loads((STATIC / "VENDORED.toml").read_text("utf-8"))["vega"]
    pinned = (ROOT / "constraints.txt").read_text("utf-8")
    installed = version("vl-convert-python")
    if vega["made_with"] != f"vl-convert-python {installed}":
        # with the pinned versions, as CI has them, a vendored file of another one is a fault
        assert f"vl-convert-python=={installed}\n" not in pinned, "run tools/vendor_vega.py"
        pytest.skip(f"made with {vega['made_with']}; another version is installed")
    spec = importlib.util.spec_from_file_location("vendor", ROOT / "tools" / "vendor_vega.py")
    assert spec
    assert spec.loader
    vendor = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(vendor)
    code, manifest = vendor.bundle()
    assert code == (STATIC / "vega.js").read_bytes()
    assert manifest == (STATIC / "VENDORED.toml").read_text("utf-8")


def test_exported_pictures_accept_every_chart(summary: dict[str, Any]) -> None:
    import vl_convert

    made = [charts.fan(summary["series"][0]), charts.outcomes(summary["outcomes"])]
    made += [charts.uncertainty(summary["uncertainty"]), charts.influence(summary["assumptions"])]
    for chart in made:
        assert "<svg" in vl_convert.vegalite_to_svg({**chart, "width": 600})


def test_importing_the_report_is_cheap() -> None:
    heavy = "numpy numba scipy pyarrow duckdb pydantic vl_convert"
    code = (
        f"import asylumatlas.report, sys; print(sorted(set(sys.modules) & set('{heavy}'.split())))"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    said = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    )
    assert said.stdout.strip() == "[]"


# --- In a real browser ------------------------------------------------------------------------

SKIP = os.environ.get("ASYLUMATLAS_SKIP_BROWSER") == "1"


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    if SKIP:
        pytest.skip("ASYLUMATLAS_SKIP_BROWSER=1")
    path = os.environ.get("ASYLUMATLAS_CHROMIUM") or shutil.which("chromium")
    if not path:
        pytest.fail("no chromium found: install it, or set ASYLUMATLAS_SKIP_BROWSER=1")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as player:
        chromium = player.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield chromium
        chromium.close()


def visit(browser: Any, path: Path, **options: Any) -> tuple[Any, list[str], list[str]]:
    """Open a page; return it with every request beyond the file and every complaint."""
    context = browser.new_context(**options)
    page = context.new_page()
    requests: list[str] = []
    complaints: list[str] = []
    page.on("request", lambda r: requests.append(r.url) if r.url != path.as_uri() else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))

    def heard(message: Any) -> None:
        if message.type in {"error", "warning"}:
            complaints.append(message.text)

    page.on("console", heard)
    page.goto(path.as_uri())
    if options.get("java_script_enabled", True):
        page.wait_for_selector("html[data-charts=done]", timeout=20_000)
    return page, requests, complaints


@pytest.fixture
def written(summary: dict[str, Any], tmp_path: Path) -> Path:
    path = tmp_path / "report.html"
    report.write(summary, path)
    return path


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("wide", {"viewport": {"width": 1280, "height": 900}}),
        ("phone", {"viewport": {"width": 360, "height": 740}, "device_scale_factor": 2}),
        ("dark", {"viewport": {"width": 1280, "height": 900}, "color_scheme": "dark"}),
        ("west", {"viewport": {"width": 900, "height": 900}, "timezone_id": "America/Los_Angeles"}),
    ],
)
def test_browser_draws_every_chart_and_asks_for_nothing(
    browser: Any, written: Path, name: str, options: dict[str, Any]
) -> None:
    page, requests, complaints = visit(browser, written, **options)
    figures = page.locator("figure[data-chart]").count()
    assert figures == len(EXAMPLE["series"]) + 3
    assert page.locator(
        ".chart.drawn svg .mark-area path, .chart.drawn svg .mark-rect path"
    ).count()
    assert page.locator(".chart.drawn svg").count() == figures
    assert page.locator(".chart .input_marks path").count() == 6  # inputs among the points
    assert page.locator(".chart .prediction_marks path").count() == 1
    assert requests == []
    assert complaints == []
    wide = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
    assert wide <= 0
    page.screenshot(path=written.with_name(f"{name}.png"), full_page=True)
    page.context.close()


def test_browser_shows_the_outlet_of_a_point_on_its_own_day(browser: Any, written: Path) -> None:
    place = {"viewport": {"width": 1280, "height": 900}, "timezone_id": "America/Los_Angeles"}
    page, _, complaints = visit(browser, written, **place)
    page.locator(".chart .prediction_marks path").first.hover()
    tooltip = page.locator("#vg-tooltip-element")
    tooltip.wait_for()
    assert "Example Wire" in tooltip.inner_text()
    assert "2018-11-01" in tooltip.inner_text()
    assert complaints == []
    page.context.close()


def test_browser_runs_no_hostile_text(browser: Any, tmp_path: Path) -> None:
    path = tmp_path / "hostile.html"
    report.write(hostile(copy.deepcopy(EXAMPLE)), path)
    page, requests, _ = visit(browser, path, viewport={"width": 1280, "height": 900})
    page.locator(".chart .prediction_marks path").first.hover()
    page.locator("#vg-tooltip-element").wait_for()
    assert page.evaluate("window.hacked") is None
    assert requests == []
    page.context.close()


def test_page_reads_without_scripts_and_prints(browser: Any, written: Path) -> None:
    page, requests, _ = visit(browser, written, java_script_enabled=False)
    assert page.locator("noscript").is_visible()
    assert page.locator("details table").count() >= len(EXAMPLE["series"]) + 3
    assert requests == []
    page.context.close()
    page, requests, _ = visit(browser, written, color_scheme="dark")
    pdf = written.with_name("print.pdf")
    page.pdf(path=pdf, format="A4", prefer_css_page_size=True)
    assert pdf.read_bytes().startswith(b"%PDF")
    page.emulate_media(media="print")
    colour = "getComputedStyle(document.body).backgroundColor"
    assert page.evaluate(colour) == "rgb(255, 255, 255)"  # dark mode never reaches paper
    parts = page.locator("details.printed:not([open]) table")
    assert parts.count()
    assert all(part.is_visible() for part in parts.all())
    assert not page.locator("figure details table").first.is_visible()
    page.context.close()


def test_keyboard_reaches_the_report_first(browser: Any, written: Path) -> None:
    page, _, _ = visit(browser, written)
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the report"
    page.locator("summary").first.focus()
    page.keyboard.press("Enter")
    assert page.locator("details[open]").count() == 1
    page.context.close()
