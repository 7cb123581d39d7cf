"""A file becomes four Parquet files and a ledger entry that close to the line."""

import io
import tracemalloc
from datetime import date
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from asylumatlas.records.lookups import Entry, Lookups
from asylumatlas.records.reading.ingest import IngestError, ingest
from asylumatlas.records.reading.keys import KeyStore
from asylumatlas.records.registry import tables

AS_OF = date(2026, 4, 1)
CUSTODY = "IDNCUSTODY\tIDNCASE\tCUSTODY\tDATDETAINED\tDATRELEASED"
DAY = "2019-05-01 00:00:00.000"
KINDS = ("tables", "values", "repaired", "quarantined")


class File:
    """A file of a release, in memory."""

    def __init__(self, raw, name="file.csv"):
        self.raw = raw if isinstance(raw, bytes) else raw.encode("cp1252")
        self.name, self.size = name, len(self.raw)

    def open(self):
        return io.BytesIO(self.raw)


def run(folder, raw, table="tbl_CustodyHistory", lookups=None, keys=None, **options):
    keys = keys or KeyStore(folder)
    lookups = lookups or Lookups.empty()
    return ingest(tables()[table], File(raw), folder, lookups, keys, AS_OF, **options)


def rows(folder, kind="tables", table="tbl_CustodyHistory"):
    return pq.read_table(folder / kind / f"{table}.parquet").to_pylist()


def lines(*texts, end="\r\n"):
    return end.join((CUSTODY, *texts)) + end


def test_golden_file(tmp_path):
    raw = lines(
        f"1\t5\tN \t{DAY}\t",
        f"2\t5\tD\t{DAY}\t2018-05-01 00:00:00.000",
        "x\t5\tD\t\t",
        f"2\t\t5\tD\t{DAY}\t2019-05-02 00:00:00.000",
        "3\t5\0\tS\xe3o\t1900-01-01 00:00:00.000\t2019-05-01 10:00:00.000",
        "4\t3",
        "5\t7\tN\t\t",
    )
    entry = run(tmp_path, raw, count_txt=8)
    assert (entry["lines"], entry["kept"], entry["repaired"], entry["quarantined"]) == (7, 3, 2, 2)
    assert (entry["count_txt"], entry["difference"]) == (8, -1)
    assert entry["reasons"] == {"no_key": 1, "too_few_fields": 1, "nul_bytes": 1, "shifted": 1}
    day = date(2019, 5, 1)
    assert [tuple(row.values()) for row in rows(tmp_path)] == [
        (2, 1, 5, "N", day, None),
        (3, 2, 5, "D", day, date(2018, 5, 1)),
        (5, 2, 5, "D", day, date(2019, 5, 2)),
        (6, 3, 5, "São", None, day),
        (8, 5, 7, "N", None, None),
    ]
    assert [tuple(row.values()) for row in rows(tmp_path, "values")] == [
        (3, "DATRELEASED", "out_of_order", b"2018-05-01 00:00:00.000", 2),
        (5, "IDNCUSTODY", "duplicate_key", b"2", 2),
        (6, "CUSTODY", "not_utf8", b"S\xe3o", 3),
        (6, "DATDETAINED", "sentinel_date", b"1900-01-01 00:00:00.000", 3),
        (6, "DATRELEASED", "time_dropped", b"2019-05-01 10:00:00.000", 3),
    ]
    assert [row["raw"] for row in rows(tmp_path, "quarantined")] == [b"x\t5\tD\t\t", b"4\t3"]
    assert [row["reason"] for row in rows(tmp_path, "repaired")] == ["shifted", "nul_bytes"]
    nul_bytes = {name: of["nul_bytes"] for name, of in entry["columns"]["by_name"].items()}
    assert {name: count for name, count in nul_bytes.items() if count} == {"IDNCASE": 1}
    padded = entry["columns"]["by_name"]["CUSTODY"]["counted"]["padded"]
    assert padded == {"values": 1, "forms": {"N ": 1}}


