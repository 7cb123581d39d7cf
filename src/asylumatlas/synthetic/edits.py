"""How a defect is put into one line: each edit takes a row apart, spoils it and says what it did.

An edit is `edit(row, planting, lot) -> list[Edited] | None`: None if this row does not lend itself
to it (the value is blank, say), else the physical lines that now stand for the row.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from asylumatlas.records.registry import Table
from asylumatlas.synthetic.lots import Lot

REPEAT_STEP = 32  # to the key of a row's repeat: a case has 64 keys for charges, uses few of them
ORPHAN_KEYS = 2_140_000_000  # the first of the keys that no row has
LAST_KEY = 2_147_000_000
CP1252 = b"\xd1\xf1\xe9\xc1\xd3\x92\x81"  # the last but one a curly apostrophe, the last undefined
LETTERS = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz")
UTF8 = "Ñ".encode()


@dataclass(frozen=True)
class Planting:
    """A defect in one form, as `defects.toml` gives it.

    Attributes:
        defect: "D1" to "D26".
        edit: the name of the edit.
        rates: how often, per row of each table.
        expect: what a perfect reader reports of it.
        source: who observed the rate, or why it was assumed.
        columns: where it may stand; () the edit knows.
        values: what may be written there; () the edit knows.
        assumed: nobody has published a rate.
        blank: a blank value will do too.
    """

    defect: str
    edit: str
    rates: dict[str, float]
    expect: str
    source: str
    columns: tuple[str, ...] = ()
    values: tuple[bytes, ...] = ()
    assumed: bool = False
    blank: bool = False

    @property
    def name(self) -> tuple[object, ...]:
        """What tells it from every other; its luck hangs on it."""
        return (self.defect, self.edit, self.columns, self.expect, self.values)


class Row(NamedTuple):
    """A line taken apart."""

    table: Table
    names: tuple[str, ...]
    fields: list[bytes]
    end: bytes

    @property
    def line(self) -> bytes:
        """The line without its end."""
        return b"\t".join(self.fields)

    def place(self, column: str) -> int:
        """Where a column stands."""
        return self.names.index(column)


class Edited(NamedTuple):
    """One of the physical lines that stand for the row now; `expect` "" if nothing is wrong."""

    line: bytes
    column: str
    written: bytes
    original: bytes
    expect: str
    added: bool = False


Edit = Callable[[Row, Planting, Lot], "list[Edited] | None"]


def _field(row: Row, column: str, new: bytes, planting: Planting) -> list[Edited]:
    """The row with another value in one field; one that loses the row concerns the line."""
    at = row.place(column)
    old = row.fields[at]
    fields = [*row.fields[:at], new, *row.fields[at + 1 :]]
    if planting.expect == "quarantined":
        return _line(row, b"\t".join(fields), planting)
    return [Edited(b"\t".join(fields) + row.end, column, new, old, planting.expect)]


def _line(row: Row, new: bytes, planting: Planting) -> list[Edited]:
    """The row with another line."""
    return [Edited(new + row.end, "", new, row.line, planting.expect)]


def _column(row: Row, planting: Planting, lot: Lot) -> str | None:
    """One of the planting's columns that the row has a value in; any if a blank will do."""
    columns = [
        name
        for name in planting.columns
        if planting.blank or row.fields[row.place(name)].strip(b" ")
    ]
    return lot.one_of(columns) if columns else None


def value(row: Row, planting: Planting, lot: Lot) -> list[Edited] | None:
    """Another value in a column."""
    column = _column(row, planting, lot)
    if column is None:
        return None
    new = lot.one_of(planting.values)
    return None if new == row.fields[row.place(column)] else _field(row, column, new, planting)


def tab(row: Row, planting: Planting, lot: Lot) -> list[Edited] | None:
    """One tab too many behind a value, or in the place of a blank inside it."""
    column = _column(row, planting, lot)
    if column is None:
        return None
    at = row.place(column)
    old = row.fields[at]
    new = old.replace(b" ", b"\t", 1) if b" " in old.strip(b" ") else old + b"\t"
    return _line(row, b"\t".join([*row.fields[:at], new, *row.fields[at + 1 :]]), planting)


def tabs(row: Row, planting: Planting, lot: Lot) -> list[Edited] | None:
    """As many tabs too many behind a value as `values` says, in numbers."""
    column = _column(row, planting, lot)
    if column is None:
        return None
    at = row.place(column)
    spare = b"\t" * int(lot.one_of(planting.values))
    fields = [*row.fields[:at], row.fields[at] + spare, *row.fields[at + 1 :]]
    return _line(row, b"\t".join(fields), planting)


def cut(row: Row, planting: Planting, lot: Lot) -> list[Edited] | None:
    """The line ends too early: after some of its fields."""
    kept = 1 + lot.below(len(row.fields) - 1)
    return _line(row, b"\t".join(row.fields[:kept]), planting)


def broken(row: Row, planting: Planting, lot: Lot) -> list[Edited] | None:
    """A line end inside a value: two lines, each with too few fields."""
    if len(row.fields) < 3:
        return None
    at = 1 + lot.below(len(row.fields) - 2)
    inside = lot.below(len(row.fields[at]) + 1)
    head = b"\t".join([*row.fields[:at], row.fields[at][:inside]])
    tail = b"\t".join([row.fields[at][inside:], *row.fields[at + 1 :]])
    return [
        Edited(head + row.end, "", head, row.line, planting.expect),
        Edited(tail + row.end, "", tail, row.line, planting.expect, added=True),
    ]


