"""The compiled reader and a plain one agree on every line, value and count of messy files."""

import io
import random
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pytest

from asylumatlas.records.lookups import Entry, Lookups
from asylumatlas.records.registry import Table, tables

from .oracle import Reader

AS_OF = date(2026, 4, 1)
CODES = {
    "tblLookupState": ["CA", "TX"],
    "tblLookupNationality": ["MX", "GT", "NA"],
    "tblLanguage": ["SP", "ENG"],
    "tblLookupCustodyStatus": ["N", "D", "R"],
    "tblLookupCaseType": ["RMV", "AOC"],
    "tblLookupBaseCity": ["LOS", "NYC"],
    "tblLookupHloc": ["LOS", "IAD"],
    "tbllookupCal_Type": ["M", "I"],
    "tbllookupCharges": ["212a06Ai", "241a02Bi"],
    "tblLookup_CasePriority": ["N/A", "UC"],
}
DECISIONS = [("RMV", "X", "C"), ("RMV", "X", "O"), ("AOC", "G", "C"), ("AOC", "T", "O")]
LOOKUPS = Lookups(
    [
        *(Entry(name, c, "", "", c, True, 2) for name, codes in CODES.items() for c in codes),
        *(Entry("tblLookupCourtDecision", c, t, k, c, True, 2) for t, c, k in DECISIONS),
    ],
    [*CODES, "tblLookupCourtDecision"],
)
FAMILY = (
    *("A_TblCase", "B_TblProceeding", "tbl_schedule", "tbl_RepsAssigned", "tbl_EOIR_Attorney"),
    *("D_TblAssociatedBond", "B_TblProceedCharges", "tbl_Court_Motions", "tblAppeal2"),
    *("tbl_JuvenileHistory", "tblLookupSex"),
)
GOOD = {
    "integer": [b"99", b"098", b"-3", b"0"],
    "date": [b"2019-05-01 00:00:00.000", b"2024-02-29 00:00:00.000", b"2026-04-02 00:00:00.000"],
    "datetime": [b"2019-05-01 08:30:00.123", b"2019-05-01 00:00:00.000"],
    "month": [b"4/1974", b"12/1999"],
    "time": [b"0830", b"1300", b"0600", b"2359"],
    "money": [b"0000001500", b"1500.50", b"0"],
    "flag": [b"0", b"1"],
    "text": [b"LOS ANGELES", b"MIAMI", b"NA", b"X", b"90012"],
    "guid": [b"ABCDEF01-2345-6789-ABCD-EF0123456789", b"00000000-0000-0000-0000-000000000001"],
}
FIGURES = {
    **{"RELEASE_MONTH": b"4", "RELEASE_YEAR": b"2019", "ALIEN_ZIPCODE": b"90012"},
    **{"UPDATED_ZIPCODE": b"33101-1234", "PARENT_IDN": b"12", "OldAttorneyID": b"4711"},
}
DAYS = [b"2925-01-01 00:00:00.000", b"1900-01-01 00:00:00.000", b"2099-12-31 00:00:00.000"]
DAYS += [
    b"2019-02-30 00:00:00.000",
    b"10/1993",
    b"ORL",
    b"2019-05-01",
    b"2026-04-03",
    b"2051-04-01",
]
DAYS += [b"2051-04-02 00:00:00.000", b"1949-12-31 00:00:00.000", b"2019-05-01 24:00:00.000"]
DAYS += [b"2019-05-01 08:30:00.000", b"2023-02-29", b"0000-01-01", b"2019-05-01T00:00:00.000"]
DAYS += [b"9999-12-31 00:00:00.000", b"1753-01-01", b"1900-01-02", b"2019/05/01 00:00:00.000"]
BAD = {
    "key": [b"0", b"FC", b"2147483648", b"2147483647", b"-4", b"12.0", b"007", b"9" * 30],
    "integer": [b"x", b"1.5", b"9" * 20, b"-", b"--1", b"9223372036854775807"],
    "date": DAYS,
    "datetime": DAYS,
    "month": [b"13/1999", b"1/1900", b"12/1899", b"5/2026", b"4/2026", b"0/1999", b"4-1974", b"x"],
    "time": [b"0", b"000", b"0000", b"0009", b"0010", b"0559", b"2400", b"0860", b"ab", b"83"],
    "money": [b"-5", b"1,500", b"$5", b"9999999999", b"99999999999", b"1.", b".5", b"1.234"],
    "flag": [b"2", b"Y", b"00"],
    "text": [b'"quoted"', b"CA\xd1ON", "CAÑON".encode(), b"\x81", b"N/A", b"a\x0bb", b"\xe2\x80"],
    "guid": [b"0" * 36, b"x", b"ABCDEF01-2345-6789-ABCD-EF012345678", b"\xd1" * 36],
    "code": [b"ZZZ", b"nul", b"None", b"00", b"rmv", b"N\xd1", b'"', b"IJ", b"ij", b"Board"],
}