def test_codes_are_decoded_blank_or_unknown(tmp_path):
    codes = [Entry("tblLookupCustodyStatus", code, "", "", code, True, 2) for code in ("D", "NA")]
    lookups = Lookups(codes, ["tblLookupCustodyStatus"])
    entry = run(tmp_path, lines("1\t5\tD\t\t", "2\t5\tNA  \t\t", "3\t5\t\t\t", "4\t5\tENG\t\t"),
                lookups=lookups)  # fmt: skip
    about = entry["columns"]["by_name"]["CUSTODY"]
    assert (about["decoded"], about["blank"], about["unknown"]) == (2, 1, 1)
    assert about["unknown_codes"] == {"ENG": 1}
    assert [row["CUSTODY"] for row in rows(tmp_path)] == ["D", "NA", None, "ENG"]


@pytest.mark.parametrize("few", [0, 1 << 20])
def test_decisions_are_decoded_by_case_type_and_kind(tmp_path, monkeypatch, few):
    monkeypatch.setattr("asylumatlas.records.reading.texts.FEW_PAIRS", few)
    decisions = [
        Entry("tblLookupCourtDecision", code, within, kind, code, True, 2)
        for within, code, kind in (("RMV", "X", "C"), ("AOC", "G", "O"))
    ]
    header = "IDNPROCEEDING\tIDNCASE\tDEC_CODE\tOTHER_COMP\tCASE_TYPE\n"
    body = "1\t1\tX\t\tRMV\n2\t1\tX\tG\tAOC\n3\t1\tX\t\t\n4\t1\t\tG\tRMV \n"
    lookups = Lookups(decisions, ["tblLookupCourtDecision"])
    entry = run(tmp_path, header + body, "B_TblProceeding", lookups)
    about = entry["columns"]["by_name"]
    assert (about["DEC_CODE"]["decoded"], about["DEC_CODE"]["unknown"]) == (1, 2)
    assert (about["OTHER_COMP"]["decoded"], about["OTHER_COMP"]["unknown"]) == (1, 1)
    assert about["CASE_TYPE"]["decoded"] is None  # its lookup is not in this release


def test_orphans_and_repeated_pairs(tmp_path):
    keys = KeyStore(tmp_path)
    keys.add("B_TblProceeding", np.array([7], np.int32))
    header = "IDNPRCDCHG\tIDNCASE\tIDNPROCEEDING\tCHARGE\tCHG_STATUS\n"
    body = "1\t1\t7\t241a\t\n2\t1\t8\t241a\t\n3\t1\t7\t241a   \t\n4\t1\t7\t\t\n5\t1\t7\t\t\n"
    entry = run(tmp_path, header + body, "B_TblProceedCharges", keys=keys)
    about = entry["columns"]["by_name"]
    assert about["IDNPROCEEDING"]["orphans"] == 1
    assert about["IDNCASE"]["orphans"] is None  # cases were not read: nothing can be said
    assert about["CHARGE"]["noted"] == {"repeated": 1}
    noted = [
        (row["line"], row["reason"]) for row in rows(tmp_path, "values", "B_TblProceedCharges")
    ]
    assert noted == [(3, "orphan"), (4, "repeated")]


def test_identifiers_are_compared_without_regard_to_case(tmp_path):
    keys = KeyStore(tmp_path)
    guid = "ABCDEF01-2345-6789-ABCD-EF0123456789"
    other = guid.replace("A", "B")
    run(tmp_path, f"EOIRAttorneyID\n{guid}\n{guid.lower()}\nnone\n", "tbl_EOIR_Attorney", keys=keys)
    assert [r["reason"] for r in rows(tmp_path, "values", "tbl_EOIR_Attorney")] == ["duplicate_key"]
    body = f"IDNSCHEDULE\tEOIRAttorneyID\n1\t{guid.lower()}\n2\t{other}\n3\t{guid}  \n"
    entry = run(tmp_path, body, "tbl_schedule", keys=keys)
    assert entry["columns"]["by_name"]["EOIRAttorneyID"]["noted"] == {"orphan": 1}