def nul(row: Row, planting: Planting, lot: Lot) -> list[Edited] | None:
    """One to three NUL bytes anywhere in the line."""
    line = bytearray(row.line)
    for _ in range(1 + lot.below(3)):
        at = lot.below(len(line))
        line[at:at] = b"\0"
    return _line(row, bytes(line), planting)


def pad(row: Row, planting: Planting, lot: Lot) -> list[Edited] | None:
    """Blanks behind a value that had none."""
    column = _column(row, planting, lot)
    if column is None or row.fields[row.place(column)].endswith(b" "):
        return None
    blanks = b" " * (1 + lot.below(9))
    return _field(row, column, row.fields[row.place(column)] + blanks, planting)


def quote(row: Row, planting: Planting, lot: Lot) -> list[Edited] | None:
    """A quotation mark that nothing closes, before, behind or inside a value."""
    column = _column(row, planting, lot)
    if column is None or b'"' in row.fields[row.place(column)]:
        return None
    old = row.fields[row.place(column)]
    at = lot.one_of((0, len(old.rstrip(b" ")), len(old) // 2))
    return _field(row, column, old[:at] + b'"' + old[at:], planting)


def cp1252(row: Row, planting: Planting, lot: Lot) -> list[Edited] | None:
    """A letter of a value in Windows-1252, which is no UTF-8."""
    return _letter(row, planting, lot, bytes([lot.one_of(CP1252)]))


def utf8(row: Row, planting: Planting, lot: Lot) -> list[Edited] | None:
    """A letter beyond ASCII, in good UTF-8: nothing is wrong with it."""
    return _letter(row, planting, lot, UTF8)


def _letter(row: Row, planting: Planting, lot: Lot, new: bytes) -> list[Edited] | None:
    """Another letter in the place of one of a value's."""
    column = _column(row, planting, lot)
    if column is None:
        return None
    old = row.fields[row.place(column)]
    letters = [at for at, byte in enumerate(old) if byte in LETTERS]
    if not letters or not old.isascii():
        return None
    at = lot.one_of(letters)
    return _field(row, column, old[:at] + new + old[at + 1 :], planting)


def swap(row: Row, planting: Planting, lot: Lot) -> list[Edited] | None:
    """Two dates that follow each other, the wrong way round."""
    pairs = row.table.order
    first, second = lot.one_of(pairs)
    early, late = row.fields[row.place(first)], row.fields[row.place(second)]
    if not early or not late or early >= late:
        return None
    fields = list(row.fields)
    fields[row.place(first)], fields[row.place(second)] = late, early
    return [Edited(b"\t".join(fields) + row.end, second, early, late, planting.expect)]


def orphan(row: Row, planting: Planting, lot: Lot) -> list[Edited] | None:
    """A reference to a row that is nowhere."""
    column = _column(row, planting, lot)
    if column is None:
        return None
    if row.table.column(column).type == "guid":
        digits = f"{lot.below(2**63):016X}{lot.below(2**63):016X}"
        cuts = ((0, 8), (8, 12), (12, 16), (16, 20), (20, 32))
        return _field(row, column, "-".join(digits[a:b] for a, b in cuts).encode(), planting)
    new = ORPHAN_KEYS + lot.below(LAST_KEY - ORPHAN_KEYS)
    return _field(row, column, str(new).encode(), planting)


def repeat(row: Row, planting: Planting, lot: Lot) -> list[Edited] | None:
    """The row once more, right behind itself, under a new key."""
    at = row.place(row.table.key[0])
    if not row.fields[at].isdigit():
        return None
    again = b"\t".join(
        [*row.fields[:at], str(int(row.fields[at]) + REPEAT_STEP).encode(), *row.fields[at + 1 :]]
    )
    return _twice(row, again, planting)


def duplicate(row: Row, planting: Planting, lot: Lot) -> list[Edited] | None:
    """The row once more, right behind itself, key and all."""
    return _twice(row, row.line, planting)


def _twice(row: Row, again: bytes, planting: Planting) -> list[Edited]:
    """The row as it is and another behind it."""
    return [
        Edited(row.line + row.end, "", b"", b"", ""),
        Edited(again + row.end, "", again, row.line, planting.expect, added=True),
    ]


def case(row: Row, planting: Planting, lot: Lot) -> list[Edited] | None:
    """Another letter case; counted if it was in small letters, else the word is only kept."""
    column = _column(row, planting, lot)
    if column is None:
        return None
    old = row.fields[row.place(column)]
    forms = [new for new in planting.values if new.lower() == old.lower() and new != old]
    if not forms:
        return None
    found = _field(row, column, lot.one_of(forms), planting)
    return found if old.islower() else [found[0]._replace(expect="kept")]


def undecided(row: Row, planting: Planting, lot: Lot) -> list[Edited] | None:
    """Another value in a column of a proceeding that has no decision to be decoded by it."""
    if any(row.fields[row.place(name)] for name in ("DEC_CODE", "OTHER_COMP")):
        return None
    return value(row, planting, lot)


def spare_tabs(row: Row, planting: Planting, lot: Lot) -> list[Edited] | None:
    """One or two tabs behind the last field."""
    return _line(row, row.line + b"\t" * (1 + lot.below(2)), planting)


EDITS: dict[str, Edit] = {
    edit.__name__: edit
    for edit in (
        *(value, tab, tabs, cut, broken, nul, pad, quote, cp1252, utf8, swap, orphan, repeat),
        *(duplicate, case, undecided, spare_tabs),
    )
}
