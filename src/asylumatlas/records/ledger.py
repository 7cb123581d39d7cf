"""The row ledger: what became of every line of a release, file by file."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from asylumatlas.records.storage import DatasetError, read_json, write_json

LEDGER = "ledger.json"
SUMMED = ("bytes", "lines", "kept", "repaired", "quarantined")
ENTRY = ("table", "file", *SUMMED, "count_txt", "difference", "reasons", "columns")
MORE = "_more"  # stands in `unknown_codes` for the rows of codes past the thousandth


@dataclass(frozen=True)
class UnknownCode:
    """A code that its lookup does not have, and how many rows hold it."""

    table: str
    column: str
    code: str
    rows: int


@dataclass(frozen=True)
class Ledger:
    """What became of every line of a release.

    Attributes:
        release: name and fingerprint of the release.
        as_of: the day of the release.
        files: one entry for each file that was read, as `records.reading.ingest.ingest` made it.
        not_in_release: tables that the release does not have.
        not_known: files of the release that are no known table.
    """

    release: Mapping[str, Any]
    as_of: date
    files: Sequence[Mapping[str, Any]]
    not_in_release: Sequence[str] = ()
    not_known: Sequence[str] = ()

    @property
    def totals(self) -> dict[str, int | float]:
        """Sums over all files; a file without a line in Count.txt differs in nothing.

        Example:
            >>> file = {"lines": 3, "kept": 2, "repaired": 1, "quarantined": 0, "bytes": 40,
            ...         "count_txt": 5, "difference": -2, "seconds": 0.1,
            ...         "columns": {"by_name": {"NAT": {"unread": {}, "noted": {"orphan": 2}}}}}
            >>> totals = Ledger({}, date(2026, 4, 1), [file]).totals
            >>> totals["lines"], totals["count_txt"], totals["files_that_differ"]
            (3, 5, 1)
            >>> totals["unread"], totals["noted"]  # values, not lines
            (0, 2)
        """
        sums: dict[str, int | float] = {"files": len(self.files)}
        sums |= {word: sum(file[word] for file in self.files) for word in SUMMED}
        sums["count_txt"] = sum(file["count_txt"] or 0 for file in self.files)
        sums["files_counted"] = sum(file["count_txt"] is not None for file in self.files)
        sums["files_that_differ"] = sum(bool(file["difference"]) for file in self.files)
        columns = [c for file in self.files for c in file["columns"]["by_name"].values()]
        for word in ("unread", "noted"):
            sums[word] = sum(sum((column.get(word) or {}).values()) for column in columns)
        sums["seconds"] = round(sum(file.get("seconds") or 0 for file in self.files), 3)
        return sums

    def closes(self) -> bool:
        """Whether every line of every file was kept, repaired or quarantined, and none twice."""
        return not any(True for _ in self.faults())

    def faults(self) -> Iterator[str]:
        """Each file whose lines do not add up, in one line; a fault of this program."""
        for file in self.files:
            became = file["kept"] + file["repaired"] + file["quarantined"]
            if file["lines"] != became:
                yield f"{file['file']}: {file['lines']} lines read, {became} accounted for"
            named = sum(file["reasons"].values())
            if named != file["repaired"] + file["quarantined"]:
                yield (
                    f"{file['file']}: {file['repaired'] + file['quarantined']} lines repaired or "
                    f"quarantined, {named} with a reason"
                )
            for name, column in file["columns"]["by_name"].items():
                values = column["blank"] + column["read"] + sum(column["unread"].values())
                if values != file["kept"] + file["repaired"]:
                    yield f"{file['file']}: {name}: {values} values accounted for"

    def unknown_codes(self, most: int = 20) -> list[UnknownCode]:
        """The codes their lookups do not have, those of most rows first."""
        found = [
            UnknownCode(file["table"], name, code, rows)
            for file in self.files
            for name, column in file["columns"]["by_name"].items()
            for code, rows in (column.get("unknown_codes") or {}).items()
            if code != MORE
        ]
        found.sort(key=lambda row: (-row.rows, row.table, row.column, row.code))
        return found[:most]

    def unread(self) -> list[tuple[str, str, str, int]]:
        """Table, column, reason and number of values that could not be read, most first."""
        found = [
            (file["table"], name, reason, count)
            for file in self.files
            for name, column in file["columns"]["by_name"].items()
            for reason, count in column["unread"].items()
            if count
        ]
        return sorted(found, key=lambda row: (-row[3], *row[:3]))

    def reasons(self) -> dict[str, int]:
        """Lines repaired or quarantined over all files, by reason, most first."""
        sums: dict[str, int] = {}
        for file in self.files:
            for reason, count in file["reasons"].items():
                sums[reason] = sums.get(reason, 0) + count
        return dict(sorted(sums.items(), key=lambda item: (-item[1], item[0])))

    def of(self, table: str) -> Mapping[str, Any] | None:
        """The entry of one table; None if it was not read."""
        return next((file for file in self.files if file["table"] == table), None)

    def write(self, folder: Path) -> None:
        """Write `ledger.json`, whole or not at all."""
        write_json(
            folder / LEDGER,
            {
                "release": dict(self.release),
                "as_of": self.as_of.isoformat(),
                "closes": self.closes(),
                "totals": self.totals,
                "not_in_release": list(self.not_in_release),
                "not_known": list(self.not_known),
                "files": [dict(file) for file in self.files],
            },
        )


def read_ledger(folder: Path) -> Ledger:
    """Read the ledger of a dataset.

    Raises:
        DatasetError: there is none, or it is damaged.
    """
    path = folder / LEDGER
    value = read_json(path)
    if value is None:
        raise DatasetError(f"{path}: no such file; import the release again into a new folder")
    try:
        _check(value["files"])
        return Ledger(
            release=value["release"],
            as_of=date.fromisoformat(value["as_of"]),
            files=tuple(value["files"]),
            not_in_release=tuple(value["not_in_release"]),
            not_known=tuple(value["not_known"]),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise DatasetError(f"{path}: is damaged; import the release again") from error


def _check(files: Iterable[Mapping[str, Any]]) -> None:
    """Refuse an entry that lacks a part.

    Raises:
        KeyError: it does.
    """
    for file in files:
        for word in ENTRY:
            file[word]