@pytest.mark.parametrize("block_bytes", [1, 40, 1 << 20])
@pytest.mark.parametrize("workers", [1, 3])
def test_long_lines_go_to_files_of_their_own(tmp_path, block_bytes, workers):
    long = b"1\t" + b"z" * 5000
    raw = lines("2\t1\tN\t\t").encode() + long + b"\r\n3\t1\tN\t\t\r\n" + long + b"\r"
    entry = run(tmp_path, raw, block_bytes=block_bytes, longest=1000, workers=workers)
    assert (entry["lines"], entry["kept"], entry["quarantined"]) == (4, 2, 2)
    assert [tuple(row.values()) for row in rows(tmp_path, "quarantined")] == [
        (3, "too_long", None, "tbl_CustodyHistory.long-3.bin"),
        (5, "too_long", None, "tbl_CustodyHistory.long-5.bin"),
    ]
    folder = tmp_path / "quarantined"
    assert (folder / "tbl_CustodyHistory.long-3.bin").read_bytes() == long
    assert (folder / "tbl_CustodyHistory.long-5.bin").read_bytes() == long + b"\r"
    assert len(list(folder.iterdir())) == 3
    assert entry["line_ends"] == {"crlf": 3, "lf": 0}


def test_memory_does_not_grow_with_a_line(tmp_path):
    class Endless(io.RawIOBase):
        left = 64 << 20

        def read(self, size=-1):
            size = min(size, self.left)
            self.left -= size
            return b"z" * size

    file = File(b"")
    file.open = lambda: io.BufferedReader(Endless())
    file.open = Joined(lines().encode(), Endless())
    tracemalloc.start()
    try:
        entry = ingest(
            tables()["tbl_CustodyHistory"], file, tmp_path, Lookups.empty(), KeyStore(tmp_path),
            AS_OF, block_bytes=1 << 16, longest=1 << 18,
        )  # fmt: skip
        assert tracemalloc.get_traced_memory()[1] < 16 << 20
    finally:
        tracemalloc.stop()
    assert entry["quarantined"] == entry["lines"] == 1


class Joined:
    """Opens as some bytes and then a stream."""

    def __init__(self, first, then):
        self.first, self.then = io.BytesIO(first), then

    def __call__(self):
        return self

    def __enter__(self):
        return self

    def __exit__(self, *error):
        return None

    def read(self, size):
        return self.first.read(size) or self.then.read(size)


@pytest.mark.parametrize(
    ("raw", "told"),
    [
        ("a,b,c\n1,2,3\n", "the first line names no column of tbl_CustodyHistory"),
        ("\n1\t2\n", "the first line names no column"),
        (b"\x00\x01\x02" * 500, "the first line names no column"),
        (b"\xff\xfe" + "IDNCUSTODY\t".encode("utf-16-le"), "this is not tab-separated text"),
        ("IDNCASE\tCUSTODY\n1\tN\n", "the header has no IDNCUSTODY, which every row needs"),
    ],
)
def test_a_file_that_is_not_the_table_is_refused_in_one_line(tmp_path, raw, told):
    with pytest.raises(IngestError, match=told) as error:
        run(tmp_path, raw)
    assert str(error.value).startswith("file.csv: ")
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("raw", [lines(), CUSTODY, CUSTODY + "\r"])
def test_a_file_without_rows(tmp_path, raw):
    entry = run(tmp_path, raw)
    assert entry["lines"] == entry["kept"] == 0
    assert [rows(tmp_path, kind) for kind in KINDS] == [[], [], [], []]
    assert entry["columns"]["missing"] == []


@pytest.mark.parametrize("raw", [b"", b"\n", b"\r\n", b"\xef\xbb\xbf"])
def test_an_empty_file_is_refused_unless_it_is_a_lookup(tmp_path, raw):
    with pytest.raises(IngestError, match=r"file.csv: is empty, not even a header; .*--tables"):
        run(tmp_path, raw)
    entry = run(tmp_path, raw, "tblLookupSex")
    assert entry["lines"] == 0
    assert entry["columns"]["missing"] == [
        column.name for column in tables()["tblLookupSex"].columns
    ]


