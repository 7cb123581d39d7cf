"""The data on the shelf: what logs say of themselves, and the ledger of imported records."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient


def read(client: TestClient, path: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(client.get(path).text)))


def test_every_log_is_listed_with_its_counts(client: TestClient) -> None:
    rows = {row["name"]: row for row in read(client, "/data.csv")}
    assert rows["caravan-2018"]["cases"] == "158772"
    assert rows["made-up-records"]["events"] == "85905"
    assert all("imul" in row["note"] for row in rows.values())
    text = client.get("/data").text
    for name in rows:
        assert f'href="/data/{name}"' in text


def test_the_ledger_is_that_of_the_import(client: TestClient) -> None:
    shelf = client.app.app.state.site.shelf  # type: ignore[attr-defined]
    ledger = json.loads((shelf.get("made-up-records").root / "ledger.json").read_text())
    rows = read(client, "/data/made-up-records.csv")
    assert len(rows) == ledger["totals"]["files"]
    for word in ("lines", "kept", "repaired", "quarantined"):
        assert sum(int(row[word]) for row in rows) == ledger["totals"][word]
    for row in rows:
        became = sum(int(row[word]) for word in ("kept", "repaired", "quarantined"))
        assert became == int(row["lines"])
    told = client.get("/data/made-up-records.json").json()
    assert told["closes"] is True
    assert told["totals"]["lines"] == ledger["totals"]["lines"]
    text = client.get("/data/made-up-records").text
    assert f"{ledger['totals']['lines']:,}" in text


def test_numbers_of_single_cases_are_not_told(client: TestClient) -> None:
    shelf = client.app.app.state.site.shelf  # type: ignore[attr-defined]
    links = json.loads((shelf.get("made-up-records").root / "links.json").read_text())
    order = links["order_violations"]
    examples = [one for each in order.values() for one in each.get("examples", ())]
    assert examples
    for path in ("/data/made-up-records", "/data/made-up-records.json"):
        text = client.get(path).text
        assert not any(str(one) in text for one in examples)


def test_a_run_tells_scenario_caveats_and_what_it_used(client: TestClient) -> None:
    text = client.get("/data/caravan-2018").text
    assert "Holding space at the port: days used" in text
    assert "With 4 replications" in text
    assert "edefbfdd65ab92d6" in text
    told = client.get("/data/caravan-2018.json").json()
    assert told["details"]["seed"] == 1
    assert told["note"].startswith("Simulated people")


def test_no_folder_of_the_server_is_told(client: TestClient) -> None:
    shelf = client.app.app.state.site.shelf  # type: ignore[attr-defined]
    for name in shelf.names():
        root = str(shelf.get(name).root)
        for ending in ("", ".json", ".csv"):
            assert root not in client.get(f"/data/{name}{ending}").text


def test_a_damaged_ledger_is_told_without_its_folder(app_settings: Any, tmp_path: Path) -> None:
    import shutil

    from asylumatlas.web import make_app
    from asylumatlas.web.settings import Settings

    source = Path(app_settings.home) / "demo"
    found = next(each for each in source.rglob("ledger.json"))
    broken = tmp_path / "broken"
    shutil.copytree(found.parent, broken)
    (broken / "ledger.json").write_text('{"files": 3}')
    given = Settings(home=tmp_path / "h", logs=(("broken", broken / "log"),), demo=False)
    with TestClient(make_app(given), base_url="http://127.0.0.1") as asking:
        answer = asking.get("/data/broken")
        assert answer.status_code == 503
        assert "damaged" in answer.text
        assert str(tmp_path) not in answer.text


def test_an_unknown_log_is_told(client: TestClient) -> None:
    assert client.get("/data/caravan").status_code == 404
    assert client.get("/data/caravan.json").json()["where"] == "log"


@pytest.mark.parametrize("path", ["/data/made-up-records", "/es/data/caravan-2018"])
def test_pages_of_data_in_a_browser(page_of: Any, axe: Any, no_outside: Any, path: str) -> None:
    page = page_of(path, width=390, theme="dark")
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
    axe(page)
    no_outside(page)
