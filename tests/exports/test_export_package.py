"""Data packages: the descriptor says what the files hold."""

import csv
import json
import math
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from asylumatlas import exports, process
from asylumatlas.events import Log


def checked(folder: Path) -> dict[str, Any]:
    """The descriptor, after every row of every file was held against it."""
    told: dict[str, Any] = json.loads((folder / "datapackage.json").read_text("utf-8"))
    held: dict[str, list[dict[str, str]]] = {}
    for resource in told["resources"]:
        with (folder / resource["path"]).open(encoding=resource["encoding"], newline="") as file:
            reader = csv.DictReader(file)
            fields = resource["schema"]["fields"]
            assert reader.fieldnames == [one["name"] for one in fields]
            held[resource["name"]] = list(reader)
        for row in held[resource["name"]]:
            for one in fields:
                check_value(row[one["name"]], one)
    for resource in told["resources"]:
        check_keys(resource, held)
    return told


def check_value(text: str, one: dict[str, Any]) -> None:
    """Hold a value against its field."""
    limits = one.get("constraints", {})
    if text == "":
        assert not limits.get("required"), one["name"]
        return
    assert text in limits.get("enum", [text])
    readers: dict[str, Callable[[str], object]]
    readers = {"integer": int, "number": float, "date": date.fromisoformat, "string": str}
    readers[one["type"]](text)


def check_keys(resource: dict[str, Any], held: dict[str, list[dict[str, str]]]) -> None:
    """Hold primary and foreign keys against the rows."""
    rows = held[resource["name"]]
    if primary := resource["schema"].get("primaryKey"):
        assert len({tuple(row[name] for name in primary) for row in rows}) == len(rows)
    for key in resource["schema"].get("foreignKeys", ()):
        other = held[key["reference"]["resource"] or resource["name"]]
        known = {tuple(row[name] for name in key["reference"]["fields"]) for row in other}
        used = {tuple(row[name] for name in key["fields"]) for row in rows} - {("",)}
        assert used <= known


def test_a_log_meets_its_descriptor(log: Log, tmp_path: Path) -> None:
    told = checked(exports.export(log, tmp_path / "out", "package"))
    assert [one["name"] for one in told["resources"]] == ["cases", "events"]
    assert told["provenance"]["fingerprint"] == log.fingerprint
    assert told["provenance"]["events"] == 11


def test_the_checker_sees_a_breach(log: Log, tmp_path: Path) -> None:
    folder = exports.export(log, tmp_path / "out", "package")
    path = folder / "events.csv"
    path.write_bytes(path.read_bytes().replace(b"port_admitted", b"port_admited"))
    with pytest.raises(AssertionError):
        checked(folder)


def test_words_and_meanings_are_those_of_the_vocabulary(log: Log, tmp_path: Path) -> None:
    told = checked(exports.export(log, tmp_path / "out", "package"))
    fields = {one["name"]: one for one in told["resources"][1]["schema"]["fields"]}
    assert tuple(fields["event"]["constraints"]["enum"]) == process.event_codes()
    event = process.load().events["custody_started"]
    assert f"custody_started: {event.definition}" in fields["event"]["description"]


def test_a_lead_that_was_left_out_breaks_no_key(log: Log, tmp_path: Path) -> None:
    path = exports.export(log, tmp_path / "out", "package", where={"nationality": "SLV"})
    told = checked(path)
    assert "foreignKeys" not in told["resources"][0]["schema"]


# ------------------------------------------------------------------ a table


@dataclass
class Column:
    """A column as tables of statistics have it."""

    name: str
    type: str
    unit: str
    meaning: str


@dataclass
class Source:
    """A source as tables of statistics have it."""

    log: str
    note: str = ""


@dataclass
class Table:
    """As much of a table of statistics as a package needs."""

    rows: list[Any]
    statistic: str = "denial_rate"
    definition: str = "of_decisions"
    columns: list[Column] = field(
        default_factory=lambda: [
            Column("nationality", "text", "none", "The nationality."),
            Column("value", "number", "share", "The share."),
            Column("cases", "integer", "cases", "How many."),
        ]
    )
    sources: list[Any] = field(
        default_factory=lambda: [Source("/runs/a", "No one is real."), {"log": "b"}, "c"]
    )
    caveats: list[str] = field(default_factory=lambda: ["Made up."])

    def cite(self) -> str:
        """How to cite it."""
        return "Asylum Atlas, denial_rate."


@pytest.mark.parametrize(
    "rows",
    [
        [("HND", 0.25, 4), ("SLV", None, 0)],
        [{"nationality": "HND", "value": 0.25, "cases": 4}, {"nationality": "SLV", "cases": 0}],
        [["HND", 0.25, 4], ["SLV", math.nan, 0]],
    ],
)
def test_a_table_meets_its_descriptor(tmp_path: Path, rows: list[Any]) -> None:
    told = checked(exports.package_table(Table(rows), tmp_path / "out"))
    assert (tmp_path / "out" / "table.csv").read_bytes() == (
        b"nationality,value,cases\r\nHND,0.25,4\r\nSLV,,0\r\n"
    )
    assert told["name"] == "asylumatlas-denial-rate-of-decisions"
    assert [one["title"] for one in told["sources"]] == [
        "log /runs/a, note No one is real.",
        "log b",
        "c",
    ]
    assert told["description"] == "No one is real. Made up."
    assert told["provenance"]["citation"] == "Asylum Atlas, denial_rate."
    assert told["resources"][0]["schema"]["fields"][1]["unit"] == "share"


def test_a_package_says_what_its_table_is_limited_to(tmp_path: Path) -> None:
    table = Table([("HND", 0.25, 4)])
    table.filter = "nationality HND Honduras"  # type: ignore[attr-defined]
    told = checked(exports.package_table(table, tmp_path / "out"))
    assert told["description"] == "Only: nationality HND Honduras. No one is real. Made up."
    assert told["provenance"]["filter"] == "nationality HND Honduras"


def test_an_empty_table_is_a_package(tmp_path: Path) -> None:
    checked(exports.package_table(Table([]), tmp_path / "out"))


def test_a_row_of_another_length_is_refused(tmp_path: Path) -> None:
    with pytest.raises(exports.ExportError, match="row 0: 2 values for 3 columns"):
        exports.package_table(Table([("HND", 1)]), tmp_path / "out")


def test_a_package_is_replaced_only_on_demand(tmp_path: Path, make_log: Callable[..., Log]) -> None:
    path = exports.package_table(Table([]), tmp_path / "out")
    with pytest.raises(exports.ExportError, match="exists already"):
        exports.package_table(Table([]), path)
    exports.package_table(Table([("HND", 1.0, 1)]), path, replace=True)
    assert b"HND" in (path / "table.csv").read_bytes()
