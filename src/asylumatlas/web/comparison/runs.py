"""What runs measured, beside the counts that were published then, and how two of them differ.

A scenario of something that was reported names the published counts; a run's summary sets its own
interval beside each. Here several runs stand beside the same counts, and the first two are compared
by `asylumatlas.sim.compare`, world by world where they share their random numbers.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

from asylumatlas.pictures import Chart
from asylumatlas.stats.errors import StatsError
from asylumatlas.summary import source_ids
from asylumatlas.web.shelf import Shelf, ShelfLog

Row = dict[str, Any]

COUNT = ("id", "measure", "label", "place", "date", "unit", "reported", "qualifier", "outlet")
RANGES = ("median", "low80", "high80", "low95", "high95", "inside80", "inside95")
DIFFERENCES = ("a", "b", "difference", "low95", "high95", "mean", "mean_low95", "mean_high95")
COLUMNS = (
    *("part", "log", "measure", "label", "unit", "place", "date", "reported", "qualifier"),
    *("outlet", "source", "role", *RANGES, "difference", "mean", "mean_low95", "mean_high95"),
    *("paired", "note"),
)


@dataclass(frozen=True)
class Measured:
    """What runs say.

    Attributes:
        logs: the runs, the first of which the second is compared with.
        summaries: what each says of itself, in the same order.
        counts: one row for each published count: what it is, and in ``runs`` the interval of each
            run by name; a run that does not know of the count is missing there.
        comparison: of the first two, as `asylumatlas.sim.compare.compare` gives it; None for one.
        refused: why the first two cannot be compared; "".
    """

    logs: tuple[ShelfLog, ...]
    summaries: tuple[Mapping[str, Any], ...]
    counts: tuple[Row, ...]
    comparison: Mapping[str, Any] | None
    refused: str

    @property
    def pairing(self) -> str:
        """Whether the first two are paired, or why not; as in `comparison_series.Series`."""
        if self.comparison is None or self.comparison["paired"]:
            return "paired"
        a, b = self.summaries[:2]
        if a["seed"] != b["seed"]:
            return "other_seed"
        return "other_scale" if a.get("scale") != b.get("scale") else "other_replications"

    def to_dict(self) -> dict[str, Any]:
        """Return all of it as plain data; ``compare`` is what the command line prints."""
        return {
            "what": "measures",
            "runs": [
                {
                    "log": log.name,
                    "title": log.title,
                    "note": log.note,
                    "fingerprint": log.fingerprint,
                    **{key: said[key] for key in ("scenario", "seed", "replications", "command")},
                    **{key: said[key] for key in ("from", "to", "caveats")},
                    "scale": said.get("scale", 1.0),
                }
                for log, said in zip(self.logs, self.summaries, strict=True)
            ],
            "counts": list(self.counts),
            "compare": self.comparison,
            "not_compared": self.refused or None,
        }

    def to_json(self) -> str:
        """Return all of it as the text of a JSON file."""
        return json.dumps(self.to_dict(), indent=1) + "\n"

    def to_csv(self) -> str:
        """Return a row for each count and run, then one for each measure that was compared."""
        text = io.StringIO()
        writer = csv.DictWriter(text, COLUMNS, restval="", extrasaction="ignore")
        writer.writeheader()
        writer.writerows({key: _plain(value) for key, value in row.items()} for row in self._rows())
        return text.getvalue()

    def _rows(self) -> Iterator[Row]:
        notes = {log.name: log.note for log in self.logs}
        for count in self.counts:
            for name, ranges in count["runs"].items():
                yield {**count, **ranges, "part": "count", "log": name, "note": notes[name]}
        if self.comparison is None:
            return
        pair = [log.name for log in self.logs[:2]]
        for row in self.comparison["rows"]:
            said = {key: row[key] for key in ("measure", "label", "unit", "paired")}
            both = {"part": "difference", "log": f"{pair[1]} less {pair[0]}", **said}
            yield {**both, **{key: row[key] for key in DIFFERENCES[2:]}, "note": notes[pair[1]]}


def runs(shelf: Shelf) -> list[ShelfLog]:
    """Return the logs that are of runs, the shelf's first ones first."""
    return [log for log in shelf.all() if is_run(log)]


def is_run(log: ShelfLog) -> bool:
    """Whether a log lies in the folder of a run, with what the run says of itself."""
    return (log.folder / "summary.json").is_file()


