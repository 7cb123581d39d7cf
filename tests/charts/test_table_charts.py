"""Charts of tables: nothing lost, the right picture, honest words, and pages that fetch nothing."""

import itertools
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from asylumatlas.pictures import Chart, PictureError
from asylumatlas.pictures.periods import place, said, ticks
from asylumatlas.pictures.style import DASHES, PALETTE, PAPER, contrast, domain, places
from asylumatlas.pictures.trends import LABEL, apart
from asylumatlas.tablecharts import chart

ROOT = Path(__file__).parents[2]
HOSTILE = "</script><script>window.hacked = 1</script>\"'&\\ \U0001f9ea\x00\ud800 " + "x" * 300
SOURCE = SimpleNamespace(
    log="made-up release",
    fingerprint="0123456789abcdef",
    as_of="2026-06-30",
    replications=1,
    note="Synthetic: no person in it is real",
)
WORDS: dict[str, list[Any]] = {
    "fiscal_year": ["FY2015", "FY2016", "FY2018"],
    "calendar_year": ["2015", "2016"],
    "quarter": ["FY2016Q1", "FY2016Q2", "FY2017Q1"],
    "month": ["2016-10", "2016-11", "2017-02"],
    "nationality": ["Honduras", "Guatemala", "El Salvador", None],
    "court": [f"City {k}" for k in range(9)],
    "representation": ["represented", "not_represented"],
    "claim": [True, False],
}


def value(at: int, kind: str) -> dict[str, Any]:
    """Numbers that differ from row to row."""
    number = 0.1 + 0.8 * (at * 0.37 % 1) if kind in ("share", "variation") else 100.0 + 37 * at
    row = {"value": number, "low95": number * 0.9, "high95": number * 1.1, "flag": ""}
    if kind in ("share", "variation"):
        row |= {"numerator": 50 + at, "denominator": 100 + at}
        row["high95"] = min(1.0, number * 1.1)
    if kind == "duration":
        row |= {"p25": number / 2, "p75": number * 2 if at % 3 else None, "p90": None}
        row |= {"started": 10, "ended": 8, "open": 2}
    return row


def table(
    by: tuple[str, ...] = (), kind: str = "share", rows: Any = None, **other: Any
) -> SimpleNamespace:
    """A table of statistics by its shape alone."""
    if rows is None:
        groups = itertools.product(*(WORDS[key] for key in by))
        rows = [
            dict(zip(by, group, strict=True)) | value(at, kind) for at, group in enumerate(groups)
        ]
    base = {
        "statistic": "asylum_denial_rate",
        "label": "Asylum denial rate",
        "question": "Of asylum claims decided, what share was denied?",
        "kind": kind,
        "unit": {"duration": "days", "count": "cases", "stock": "cases", "total": "USD"}.get(
            kind, "share of decisions"
        ),
        "definition": "trac",
        "definition_label": "denied / (granted + denied)",
        "numerator": "decisions denying asylum",
        "denominator": "decisions granting or denying asylum",
        "exclusions": "",
        "by": by,
        "columns": (),
        "rows": tuple(rows),
        "sources": (SOURCE,),
        "caveats": ("A caveat.",),
        "asked": {},
        "reason": "",
        "curves": (),
        "cite_as": (),
    }
    return SimpleNamespace(**base | other)


def stages(**group: Any) -> list[dict[str, Any]]:
    """A flow of nine stages whose shares add to one."""
    names = [f"stage_{k}" for k in range(9)]
    return [
        {**group, "after_days": days, "stage": name, "value": (k + 1) / 45, "low95": None,
         "high95": None, "cases": 50, "flag": ""}
        for days in (0, 90, 365)
        for k, name in enumerate(names)
    ]  # fmt: skip


def judges(number: int, **group: Any) -> list[dict[str, Any]]:
    return [
        {**group, "judge": f"J{k:03}", **value(k, "share"), "shrunken": 0.5 + k / number / 9,
         "reported_by_trac": k % 2 == 0}
        for k in range(number)
    ]  # fmt: skip


