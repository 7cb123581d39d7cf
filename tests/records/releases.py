"""Tiny releases, written by hand in the file format of the court records."""

import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from asylumatlas.records.registry import tables

Row = Mapping[str, str]
FOLDER = "EOIR Case Data 2026-0401"


def line(table: str, row: Row) -> bytes:
    """One row of a table; columns not given are blank."""
    columns = [column.name for column in tables()[table].columns]
    assert set(row) <= set(columns), row
    return "\t".join(row.get(name, "") for name in columns).encode()


def file(table: str, rows: Sequence[Row | bytes]) -> bytes:
    """A table's file: rows by column, or lines as they are to stand in it."""
    columns = [column.name for column in tables()[table].columns]
    lines = ["\t".join(columns).encode()]
    lines += [row if isinstance(row, bytes) else line(table, row) for row in rows]
    return b"".join(each + b"\r\n" for each in lines)


def day(text: str) -> str:
    """A day as the files write it."""
    return f"{text} 00:00:00.000"


def case(number: int, **more: str) -> Row:
    """A removal case."""
    return {"IDNCASE": str(number), "NAT": "HO", "LANG": "SP ", "CASE_TYPE": "RMV", **more}


def proceeding(number: int, of: int, **more: str) -> Row:
    """A removal proceeding that ended with an order."""
    return {
        "IDNPROCEEDING": str(number),
        "IDNCASE": str(of),
        "OSC_DATE": day("2019-05-01"),
        "INPUT_DATE": day("2019-05-03"),
        "BASE_CITY_CODE": "LOS",
        "COMP_DATE": day("2021-02-03"),
        "DEC_CODE": "X",
        "CASE_TYPE": "RMV",
        "NAT": "HO",
        **more,
    }


def decision(case_type: str, code: str, kind: str, words: str) -> Row:
    """A row of the lookup of decisions."""
    return {
        "strCaseType": case_type,
        "strDecCode": code,
        "strDecType": kind,
        "strDecDescription": words,
        "blnActive": "1",
    }


SMALL: dict[str, Sequence[Row | bytes]] = {
    "A_TblCase": [case(n, LATEST_HEARING=day("2021-02-03")) for n in range(1, 9)]
    + [case(9, NAT="??")],
    "B_TblProceeding": [proceeding(100 + n, n) for n in range(1, 8)]
    + [proceeding(108, 8, DEC_CODE="", OTHER_COMP="X"), b"109\tbroken off"],
    "tbl_schedule": [
        {
            "IDNSCHEDULE": str(1000 + n),
            "IDNPROCEEDING": str(100 + n),
            "IDNCASE": str(n),
            "CAL_TYPE": "M",
            "ADJ_DATE": day("2020-06-01"),
            "ADJ_TIME_START": "0830",
            "BASE_CITY_CODE": "LOS",
            "EOIRAttorneyID": f"0000000A-0000-0000-0000-{n:012d}",
        }
        for n in range(1, 5)
    ],
    "tbl_EOIR_Attorney": [
        {"EOIRAttorneyID": f"0000000A-0000-0000-0000-{n:012d}"} for n in range(1, 4)
    ],
    "tblLookupNationality": [
        {"NAT_CODE": "HO", "NAT_NAME": "HONDURAS", "blnActive": "1"},
        {"NAT_CODE": "NA", "NAT_NAME": "NETHERLANDS ANTILLES", "blnActive": "1"},
    ],
    "tblLookupCourtDecision": [
        decision("RMV", "X", "C", "Remove"),
        decision("RMV", "X", "O", "ZERO BOND"),
        decision("RMV", "R", "C", "Relief"),
    ],
    "tblLookupBaseCity": [{"BASE_CITY_CODE": "LOS", "BASE_CITY_NAME": "Los Angeles"}],
    "tblLookupHloc": [],
}


def members(rows: Mapping[str, Sequence[Row | bytes]]) -> dict[str, bytes]:
    """Every file of a release, Count.txt and the Readme with them, by its name in the folder."""
    found = {}
    for table, some in rows.items():
        where = "" if tables()[table].kind == "main" else "Lookup/"
        found[f"{where}{table}.csv"] = file(table, some)
    counts = "".join(f"{table}\t{len(some)}\r\n" for table, some in rows.items())
    return {**found, "Count.txt": counts.encode(), "Readme.txt": b"Synthetic, written by a test."}


def write_folder(
    place: Path, rows: Mapping[str, Sequence[Row | bytes]] = SMALL, name: str = FOLDER
) -> Path:
    """A release as a folder; returns its path."""
    folder = place / name
    for member, content in members(rows).items():
        path = folder / member
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return folder


def write_zip(
    place: Path, rows: Mapping[str, Sequence[Row | bytes]] = SMALL, name: str = f"{FOLDER}.zip"
) -> Path:
    """A release as a zip; returns its path."""
    path = place / name
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for member, content in members(rows).items():
            archive.writestr(f"{FOLDER}/{member}", content)
    return path
