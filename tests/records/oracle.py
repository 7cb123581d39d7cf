"""A second reading of a release's file, slow and plain: one line, one value at a time.

Written from the rules of `tables.toml` and `reasons.py`, not from the compiled reader, and compared
with it in `test_against_oracle.py`. It shares only the binding of headers, the lookups and the
alignment of shifted lines, which have tests of their own.
"""

import codecs
import re
from collections import Counter
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal

from asylumatlas.records.reading.realign import Rules, mend
from asylumatlas.records.registry import bind

SENTINELS = {date(1900, 1, 1), date(1753, 1, 1), date(2099, 12, 31), date(9999, 12, 31)}
WORDS = ("code", "text", "guid")
GUID = re.compile(r"[0-9A-Fa-f]{8}-([0-9A-Fa-f]{4}-){3}[0-9A-Fa-f]{12}")
MOMENT = re.compile(rb"(\d{4}-\d\d-\d\d)(?: (\d\d:\d\d:\d\d\.\d\d\d))?")


class UnreadError(Exception):
    """A value that cannot be read; the argument is the reason."""


@dataclass
class Account:
    """What happened in one column."""

    blank: int = 0
    read: int = 0
    unread: Counter = field(default_factory=Counter)
    noted: Counter = field(default_factory=Counter)
    counted: Counter = field(default_factory=Counter)
    decoded: int | None = None
    unknown: int | None = None
    unknown_codes: Counter = field(default_factory=Counter)


@dataclass
class Reading:
    """What a file holds."""

    names: list
    rows: list = field(default_factory=list)  # (line, value, value, ...)
    values: list = field(default_factory=list)  # (line, column, reason, raw, key)
    repaired: list = field(default_factory=list)  # (line, reason, before, after)
    quarantined: list = field(default_factory=list)  # (line, reason, raw)
    reasons: Counter = field(default_factory=Counter)
    accounts: dict = field(default_factory=dict)
    lines: int = 0
    crlf: int = 0
    lf: int = 0
    unended: bool = False


def lines_of(raw):
    """Lines without their ends, with what ended each: CR LF, LF or nothing."""
    found = []
    while raw:
        at = raw.find(b"\n")
        if at < 0:
            found.append((raw, b""))
            break
        end = b"\r\n" if raw[:at].endswith(b"\r") else b"\n"
        found.append((raw[: at + 1 - len(end)], end))
        raw = raw[at + 1 :]
    return found


def decoded(raw):
    """A text, and whether it had to be read as Windows-1252."""
    try:
        return raw.decode("utf-8"), False
    except UnicodeDecodeError:
        return "".join(map(windows, raw)), True


def windows(byte):
    """One byte of Windows-1252; the five it leaves undefined stand for themselves."""
    try:
        return codecs.decode(bytes([byte]), "cp1252")
    except UnicodeDecodeError:
        return chr(byte)


