"""The flow as a page: choices, twins, pictures that say what the table says, and the player."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from asylumatlas import process
from asylumatlas.web.drawings import map as maps
from asylumatlas.web.drawings.stages import LARGEST, SHAPES, disc, flow_svg, positions, thickness

DAY = "2018-05-04"


def cells(text: str) -> dict[str, int]:
    """People by stage in a page's table."""
    found = re.findall(r'data-stage-cell="(\w+)">([\d,]+)<', text)
    return {name: int(number.replace(",", "")) for name, number in found}


def test_table_csv_and_json_agree(client: Any) -> None:
    text = client.get(f"/flow?day={DAY}").text
    table = cells(text)
    assert set(table) == set(process.load().stages)
    data = client.get("/flow.json").json()
    place = data["days"].index(DAY)
    assert {name: counts[place] for name, counts in data["stages"].items()} == table
    rows = list(csv.DictReader(io.StringIO(client.get("/flow.csv").text)))
    of_day = {r["name"]: int(r["people"]) for r in rows if r["day"] == DAY and r["what"] == "stage"}
    assert of_day == table
    assert all(int(r["low80"]) <= int(r["people"]) <= int(r["high80"]) for r in rows)


def test_data_and_page_say_what_the_log_says_of_itself(client: Any) -> None:
    note = client.get("/flow.json").json()["note"]
    assert "Simulated people" in note
    assert note in client.get("/flow").text
    rows = csv.DictReader(io.StringIO(client.get("/flow.csv").text))
    assert {row["note"] for row in rows} == {note}


def test_the_picture_says_the_table(client: Any) -> None:
    """Every disc's number is the table's, and its area grows with it."""
    text = client.get(f"/flow?day={DAY}&group=everyone&world=1").text
    table, drawn = cells(text), {}
    for name, radius, people in re.findall(
        r'data-stage="(\w+)">.*?class="disc"[^>]* r="([\d.]+)"/>'
        r'.*?class="people"[^>]*>([\d,]+)<',
        text,
    ):
        drawn[name] = int(people.replace(",", "")), float(radius)
    assert {name: people for name, (people, _) in drawn.items()} == table
    large = [(people, radius) for people, radius in drawn.values() if radius > 4]
    assert len(large) >= 2
    scale = [people / radius**2 for people, radius in large]
    assert max(scale) / min(scale) < 1.01


def test_median_and_one_world_differ(client: Any) -> None:
    pages = [client.get(f"/flow?day={DAY}&world={world}").text for world in ("median", 0, 3)]
    tables = [tuple(cells(text).values()) for text in pages]
    assert len(set(tables)) == 3
    assert "80 %" in pages[0]
    assert "80 %" not in pages[1]


def test_records_have_a_flow_too(client: Any) -> None:
    answer = client.get("/flow?log=made-up-records")
    assert answer.status_code == 200
    assert "New York" in answer.text
    assert 'name="world"' not in answer.text
    assert sum(cells(answer.text).values()) > 10_000


WRONG = (
    ("day=tomorrow", 422, "is no date"),
    ("day=2031-01-01", 422, "outside the log"),
    ("world=99", 422, "not counted"),
    ("world=-1", 422, "not counted"),
    ("group=nobody", 422, "not counted"),
    ("log=caravan-2017", 404, "caravan-2018"),
    ("dya=2018-05-04", 422, "Did you mean"),
    ("day=2018-05-04&day=2018-05-05", 422, "stands twice"),
    ("day=2018-W18-5", 422, "is no date"),
)


def test_a_wrong_choice_is_told_in_a_sentence(client: Any) -> None:
    for query, status, said in WRONG:
        answer = client.get(f"/flow?{query}")
        assert answer.status_code == status, query
        assert said in answer.text
        assert client.get(f"/flow.json?{query}").status_code == status, query
        assert said in client.get(f"/flow.json?{query}").json()["error"]


def test_spanish_says_it_in_spanish(client: Any) -> None:
    text = client.get(f"/es/flow?day={DAY}").text
    assert "4 de mayo de 2018" in text
    assert 'href="/es/flow.csv' in text


def test_a_page_is_light(client: Any) -> None:
    for query in ("", "?log=made-up-records"):
        assert len(client.get(f"/flow{query}").content) < 300_000


# ---- drawings