def special() -> dict[str, SimpleNamespace]:
    """Tables that are not one value for each group."""
    pairs = [("records", 0), ("run A", 3)]
    logs = [{"log": name, **value(at, "share")} for name, at in pairs]
    crossed = [
        {"nationality": word, **row, "difference": None if row["log"] == "records" else 0.1,
         "difference_low95": 0.05, "difference_high95": 0.15}
        for word in WORDS["nationality"] for row in logs
    ]  # fmt: skip
    curve = [
        {"days": day, "value": day / 1000, "low95": day / 1100, "high95": day / 900}
        for day in range(0, 900, 30)
    ]
    meters = [
        {"meter": "Detention", "unit": "USD", **value(9, "total")},
        {"meter": "Court time", "unit": "hours", **value(1, "total")},
    ]
    by = ("representation",)
    return {
        "flow": table((), "flow", stages()),
        "flow by": table(by, "flow", stages(representation=None) + stages(representation="x")),
        "judges": table((), "variation", judges(300)),
        "judges by": table(("court",), "variation", judges(9, court="A") + judges(5, court="B")),
        "logs": table((), "share", logs),
        "compared": table(("nationality",), "share", crossed),
        "compared over time": table(
            ("fiscal_year",), "share",
            [{"fiscal_year": f"FY{year}", "log": name, **value(year + at, "share")}
             for year in range(2010, 2020) for name, at in pairs],
        ),
        "curve": table((), "duration", [value(4, "duration")], curves=curve),
        "meters": table((), "total", meters),
        "stock": table((), "stock", [{"date": date(2016, 9, 30), **value(1, "stock")}]),
        "published": table(
            ("nationality",), "share",
            [{"nationality": word, **value(at, "share"), "published": 0.5 + at / 10}
             for at, word in enumerate(WORDS["nationality"])],
            cite_as=("TRAC, 2016",),
        ),
    }  # fmt: skip


SPECIAL = special()
BY = [(), *((key,) for key in WORDS), *itertools.combinations(WORDS, 2)]


def layers(made: Chart) -> list[dict[str, Any]]:
    """Every layer of a chart, wherever it stands."""
    found: list[dict[str, Any]] = []

    def walk(part: Any) -> None:
        if isinstance(part, dict):
            found.extend(part.get("layer", []))
            part = [each for key, each in part.items() if key != "datasets"]
        if isinstance(part, list):
            for each in part:
                walk(each)

    walk(made.spec["concat"])
    return found


def svg(made: Chart) -> str:
    import vl_convert

    return str(vl_convert.vegalite_to_svg(made.spec, vl_version="6.4"))


# --- Every question has its picture -----------------------------------------------------------


@pytest.mark.parametrize("kind", ["share", "count", "stock", "duration"])
@pytest.mark.parametrize("by", BY, ids=lambda by: "+".join(by) or "none")
def test_every_grouping_is_drawn_whole(kind: str, by: tuple[str, ...]) -> None:
    asked = table(by, kind)
    made = chart(asked)
    json.dumps(made.spec, allow_nan=False)
    drawn = [row for row in made.spec["datasets"]["rows"] if row["value"] is not None]
    assert sorted(row["value"] for row in drawn) == sorted(row["value"] for row in asked.rows)
    assert len(made.rows) == len(asked.rows)
    words = [row["words"] for row in drawn]
    assert any(word in made.alt for word in words)


@pytest.mark.parametrize(
    "by", [(), ("month",), ("court",), ("nationality", "claim"), ("court", "nationality"),
           ("fiscal_year", "court"), ("fiscal_year", "nationality")], ids=str,
)  # fmt: skip
@pytest.mark.parametrize("kind", ["share", "duration"])
def test_the_picture_has_a_mark_for_each_value(
    kind: str, by: tuple[str, ...], capfd: pytest.CaptureFixture[str]
) -> None:
    asked = table(by, kind)
    drawn = svg(chart(asked))
    counted = drawn.count('aria-roledescription="point"') + drawn.count(
        'aria-roledescription="rect mark"'
    )
    assert counted == len(asked.rows)
    assert "WARN" not in "".join(capfd.readouterr())


@pytest.mark.parametrize("name", SPECIAL)
def test_special_tables_are_drawn_without_complaint(
    name: str, capfd: pytest.CaptureFixture[str]
) -> None:
    drawn = svg(chart(SPECIAL[name]))
    assert "NaN" not in drawn
    assert "undefined" not in drawn
    assert "WARN" not in "".join(capfd.readouterr())


