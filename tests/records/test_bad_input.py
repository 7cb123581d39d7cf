"""What no release should hold: each file ends in one clear line, or with every line accounted for.

The files are written by hand and made up. Each test goes through the whole import.
"""

import io
import os
import random
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from asylumatlas.cli import main
from asylumatlas.records.importing import import_release
from asylumatlas.records.ledger import read_ledger
from asylumatlas.records.reasons import NOTED, QUARANTINED, REPAIRED, UNREAD
from asylumatlas.records.registry import Column, tables

Capture = pytest.CaptureFixture[str]
ROOT = Path(__file__).parents[2]
FOLDER = "EOIR Case Data 2026-0401"
APPLICATIONS = "tbl_Court_Appln"
HEADER = b"IDNPROCEEDINGAPPLN\tIDNPROCEEDING\tIDNCASE\tAPPL_CODE\tAPPL_RECD_DATE\tAPPL_DEC"
ROW = b"%d\t7\t9\tASYL\t2015-03-01 00:00:00.000\tD"


def release(folder: Path, **files: bytes) -> Path:
    """A release in a folder."""
    place = folder / FOLDER
    place.mkdir(parents=True)
    for name, content in files.items():
        (place / f"{name}.csv").write_bytes(content)
    return place


def lines(*rows: bytes, header: bytes = HEADER, end: bytes = b"\r\n") -> bytes:
    return b"".join(row + end for row in (header, *rows))


def taken(folder: Path, content: bytes, name: str = APPLICATIONS) -> dict[str, Any]:
    """Import one table; what became of it, after every line was found again."""
    out = folder / "out"
    done = import_release(release(folder / "in", **{name: content}), out, link=False)
    assert not list(done.ledger.faults())
    entry = done.ledger.of(name)
    assert entry is not None
    rows = {
        kind: pq.read_table(out / kind / f"{name}.parquet").to_pylist()
        for kind in ("tables", "values", "repaired", "quarantined")
    }
    account(content, entry, rows, out)
    return {**entry, "rows": rows, "out": out}


def account(content: bytes, entry: Any, rows: dict[str, list[Any]], out: Path) -> None:
    """Every line is a row or in quarantine, byte for byte, and no line is both."""
    body = [
        line.removesuffix(b"\n").removesuffix(b"\r") if line.endswith(b"\n") else line
        for line in io.BytesIO(content).readlines()[1:]
    ]
    numbers = [row["line"] for row in rows["tables"]] + [r["line"] for r in rows["quarantined"]]
    assert sorted(numbers) == list(range(2, len(body) + 2))
    assert entry["lines"] == len(body)
    assert entry["kept"] + entry["repaired"] == len(rows["tables"])
    assert [row["line"] for row in rows["tables"]] == sorted(row["line"] for row in rows["tables"])
    for row in rows["quarantined"]:
        line = body[row["line"] - 2]
        held = row["raw"]
        if held is None:
            held = (out / "quarantined" / row["side"]).read_bytes()
        assert held == line
        assert row["reason"] in QUARANTINED
    for row in rows["repaired"]:
        assert row["before"] == body[row["line"] - 2]
        assert set(row["reason"].split("+")) <= REPAIRED.keys()
    assert len(rows["repaired"]) == entry["repaired"]
    assert {row["reason"] for row in rows["values"]} <= UNREAD.keys() | NOTED.keys()


# ---- files that are no table, in one way or another


def test_an_empty_file_is_a_clear_line(tmp_path: Path, capsys: Capture) -> None:
    refused(release(tmp_path / "in", **{APPLICATIONS: b""}), tmp_path, "tbl_Court_Appln", capsys)


def refused(place: Path, folder: Path, says: str, capsys: Capture, code: int = 1) -> None:
    """The import ends with one line and leaves no dataset, nothing beside its folder either."""
    before = sorted(path.name for path in folder.iterdir())
    assert main(["import", str(place), "--out", str(folder / "out")]) == code
    printed, error = capsys.readouterr()
    assert printed == ""
    assert error.count("\n") == 1, error
    assert says in error
    assert not (folder / "out" / "dataset.json").exists()
    assert {path.name for path in folder.iterdir()} <= {*before, "out"}