@dataclass
class Member:
    """A file held in memory, as a release offers its members; it gives few bytes at a time."""

    table: Table
    raw: bytes
    most: int

    @property
    def name(self):
        return self.table.file

    @property
    def size(self):
        return len(self.raw)

    def open(self):
        return Slow(self.raw, self.most)


class Slow(io.BytesIO):
    """A stream that gives no more than so many bytes at once."""

    def __init__(self, raw, most):
        super().__init__(raw)
        self.most = most

    def read(self, size=-1):
        return super().read(self.most if size < 0 else min(size, self.most))

    def readinto(self, buffer):
        return super().readinto(buffer[: self.most])


class Maker:
    """Makes one messy file."""

    def __init__(self, table, seed, mess):
        self.table, self.mess, self.random = table, mess, random.Random(f"{table.name}{seed}")
        self.bad = self.random.choice([0, 0.02, 0.1])
        self.columns = list(table.columns)

    def often(self, rate):
        return self.random.random() < rate * self.mess

    def value(self, column):
        pick = self.random.choice
        if column.required and not self.often(0.01):
            number = self.random.randint(1, 60)
            form = "%d" if column.type == "key" else "ABCDEF01-2345-6789-ABCD-%012X"
            return (form % number).encode()
        if self.random.random() < 0.3:
            return b""
        if self.often(self.bad):
            value = pick(BAD[column.type])
        elif column.name in FIGURES:
            value = FIGURES[column.name]
        elif column.type == "key":
            value = str(self.random.randint(1, 70)).encode()
        elif column.type == "code":
            codes = LOOKUPS.codes(column)
            value = pick(sorted(codes)).encode() if codes else pick([b"A", b"B"])
        else:
            value = pick(GOOD[column.type])
        return value + b" " * self.random.choice([1, 3]) if self.often(0.05) else value

    def line(self):
        fields = [self.value(column) for column in self.columns]
        if self.often(0.1):
            for _ in range(self.random.choice([1, 1, 2, 20])):
                fields.insert(self.random.randint(1, len(fields)), b"")
        if self.often(0.03):
            fields = fields[: self.random.randrange(len(fields))]
        if self.often(0.08):
            fields += [b""] * self.random.choice([1, 2])
        line = b"\t".join(fields)
        if self.often(0.05):
            at = self.random.randint(0, len(line))
            line = line[:at] + b"\0" + line[at:]
        if self.often(0.03):
            at = self.random.randint(0, len(line))
            line = line[:at] + self.random.choice([b"\t", b"\n", b"\r"]) + line[at:]
        return line + (b"\n" if self.often(0.1) else b"\r\n")

    def header(self):
        if self.often(0.2):
            gone = [c for c in self.columns if not c.required and self.random.random() < 0.1]
            self.columns = [c for c in self.columns if c not in gone]
            self.random.shuffle(self.columns)
        names = [c.name.upper() if self.often(0.1) else c.name for c in self.columns]
        if self.often(0.2):
            self.columns.append(type(self.columns[0])("New", "text"))
            names.append("New")
        return "\t".join(names).encode() + b"\r\n"

    def file(self, rows):
        raw = b"\xef\xbb\xbf" if self.often(0.1) else b""
        raw += self.header() + b"".join(self.line() for _ in range(rows))
        raw = raw.rstrip(b"\r\n\t") + b"\r\n"
        return raw[: -self.random.choice([1, 2])] if self.often(0.3) else raw


def typed(folder: Path, kind: str, table: Table) -> list[tuple]:
    import pyarrow.parquet as pq

    found = pq.read_table(folder / kind / f"{table.name}.parquet")
    return list(zip(*(column.to_pylist() for column in found.columns), strict=True))


def assert_same(reading, entry, folder, table):
    assert typed(folder, "quarantined", table) == [(*row, None) for row in reading.quarantined]
    assert typed(folder, "repaired", table) == reading.repaired
    rows = typed(folder, "tables", table)
    assert [row[0] for row in rows] == [row[0] for row in reading.rows]
    for found, expected in zip(rows, reading.rows, strict=True):
        assert found == expected
    assert sorted(typed(folder, "values", table), key=repr) == sorted(reading.values, key=repr)
    assert_same_ledger(reading, entry)