def test_a_line_breaks_where_a_period_is_missing() -> None:
    rows = chart(table(("fiscal_year",))).spec["datasets"]["rows"]
    assert [(row["at"], row["value"] is None) for row in rows] == [
        (2015, False), (2016, False), (2017, True), (2018, False)
    ]  # fmt: skip


def test_more_lines_than_can_be_told_apart_become_panels() -> None:
    rows = chart(table(("fiscal_year", "court"))).spec["datasets"]["rows"]
    assert len({row["panel"] for row in rows}) == 9
    rows = chart(table(("fiscal_year", "nationality"))).spec["datasets"]["rows"]
    assert {row["panel"] for row in rows} == {""}


def test_the_largest_thirty_are_drawn_and_the_rest_is_told() -> None:
    rows = [
        {"court": f"City {k}", **value(k, "share"), "denominator": 1000 - k} for k in range(300)
    ]
    made = chart(table(("court",), rows=rows))
    drawn = made.spec["datasets"]["rows"]
    assert {row["group"] for row in drawn} == {f"City {k}" for k in range(30)}
    assert any("30 largest of 300" in line for line in made.subtitle)
    assert len(made.rows) == 300
    assert "300 values" in made.alt


def test_groups_stand_in_the_order_of_their_values() -> None:
    rows = chart(table(("court",))).spec["datasets"]["rows"]
    values = [row["value"] for row in rows]
    assert values == sorted(values, reverse=True)


def test_amounts_in_different_units_share_no_axis() -> None:
    made = chart(SPECIAL["meters"])
    assert [[row["group"] for row in rows] for rows in made.spec["datasets"].values()] == [
        ["Detention"], ["Court time"]
    ]  # fmt: skip
    assert len({layer["name"] for layer in layers(made)}) == len(layers(made))


def test_stages_fill_exactly_one_and_the_smallest_are_merged() -> None:
    made = chart(SPECIAL["flow"])
    rows = [row for row in made.spec["datasets"]["rows"] if row["days"] == 365]
    assert rows[0]["start"] == 0
    assert rows[-1]["end"] == pytest.approx(1)
    for below, above in itertools.pairwise(rows):
        assert below["end"] == above["start"]
    assert [row["stage"] for row in rows][-1] == "other stages"
    assert rows[-1]["value"] == pytest.approx((1 + 2 + 3) / 45)
    assert any("stage 0, stage 1 and stage 2" in line for line in made.subtitle)


def test_judges_carry_both_rates_and_the_rule() -> None:
    made = chart(SPECIAL["judges by"])
    rows = made.spec["datasets"]["rows"]
    assert len(rows) == 14
    assert {row["rule"] for row in rows} == {
        "reported under TRAC's rule", "not reported under it"
    }  # fmt: skip
    for panel in ("A", "B"):
        own = [row for row in rows if row["panel"] == panel]
        assert [row["rank"] for row in own] == list(range(1, len(own) + 1))
        assert [row["shown"] for row in own] == sorted(row["shrunken"] for row in own)
    assert "14 judges, 8 of them" in made.alt


def test_a_comparison_shows_the_difference_in_points() -> None:
    made = chart(SPECIAL["compared"])
    rows = made.spec["datasets"]["differences"]
    assert [row["value"] for row in rows] == [pytest.approx(10)] * 4
    assert "Largest difference from the first dataset" in made.alt
    assert {layer["name"] for layer in layers(made)} >= {"value", "value_2"}


def test_one_time_is_told_by_its_curve() -> None:
    made = chart(SPECIAL["curve"])
    assert len(made.spec["datasets"]["curves"]) == 30
    with pytest.raises(PictureError, match="no curves"):
        chart(table((), "duration"), form="curve")
    with pytest.raises(PictureError, match='"bars" is not one of auto, curve'):
        chart(table(), form="bars")


def test_a_median_that_lies_ahead_is_told_by_the_curve() -> None:
    rows = [{"court": name, **value(1, "duration"), "value": None, "low95": None, "high95": None}
            for name in ("A", "B")]  # fmt: skip
    curves = [
        {"court": name, "days": day, "value": day / 2000, "low95": 0.0, "high95": 0.5}
        for name in ("A", "B") for day in range(0, 900, 100)
    ]  # fmt: skip
    made = chart(table(("court",), "duration", rows, curves=curves))
    assert len(made.spec["datasets"]["curves"]) == 18
    assert "40.0\u00a0% had ended after 800 days" in made.alt
    assert "Fewer than half had ended, so no median: A and B." in made.subtitle