def test_a_header_alone_is_a_table_without_rows(tmp_path: Path) -> None:
    found = taken(tmp_path, HEADER + b"\r\n")
    assert (found["lines"], found["kept"]) == (0, 0)
    assert found["columns"]["missing"] == []


def test_a_header_without_line_end_is_a_table_without_rows(tmp_path: Path) -> None:
    assert taken(tmp_path, HEADER)["lines"] == 0


@pytest.mark.parametrize("delimiter", [b",", b"|", b";", b" "])
def test_a_wrong_delimiter_is_refused(delimiter: bytes, tmp_path: Path, capsys: Capture) -> None:
    content = lines(ROW % 1).replace(b"\t", delimiter)
    place = release(tmp_path / "in", **{APPLICATIONS: content})
    refused(place, tmp_path, "tbl_Court_Appln", capsys)


def test_another_tables_content_is_refused(tmp_path: Path, capsys: Capture) -> None:
    header = "\t".join(c.name for c in tables()["tbl_CustodyHistory"].columns).encode()
    place = release(tmp_path / "in", **{APPLICATIONS: lines(b"1\t2\tD\t\t", header=header)})
    refused(place, tmp_path, "IDNPROCEEDINGAPPLN", capsys)


def test_utf_16_is_refused(tmp_path: Path, capsys: Capture) -> None:
    content = lines(ROW % 1).decode("ascii").encode("utf-16")
    place = release(tmp_path / "in", **{APPLICATIONS: content})
    refused(place, tmp_path, "tbl_Court_Appln", capsys)


def test_an_image_named_as_a_table_is_refused(tmp_path: Path, capsys: Capture) -> None:
    content = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 40
    place = release(tmp_path / "in", **{APPLICATIONS: content})
    refused(place, tmp_path, "tbl_Court_Appln", capsys)


def test_a_header_with_a_name_twice_is_refused(tmp_path: Path, capsys: Capture) -> None:
    content = lines(ROW % 1 + b"\tD", header=HEADER + b"\tAppl_Dec")
    place = release(tmp_path / "in", **{APPLICATIONS: content})
    refused(place, tmp_path, "twice", capsys)


def test_a_column_called_line_does_not_meet_ours(tmp_path: Path) -> None:
    """The first column of every Parquet file is the line's number, under that name."""
    found = taken(tmp_path, lines(ROW % 1 + b"\tx", header=HEADER + b"\tline"))
    names = pq.read_schema(found["out"] / "tables" / f"{APPLICATIONS}.parquet").names
    assert len(set(names)) == len(names) == 8


@pytest.mark.parametrize("name", [b"a b", b'say "x"', b"it's", b"N\xf1", b"x" * 3000, b"select"])
def test_any_added_name_is_a_column(name: bytes, tmp_path: Path) -> None:
    found = taken(tmp_path, lines(ROW % 1 + b"\tx", header=HEADER + b"\t" + name))
    assert len(found["columns"]["added"]) == 1
    assert found["kept"] == 1


def test_a_header_with_nul_bytes_is_read_without_them(tmp_path: Path) -> None:
    found = taken(tmp_path, lines(ROW % 1, header=HEADER.replace(b"CASE", b"CA\0SE")))
    assert found["columns"]["missing"] == []
    assert found["kept"] == 1


def test_a_hundred_thousand_columns_are_refused_or_read(tmp_path: Path, capsys: Capture) -> None:
    header = HEADER + b"".join(b"\tc%d" % n for n in range(100_000))
    content = lines(ROW % 1 + b"\tx" * 100_000, header=header)
    place = release(tmp_path / "in", **{APPLICATIONS: content})
    code = main(["import", str(place), "--out", str(tmp_path / "out")])
    error = capsys.readouterr().err
    assert code in (0, 1)
    assert "Traceback" not in error


# ---- lines that are odd


def test_columns_in_another_order_are_bound_by_name(tmp_path: Path) -> None:
    names, values = HEADER.split(b"\t"), (ROW % 5).split(b"\t")
    found = taken(tmp_path, lines(b"\t".join(values[::-1]), header=b"\t".join(names[::-1])))
    (row,) = found["rows"]["tables"]
    assert (row["IDNPROCEEDINGAPPLN"], row["APPL_CODE"], row["APPL_DEC"]) == (5, "ASYL", "D")