def test_a_column_called_line_gets_another_name(tmp_path):
    header = CUSTODY + "\tLINE\tline_"
    entry = run(tmp_path, f"{header}\n1\t5\tN\t\t\ta\tb\n")
    assert entry["columns"]["added"] == ["line__", "line_"]
    assert entry["columns"]["renamed"] == {"line__": "LINE"}
    (row,) = rows(tmp_path)
    assert (row["line"], row["line__"], row["line_"]) == (2, "a", "b")


def test_a_file_may_end_in_half_a_line_end(tmp_path):
    entry = run(tmp_path, CUSTODY + "\r\n1\t5\tN\t\tx\r\n2\t5\tN\0\t\t2019-05-01\r")
    assert (entry["kept"], entry["repaired"], entry["unended_last_line"]) == (1, 1, True)
    assert rows(tmp_path)[1]["DATRELEASED"] == date(2019, 5, 1)
    (repair,) = rows(tmp_path, "repaired")
    assert (repair["before"], repair["after"]) == (
        b"2\t5\tN\0\t\t2019-05-01\r",
        b"2\t5\tN\t\t2019-05-01",
    )


def test_a_block_holds_so_many_lines_and_no_more(tmp_path, monkeypatch):
    raw = lines(*(f"{n}\t5\tN\t\t" for n in range(1, 100)))
    whole = run(tmp_path / "whole", raw, block_bytes=1000)
    monkeypatch.setattr("asylumatlas.records.reading.blocks.MOST_LINES", 7)
    assert {**run(tmp_path, raw, block_bytes=1000), "seconds": 0} == {**whole, "seconds": 0}
    assert rows(tmp_path) == rows(tmp_path / "whole")
    groups = pq.ParquetFile(tmp_path / "tables" / "tbl_CustodyHistory.parquet").metadata
    assert max(groups.row_group(n).num_rows for n in range(groups.num_row_groups)) == 7


def test_an_empty_line_inside_a_file_is_a_line(tmp_path):
    entry = run(tmp_path, lines("1\t1\tN\t\t", "", "2\t1\tN\t\t"))
    assert (entry["lines"], entry["kept"]) == (3, 2)
    assert [row["line"] for row in rows(tmp_path)] == [2, 4]
    assert rows(tmp_path, "quarantined")[0]["line"] == 3


def test_a_byte_order_mark_is_no_part_of_the_header(tmp_path):
    assert run(tmp_path, b"\xef\xbb\xbf" + lines("1\t1\tN\t\t").encode())["kept"] == 1


def test_a_header_may_end_in_spare_tabs(tmp_path):
    raw = CUSTODY + "\t\t\n" + "1\t1\tN\t\t\t\t\n2\t1\tN\t\t\n3\t1\tN\t\t\tx\t\n"
    entry = run(tmp_path, raw)
    assert (entry["kept"], entry["repaired"], entry["quarantined"]) == (2, 0, 1)
    assert entry["reasons"] == {"no_alignment": 1}


def test_progress_tells_bytes_and_lines(tmp_path):
    told = []
    raw = lines(*(f"{n}\t1\tN\t\t" for n in range(1, 200)))
    run(tmp_path, raw, progress=lambda done, count: told.append((done, count)), block_bytes=100)
    assert told == sorted(told)
    assert told[-1] == (len(raw), 199)


def test_a_source_that_fails_leaves_no_thread_waiting(tmp_path):
    class Broken(io.BytesIO):
        def readinto(self, buffer):
            more = super().readinto(buffer)
            if not more:
                raise OSError("the drive is gone")
            return more

    file = File(b"")
    file.open = lambda: Broken(lines(*["1\t1\tN\t\t"] * 50).encode())
    with pytest.raises(OSError, match="the drive is gone"):
        ingest(
            tables()["tbl_CustodyHistory"], file, tmp_path, Lookups.empty(), KeyStore(tmp_path),
            AS_OF, block_bytes=64,
        )  # fmt: skip


def parquet_bytes(folder, table):
    return {kind: (folder / kind / f"{table}.parquet").read_bytes() for kind in KINDS}