def test_the_range_of_judges_is_drawn_where_they_are_not_named() -> None:
    row = {"judges": 9, "decisions": 900, "pooled": 0.5, "value": 0.1, "low95": None,
           "high95": None, "fitted_p05": 0.3, "fitted_p95": 0.7, "trac_low": 0.2,
           "trac_high": 0.9, "flag": ""}  # fmt: skip
    (drawn,) = chart(table((), "variation", [row])).spec["datasets"]["rows"]
    assert [drawn[name] for name in ("low95", "p25", "value", "p75", "high95")] == [
        0.2, 0.3, 0.5, 0.7, 0.9
    ]  # fmt: skip
    assert drawn["words"].replace("\u00a0", " ") == "30.0 % to 70.0 %"


def test_four_groupings_lose_no_row() -> None:
    keys = {"nationality": "HG", "court": "AB", "log": "xy", "definition": "pq"}
    groups = [dict(zip(keys, group, strict=True)) for group in itertools.product(*keys.values())]
    rows = [group | value(at, "share") for at, group in enumerate(groups)]
    drawn = chart(table(("nationality", "court"), rows=rows)).spec["datasets"]["rows"]
    places = {(row["panel"], row["group"], row["series"]) for row in drawn}
    assert len(places) == len(rows) == 16


def test_a_published_figure_is_its_own_hollow_mark_named_in_the_legend() -> None:
    made = chart(SPECIAL["published"])
    drawn = svg(made)
    assert "published: TRAC, 2016" in drawn
    (layer,) = [each for each in layers(made) if each["name"] == "published"]
    assert layer["mark"]["filled"] is False
    assert "4 published figures" in made.alt
    assert "Published: TRAC, 2016" in made.source


# --- Flags ------------------------------------------------------------------------------------


def flagged() -> Chart:
    rows = [
        {"nationality": "Honduras", **value(0, "share"), "flag": "small"},
        {"nationality": "Guatemala", **value(1, "share"), "flag": "small, partial"},
        {"nationality": "Atlantis", "value": None, "low95": None, "high95": None,
         "flag": "suppressed"},
        {"nationality": "Peru", **value(2, "share"), "value": float("nan")},
    ]  # fmt: skip
    return chart(table(("nationality",), rows=rows))


def test_small_cells_are_hollow_and_suppressed_ones_are_named() -> None:
    made = flagged()
    marks = {row["group"]: row["mark"] for row in made.spec["datasets"]["rows"]}
    assert marks == {"Honduras": "small", "Guatemala": "small", "Atlantis": "suppressed",
                     "Peru": "none"}  # fmt: skip
    assert any("Suppressed, too few cases: Atlantis." in line for line in made.subtitle)
    assert "No value: Peru." in " ".join(made.subtitle)
    assert "suppressed" in svg(made)
    assert any(layer["name"] == "small" for layer in layers(made))


def test_an_empty_table_says_why() -> None:
    made = chart(table(("judge",), rows=[], reason="No decision of FY2016 lies in this log."))
    assert "No decision of FY2016" in made.alt
    drawn = re.sub(r"<[^>]*>", "", svg(made))
    assert "No decision of FY2016 lies in this log." in drawn


# --- Words ------------------------------------------------------------------------------------


def test_the_words_tell_first_last_highest_lowest() -> None:
    rows = [
        {"fiscal_year": f"FY{2010 + k}", "value": number, "low95": None, "high95": None,
         "numerator": 1, "denominator": 2, "flag": ""}
        for k, number in enumerate((0.5, 0.9, 0.2, 0.6))
    ]  # fmt: skip
    made = chart(table(("fiscal_year",), rows=rows))
    said = made.alt.replace("\u00a0", " ")
    for part in ("50.0 % in FY2010", "60.0 % in FY2013", "Highest: 90.0 % (FY2011)",
                 "Lowest: 20.0 % (FY2012)"):  # fmt: skip
        assert part in said