def test_line_ends_may_be_mixed_and_the_last_missing(tmp_path: Path) -> None:
    content = HEADER + b"\n" + ROW % 1 + b"\r\n" + ROW % 2 + b"\n" + ROW % 3
    found = taken(tmp_path, content)
    assert found["kept"] == 3
    assert found["unended_last_line"] is True
    assert [row["APPL_DEC"] for row in found["rows"]["tables"]] == ["D", "D", "D"]


@pytest.mark.parametrize("odd", [b"\r", b"\x0b", b"\x0c", b"\x1c", b"\xc2\x85", b"\xe2\x80\xa8"])
def test_what_looks_like_a_line_end_ends_no_line(odd: bytes, tmp_path: Path) -> None:
    row = (ROW % 1).replace(b"ASYL", b"A" + odd + b"L")
    found = taken(tmp_path, lines(row, ROW % 2))
    assert found["lines"] == 2
    assert found["rows"]["tables"][0]["APPL_CODE"] == f"A{odd.decode()}L"


def test_a_line_end_cut_in_two_is_no_part_of_a_value(tmp_path: Path) -> None:
    """The file ends after the first half of its last line end."""
    found = taken(tmp_path, lines(ROW % 1, ROW % 2).removesuffix(b"\n"))
    assert [row["APPL_DEC"] for row in found["rows"]["tables"]] == ["D", "D"]
    assert found["unended_last_line"] is True


def test_empty_lines_are_lines(tmp_path: Path) -> None:
    found = taken(tmp_path, HEADER + b"\n\n" + ROW % 1 + b"\n\n\n")
    assert (found["lines"], found["kept"], found["quarantined"]) == (4, 1, 3)


def test_bytes_that_are_no_utf_8_are_read_as_windows_1252(tmp_path: Path) -> None:
    rows = [b"1\t7\t9\tA\xf1o\t\t", b"2\t7\t9\tA\x81o\t\t", "3\t7\t9\tAño\t\t".encode()]
    found = taken(tmp_path, lines(*rows))
    codes = [row["APPL_CODE"] for row in found["rows"]["tables"]]
    assert codes == ["Año", "A\x81o", "Año"]


def test_a_byte_order_mark_is_no_part_of_the_first_name(tmp_path: Path) -> None:
    found = taken(tmp_path, b"\xef\xbb\xbf" + lines(ROW % 1))
    assert (found["columns"]["missing"], found["kept"]) == ([], 1)


def test_quotation_marks_enclose_nothing(tmp_path: Path) -> None:
    rows = [b'1\t7\t9\t"A\t\t', b'2\t7\t9\tB"\t\t', b'3\t7\t9\t"C"\t\t']
    found = taken(tmp_path, lines(*rows))
    assert [row["APPL_CODE"] for row in found["rows"]["tables"]] == ['"A', 'B"', '"C"']


@pytest.mark.parametrize(
    ("text", "key"),
    [
        (b"1", 1),
        (b"2147483647", 2_147_483_647),
        (b"2147483648", None),
        (b"99999999999999999999999", None),
        (b"0", None),
        (b"-1", None),
        (b"", None),
        (b"   ", None),
        (b"1.0", None),
        (b"1e3", None),
        (b"0x10", None),
        (b"1_000", None),
        ("٣".encode(), None),
        ("１".encode(), None),
        (b"FC", None),
    ],
)
def test_a_key_is_a_plain_whole_number_or_the_line_is_set_apart(
    text: bytes, key: int | None, tmp_path: Path
) -> None:
    found = taken(tmp_path, lines(text + b"\t7\t9\tASYL\t\tD"))
    keys = [row["IDNPROCEEDINGAPPLN"] for row in found["rows"]["tables"]]
    assert keys == ([key] if key else [])
    assert found["quarantined"] == (0 if key else 1)


@pytest.mark.parametrize("text", [b"007", b"+7", b" 7", b"7 ", b"7\xc2\xa0"])
def test_a_key_in_another_dress_is_read_right_or_not_at_all(text: bytes, tmp_path: Path) -> None:
    found = taken(tmp_path, lines(text + b"\t7\t9\tASYL\t\tD"))
    assert [row["IDNPROCEEDINGAPPLN"] for row in found["rows"]["tables"]] in ([7], [])


