"""What codes stand for: the lookup tables of a release, read once and asked often.

A code that stands twice in its lookup is told apart by the lookup's own mark of what is in use; two
meanings in use at once are an ambiguity that is named, never settled here. A decision is decoded by
case type, code and decision type together: X is "Remove" as a decision of a removal case (C) and
"zero bond" as another completion of it (O), and a loader that leaves out the last part reads
millions of removals as bonds.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from asylumatlas.records.registry import Column, Table, tables

DECISIONS = "tblLookupCourtDecision"
DECISION_CASE_TYPE = "strCaseType"
DECISION_KIND = "strDecType"
JUDGES = "tblLookupJudge"
# Entries of the judges' lookup that name a docket or a duty rather than a person.
PLACEHOLDER_CODES = frozenset({"AAA", "CLR", "IAD"})
PLACEHOLDER_NAME = re.compile(r"\b(visiting|all\s+judges|detail(ed)?)\b", re.IGNORECASE)
BETWEEN = " / "  # between the meanings of an ambiguous code


@dataclass(frozen=True)
class Entry:
    """A row of a lookup table.

    Attributes:
        lookup: the table.
        code: the code, without padding.
        within: the case type it is of; "" outside the court decisions.
        kind: the decision type, "C" or "O"; "" outside the court decisions.
        description: what the row says the code means.
        active: whether the row says that the code is in use; a row that does not say is in use.
        line: the line of its file.
    """

    lookup: str
    code: str
    within: str
    kind: str
    description: str
    active: bool
    line: int


@dataclass(frozen=True)
class Decision:
    """What a court's decision code means in one case type.

    Attributes:
        description: the meaning; all of them, joined by " / ", when `ambiguous`.
        active: whether the code is still in use.
        ambiguous: the lookup gives several meanings and no way to choose.
    """

    description: str
    active: bool
    ambiguous: bool


@dataclass(frozen=True)
class _Meaning:
    """The entries of one code, and those that count."""

    entries: tuple[Entry, ...]
    chosen: tuple[Entry, ...]

    @property
    def descriptions(self) -> tuple[str, ...]:
        """The different descriptions of the entries that count, in the file's order."""
        return tuple(dict.fromkeys(entry.description for entry in self.chosen))

    @property
    def ambiguous(self) -> bool:
        """Whether more than one description is left."""
        return len(self.descriptions) > 1

    @property
    def description(self) -> str:
        """The description; all that are left when it is ambiguous."""
        return BETWEEN.join(self.descriptions)

    @property
    def active(self) -> bool:
        """Whether the code is in use."""
        return self.chosen[0].active

    @property
    def placeholder(self) -> bool:
        """Whether the entries stand for no one judge."""
        first = self.entries[0]
        return first.lookup == JUDGES and (
            first.code in PLACEHOLDER_CODES
            or any(PLACEHOLDER_NAME.search(entry.description) for entry in self.chosen)
        )

    def finding(self) -> dict[str, Any] | None:
        """What is worth saying about the code; None when it stands once and for something."""
        first = self.entries[0]
        if self.ambiguous:
            what = "ambiguous"
        elif len({entry.active for entry in self.entries}) > 1:
            what = "inactive_too"
        elif self.placeholder:
            what = "placeholder"
        elif len(self.entries) > 1:
            what = "repeated"
        else:
            return None
        return {
            "lookup": first.lookup,
            "code": first.code,
            "within": first.within,
            "kind": first.kind,
            "what": what,
            "rows": len(self.entries),
            "lines": [entry.line for entry in self.entries],
            "descriptions": list(self.descriptions),
        }