def test_the_result_does_not_depend_on_the_number_of_threads(tmp_path):
    rng = np.random.default_rng(3)
    days = ["", DAY, "1900-01-01 00:00:00.000", "2020-02-30 00:00:00.000"]
    texts = [
        f"{k}\t{c}\t{code}\t{days[d]}\t{days[e]}{tail}"
        for k, c, code, d, e, tail in zip(
            rng.integers(0, 3000, 4000),
            rng.integers(0, 99, 4000),
            rng.choice(["N", "D ", "\xe9", ""], 4000),
            rng.integers(0, 4, 4000),
            rng.integers(0, 4, 4000),
            rng.choice(["", "", "\t", "\0"], 4000),
            strict=True,
        )
    ]
    found = []
    for name, workers in (("one", 1), ("four", 4), ("again", 4)):
        folder = tmp_path / name
        folder.mkdir()
        entry = run(folder, lines(*texts), workers=workers, block_bytes=5000)
        entry.pop("seconds")
        found.append((entry, parquet_bytes(folder, "tbl_CustodyHistory")))
    assert found[0] == found[1] == found[2]


@st.composite
def noise(draw):
    """Bytes that look a little like a file."""
    pieces = [b"\t", b"\n", b"\r\n", b"\0", b" ", b"1", b"7", b"N", DAY.encode(), b"\xe9", b'"']
    parts = draw(st.lists(st.one_of(st.sampled_from(pieces), st.binary(max_size=6)), max_size=120))
    return b"".join(parts)


@settings(max_examples=150, deadline=None)
@given(noise(), st.integers(1, 200), st.sampled_from([8, 50, 4000]))
def test_noise_never_crashes_and_never_loses_a_line(tmp_path_factory, raw, block_bytes, longest):
    folder = tmp_path_factory.mktemp("noise")
    # A header is short; a line that is longer than `longest` is another matter.
    options = {"block_bytes": max(block_bytes, len(CUSTODY) + 2), "longest": longest}
    entry = run(folder, CUSTODY.encode() + b"\n" + raw, **options)
    expected = raw.split(b"\n")
    ended = not expected[-1]
    if ended:
        expected.pop()
    bare = [
        line.removesuffix(b"\r") if ended or n < len(expected) - 1 else line
        for n, line in enumerate(expected)
    ]
    assert entry["lines"] == len(bare)
    assert entry["kept"] + entry["repaired"] + entry["quarantined"] == len(bare)
    quarantined = {row["line"]: row for row in rows(folder, "quarantined")}
    for number, row in quarantined.items():
        side = row["side"] and (folder / "quarantined" / row["side"]).read_bytes()
        assert (side if row["side"] else row["raw"]) == bare[number - 2]
    typed = rows(folder)
    assert sorted([*quarantined, *(row["line"] for row in typed)]) == [*range(2, len(bare) + 2)]
    repaired = {row["line"]: row["after"] for row in rows(folder, "repaired")}
    unread = {(row["line"], row["column"]) for row in rows(folder, "values")}
    for row in typed:
        fields = repaired.get(row["line"], bare[row["line"] - 2]).split(b"\t")
        assert row["IDNCUSTODY"] == int(fields[0])
        if len(fields) == 5:
            text = fields[2].rstrip(b" ").decode("utf-8", "ignore") or None
            if (row["line"], "CUSTODY") not in unread:
                assert row["CUSTODY"] == text
            assert (row["DATDETAINED"] is None) == (
                not fields[3].strip(b" ") or (row["line"], "DATDETAINED") in unread
            )


def test_a_large_file_round_trips(tmp_path):
    count = 30_000
    raw = lines(*(f"{n}\t{n * 7 % 999 + 1}\tN\t{DAY}\t" for n in range(1, count + 1)), end="\n")
    entry = run(Path(tmp_path), raw, block_bytes=100_000)
    assert entry["kept"] == count
    assert entry["line_ends"] == {"crlf": 0, "lf": count}
    found = pq.read_table(tmp_path / "tables" / "tbl_CustodyHistory.parquet")
    assert found["IDNCUSTODY"].to_numpy().tolist() == list(range(1, count + 1))
    assert found["line"].to_numpy().tolist() == list(range(2, count + 2))