@pytest.mark.parametrize(
    "text",
    [
        *(b"0000-00-00 00:00:00.000", b"0000-01-01", b"2015-02-29 00:00:00.000", b"2015-13-01"),
        *(b"10000-01-01", b"2925-03-01 00:00:00.000", b"1900-01-01 00:00:00.000", b"01JAN2000"),
        *(b"2015-3-1", b"2015-03-01T00:00:00", b"2015-03-01 00:00:00.000Z", b"-015-03-01"),
        *("２０１５-03-01".encode(), b"2015/03/01", b"2015-03-01 99:99:99.999", b"2015-03-01 "),
    ],
)
def test_no_day_is_guessed(text: bytes, tmp_path: Path) -> None:
    found = taken(tmp_path, lines(b"1\t7\t9\tASYL\t" + text + b"\tD"))
    (row,) = found["rows"]["tables"]
    value = row["APPL_RECD_DATE"]
    if text.strip() in (b"2015-03-01",):
        assert str(value) == "2015-03-01"
    else:
        assert value is None
        (noted,) = [v for v in found["rows"]["values"] if v["column"] == "APPL_RECD_DATE"]
        assert noted["raw"] == text
        assert noted["reason"] in UNREAD


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    body=st.lists(
        st.one_of(
            st.binary(max_size=60),
            st.sampled_from([ROW % 1, ROW % 2, ROW % 2 + b"\t", b"\t" * 5, b"\0" + ROW % 3]),
        ),
        max_size=12,
    ),
    end=st.sampled_from([b"\n", b"\r\n"]),
    ended=st.booleans(),
)
@example(body=[b"\r", b"", b"\r\r"], end=b"\n", ended=False)
def test_noise_loses_no_line(body: list[bytes], end: bytes, ended: bool) -> None:
    content = lines(*body, end=end)
    with tempfile.TemporaryDirectory() as name:
        taken(Path(name), content if ended else content.removesuffix(end))


# ---- what is kept is what stood there

ALMOST = {
    "key": ["0", "1", "2147483647", "2147483648", "-1", "+7", "007", "1.0", "x", " 5", "5 "],
    "integer": ["0", "-3", "00012", "9223372036854775807", "9223372036854775808", "1e3", "--1"],
    "date": [
        *("2015-03-01 00:00:00.000", "2015-03-01", "2015-03-01 13:05:00.000", "2015-02-30"),
        *("1753-01-01 00:00:00.000", "2999-01-01 00:00:00.000", "0000-00-00", "1/2015", "2015-3-1"),
    ],
    "datetime": [
        *("2015-03-01 13:05:07.123", "2015-03-01", "2015-03-01 25:00:00.000", "2015-03-01 1"),
        *("2015-03-01 13:05:07", "2015-03-01 13:05:07.1234", "2015-03-01 23:59:60.000"),
    ],
    "month": ["4/1974", "04/1974", "13/1974", "0/1974", "4/74", "4/19740", "/1974", "4-1974"],
    "time": ["0830", "0", "000*", "0559", "0600", "2359", "2400", "1260", "830", "08:30", "0000"],
    "money": ["0000001500", "0000001500.50", "1.234", "-5", "0", "99999999999", "1,500", "$5"],
    "flag": ["0", "1", "2", "Y", "00", "01", "true"],
    "guid": [
        *("12345678-ABCD-ABCD-ABCD-1234567890AB", "12345678-ABCD", "not", "{x}"),
        "12345678-abcd-abcd-abcd-1234567890ab",
    ],
    "code": ["NA", "None", "00", "N/A", "nul", "D ", " D", "d", '"', "\\N", "Ñ", "a  b"],
    "text": ["NULL", "x  ", "  x", "'", "\\", "\x00b", "\ufeffx", "é", "\u00a0"],
}


def same(kind: str, raw: str, value: Any) -> bool:
    """Whether a value is what stood in the file, judged by other means than the importer's."""
    text = raw.replace("\0", "").rstrip(" ")
    if kind in ("key", "integer"):
        return int(text) == value
    if kind == "date":
        return text[:10] == f"{value:%Y-%m-%d}"
    if kind == "datetime":
        told = f"{value:%Y-%m-%d %H:%M:%S}.{value.microsecond // 1000:03}"
        return told.startswith(text) and len(text) in (10, 19, 23)
    if kind == "month":
        return [int(part) for part in text.split("/")] == [value.month, value.year]
    if kind == "time":
        return text == f"{value // 60:02}{value % 60:02}" and value >= 360
    if kind == "money":
        return Decimal(text) == value
    if kind == "flag":
        return bool(int(text)) == value and text in ("0", "1")
    return bool(text == value or (text.casefold() == value))


