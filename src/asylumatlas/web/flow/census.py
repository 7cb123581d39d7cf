"""Where the people of a log are by day: stages, custody, places, and how many moved on.

A census is counted once for each log and kept as a small file in the app's own folder. Everything
is as at the end of a day: of several events on one day the last one tells. The stage is that of
the main track, by event, outcome and what the history remembers; custody runs beside it.
"""

from __future__ import annotations

import json
import os
import secrets
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from asylumatlas import process
from asylumatlas.events import Log

FORMAT = 1  # rises when older files must be counted again
MOST_KEPT = 500  # files, about 30 kB each
# What the people at a place do there; each word has the stages of the main track it stands for.
# People held stand under "custody", whatever their stage. Those who left the process, and those who
# are to depart, are nowhere: where they are is not recorded.
KINDS = {
    "road": ("journey", "mexico_asylum", "border_city"),
    "list": ("waiting_list",),
    "port": ("port_of_entry", "between_ports", "prosecution"),
    "custody": (),
    "screening": ("screening", "affirmative", "charging"),
    "court": ("court", "appeal"),
}
START = "start"  # where the people of a log's first events come from
EVERYONE, COHORT = "everyone", "cohort"


@dataclass(frozen=True)
class Census:
    """Counts of people at the end of days.

    Attributes:
        days: the days counted, rising.
        groups: whose counts they are: `EVERYONE`, and `COHORT` where the log follows one.
        worlds: numbers of the replications counted.
        replications: how many the log has.
        moves: pairs of stages that people moved between, the first may be `START`.
        spots: pairs of place ("" for none known) and key of `KINDS`.
        stages: (groups, worlds, days, stages) people in each stage of the process, in its order;
            the custody stage counts those held, who are in another stage too.
        moved: (groups, worlds, days, moves) people who moved so far.
        at: (groups, worlds, days, spots) people at each place.
    """

    days: tuple[date, ...]
    groups: tuple[str, ...]
    worlds: tuple[int, ...]
    replications: int
    moves: tuple[tuple[str, str], ...]
    spots: tuple[tuple[str, str], ...]
    stages: NDArray[np.int32]
    moved: NDArray[np.int32]
    at: NDArray[np.int32]

    def nearest(self, day: date) -> int:
        """Return the number of the last day counted that is not after a day, 0 before the first."""
        place = int(
            np.searchsorted([each.toordinal() for each in self.days], day.toordinal(), "right")
        )
        return max(place - 1, 0)

    def of(self, what: str, group: str, world: int | None) -> NDArray[np.float64]:
        """Return counts of one world, or their medians over all.

        Args:
            what: ``stages``, ``moved`` or ``at``.
            group: one of `groups`.
            world: one of `worlds`; ``None`` for the median over them.

        Returns:
            (days, ...) people.
        """
        counts = getattr(self, what)[self.groups.index(group)]
        if world is not None:
            return np.asarray(counts[self.worlds.index(world)], np.float64)
        return np.asarray(np.median(counts, axis=0), np.float64)

    def spread(self, what: str, group: str, level: float) -> tuple[NDArray[Any], NDArray[Any]]:
        """Return the interval that holds a share of the worlds, as two arrays (days, ...)."""
        counts = getattr(self, what)[self.groups.index(group)]
        low, high = np.quantile(counts, [(1 - level) / 2, (1 + level) / 2], axis=0)
        return low, high


def census(log: Log, home: Path) -> Census:
    """Return a log's census, counted now unless it was before.

    Args:
        log: any log.
        home: the app's own folder.

    Raises:
        OSError: the log's files cannot be read.
    """
    from asylumatlas.web.flow.headcount import count

    path = home / "cache" / f"census-{FORMAT}-{_name(log)}.npz"
    found = _stored(path)
    if found is None:
        found = count(log)
        with suppress(OSError):  # a full disk, a folder that is only read: counted again next time
            _store(path, found)
            _make_room(path.parent)
    return found


def is_stored(log: Log, home: Path) -> bool:
    """Whether a log was counted before."""
    return (home / "cache" / f"census-{FORMAT}-{_name(log)}.npz").is_file()


# ---- keeping


def _name(log: Log) -> str:
    return "".join(c for c in log.manifest.checksum if c.isalnum())[:32] or "none"


def _store(path: Path, found: Census) -> None:
    """Keep a census; the file is whole or not there."""
    path.parent.mkdir(parents=True, exist_ok=True)
    words = {
        "days": [each.isoformat() for each in found.days],
        "groups": found.groups,
        "worlds": found.worlds,
        "replications": found.replications,
        "moves": found.moves,
        "spots": found.spots,
        "stage_names": list(process.load().stages),
    }
    draft = path.with_name(f".{secrets.token_hex(6)}.npz")
    try:
        with draft.open("wb") as file:
            text = np.array(json.dumps(words))
            np.savez_compressed(
                file, words=text, stages=found.stages, moved=found.moved, at=found.at
            )
        os.replace(draft, path)
    finally:
        draft.unlink(missing_ok=True)


def _make_room(folder: Path) -> None:
    """Take away those kept longest, so that results which come and go do not fill the disk."""
    kept = sorted((path.stat().st_mtime, path) for path in folder.glob("census-*.npz"))
    for _, path in kept[:-MOST_KEPT]:
        path.unlink(missing_ok=True)


def _stored(path: Path) -> Census | None:
    """Return a census that was kept, ``None`` where there is none that can be used."""
    try:
        with path.open("rb") as opened, np.load(opened) as file:
            words = json.loads(str(file["words"]))
            arrays = (file["stages"], file["moved"], file["at"])
        if words["stage_names"] != list(process.load().stages):
            return None
        return Census(
            tuple(date.fromisoformat(each) for each in words["days"]),
            tuple(words["groups"]),
            tuple(words["worlds"]),
            int(words["replications"]),
            tuple((a, b) for a, b in words["moves"]),
            tuple((a, b) for a, b in words["spots"]),
            *arrays,
        )
    except (OSError, ValueError, KeyError, TypeError, EOFError, BadZipFile):
        return None