class Reader:
    """Reads one file."""

    def __init__(self, table, lookups, keys, as_of):
        self.table, self.lookups, self.keys, self.as_of = table, lookups, keys, as_of

    def read(self, raw):
        raw = raw.removeprefix(codecs.BOM_UTF8)
        (header, end), *lines = lines_of(raw)
        if lines and lines[-1] == (b"", b""):
            lines.pop()
        self.binding = bind(self.table, [decoded(name)[0] for name in header.split(b"\t")])
        self.columns = self.binding.columns
        self.width = len(self.columns) + self.binding.blank
        self.rules = Rules(self.binding, self.lookups, self.as_of)
        self.reading = Reading([column.name for column in self.columns])
        for column in self.columns:
            start = None if self.codes(column) is None else 0
            self.reading.accounts[column.name] = Account(decoded=start, unknown=start)
        self.seen, self.said = set(), set()
        for number, (line, end) in enumerate(lines, start=2):
            self.reading.lines += 1
            self.reading.crlf += end == b"\r\n"
            self.reading.lf += end == b"\n"
            self.reading.unended = end == b""
            self.line(number, line)
        return self.reading

    def line(self, number, line):
        text = line
        if self.reading.unended:  # the file may end in half a line end, which is in no value
            text = line.removesuffix(b"\r")
        fields = text.split(b"\t")
        why = []
        if b"\0" in text:
            fields = text.replace(b"\0", b"").split(b"\t")
            why.append("nul_bytes")
        if len(fields) == self.width and any(fields[len(self.columns) :]):
            return self.quarantine(number, "no_alignment", line)
        if len(fields) != self.width and not self.spare(fields):
            mended = mend(fields, self.rules)
            if mended.fields is None:
                return self.quarantine(number, mended.reason, line)
            fields = mended.fields[: len(self.columns)]
            why.append(mended.reason)
        after = b"\t".join(fields)
        fields = fields[: len(self.columns)]
        found = [self.value(c, raw) for c, raw in zip(self.columns, fields, strict=True)]
        if self.keyless(fields):
            return self.quarantine(number, "no_key", line)
        if why:
            reason = "+".join(why)
            self.reading.repaired.append((number, reason, line, after))
            self.reading.reasons[reason] += 1
        self.keep(number, fields, found)
        return None

    def spare(self, fields):
        """Whether only empty fields lie past the last column, as some tables' rows end.

        Not so where a value is nothing its column could hold: that may be a shifted row. One that
        lacks its key is no row in any case.
        """
        named = len(self.columns)
        if not (self.table.spare_tabs or self.binding.blank) or len(fields) < named:
            return False
        if any(fields[named:]):
            return False
        return len(fields) in (named, self.width) or (
            self.keyless(fields) or not any(map(self.strange, self.columns, fields))
        )

    def keyless(self, fields):
        pairs = zip(self.columns, fields, strict=False)
        return any(column.required and self.value(column, raw)[0] is None for column, raw in pairs)

    def strange(self, column, raw):
        reason = self.value(column, raw)[1]
        if reason == "not_a_time":
            return not re.fullmatch(rb"[0-9]{1,4} *", raw)
        return reason in UNREADABLE and reason.startswith("not_")

    def quarantine(self, number, reason, line):
        self.reading.quarantined.append((number, reason, line))
        self.reading.reasons[reason] += 1

    def keep(self, number, fields, found):
        values = [value for value, _ in found]
        self.reading.rows.append((number, *values))
        row = dict(zip(self.reading.names, values, strict=True))
        raws = dict(zip(self.reading.names, fields, strict=True))
        notes = []
        for column, raw, (value, reason) in zip(self.columns, fields, found, strict=True):
            account = self.reading.accounts[column.name]
            if reason in UNREADABLE:
                account.unread[reason] += 1
                notes.append((column.name, reason))
                continue
            account.blank += value is None
            account.read += value is not None
            notes += [(column.name, why) for why in self.about(column, raw, value, row, reason)]
        notes += self.about_row(row)
        key = next((row.get(name) for name in self.table.key), None)
        key = key if isinstance(key, int) else None
        for name, reason in notes:
            if reason not in UNREADABLE:
                self.reading.accounts[name].noted[reason] += 1
            self.reading.values.append((number, name, reason, raws[name], key))

    def about(self, column, raw, value, row, reason):
        """What to note of a value that was read, and what to count."""
        account = self.reading.accounts[column.name]
        if value is not None and raw != raw.rstrip(b" "):
            account.counted["padded"] += 1
        known = self.codes(column)
        if value is None:
            return
        if reason:
            yield reason
        if column.type in ("code", "text"):
            account.counted["quoted"] += '"' in value
            text = decoded(raw.rstrip(b" "))[0]
            account.counted["letter_case"] += column.fold and text != text.casefold()
        if known is not None:
            if column.within:
                fits = self.lookups.decides(row.get(column.within) or "", value, column.kind)
            else:
                fits = value in ({code.casefold() for code in known} if column.fold else known)
            account.decoded += fits
            account.unknown += not fits
            if not fits:
                account.unknown_codes[value] += 1
                yield "unknown_code"
        if column.refers in self.keys and value not in self.keys[column.refers]:
            yield "orphan"

    def codes(self, column):
        """The codes of a column; None if it cannot be decoded."""
        if column.within and column.within not in self.reading.names:
            return None
        return self.lookups.codes(column) if column.type == "code" else None

    def about_row(self, row):
        """What to note of the row as a whole."""
        key = tuple(row.get(name) for name in self.table.key)
        if key and None not in key:
            if key in self.seen:
                yield self.table.key[-1], "duplicate_key"
            self.seen.add(key)
        said = tuple(row.get(name) for name in self.table.unique)
        if said and None not in said:
            if said in self.said:
                yield self.table.unique[-1], "repeated"
            self.said.add(said)
        for first, second in self.table.order:
            if row.get(first) and row.get(second) and row[first] > row[second]:
                yield second, "out_of_order"

    def value(self, column, raw):
        """A value and what is to be said of it: (None, reason) if it cannot be read."""
        raw = raw.rstrip(b" ")
        if not raw:
            return None, None
        if column.type in ("code", "text"):
            text, foreign = decoded(raw)
            return text.casefold() if column.fold else text, "not_utf8" if foreign else None
        try:
            return getattr(self, column.type)(column, raw)
        except UnreadError as error:
            return None, error.args[0]

    def whole(self, raw, low, high):
        if not re.fullmatch(rb"-?[0-9]+", raw):
            raise UnreadError("not_a_number")
        if not low <= int(raw) <= high:
            raise UnreadError("out_of_range")
        return int(raw), None

    def key(self, column, raw):
        return self.whole(raw, 1, 2**31 - 1)

    def integer(self, column, raw):
        return self.whole(raw, 1 - 2**63, 2**63 - 1)

    def moment(self, column, raw):
        found = MOMENT.fullmatch(raw)
        try:
            day = date.fromisoformat(found[1].decode())
            clock = datetime.strptime((found[2] or b"00:00:00.000").decode(), "%H:%M:%S.%f").time()
        except (TypeError, ValueError):
            raise UnreadError("not_a_date") from None
        self.believable(column, day)
        return datetime.combine(day, clock)

    def believable(self, column, day):
        if day in SENTINELS:
            raise UnreadError("sentinel_date")
        self.plausible(column, day)

    def plausible(self, column, day):
        last = self.as_of + timedelta(days=1)
        if column.future:
            last = self.as_of.replace(year=self.as_of.year + 25)
        if not (column.earliest or date(1950, 1, 1)) <= day <= last:
            raise UnreadError("implausible_date")

    def date(self, column, raw):
        moment = self.moment(column, raw)
        dropped = moment != datetime.combine(moment.date(), datetime.min.time())
        return moment.date(), "time_dropped" if dropped else None

    def datetime(self, column, raw):
        return self.moment(column, raw), None

    def month(self, column, raw):
        found = re.fullmatch(rb"([0-9]{1,2})/([0-9]{4})", raw)
        try:
            day = date(int(found[2]), int(found[1]), 1)
        except (TypeError, ValueError):
            raise UnreadError("not_a_month") from None
        self.plausible(column, day)
        return day, None

    def time(self, column, raw):
        if not re.fullmatch(rb"[0-9]{4}", raw) or raw.startswith(b"000"):
            raise UnreadError("not_a_time")
        if raw[:2] > b"23" or raw[2:] > b"59":
            raise UnreadError("not_a_time")
        if raw < b"0600":
            raise UnreadError("ambiguous_time")
        return int(raw[:2]) * 60 + int(raw[2:]), None

    def money(self, column, raw):
        if not re.fullmatch(rb"[0-9]+(\.[0-9]{1,2}0{0,2})?", raw):
            raise UnreadError("not_money")
        if Decimal(raw.decode()) >= 10**10:
            raise UnreadError("out_of_range")
        return Decimal(raw.decode()).quantize(Decimal("0.01")), None

    def flag(self, column, raw):
        if raw not in (b"0", b"1"):
            raise UnreadError("not_a_flag")
        return raw == b"1", None

    def guid(self, column, raw):
        if not GUID.fullmatch(decoded(raw)[0]):
            raise UnreadError("not_a_guid")
        return raw.decode(), None


UNREADABLE = {
    *("not_a_number", "out_of_range", "not_a_date", "sentinel_date", "implausible_date"),
    *("not_a_month", "not_a_time", "ambiguous_time", "not_money", "not_a_flag", "not_a_guid"),
}