@pytest.mark.parametrize("name", [name for name, t in tables().items() if t.kind == "main"])
def test_nothing_is_altered_in_silence(name: str, tmp_path: Path) -> None:
    """A value is what stood there, or null with the bytes that stood there, or it was blank."""
    luck = random.Random(name)
    table = tables()[name]
    rows = []
    for number in range(1, 120):
        row = [luck.choice(["", " ", *ALMOST[column.type]]) for column in table.columns]
        for place, column in enumerate(table.columns):
            if column.required or column.name in table.key:
                guid = f"12345678-ABCD-ABCD-ABCD-{number:012X}"
                row[place] = guid if column.type == "guid" else str(number)
        rows.append(row)
    header = "\t".join(column.name for column in table.columns).encode()
    found = taken(tmp_path, lines(*("\t".join(r).encode() for r in rows), header=header), name)
    unread = {(v["line"], v["column"]): v for v in found["rows"]["values"] if v["reason"] in UNREAD}
    assert len(found["rows"]["tables"]) == len(rows)
    for kept in found["rows"]["tables"]:
        for column, raw in zip(table.columns, rows[kept["line"] - 2], strict=True):
            value, note = kept[column.name], unread.get((kept["line"], column.name))
            where = f"{name}.{column.name} {raw!r} -> {value!r} {note}"
            if value is not None:
                assert note is None, where
                assert same(column.type, raw, value), where
            elif note is not None:
                assert note["raw"].replace(b"\0", b"") == raw.encode().replace(b"\0", b""), where
            else:
                assert not raw.replace("\0", "").strip(" "), where


# ---- histories from odd values

CODES = {
    "CASE_TYPE": ["RMV", "CFR", "AOC", "D", "R", "00", ""],
    "DEC_CODE": ["X", "R", "T", "", "?"],
    "OTHER_COMP": ["", "C", "T", "A", "X"],
    "CAL_TYPE": ["M", "I", "", "Q"],
    "ADJ_RSN": ["8A", "8B", "13", "", "?"],
    "APPL_CODE": ["ASYL", "ASYW", ""],
    "APPL_DEC": ["F", "D", "", "Z"],
    "STRATTYTYPE": ["ALIEN", "alien ", ""],
    "ABSENTIA": ["Y", "N", ""],
}


def junk(luck: random.Random, column: Column, own: bool, number: int) -> str:
    """A value of a column: often of its kind, sometimes nearly, keys small so that rows meet."""
    if column.type == "key":
        return str(number if own else luck.randrange(1, 30))
    if column.type == "guid" and own:
        return f"12345678-ABCD-ABCD-ABCD-{number:012X}"
    if column.name in CODES:
        return luck.choice(CODES[column.name])
    if column.type == "date" and luck.random() < 0.8:
        month, day = luck.randrange(1, 13), luck.randrange(1, 29)
        return f"20{luck.randrange(30):02}-{month:02}-{day:02} 00:00:00.000"
    return luck.choice(["", *ALMOST[column.type]])


@pytest.mark.parametrize("seed", range(4))
def test_a_release_of_junk_still_becomes_histories(seed: int, tmp_path: Path) -> None:
    """Every main table, values that are nearly right: the ledger closes and all is linked."""
    luck = random.Random(seed)
    files = {}
    for table in tables().values():
        if table.kind == "main":
            rows = [
                "\t".join(junk(luck, c, c.name in table.key, n) for c in table.columns).encode()
                for n in range(1, 40)
            ]
            header = "\t".join(column.name for column in table.columns).encode()
            files[table.name] = lines(*rows, header=header)
    done = import_release(release(tmp_path / "in", **files), tmp_path / "out")
    assert not list(done.ledger.faults())
    assert done.dataset.linked


