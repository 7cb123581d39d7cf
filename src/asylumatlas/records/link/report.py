"""What linking found: `links.json` and `refused.parquet`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from asylumatlas import process
from asylumatlas.records.link.histories import Written
from asylumatlas.records.link.order import OVERLAP, TYPES_DIFFER, VIOLATIONS
from asylumatlas.records.link.shard import Tally
from asylumatlas.records.link.sources import SOURCES
from asylumatlas.records.link.spool import Spool
from asylumatlas.records.link.verdicts import Refusals

EXAMPLES = 5

REFUSED = pa.schema(
    [
        pa.field("case_id", pa.int64()),
        pa.field("reason", pa.string()),
        pa.field("event", pa.string()),
        pa.field("position", pa.int32()),
        pa.field("date", pa.date32()),
    ]
)
"""Columns of `refused.parquet`, sorted by case."""


class Refused:
    """Writes `refused.parquet` shard by shard, and counts the reasons.

    Args:
        path: the file; it is whole when the block is left without an error, and absent else.
    """

    def __init__(self, path: Path) -> None:
        self.reasons: Counter[str] = Counter()
        self.examples: dict[str, list[int]] = {}
        self._path, self._draft = path, path.with_name(f".{path.name}.draft")
        self._file = pq.ParquetWriter(self._draft, REFUSED, compression="zstd")

    def __enter__(self) -> Refused:
        return self

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        self._file.close()
        if kind is None:
            self._draft.replace(self._path)
        else:
            self._draft.unlink(missing_ok=True)

    def add(self, some: Refusals) -> None:
        """Take the refused histories of the next shard."""
        counts = np.bincount(some.reason, minlength=len(some.reasons))
        for code, reason in enumerate(some.reasons):
            self.reasons[reason] += int(counts[code])
            kept = self.examples.setdefault(reason, [])
            if len(kept) < EXAMPLES:
                kept += some.case_id[some.reason == code][: EXAMPLES - len(kept)].tolist()
        columns = [
            pa.array(some.case_id),
            _words(some.reason, some.reasons),
            _words(some.event, process.event_codes()),
            pa.array(some.position, pa.int32()),
            pa.array(some.date, pa.int32()).cast(pa.date32()),
        ]
        self._file.write_table(pa.Table.from_arrays(columns, schema=REFUSED))


def _words(numbers: Any, words: Sequence[str]) -> pa.Array:
    """Return words by their codes."""
    indices = pa.array(numbers, pa.int32())
    return pa.DictionaryArray.from_arrays(indices, pa.array(words, pa.string())).cast(pa.string())


def links(
    spool: Spool, written: Sequence[Written], refused: Refused, as_of: date
) -> dict[str, Any]:
    """Return what linking found as plain data.

    Args:
        spool: the tables.
        written: the shards, in order.
        refused: the refused histories.
        as_of: the day of the release.
    """
    tally = Tally()
    for shard in written:
        tally.add(shard.tally)
    events = sum((shard.events for shard in written), np.zeros((1, 1), np.int64))
    in_order = [*VIOLATIONS, OVERLAP]
    told = set(in_order)
    return {
        "as_of": as_of.isoformat(),
        "cases": len(spool.cases),
        "cases_recorded": spool.recorded,
        "events": int(events.sum()),
        "events_by_kind": _by_kind(events),
        "events_left_out": _nested(tally.left_out),
        "tables": _tables(spool, tally),
        "tables_missing": [s.table for s in SOURCES if s.table not in spool.counts],
        "order_violations": {name: _with_examples(tally, name) for name in in_order},
        "found": {
            name: _with_examples(tally, name) for name in sorted(tally.found) if name not in told
        }
        | {TYPES_DIFFER: _with_examples(tally, TYPES_DIFFER)},
        "histories": _histories(written, refused, len(spool.cases)),
    }


def _with_examples(tally: Tally, name: str) -> dict[str, Any]:
    entry: dict[str, Any] = {"count": tally.found[name]}
    if tally.examples.get(name):
        entry["examples"] = tally.examples[name]
    return entry


def _by_kind(events: Any) -> dict[str, dict[str, int]]:
    """Number of events by event and outcome; the empty outcome is that of events without one."""
    outcomes = ("", *process.outcome_codes())
    return {
        event: {outcomes[o]: int(n) for o, n in enumerate(events[code].tolist()) if n}
        for code, event in enumerate(process.event_codes())
        if code < len(events) and events[code].any()
    }


def _nested(counts: Counter[tuple[str, str]]) -> dict[str, dict[str, int]]:
    result: dict[str, dict[str, int]] = {}
    for (name, reason), count in sorted(counts.items()):
        if count:
            result.setdefault(name, {})[reason] = count
    return result


def _tables(spool: Spool, tally: Tally) -> dict[str, Any]:
    """Rows used and not used, by table."""
    unused = _nested(tally.unused)
    result = {}
    for table, count in spool.counts.items():
        reasons = dict(sorted((Counter(count.dropped) + Counter(unused.get(table, {}))).items()))
        lost = sum(reasons.values())
        result[table] = {"rows": count.rows, "used": count.rows - lost, "not_used": reasons}
    return result


def _histories(written: Sequence[Written], refused: Refused, cases: int) -> dict[str, Any]:
    """How many histories could have happened in this process, and why the others could not."""
    replayed = sum(shard.with_events for shard in written)
    count = sum(refused.reasons.values())
    ordered = sorted(refused.reasons.items(), key=lambda item: (-item[1], item[0]))
    return {
        "replayed": replayed,
        "without_events": cases - replayed,
        "accepted": replayed - count,
        "refused": count,
        "accepted_share": _share(replayed - count, replayed),
        "refused_by_reason": [
            {
                "reason": reason,
                "count": some,
                "share": _share(some, replayed),
                "examples": refused.examples[reason],
            }
            for reason, some in ordered
        ],
    }


def _share(part: int, whole: int) -> float | None:
    return round(part / whole, 6) if whole else None
