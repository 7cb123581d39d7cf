"""Putting a shifted line back: only where the columns' types leave exactly one answer.

A line with more fields than the header had a tab too many, in a value or after one, and every later
value stands in the wrong column. An alignment gives each column one or more neighbouring fields.
Fields of which at most one is not empty make that value; several that are not empty make a value
only of a text column, which did hold the tab. Dropping empty fields at the end is such an alignment
too and has no right of way: a line with a tab too many whose last column is blank would fit by it.

Every alignment whose values all fit their columns competes. If all of them make the same row, that
is the row; if not, the line stays as it is, for a wrong repair looks like a right one for ever. So
does it if another alignment falls short by one value that is at least written as its column's are,
an unknown code or a day out of range: rows have such values, and the tab may be in one of those.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta

from asylumatlas.records.lookups import Lookups
from asylumatlas.records.registry import Binding, Column

MOST_EXTRA = 16  # fields past the header's; a line with more is not a row with a tab too many
MOST_TABS = 2  # in one text
EARLIEST = date(1950, 1, 1)
SENTINELS = frozenset({"1900-01-01", "1753-01-01", "2099-12-31", "9999-12-31"})
YEARS_AHEAD = 25

# The widths of codes that no lookup lists, in characters, from the publisher's Code Key (May 2019).
WIDTHS = {
    **dict.fromkeys(("ASSIGNMENT_PATH", "ADJ_MEDIUM", "REL_CON", "STAY_GRANT", "REC_TYPE"), 1),
    **dict.fromkeys(("BOND_HEARING_TELEPHONIC", "O_CLOCK_OPTION"), 1),
    **dict.fromkeys(("ATTY_NBR", "UP_BOND_RSN", "TRANS_NBR", "ADJ_MSG", "NBR_OF_CHGS"), 2),
    **dict.fromkeys(("INMATE_HOUSING", "INTERPRETER_CODE", "INS_TA", "JURISDICTION"), 3),
    **dict.fromkeys(("CHARGE", *(f"Charge_{n}" for n in range(1, 7))), 13),
    **{"DETENTION_FACILITY_TYPE": 10, "strDJScenario": 20},
}
USUAL_WIDTH = 4
ZIP_CODES = ("ALIEN_ZIPCODE", "UPDATED_ZIPCODE", "strDCZip")
# Codes and texts that are numbers by another name.
SHAPES = {
    "RELEASE_MONTH": rb"0?[1-9]|1[0-2]",
    "RELEASE_YEAR": rb"(19|20)?\d\d",
    "OldAttorneyID": rb"\d{1,10}",
    "PARENT_IDN": rb"[1-9]\d{0,9}",
    **dict.fromkeys(ZIP_CODES, rb"\d{5}(-?(\d{4})?)?"),
}

KEY = re.compile(rb"[1-9]\d{0,9}")
INTEGER = re.compile(rb"-?\d{1,10}")
DAY = re.compile(rb"(\d{4}-\d\d-\d\d) 00:00:00\.000")
MOMENT = re.compile(rb"(\d{4}-\d\d-\d\d) ([01]\d|2[0-3]):[0-5]\d:[0-5]\d\.\d{3}")
MONTH = re.compile(rb"([1-9]|1[0-2])/(\d{4})")
TIME = re.compile(rb"([01]\d|2[0-3])[0-5]\d")
MONEY = re.compile(rb"\d{1,10}(\.\d\d)?")
GUID = re.compile(rb"[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")
FIGURES = re.compile(rb"[\d.:/-]{3,}( ?\d\d:\d\d:[\d.]+)?")
VISIBLE = re.compile(rb"[!-~]+( [!-~]+)*")
CONTROL = re.compile(rb"[\x00-\x08\x0a-\x1f\x7f]")  # the tab aside
# How values of each type are written, those too that cannot be read.
_MOMENT = re.compile(rb"\d{4}-\d\d-\d\d( \d\d:\d\d:\d\d\.\d{3})?")
LIKENESSES = {
    **dict.fromkeys(("date", "datetime"), _MOMENT),
    **dict.fromkeys(("key", "integer", "money"), re.compile(rb"-?\d+")),
    **{"month": re.compile(rb"\d{1,2}/\d{4}"), "time": re.compile(rb"\d{1,4}")},
    **{"flag": re.compile(rb"[!-~]"), "zip": re.compile(rb"(?=.*\d)[!-~ ]{1,10}")},
    **dict.fromkeys(("text", "guid"), re.compile(rb"(?!)")),
}

Test = Callable[[bytes], bool]
# The values of the columns from one on, as (value, the values after it); () ends it. A chain is
# built from the right in constant time a column.
Chain = tuple[bytes, "Chain"] | tuple[()]


@dataclass(frozen=True)
class Mended:
    """What became of a line.

    Attributes:
        fields: one for each field of the header; None if the line could not be mended. A text
            may hold a tab, so the fields cannot be joined by tabs and cut again.
        reason: a word of `reasons.REPAIRED`, or of `reasons.QUARANTINED` when `fields` is None; ""
            if the line needed no mending.
    """

    fields: list[bytes] | None
    reason: str


class Rules:
    """What each column of a file would take as its value, as strictly as its type allows.

    Stricter than reading is: a value here serves to tell columns apart. A blank fits every column
    that is not required.
    """

    def __init__(self, binding: Binding, lookups: Lookups, as_of: date) -> None:
        """Prepare the tests.

        Args:
            binding: the file's header and its columns.
            lookups: the codes of the release.
            as_of: the day of the release; later days fit only columns that look ahead.
        """
        self.columns = binding.columns
        self.spare = binding.blank
        self._tests = [_test(column, lookups, as_of) for column in binding.columns]
        self._likenesses = [_likeness(column, lookups) for column in binding.columns]
        self._joins = [c.type == "text" and c.name not in SHAPES for c in binding.columns]
        self._required = [column.required for column in binding.columns]

    def accepts(self, i: int, raw: bytes) -> bool:
        """Say whether column `i` may hold these bytes."""
        if not raw.rstrip(b" "):
            return not self._required[i]
        return self._tests[i](raw)

    def resembles(self, i: int, raw: bytes) -> bool:
        """Say whether these bytes are written as values of column `i` are, though none itself."""
        return self._likenesses[i].fullmatch(raw.rstrip(b" ")) is not None

    def joined(self, i: int, fields: list[bytes]) -> bytes | None:
        """Return what column `i` would hold of neighbouring fields; None if it takes no several."""
        filled = [at for at, field in enumerate(fields) if field]
        if len(filled) > 1 and not self._joins[i]:
            return None
        return b"\t".join(fields[filled[0] : filled[-1] + 1]) if filled else b""


def mend(fields: list[bytes], rules: Rules) -> Mended:
    """Put the fields of a line back into their columns, if that can be done in one way only.

    Args:
        fields: the line, cut at every tab, NUL bytes and line end taken off.
        rules: what the columns take.

    Returns:
        The row, or why there is none. A line with too few fields is never filled up.

    Example:
        >>> from asylumatlas.records.registry import bind, tables
        >>> header = ["IDNCUSTODY", "IDNCASE", "CUSTODY", "DATDETAINED", "DATRELEASED"]
        >>> bound = bind(tables()["tbl_CustodyHistory"], header)
        >>> rules = Rules(bound, Lookups.empty(), date(2026, 4, 1))
        >>> mend([b"7", b"", b"9", b"N", b"", b"2019-05-01 00:00:00.000"], rules).fields[:3]
        [b'7', b'9', b'N']
        >>> mend([b"7", b"9", b"N", b"", b"2019-05-01 00:00:00.000", b""], rules).reason
        'several_alignments'
    """
    named, width = len(rules.columns), len(rules.columns) + rules.spare
    if len(fields) < named:
        return Mended(None, "too_few_fields")
    if len(fields) == width and not any(fields[named:]):
        return Mended(list(fields), "")
    # A nameless field of the header holds nothing, so a line may end before it or have it empty.
    spare = rules.spare if len(fields) > width and not any(fields[-rules.spare :]) else 0
    kept = fields[: len(fields) - spare] if spare else fields
    if len(kept) - named > MOST_EXTRA + rules.spare:
        return Mended(None, "no_alignment")
    rows = _rows(kept, rules)
    if len(rows) != 1:
        return Mended(None, "several_alignments" if rows else "no_alignment")
    row = rows[0]
    if not all(map(_is_one_text, row)):
        return Mended(None, "no_alignment")
    if _nearly(kept, rules):
        return Mended(None, "several_alignments")
    dropped = row == fields[:named]
    return Mended(row + [b""] * rules.spare, "spare_tabs" if dropped else "shifted")


def _rows(fields: list[bytes], rules: Rules) -> list[list[bytes]]:
    """Up to two different rows that alignments make.

    From the last column back, for each number of extra fields used up before a column: up to two
    different ends of a row. Two are enough at every step, for whatever stands before two different
    ends makes two different rows of them; so the work is columns x extra x extra.
    """
    count, extra = len(rules.columns), len(fields) - len(rules.columns)
    after: list[list[Chain]] = [[] for _ in range(extra)] + [[()]]
    for i in range(count - 1, -1, -1):
        after = [_ends(i, used, after, fields, rules) for used in range(extra + 1)]
    return [_unchained(chain) for chain in after[0]]


def _ends(
    i: int, used: int, after: list[list[Chain]], fields: list[bytes], rules: Rules
) -> list[Chain]:
    """Up to two ends of a row from column `i` on, when `used` extra fields lie before it."""
    found: list[Chain] = []
    start = i + used
    for then in range(used, len(after)):
        if not after[then]:
            continue
        value = rules.joined(i, fields[start : i + then + 1])
        if value is None or not rules.accepts(i, value):
            continue
        for end in after[then]:
            chain: Chain = (value, end)
            if chain not in found:
                found.append(chain)
                if len(found) == 2:
                    return found
    return found


def _nearly(fields: list[bytes], rules: Rules) -> bool:
    """Whether an alignment has one value that is only written like those of its column."""
    extra = len(fields) - len(rules.columns)
    # From a column on, for each number of extra fields used up: is there an end of a row without
    # such a value, and one with one?
    fits, nears = [False] * extra + [True], [False] * (extra + 1)
    for i in range(len(rules.columns) - 1, -1, -1):
        fit, near = [False] * (extra + 1), [False] * (extra + 1)
        for used in range(extra + 1):
            for then in range(used, extra + 1):
                if not (fits[then] or nears[then]):
                    continue
                value = rules.joined(i, fields[i + used : i + then + 1])
                if value is None:
                    continue
                if rules.accepts(i, value):
                    fit[used] |= fits[then]
                    near[used] |= nears[then]
                elif fits[then] and rules.resembles(i, value):
                    near[used] = True
        fits, nears = fit, near
    return nears[0]


def _unchained(chain: Chain) -> list[bytes]:
    """The values of a chain."""
    values: list[bytes] = []
    while chain:
        value, chain = chain
        values.append(value)
    return values


def _test(column: Column, lookups: Lookups, as_of: date) -> Test:
    """What a column's value must pass when it is not blank."""
    if column.type in ("date", "datetime", "month"):
        return _day_test(column, as_of)
    if column.name in SHAPES:
        shape = re.compile(SHAPES[column.name])
        return lambda raw: shape.fullmatch(raw.rstrip(b" ")) is not None
    if column.type == "code":
        return _code_test(column, lookups)
    if column.type == "key":
        return lambda raw: KEY.fullmatch(raw) is not None and int(raw) < 2**31
    if column.type == "text":
        return _is_text
    if column.type == "flag":
        return lambda raw: raw in (b"0", b"1")
    pattern = {"integer": INTEGER, "time": TIME, "money": MONEY, "guid": GUID}[column.type]
    return lambda raw: pattern.fullmatch(raw) is not None