def test_a_parent_table_without_rows_has_no_key(tmp_path: Path) -> None:
    """Its keys are identifiers. In a process of its own: a wrong look-up ends the process."""
    parent, child = tables()["tbl_EOIR_Attorney"], tables()["tbl_schedule"]
    given = {"IDNSCHEDULE": "1", "EOIRAttorneyID": ALMOST["guid"][0]}
    files = {
        parent.name: "\t".join(column.name for column in parent.columns),
        child.name: "\t".join(column.name for column in child.columns)
        + "\n"
        + "\t".join(given.get(column.name, "") for column in child.columns),
    }
    place = release(tmp_path / "in", **{name: text.encode() for name, text in files.items()})
    words = [sys.executable, "-m", "asylumatlas", "import", str(place)]
    words += ["--out", str(tmp_path / "out")]
    env = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    done = subprocess.run(words, capture_output=True, text=True, check=False, env=env)
    assert done.returncode == 0, done.stderr
    rows = pq.read_table(tmp_path / "out" / "values" / f"{child.name}.parquet").to_pylist()
    assert [row["reason"] for row in rows if row["column"] == "EOIRAttorneyID"] == ["orphan"]


# ---- sizes


PROGRAM = """import sys
from asylumatlas.cli import main
code = main(sys.argv[1:])
print("PEAK", open("/proc/self/status").read().split("VmHWM:")[1].split()[0])
sys.exit(code)"""
needs_proc = pytest.mark.skipif(
    not Path("/proc/self/status").exists(), reason="no way to ask for the most memory held"
)


def peak_gib(place: Path, out: Path) -> float:
    """The most memory that an import held, in a process of its own."""
    program = [sys.executable, "-c", PROGRAM, "import", str(place), "--out", str(out)]
    env = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    done = subprocess.run(program, capture_output=True, text=True, check=False, env=env)
    assert done.returncode == 0, done.stderr
    return int(done.stdout.split("PEAK")[1]) / 2**20


@needs_proc
def test_a_line_of_many_megabytes_is_set_apart_in_little_memory(tmp_path: Path) -> None:
    place = release(tmp_path / "in", **{APPLICATIONS: b""})
    with (place / f"{APPLICATIONS}.csv").open("wb") as file:
        file.write(HEADER + b"\n" + ROW % 1 + b"\n")
        for _ in range(300):
            file.write(b"x" * (1 << 20))
        file.write(b"\n" + ROW % 2 + b"\n")
    assert peak_gib(place, tmp_path / "out") < 1
    (row,) = pq.read_table(tmp_path / "out" / "quarantined" / f"{APPLICATIONS}.parquet").to_pylist()
    assert (row["line"], row["reason"], row["raw"]) == (3, "too_long", None)
    assert (tmp_path / "out" / "quarantined" / row["side"]).stat().st_size == 300 << 20
    entry = read_ledger(tmp_path / "out").of(APPLICATIONS)
    assert entry is not None
    assert (entry["lines"], entry["kept"], entry["quarantined"]) == (3, 2, 1)


@needs_proc
def test_millions_of_lines_without_fields_stay_in_little_memory(tmp_path: Path) -> None:
    """Blocks are of bytes, so a block of line ends alone holds millions of lines."""
    place = release(tmp_path / "in", **{APPLICATIONS: HEADER + b"\n" * 4_000_000})
    assert peak_gib(place, tmp_path / "out") < 1


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk with too little room."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=600k", "tmpfs", str(folder)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("needs root to mount a small disk")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def test_a_full_disk_is_one_line_and_no_dataset(
    small_disk: Path, tmp_path: Path, capsys: Capture
) -> None:
    rows = [
        b"%d\t%d\t9\tA%d\t2015-03-01 00:00:00.000\tD" % (n, n * 7, n) for n in range(1, 200_000)
    ]
    place = release(tmp_path / "in", **{APPLICATIONS: lines(*rows)})
    assert main(["import", str(place), "--out", str(small_disk / "out")]) == 1
    printed, error = capsys.readouterr()
    assert printed == ""
    assert error.count("\n") == 1, error
    assert "no space left" in error.lower()
    assert not (small_disk / "out" / "dataset.json").exists()


def test_a_file_that_cannot_be_read_is_one_line(tmp_path: Path, capsys: Capture) -> None:
    place = release(tmp_path / "in", **{APPLICATIONS: lines(ROW % 1)})
    (place / "A_TblCase.csv").mkdir()
    code = main(["import", str(place), "--out", str(tmp_path / "out")])
    printed, error = capsys.readouterr()
    assert code in (0, 1)
    assert "Traceback" not in error
    assert not (code and printed)