def test_one_number_is_its_own_title() -> None:
    made = chart(
        table(rows=[{**value(0, "share"), "value": 0.5704, "low95": 0.56, "high95": 0.58}])
    )
    assert made.title.replace("\u00a0", " ") == (
        "Asylum denial rate: 57.0 % (95 % interval 56.0 % to 58.0 %)"
    )


def test_the_source_line_names_dataset_state_and_note() -> None:
    line = chart(table()).source
    for part in ("made-up release", "as of 2026-06-30", "0123456789abcdef", "Synthetic"):
        assert part in line


def test_filters_are_part_of_the_subtitle() -> None:
    asked = {"where": {"nationality": ["HND"]}, "from": "FY2012", "to": None}
    made = chart(table(asked=asked))
    assert "Only nationality HND, from FY2012" in " ".join(made.subtitle)


def test_two_values_never_share_a_label() -> None:
    long = "a very long name of a place that goes on " * 4
    rows = [{"court": f"{long}{k}", **value(k, "share")} for k in range(5)]
    rows.append({"court": None, **value(6, "share")})
    rows.append({"court": "not known", **value(7, "share")})
    for by in (("court",), ("fiscal_year", "court")):
        wide = [{**row, "fiscal_year": "FY2016"} for row in rows]
        drawn = chart(table(by, rows=wide)).spec["datasets"]["rows"]
        assert len({row["group"] + row["series"] + row["panel"] for row in drawn}) == 7


# --- Look -------------------------------------------------------------------------------------


def test_colours_stand_out_and_are_never_alone() -> None:
    for colour in PALETTE:
        assert contrast(colour, PAPER) >= 3, colour
    assert len(set(PALETTE)) == len(PALETTE) == len({tuple(dash) for dash in DASHES})


@given(st.lists(st.floats(-1e9, 1e9), min_size=1, max_size=9))
@settings(max_examples=150, deadline=None)
def test_a_domain_holds_its_values_and_its_ticks(values: list[float]) -> None:
    low, high = domain(values)
    slack = 1e-6 * (high - low)
    assert low - slack <= min(values)
    assert high + slack >= max(values)
    marks = places(low, high)
    assert 2 <= len(marks) <= 12
    assert all(low - slack <= mark <= high + slack for mark in marks)


@given(st.lists(st.floats(0, 300), min_size=1, max_size=12))
@settings(max_examples=150, deadline=None)
def test_labels_keep_their_distance_and_their_order(wanted: list[float]) -> None:
    found = apart(sorted(wanted), LABEL, 300)
    assert len(found) == len(wanted)
    assert all(b - a >= LABEL - 1e-6 for a, b in itertools.pairwise(found))
    assert found[-1] <= 300 + 1e-6


def test_periods_are_read_and_said() -> None:
    for key, text in (("fiscal_year", "FY2016"), ("calendar_year", "2016")):
        at = place(key, text)
        assert at == 2016
        assert said(key, at) == text
    first = place("quarter", "FY2016Q4")
    second = place("quarter", "FY2017Q1")
    assert first is not None
    assert second == first + 1
    assert place("month", "someday") is None
    assert all(at % 12 == 0 for at in ticks("month", range(12 * 2000, 12 * 2025)))


# --- Files ------------------------------------------------------------------------------------


def test_files_are_whole_and_the_same_each_time(tmp_path: Path) -> None:
    made = chart(table(("nationality",)))
    for write, suffix, start in (
        (made.to_png, "png", b"\x89PNG"), (made.to_svg, "svg", b"<svg"),
        (made.to_html, "html", b"<!DOCTYPE"),
    ):  # fmt: skip
        one, two = write(tmp_path / f"a.{suffix}"), write(tmp_path / f"b.{suffix}")
        assert one.read_bytes().startswith(start)
        assert one.read_bytes() == two.read_bytes()
    assert len(list(tmp_path.iterdir())) == 6
    bundle = made._repr_mimebundle_()
    assert bundle["text/plain"] == made.alt
    assert bundle["image/svg+xml"].startswith("<svg")


