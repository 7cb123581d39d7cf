"""The ledger entry of one file, added up block by block."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from asylumatlas.records.reading.columns import Plan

MOST_FORMS = 200
MOST_CODES = 1000
MORE = "_more"


@dataclass
class Count:
    """What the ledger says of a column, for one block; see there."""

    blank: int = 0
    read: int = 0
    unread: dict[str, int] = field(default_factory=dict)
    noted: dict[str, int] = field(default_factory=dict)
    counted: dict[str, tuple[int, dict[str, int]]] = field(default_factory=dict)
    unknown: dict[str, int] | None = None
    nul_bytes: int = 0


@dataclass
class Tally:
    """What the ledger says of one column so far."""

    decodes: bool
    orphans: bool | None
    blank: int = 0
    read: int = 0
    unread: dict[str, int] = field(default_factory=dict)
    noted: dict[str, int] = field(default_factory=dict)
    counted: dict[str, dict[str, Any]] = field(default_factory=dict)
    unknown: dict[str, int] = field(default_factory=dict)
    nul_bytes: int = 0

    def add(self, count: Count) -> None:
        """Add a block, in the order of the file."""
        self.blank += count.blank
        self.read += count.read
        _add(self.unread, count.unread)
        _add(self.noted, count.noted)
        for reason, (values, forms) in count.counted.items():
            entry = self.counted.setdefault(reason, {"values": 0, "forms": {}})
            entry["values"] += values
            _add(entry["forms"], forms, MOST_FORMS)
        self.nul_bytes += count.nul_bytes
        _add(self.unknown, count.unknown or {}, MOST_CODES, MORE)

    def entry(self) -> dict[str, Any]:
        """What is written."""
        unknown = self.noted.get("unknown_code", 0)
        entry: dict[str, Any] = {
            "blank": self.blank,
            "read": self.read,
            "unread": self.unread,
            "noted": self.noted,
            "counted": self.counted,
            "nul_bytes": self.nul_bytes,
            "decoded": self.read - unknown if self.decodes else None,
            "unknown": unknown if self.decodes else None,
            "unknown_codes": self.unknown,
        }
        if self.orphans is not None:
            entry["orphans"] = self.noted.get("orphan", 0) if self.orphans else None
        return entry


def _add(totals: dict[str, int], more: dict[str, int], most: int = 0, rest: str = "") -> None:
    """Add counts by name; of names past the most allowed only the sum is kept, or nothing."""
    for name, count in more.items():
        if name in totals or not most or len(totals) - (rest in totals) < most:
            totals[name] = totals.get(name, 0) + count
        elif rest:
            totals[rest] = totals.get(rest, 0) + count


def tallies(plan: Plan, orphans: dict[int, bool]) -> list[Tally]:
    """One for each column of a file, at zero."""
    return [Tally(codes is not None, orphans.get(c)) for c, codes in enumerate(plan.codes)]