def test_a_link_that_leads_nowhere_is_told(tmp_path: Path, capsys: Capture) -> None:
    """Else a table would be missing as if the release had never had it."""
    place = release(tmp_path / "in", **{APPLICATIONS: lines(ROW % 1)})
    (place / "A_TblCase.csv").symlink_to(tmp_path / "unplugged" / "A_TblCase.csv")
    refused(place, tmp_path, "A_TblCase.csv", capsys)


# ---- archives


def zipped(path: Path, members: Sequence[tuple[str, bytes]]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        for name, content in members:
            file.writestr(name, content)
    return path


def good(count: int = 2000) -> bytes:
    return lines(*(b"%d\t%d\t9\tASYL\t\tD" % (n, n * 7919 % 10007) for n in range(1, count)))


@pytest.mark.parametrize("part", [0.0, 0.01, 0.3, 0.6, 0.9, 0.99])
def test_a_truncated_zip_is_one_line(part: float, tmp_path: Path, capsys: Capture) -> None:
    path = zipped(tmp_path / "EOIR 2026-0401.zip", [(f"{APPLICATIONS}.csv", good())])
    path.write_bytes(path.read_bytes()[: int(part * path.stat().st_size)])
    refused(path, tmp_path, path.name, capsys)


@pytest.mark.parametrize("place", [40, 400, 2000])
def test_a_damaged_member_is_one_line(place: int, tmp_path: Path, capsys: Capture) -> None:
    path = zipped(tmp_path / "EOIR 2026-0401.zip", [(f"{APPLICATIONS}.csv", good())])
    content = bytearray(path.read_bytes())
    content[place + 30 :: 5000] = bytes(b ^ 0xFF for b in content[place + 30 :: 5000])
    path.write_bytes(content)
    refused(path, tmp_path, path.name, capsys)


@pytest.mark.parametrize(
    "name",
    [
        *("../tbl_Court_Appln.csv", "/etc/tbl_Court_Appln.csv", "a/../../tbl_Court_Appln.csv"),
        *("C:\\x\\tbl_Court_Appln.csv", "..\\tbl_Court_Appln.csv"),
    ],
)
def test_no_name_leads_out_of_the_folder(name: str, tmp_path: Path, capsys: Capture) -> None:
    path = zipped(tmp_path / "EOIR 2026-0401.zip", [(name, good())])
    refused(path, tmp_path, path.name, capsys)


def test_a_zip_bomb_is_refused(tmp_path: Path, capsys: Capture) -> None:
    path = tmp_path / "EOIR 2026-0401.zip"
    with (
        zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file,
        file.open(f"{APPLICATIONS}.csv", "w", force_zip64=True) as member,
    ):
        for _ in range(300):
            member.write(b"\n" * (1 << 20))
    refused(path, tmp_path, path.name, capsys)


# ---- two at once, and the same again


def test_two_imports_into_one_folder_leave_one_dataset(tmp_path: Path) -> None:
    place = release(tmp_path / "in", **{APPLICATIONS: good(50_000)})
    words = [sys.executable, "-m", "asylumatlas", "import", str(place)]
    words += ["--out", str(tmp_path / "out")]
    env = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    both = [subprocess.Popen(words, stdout=-1, stderr=-1, text=True, env=env) for _ in range(2)]
    said = [process.communicate(timeout=120) for process in both]
    codes = sorted(process.returncode for process in both)
    assert codes in ([0, 0], [0, 1]), said  # the second came while the first was at work, or after
    for (_, error), process in zip(said, both, strict=True):
        assert "Traceback" not in error
        if process.returncode:
            assert error.count("\n") == 1
            assert "another import" in error
    assert (tmp_path / "out" / "dataset.json").exists()
    assert not (tmp_path / "out" / ".work").exists()


def test_the_same_release_again_does_nothing(tmp_path: Path, capsys: Capture) -> None:
    place = release(tmp_path / "in", **{APPLICATIONS: good()})
    words = ["import", str(place), "--out", str(tmp_path / "out")]
    assert main(words) == 0
    capsys.readouterr()
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "out").rglob("*")}
    shutil.rmtree(tmp_path / "elsewhere", ignore_errors=True)
    assert main(words) == 0
    assert "nothing" in capsys.readouterr().out.lower()
    assert {path: path.stat().st_mtime_ns for path in (tmp_path / "out").rglob("*")} == before