def _is_text(raw: bytes) -> bool:
    """Whether bytes may be a text: not a day, a moment or an identifier that strayed there."""
    return not (CONTROL.search(raw) or MOMENT.fullmatch(raw) or GUID.fullmatch(raw))


def _is_one_text(value: bytes) -> bool:
    """Whether a value with tabs in it is one text that was cut, not a run of other columns' values.

    A join that fails still competes with the other alignments; it only may not win.
    """
    parts = value.split(b"\t")
    return len(parts) == 1 or (
        len(parts) - 1 <= MOST_TABS
        and all(_is_text(part) and not FIGURES.fullmatch(part) for part in parts)
    )


def _code_test(column: Column, lookups: Lookups) -> Test:
    """A code of its list; without a list, visible characters no wider than such codes are."""
    codes = lookups.codes(column)
    if codes is None:
        width = WIDTHS.get(column.name, USUAL_WIDTH)
        return lambda raw: (
            VISIBLE.fullmatch(raw := raw.rstrip(b" ")) is not None and (len(raw) <= width)
        )
    if column.fold:
        folded = frozenset(code.casefold().encode() for code in codes)
        return lambda raw: raw.rstrip(b" ").lower() in folded
    known = frozenset(code.encode() for code in codes)
    return lambda raw: raw.rstrip(b" ") in known