class Lookups:
    """The codes of a release and what they mean.

    Example:
        >>> remove = Entry("tblLookupCourtDecision", "X", "RMV", "C", "Remove", True, 2)
        >>> bond = Entry("tblLookupCourtDecision", "X", "RMV", "O", "Zero bond", True, 3)
        >>> lookups = Lookups([remove, bond], ["tblLookupCourtDecision"])
        >>> lookups.decision("RMV", "X", "O").description
        'Zero bond'
        >>> lookups.decides("DEP", "X", "C")
        False
    """

    def __init__(self, entries: Iterable[Entry], present: Iterable[str]) -> None:
        """Collect entries.

        Args:
            entries: rows of lookup tables.
            present: the lookup tables that the release has, those without rows too.
        """
        grouped: dict[tuple[str, str, str, str], list[Entry]] = {}
        for entry in entries:
            if entry.code:
                key = (entry.lookup, entry.within, entry.code, entry.kind)
                grouped.setdefault(key, []).append(entry)
        self._meanings = {key: _meaning(found) for key, found in grouped.items()}
        self._present = frozenset(present)
        codes: dict[tuple[str, str], set[str]] = {}
        for lookup, _, code, kind in self._meanings:
            codes.setdefault((lookup, ""), set()).add(code)
            codes.setdefault((lookup, kind), set()).add(code)
        self._codes = {key: frozenset(found) for key, found in codes.items()}

    @classmethod
    def empty(cls) -> Lookups:
        """Return the lookups of a release that has none."""
        return cls([], [])

    def codes(self, column: Column) -> frozenset[str] | None:
        """Return every code the column may hold, in any case type.

        Returns:
            None if the column has no codes of its own and a lookup of it is not in the release:
            then nothing can be said about its codes.
        """
        if column.codes is not None:
            return frozenset(column.codes)
        if not column.lookup or not self._present.issuperset(column.lookup):
            return None
        kind = column.kind or ""
        return frozenset().union(*(self._codes.get((name, kind), ()) for name in column.lookup))

    def decides(self, case_type: str, code: str, kind: str) -> bool:
        """Say whether a decision code (kind "C" or "O") is known in a case type."""
        return (DECISIONS, case_type, code, kind) in self._meanings

    def decision(self, case_type: str, code: str, kind: str) -> Decision | None:
        """Return what a decision code means in a case type; None if it is not known there."""
        found = self._meanings.get((DECISIONS, case_type, code, kind))
        return Decision(found.description, found.active, found.ambiguous) if found else None

    def describe(self, lookup: str, code: str) -> str | None:
        """Return what a code means in a lookup without case types; None if it is not known.

        Several meanings in use at once come joined by " / ".
        """
        found = self._meanings.get((lookup, "", code, ""))
        return found.description if found else None

    def findings(self) -> list[dict[str, Any]]:
        """Return what is worth knowing about the lookups, one entry for each code.

        Each has `lookup`, `code`, `within`, `kind`, `what`, `rows`, `lines` and `descriptions`;
        `what` is "ambiguous" (several meanings in use), "inactive_too" (also a row out of use, set
        aside), "repeated" (the same twice) or "placeholder" (a judge's code for no one judge).
        """
        found = (meaning.finding() for _, meaning in sorted(self._meanings.items()))
        return [finding for finding in found if finding is not None]

    def write(self, path: Path) -> None:
        """Write `lookups.parquet`: one row for each lookup, code, case type and decision type.

        Columns: lookup, code, within, kind, description, active, line, ambiguous, placeholder.
        """
        import pyarrow as pa
        import pyarrow.parquet as pq

        strings = ("lookup", "code", "within", "kind", "description")
        schema = pa.schema(
            [
                *((name, pa.string()) for name in strings),
                ("active", pa.bool_()),
                ("line", pa.int64()),
                ("ambiguous", pa.bool_()),
                ("placeholder", pa.bool_()),
            ]
        )
        rows = [_written(meaning) for _, meaning in sorted(self._meanings.items())]
        pq.write_table(pa.Table.from_pylist(rows, schema=schema), path)


def read_lookups(folder: Path) -> Lookups:
    """Read the lookups of a dataset from its typed tables.

    Args:
        folder: a dataset; a lookup that is not in its `tables/` is one the release does not have.
    """
    entries: list[Entry] = []
    present: list[str] = []
    for table in tables().values():
        path = folder / "tables" / f"{table.name}.parquet"
        if table.code and path.is_file():
            found = _entries(table, path)
            if found is not None:
                entries += found
                present.append(table.name)
    return Lookups(entries, present)


def _entries(table: Table, path: Path) -> Iterator[Entry] | None:
    """The rows of one lookup; None when its file lacks a column that a code is told by."""
    import pyarrow.parquet as pq

    decisions = table.name == DECISIONS
    needed = [table.code, *((DECISION_CASE_TYPE, DECISION_KIND) if decisions else ())]
    there = set(pq.read_schema(path).names)
    if not there.issuperset(needed):
        return None
    wanted = [name for name in ("line", *needed, table.describes, table.active) if name in there]
    rows = pq.read_table(path, columns=list(dict.fromkeys(wanted))).to_pylist()
    return (_entry(table, row, decisions) for row in rows)


def _entry(table: Table, row: Mapping[str, Any], decisions: bool) -> Entry:
    """One row of a lookup."""
    active = row.get(table.active) if table.active else None
    return Entry(
        lookup=table.name,
        code=_trimmed(row.get(table.code or "")),
        within=_trimmed(row.get(DECISION_CASE_TYPE)) if decisions else "",
        kind=_trimmed(row.get(DECISION_KIND)) if decisions else "",
        description=_trimmed(row.get(table.describes or "")),
        active=active is not False,
        line=row["line"],
    )


def _trimmed(value: str | None) -> str:
    """A value without its padding; "" for a blank."""
    return (value or "").rstrip(" ")


def _meaning(entries: list[Entry]) -> _Meaning:
    """The entries of one code, those out of use set aside if others are in use."""
    active = tuple(entry for entry in entries if entry.active)
    return _Meaning(tuple(entries), active or tuple(entries))


def _written(meaning: _Meaning) -> dict[str, Any]:
    """One row of `lookups.parquet`."""
    first = meaning.chosen[0]
    return {
        "lookup": first.lookup,
        "code": first.code,
        "within": first.within,
        "kind": first.kind,
        "description": meaning.description,
        "active": meaning.active,
        "line": first.line,
        "ambiguous": meaning.ambiguous,
        "placeholder": meaning.placeholder,
    }