def test_without_the_extra_the_remedy_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "vl_convert", None)
    made = chart(table())
    with pytest.raises(PictureError, match=r"asylumatlas\[export\]") as caught:
        made.to_png(tmp_path / "a.png")
    assert "\n" not in str(caught.value)
    assert list(tmp_path.iterdir()) == []
    assert set(made._repr_mimebundle_()) == {"application/vnd.vegalite.v6+json", "text/plain"}
    made.to_html(tmp_path / "a.html")


def hostile() -> SimpleNamespace:
    rows = [{"court": f"{HOSTILE}{k}", **value(k, "share"), "published": 0.5} for k in range(3)]
    source = SimpleNamespace(**dict.fromkeys(("log", "fingerprint", "as_of", "note"), HOSTILE))
    words = ("label", "question", "unit", "definition", "definition_label", "numerator",
             "denominator", "reason")  # fmt: skip
    return table(("court",), rows=rows, sources=(source,), caveats=(HOSTILE,),
                 cite_as=(HOSTILE,), asked={"where": {"court": [HOSTILE]}},
                 **dict.fromkeys(words, HOSTILE))  # fmt: skip


def test_hostile_words_stay_words(tmp_path: Path) -> None:
    made = chart(hostile())
    text = made.to_html(tmp_path / "a.html").read_text("utf-8")
    assert text.count("<script") == 3  # the specification, the bundle, the starter
    assert "<script>window.hacked" not in text
    assert "<script>window.hacked" not in svg(made)


def test_the_page_names_no_address_to_fetch(tmp_path: Path) -> None:
    text = chart(table(("court",))).to_html(tmp_path / "a.html").read_text("utf-8")
    own = re.sub(r"<script>.*?</script>|<!--.*?-->", "", text, flags=re.S)
    assert set(re.findall(r"https?://[^\"'\s<]+", own)) <= {
        "https://vega.github.io/schema/vega-lite/v6.json"
    }
    assert "default-src 'none'" in own
    assert own.count('scope="col"') >= 5
    assert "<caption>" in own


def test_importing_charts_is_cheap() -> None:
    heavy = "numpy numba scipy pyarrow duckdb pydantic vl_convert ibis"
    code = f"import asylumatlas.tablecharts, sys; print(set(sys.modules) & set('{heavy}'.split()))"
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "set()"


# --- In a real browser ------------------------------------------------------------------------


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    if os.environ.get("ASYLUMATLAS_SKIP_BROWSER") == "1":
        pytest.skip("ASYLUMATLAS_SKIP_BROWSER=1")
    path = os.environ.get("ASYLUMATLAS_CHROMIUM") or shutil.which("chromium")
    if not path:
        pytest.fail("no chromium found: install it, or set ASYLUMATLAS_SKIP_BROWSER=1")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as player:
        chromium = player.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield chromium
        chromium.close()


@pytest.mark.parametrize("name", ["compared", "flow by", "published", "hostile"])
@pytest.mark.parametrize("width", [1100, 360])
def test_browser_draws_the_page_and_asks_for_nothing(
    browser: Any, tmp_path: Path, name: str, width: int
) -> None:
    asked = hostile() if name == "hostile" else SPECIAL[name]
    path = chart(asked).to_html(tmp_path / "chart.html")
    context = browser.new_context(viewport={"width": width, "height": 800})
    page = context.new_page()
    heard: list[str] = []
    page.on("request", lambda r: heard.append(r.url) if r.url != path.as_uri() else None)
    page.on("pageerror", lambda error: heard.append(str(error)))
    page.on("console", lambda said: heard.append(said.text) if said.type != "log" else None)
    page.goto(path.as_uri())
    page.wait_for_selector("html[data-charts=done]", timeout=20_000)
    assert page.locator(".chart.drawn svg").count() == 1
    assert page.locator("table tbody tr").count() == len(asked.rows)
    assert page.locator("table").is_visible()
    assert page.evaluate("document.documentElement.scrollWidth - window.innerWidth") <= 0
    assert page.evaluate("window.hacked") is None
    assert heard == []
    context.close()


def test_groups_that_are_no_effects_say_so_on_the_picture() -> None:
    plain = table(("nationality",), "duration")
    warned = SimpleNamespace(**vars(plain))
    warned.caveats = ("By representation as it was at the end: differences are not effects.",)
    said = "differences are not effects"
    assert said in " ".join(chart(warned).subtitle)
    assert said not in " ".join(chart(plain).subtitle)
