"""The lookup files of a synthetic release: what each code means, and no real person's name.

The codes of places, languages, nationalities, decisions and hearings are those the court system
publishes, shortened; the judges, offices and interpreters are invented and say so. The rows stand
in `lookups/<TABLE>.csv` under the table's own column names; what a file does not give is filled in
by the column's type. A row with a word under `defect` is one the clean release does not have.
"""

from __future__ import annotations

import csv
import functools
import io
from collections.abc import Iterator
from datetime import date, timedelta
from importlib import resources

import numpy as np

from asylumatlas.records.registry import Column, Table, tables

PLACEHOLDER_JUDGES = ("AAA", "CLR", "IAD", "DTL", "V10", "V11", "V12", "VJ1")
MADE, DAYS = date(1998, 1, 1), 5000  # codes were made and changed on these days, before any release
DAY = " 00:00:00.000"


def lookup_files(defects: float = 0.0, seed: int = 1) -> Iterator[tuple[str, list[list[bytes]]]]:
    """Yield each lookup table's name and its rows, every column of the table in order.

    Args:
        defects: above 0 the rows that say a code twice are there too (`doubled` names them).
        seed: of the days on which codes are said to have been made: the same in every release.

    Yields:
        Name and rows; a field is the bytes as they stand in the file.
    """
    for number, table in enumerate(table for table in tables().values() if table.kind != "main"):
        rng = np.random.default_rng((seed, number))
        yield table.name, _wire(table, _rows(table.name, defects > 0), rng)


def doubled() -> list[tuple[str, int, str]]:
    """The rows that only a release with defects has: table, line of the file, and the code."""
    found = []
    for table in tables().values():
        if table.kind == "main":
            continue
        for line, row in enumerate(_rows(table.name, True), start=2):
            if row["defect"]:
                found.append((table.name, line, row.get(table.code or "", "")))
    return found


@functools.cache
def codes_of(table: str) -> list[str]:
    """The codes of a lookup table, each once, without the placeholders among the judges.

    Raises:
        KeyError: no such lookup table, or it decodes nothing.

    Example:
        >>> codes_of("tblLookupCustodyStatus")
        ['N', 'D', 'R']
    """
    code = tables()[table].code
    if code is None:
        raise KeyError(f"{table} decodes nothing")
    found = dict.fromkeys(row[code] for row in _rows(table, False))
    if table == "tblLookupJudge":
        return [code for code in found if code not in PLACEHOLDER_JUDGES]
    return list(found)


@functools.cache
def decisions(case_type: str, kind: str) -> dict[str, str]:
    """The decision codes of a case type: code and meaning; kind "C" decision, "O" completion.

    Example:
        >>> decisions("RMV", "C")["X"], decisions("RMV", "O")["X"]
        ('Remove', 'ZERO BOND')
    """
    return {
        row["strDecCode"]: row["strDecDescription"]
        for row in _rows("tblLookupCourtDecision", False)
        if row["strCaseType"] == case_type and row["strDecType"] == kind
    }


@functools.cache
def judges_of(base_city: str) -> list[str]:
    """The invented judges of a court.

    Example:
        >>> judges_of("MIA")[:2]
        ['K65', 'K66']
    """
    return [
        row["JUDGE_CODE"]
        for row in _rows("tblLookupJudgeBaseCity", False)
        if row["BASE_CITY_CODE"] == base_city and row["JUDGE_CODE"] not in PLACEHOLDER_JUDGES
    ]


@functools.cache
def hearing_locations_of(base_city: str) -> list[str]:
    """The hearing locations of a court, its own code first.

    Example:
        >>> hearing_locations_of("SEA")
        ['SEA', 'ATS', ...]
    """
    found = [
        row["HEARING_LOC_CODE"]
        for row in _rows("tblLookupHloc", False)
        if row["HEARING_BASE_CITY"] == base_city
    ]
    return sorted(found, key=lambda code: code != base_city)


def _rows(table: str, with_defects: bool) -> list[dict[str, str]]:
    """The rows of a table's file, with a `defect` in each."""
    file = resources.files(__package__).joinpath("lookups").joinpath(f"{table}.csv")
    rows = list(csv.DictReader(io.StringIO(file.read_text("utf-8"))))
    for row in rows:
        row.setdefault("defect", "")
    return [row for row in rows if with_defects or not row["defect"]]


def _wire(table: Table, rows: list[dict[str, str]], rng: np.random.Generator) -> list[list[bytes]]:
    """The rows with every column of the table."""
    written = []
    for number, row in enumerate(rows, start=1):
        made = int(rng.integers(0, DAYS))
        changed = int(rng.integers(made, DAYS))
        days = (_day(made), _day(changed))
        written.append([_field(column, row, number, days).encode() for column in table.columns])
    return written


def _day(days: int) -> str:
    """So many days after the first day a code was made, as a release writes it."""
    return f"{MADE + timedelta(days=days)}{DAY}"


def _field(column: Column, row: dict[str, str], number: int, days: tuple[str, str]) -> str:
    """One field: what the row says, else what its type lets one make up."""
    if (given := row.get(column.name)) is not None:
        return given
    if column.type == "datetime":
        return days["modified" in column.name.casefold()]
    if column.type == "flag":
        return "1" if column.name == "blnActive" else "0"
    return str(number) if column.type in ("key", "integer") else ""