def measured(logs: Sequence[ShelfLog]) -> Measured:
    """Return what runs say beside what was published.

    Args:
        logs: of runs; the first two are compared.

    Raises:
        StatsError: none is given, or one is of no run.
    """
    if not logs:
        raise StatsError(
            "log: no run is on this server. Start one at /what-if, or serve one: --log NAME=DIR."
        )
    for log in logs:
        if not is_run(log):
            raise StatsError(
                f"log: {log.name} is of no run, so it measured nothing. Compare a statistic of it."
            )
    summaries = tuple(_summary(log) for log in logs)
    found, refused = _compared(logs)
    return Measured(tuple(logs), summaries, tuple(_counts(logs, summaries)), found, refused)


def _summary(log: ShelfLog) -> Mapping[str, Any]:
    try:
        found: Mapping[str, Any] = json.loads((log.folder / "summary.json").read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise StatsError(f"log: {log.name}: its summary cannot be read ({error}).") from error
    return found


def _compared(logs: Sequence[ShelfLog]) -> tuple[Mapping[str, Any] | None, str]:
    from asylumatlas.sim.compare import CompareError, compare

    if len(logs) < 2:
        return None, ""
    try:
        return compare(logs[0].folder, logs[1].folder), ""
    except CompareError as error:
        text = str(error)
        for log in logs[:2]:  # where the folders are is nobody's business
            text = text.replace(str(log.folder), log.name)
        return None, text


def _counts(logs: Sequence[ShelfLog], summaries: Sequence[Mapping[str, Any]]) -> Iterator[Row]:
    """Every published count, those held back first, then by day; each with all runs' intervals."""
    rows: dict[tuple[Any, ...], Row] = {}
    for log, summary in zip(logs, summaries, strict=True):
        for row in summary.get("reported", ()):
            key = (row["id"], row.get("measure"), row["date"])
            count = rows.setdefault(key, _count(row))
            count["runs"][log.name] = {name: row[name] for name in RANGES}
    yield from sorted(rows.values(), key=lambda row: (row["role"] == "input", row["date"]))


def _count(row: Mapping[str, Any]) -> Row:
    said = {name: row.get(name) for name in COUNT}
    return {
        **said,
        "source": list(source_ids(row["source"])),
        "role": row["role"],
        "note": row.get("note") or "",
        "runs": {},
    }


def _plain(value: object) -> object:
    """A cell of CSV."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list | tuple):
        return " ".join(map(str, value))
    return "" if value is None else value


# ---- the picture


def picture(found: Measured) -> Chart | None:
    """Return the runs' intervals as parts of the published counts; None where there are none.

    People, names and days cannot share an axis; how far each is from its count can.
    """
    from asylumatlas.tablecharts import chart

    titles = named(found.logs)
    rows = [
        {"count": said, "log": name, "flag": "", **ranges, "published": 1.0}
        for said, count in zip(_unique(found.counts), found.counts, strict=True)
        if count["reported"]
        for name, ranges in _parts(count)
    ]
    if not rows:
        return None
    sources = [
        SimpleNamespace(log=title, fingerprint=log.fingerprint, as_of=log.as_of, note=log.note)
        for log, title in zip(found.logs, titles.values(), strict=True)
    ]
    table: Any = SimpleNamespace(
        statistic="measures",
        label="Simulated counts as a part of those published",
        question="How near do the simulated counts come to those published?",
        kind="count",
        unit="times the published count",
        definition="ratio",
        definition_label="simulated count / published count",
        by=("count",),
        columns=(),
        rows=rows,
        sources=sources,
        caveats=(),
        reason="",
        labels={"log": titles},
        cite_as=(),
    )
    return chart(table)


def named(logs: Sequence[ShelfLog]) -> dict[str, str]:
    """Return what runs are called, by name; those of one title by their names too."""
    titles = [log.title for log in logs]
    return {
        log.name: log.title if titles.count(log.title) == 1 else f"{log.title} ({log.name})"
        for log in logs
    }


def _unique(counts: Sequence[Row]) -> list[str]:
    """A name for each count, with its day and its outlet where two share one."""
    names = [str(count["label"]) for count in counts]
    for part in ("date", "outlet"):
        names = [
            name if names.count(name) == 1 else f"{name}, {count[part]}"
            for name, count in zip(names, counts, strict=True)
        ]
    return names


def _parts(count: Row) -> Iterator[tuple[str, dict[str, float | None]]]:
    for name, ranges in count["runs"].items():
        known = {"value": ranges["median"]} | {
            key: ranges[key] for key in ("low80", "high80", "low95", "high95")
        }
        yield (
            name,
            {key: None if v is None else v / count["reported"] for key, v in known.items()},
        )