def test_every_stage_has_a_place_of_its_own() -> None:
    assert set(positions()) == set(process.load().stages)


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: shape.name)
def test_no_two_discs_touch_and_none_leaves_the_picture(shape: Any) -> None:
    width, height = shape.size
    points = [shape.at(name) for name in positions()]
    for k, (x, y) in enumerate(points):
        assert LARGEST <= x <= width - LARGEST
        assert LARGEST <= y <= height - LARGEST
        for x2, y2 in points[:k]:
            assert (x - x2) ** 2 + (y - y2) ** 2 >= (2 * LARGEST) ** 2


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: shape.name)
def test_no_line_leaves_the_picture(shape: Any) -> None:
    names = list(positions())
    moves = [(a, b, 1.0) for a in names for b in names if a != b and "custody" not in (a, b)]
    drawn = flow_svg(shape, {name: name for name in names}, {}, 1, moves, 1, "all")
    width, height = shape.size
    for path in re.findall(r'class="move[^>]* d="M([^"]+)"', drawn):
        a, b, c, d = ((float(x), float(y)) for x, y in re.findall(r"([\d.-]+),([\d.-]+)", path))
        for k in range(21):
            t = k / 20
            parts = ((1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t * t * (1 - t), t**3)
            x, y = (sum(p * q[i] for p, q in zip(parts, (a, b, c, d), strict=True)) for i in (0, 1))
            assert 7 <= x <= width - 7, (path, x)
            assert 7 <= y <= height - 7, (path, y)


def test_names_from_data_are_escaped_in_pictures() -> None:
    labels = {name: "<b>&" for name in positions()}
    drawn = flow_svg(SHAPES[0], labels, {}, 1, [("journey", "court", 3)], 3, '"><script>')
    mark = maps.Mark("tijuana", "<i>T", "list", "<u>", 3, 3)
    drawn += maps.map_svg([mark], 3, '"><script>', "<x>")
    assert not re.search(r"<(b|i|u|x|script)>", drawn)


def test_areas_grow_with_people() -> None:
    assert disc(400, 400) == 2 * disc(100, 400)
    assert thickness(400, 400) == 2 * thickness(200, 400)
    assert maps.radius(400, 400) == 2 * maps.radius(100, 400)
    assert disc(0, 9) == thickness(0, 9) == maps.radius(0, 9) == 0


def test_the_projection_keeps_areas() -> None:
    """Albers: a degree square anywhere has the area that it has on the sphere."""
    from math import radians, sin

    words = {"parallels": [25, 45], "origin": [32, -100], "scale": 1000, "centre": [0, 0]}
    for north, east in ((30.0, -110.0), (45.0, -75.0), (20.0, -100.0)):
        corners = [(0, 0), (0, 1), (1, 1), (1, 0)]
        points = [maps.project(north + a, east + b, words) for a, b in corners]
        pairs = zip(points, [*points[1:], points[0]], strict=True)
        area = abs(sum(x1 * y2 - x2 * y1 for (x1, y1), (x2, y2) in pairs)) / 2
        sphere = 1000**2 * radians(1) * (sin(radians(north + 1)) - sin(radians(north)))
        assert abs(area / sphere - 1) < 2e-4


# ---- in the browser


def test_flow_is_clean_on_wide_and_phone(
    page_of: Callable[..., Any], axe: Any, no_outside: Any, keep: Any
) -> None:
    for name, width, theme in (("wide", 1280, "light"), ("phone", 390, "dark")):
        page = page_of(f"/flow?day={DAY}", width=width, theme=theme)
        keep(page, f"flow-{name}")
        assert page.evaluate("document.documentElement.scrollWidth - window.innerWidth") <= 0
        axe(page)
        no_outside(page)


def test_the_player_goes_by_keyboard_and_says_what_the_server_says(
    page_of: Callable[..., Any], client: Any
) -> None:
    page = page_of(f"/flow?day={DAY}")
    page.get_by_role("button", name="Day after").press("Enter")
    page.wait_for_url("**day=2018-05-05*")
    shown = page.evaluate(
        "Object.fromEntries([...document.querySelectorAll('[data-stage-cell]')]"
        ".map((cell) => [cell.dataset.stageCell, Number(cell.textContent.replaceAll(',', ''))]))"
    )
    text = client.get("/flow?day=2018-05-05").text
    assert shown == cells(text)
    radii = "[...document.querySelectorAll('.wide-flow .disc')].map((c) => c.getAttribute('r'))"
    wide = text[text.index("wide-flow") : text.index("tall-flow")]
    drawn = re.findall(r'class="disc"[^>]* r="([\d.]+)"', wide)
    moved = [float(radius) for radius in page.evaluate(radii)]
    assert moved == pytest.approx([float(radius) for radius in drawn], abs=0.02)
    assert "5 May 2018" in page.locator("[data-live]").text_content()
    slider = page.get_by_role("slider")
    slider.press("ArrowRight")
    page.wait_for_url("**day=2018-05-06*")
    assert slider.get_attribute("aria-valuetext") == "6 May 2018"


def test_playing_moves_on_and_pauses(page_of: Callable[..., Any]) -> None:
    page = page_of("/flow?day=2018-04-28")
    play = page.locator("[data-play]")
    play.press("Space")
    page.wait_for_function("() => document.querySelector('[type=range]').value > 35", timeout=8000)
    assert play.text_content() == "Pause"
    assert page.locator("[data-live]").text_content() == ""  # silent while it moves
    play.press("Space")
    page.wait_for_url("**day=*")
    assert play.text_content() == "Play"
    assert page.locator("[data-live]").text_content() != ""


def test_without_scripts_the_day_is_a_form_and_links(page_of: Callable[..., Any]) -> None:
    page = page_of(f"/flow?day={DAY}", scripts=False)
    assert not page.locator("[data-player]").is_visible()
    page.get_by_role("link", name="The day after").click()
    assert "day=2018-05-05" in page.url
    assert date(2018, 5, 5).strftime("%B") in page.locator("[data-summary]").text_content()