def _likeness(column: Column, lookups: Lookups) -> re.Pattern[bytes]:
    """How a column's values are written; for a text that says nothing, what nothing is like."""
    if column.type != "code":
        return LIKENESSES["zip" if column.name in ZIP_CODES else column.type]
    codes = lookups.codes(column)
    width = max(map(len, codes), default=USUAL_WIDTH) if codes else WIDTHS.get(column.name)
    return re.compile(rb"[!-~]{1,%d}" % (width or USUAL_WIDTH))


def _day_test(column: Column, as_of: date) -> Test:
    """A day (month, moment) of the wire, in the window that reading believes."""
    earliest = (column.earliest or EARLIEST).isoformat()
    if column.future:
        last = date(as_of.year + YEARS_AHEAD, as_of.month, min(as_of.day, 28))
    else:
        last = as_of + timedelta(days=1)
    latest = last.isoformat()

    def month(raw: bytes) -> bool:
        found = MONTH.fullmatch(raw)
        return found is not None and (
            earliest <= f"{int(found[2]):04}-{int(found[1]):02}-01" <= latest
        )

    def day(raw: bytes) -> bool:
        found = (DAY if column.type == "date" else MOMENT).fullmatch(raw)
        if found is None:
            return False
        text = found[1].decode()
        # A day that stands for no day is a date all the same: it tells the column by its shape.
        return text in SENTINELS or (earliest <= text <= latest and _is_day(text))

    return month if column.type == "month" else day


def _is_day(text: str) -> bool:
    """Whether YYYY-MM-DD is a day of the calendar."""
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True