def assert_same_ledger(reading, entry):
    repaired, quarantined = len(reading.repaired), len(reading.quarantined)
    assert (entry["lines"], entry["repaired"]) == (reading.lines, repaired)
    assert entry["quarantined"] == quarantined
    assert entry["kept"] == reading.lines - repaired - quarantined
    assert entry["reasons"] == dict(reading.reasons)
    assert entry["line_ends"] == {"crlf": reading.crlf, "lf": reading.lf}
    assert entry["unended_last_line"] == reading.unended
    assert list(entry["columns"]["by_name"]) == reading.names
    for name, found in entry["columns"]["by_name"].items():
        account = reading.accounts[name]
        counted = {reason: of["values"] for reason, of in found["counted"].items()}
        assert {
            "name": name,
            **{key: found[key] for key in ("blank", "read", "unread", "noted")},
            **{key: found[key] for key in ("decoded", "unknown", "unknown_codes")},
            "counted": counted,
        } == {
            "name": name,
            "blank": account.blank,
            "read": account.read,
            "unread": dict(account.unread),
            "noted": dict(account.noted),
            "decoded": account.decoded,
            "unknown": account.unknown,
            "unknown_codes": dict(account.unknown_codes),
            "counted": {reason: n for reason, n in account.counted.items() if n},
        }


def prepared(folder: Path) -> Path:
    for kind in ("tables", "values", "repaired", "quarantined", "keys"):
        (folder / kind).mkdir(parents=True, exist_ok=True)
    return folder


class Family:
    """Reads files one after another, both ways, with the keys of those before."""

    def __init__(self, folder):
        from asylumatlas.records.reading.keys import KeyStore

        self.folder, self.known = prepared(folder), {}
        self.keys = KeyStore(folder / "keys")

    def read(self, table, raw, block_bytes, most, workers=2):
        from asylumatlas.records.reading.ingest import ingest

        reading = Reader(table, LOOKUPS, self.known, AS_OF).read(raw)
        own = table.key[0] if len(table.key) == 1 else None
        if own in reading.names:
            at = reading.names.index(own) + 1
            self.known[table.name] = {row[at] for row in reading.rows}
        entry = ingest(
            table,
            Member(table, raw, most),
            self.folder,
            LOOKUPS,
            self.keys,
            AS_OF,
            workers=workers,
            block_bytes=block_bytes,
        )
        assert_same(reading, entry, self.folder, table)


def read_both(folder, seed, rows, mess, block_bytes, most, workers=2):
    family = Family(folder)
    for name in FAMILY:
        raw = Maker(tables()[name], seed, mess).file(rows)
        family.read(tables()[name], raw, block_bytes, most, workers)


@pytest.mark.parametrize("seed", range(4))
def test_clean_files_read_the_same(seed, tmp_path):
    read_both(tmp_path, seed, rows=20, mess=0, block_bytes=1 << 16, most=1 << 20)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("block_bytes", [64, 1000, 1 << 20])
def test_messy_files_read_the_same(seed, block_bytes, tmp_path):
    read_both(tmp_path, seed, rows=40, mess=1, block_bytes=block_bytes, most=1 + seed * 37)


@pytest.mark.parametrize("name", ["tbl_CustodyHistory", "tbl_Court_Motions", "tbl_RepsAssigned"])
def test_noise_reads_the_same(name, tmp_path):
    table = tables()[name]
    header = "\t".join(c.name for c in table.columns).encode()
    noise = random.Random(name)
    pieces = [b"\t", b"\t", b"\n", b"\r\n", b"\r", b"\0", b"1", b"7", b" ", b"N", b"\xff", b'"']
    pieces += [b"\t" * (len(table.columns) - 1), b"2019-05-01 00:00:00.000", b"\x0b", b"\xc3\xb1"]
    for end in (b"\n", b"\r\n"):
        raw = header + end + b"".join(noise.choice(pieces) for _ in range(3000)) + b"."
        Family(tmp_path).read(table, raw, block_bytes=257, most=64)


@pytest.mark.parametrize("rest", [b"", b"\n", b"\n\n", b"\r\n\r\n", b"\n1\t2", b"\n1\t2\tN\t\t\r"])
def test_the_ends_of_a_file_read_the_same(rest, tmp_path):
    table = tables()["tbl_CustodyHistory"]
    header = "\t".join(c.name for c in table.columns).encode()
    for mark in (b"", b"\xef\xbb\xbf"):
        Family(tmp_path).read(table, mark + header + rest, block_bytes=16, most=5)


def test_a_header_that_ends_in_tabs_reads_the_same(tmp_path):
    table = tables()["tbl_CustodyHistory"]
    header = "\t".join(c.name for c in table.columns).encode() + b"\t\t\r\n"
    rows = [b"1\t2\tN\t\t", b"2\t2\tN\t\t\t\t", b"3\t\t2\tN\t\t\t\t", b"4\t2\tN\t\t\tx\t", b"5\t2"]
    Family(tmp_path).read(table, header + b"\r\n".join(rows), block_bytes=99, most=99)
