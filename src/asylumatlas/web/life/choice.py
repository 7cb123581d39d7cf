"""Which simulated life is told when nobody asks for one: one in which much happens."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

from asylumatlas.events import Log

EVENTFUL = 0.9  # a life is chosen among those with more kinds of events than this share has


def choose(log: Log, world: int, number: int) -> int | None:
    """Return the case of a life with an interesting course, ``None`` where there is nobody.

    Args:
        log: a log.
        world: one of its replications.
        number: any number; another number is likely another life.
    """
    import numpy as np
    import pyarrow.parquet as pq

    parts = [part for part in log.manifest.parts if world in part["replications"]]
    if not parts:
        return None
    part = parts[_pick(f"{log.fingerprint} {world} part {number}", len(parts))]
    only = [("replication", "==", world)]
    path = log.folder / part["events"]["file"]
    table = pq.read_table(path, columns=["case_id", "event"], filters=only)
    cases = np.asarray(table["case_id"].to_numpy(), np.int64)
    if not len(cases):
        return None
    column = table["event"].unify_dictionaries().combine_chunks()
    events = np.asarray(_joined(column).indices.to_numpy(zero_copy_only=False), np.int64)
    pairs = np.unique(np.column_stack([cases, events]), axis=0)
    known, kinds = np.unique(pairs[:, 0], return_counts=True)
    chosen = np.isin(known, _followed(log, part, world))
    if not chosen.any():
        chosen = np.ones(len(known), bool)
    known, kinds = known[chosen], kinds[chosen]
    eventful = known[kinds >= np.quantile(kinds, EVENTFUL)]
    return int(eventful[_pick(f"{log.fingerprint} {world} {number}", len(eventful))])


def _joined(column: Any) -> Any:
    return column.chunk(0) if hasattr(column, "chunk") else column


def _followed(log: Log, part: Mapping[str, Any], world: int) -> Any:
    """Return the cases of the feeds that the log's scenario follows, all where it follows none."""
    import numpy as np
    import pyarrow.parquet as pq

    scenario = log.manifest.details.get("scenario")
    cohort = list(scenario.get("cohort") or ()) if isinstance(scenario, Mapping) else []
    columns = ["case_id", *(["feed"] if "feed" in log.manifest.extra else [])]
    only = [("replication", "==", world)]
    table = pq.read_table(log.folder / part["cases"]["file"], columns=columns, filters=only)
    cases = np.asarray(table["case_id"].to_numpy(), np.int64)
    if not cohort or len(columns) == 1:
        return cases
    return cases[np.isin(np.array(table["feed"].to_pylist(), object), cohort)]


def _pick(text: str, many: int) -> int:
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "big") % many
