"""Counting a log for its census: events in, people by day out, with arrays and no query engine.

A part is read at a time. Each event leads to a stage, into custody or out of it, and to a place;
the last event of a case and day holds from that day until the case's next one. What enters and
leaves is added up by day, and the sums over days are the counts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from asylumatlas import process
from asylumatlas.events import Log
from asylumatlas.web.flow.census import COHORT, EVERYONE, KINDS, START, Census
from asylumatlas.web.flow.heldplaces import held_places

MOST_DAYS = 400  # a longer log is counted every so many days
MOST_WORLDS = 40

Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]


def count(log: Log) -> Census:
    """Count a log, part by part; `MOST_WORLDS` and `MOST_DAYS` bound the work and the result."""
    days = _days(log)
    worlds = log.replications[:MOST_WORLDS]
    cohort = _cohort(log)
    tally = _Tally(days, worlds, (EVERYONE, COHORT) if cohort else (EVERYONE,))
    for part in log.manifest.parts:
        if set(part["replications"]) & set(worlds):
            tally.add(_read(log, part, cohort))
    return tally.census(len(log.replications))


# ---- reading


@dataclass
class _Rows:
    """Events of a part, sorted by world, case and order; -1 for no word.

    Attributes:
        case: (rows,) number of the case within the part, rising.
        world: (rows,) replication.
        day: (rows,) ordinal of the date.
        point: (rows,) code of event and outcome in `process.load().machine.points`.
        place: (rows,) number in `places`.
        places: the words.
        cohort: (rows,) whether the case is of the cohort.
        held_at: (rows,) number in `places` where the case is held once it is, -1 where unknown.
    """

    case: Ints
    world: Ints
    day: Ints
    point: Ints
    place: Ints
    places: list[str]
    cohort: Flags
    held_at: Ints


def _read(log: Log, part: Mapping[str, Any], cohort: frozenset[str]) -> _Rows:
    import pyarrow.parquet as pq

    columns = ["replication", "case_id", "date", "event", "outcome", "place"]
    table = pq.read_table(log.folder / part["events"]["file"], columns=columns)
    extra = [name for name in ("feed",) if name in log.manifest.extra]
    held = held_places(log.manifest.details, log.manifest.extra)
    names = [
        "replication",
        "case_id",
        *extra,
        *(name for name in held.columns if name not in extra),
    ]
    people = pq.read_table(log.folder / part["cases"]["file"], columns=names)
    key = _key(table)
    starts = np.flatnonzero(np.concatenate([[True], key[1:] != key[:-1]])) if len(key) else key
    case = np.zeros(len(key), np.int64)
    case[starts[1:]] = 1
    case = np.cumsum(case)
    row = np.searchsorted(_key(people), key[starts]) if len(key) else key
    codes, words = _words(table["place"])
    for word in held.places:
        if word not in words:
            words.append(word)
    at = held.at({name: _texts(people[name]) for name in held.columns}, words, people.num_rows)
    member = (
        np.isin(_texts(people["feed"]), list(cohort)) if cohort else np.zeros(people.num_rows, bool)
    )
    return _Rows(
        case=case,
        world=np.asarray(table["replication"].to_numpy(), np.int64),
        day=np.asarray(table["date"].cast("int32").to_numpy(), np.int64) + _EPOCH,
        point=_points(table),
        place=codes,
        places=words,
        cohort=member[row][case],
        held_at=at[row][case],
    )


_EPOCH = date(1970, 1, 1).toordinal()


def _key(table: Any) -> Ints:
    """Return (rows,) one number for each case of a part."""
    world = np.asarray(table["replication"].to_numpy(), np.int64)
    return (world << 48) | np.asarray(table["case_id"].to_numpy(), np.int64)


def _words(column: Any) -> tuple[Ints, list[str]]:
    """Return (rows,) numbers of words, -1 for none, and the words."""
    import pyarrow as pa

    joined = column.unify_dictionaries().combine_chunks() if column.num_chunks else column
    if isinstance(joined, pa.ChunkedArray):
        joined = joined.chunk(0) if joined.num_chunks else pa.array([], column.type)
    codes = joined.indices.fill_null(-1).to_numpy(zero_copy_only=False)
    return np.asarray(codes, np.int64), joined.dictionary.to_pylist()


def _texts(column: Any) -> NDArray[Any]:
    codes, words = _words(column)
    return np.array([*words, ""], object)[codes]


def _points(table: Any) -> Ints:
    """Return (rows,) the code of each event with its outcome, -1 for one the process lacks."""
    events, event_words = _words(table["event"])
    outcomes, outcome_words = _words(table["outcome"])
    codes = process.load().machine.codes
    pairs = np.full((len(event_words) + 1, len(outcome_words) + 1), -1, np.int64)
    for e, event in enumerate(event_words):
        for o, outcome in enumerate([*outcome_words, None]):
            pairs[e, o] = codes.get((event, outcome), -1)
    found: Ints = pairs[events, outcomes]
    return found


def _days(log: Log) -> tuple[date, ...]:
    """Return the days to count: all of them, or every so many, the last one always."""
    first, last = _first_day(log), log.as_of
    span = max((last - first).days, 0)
    step = -(-(span + 1) // MOST_DAYS)
    offsets = sorted({*range(span, -1, -step), span})
    return tuple(first + timedelta(days=each) for each in offsets)


def _first_day(log: Log) -> date:
    """Return a simulation's first day, else that by which a thousandth of the events was."""
    scenario = log.manifest.details.get("scenario")
    if isinstance(scenario, Mapping) and isinstance(scenario.get("from"), str):
        return date.fromisoformat(scenario["from"])
    import pyarrow.parquet as pq

    found = [log.as_of.toordinal()]
    for part in log.manifest.parts[:4]:
        table = pq.read_table(log.folder / part["events"]["file"], columns=["date"])
        days = np.asarray(table["date"].cast("int32").to_numpy(), np.int64) + _EPOCH
        if len(days):
            found.append(int(np.quantile(days, 0.001)))
    return date.fromordinal(min(found))


def _cohort(log: Log) -> frozenset[str]:
    """Return the feeds that the log says it follows."""
    scenario = log.manifest.details.get("scenario")
    if not isinstance(scenario, Mapping) or "feed" not in log.manifest.extra:
        return frozenset()
    return frozenset(str(each) for each in scenario.get("cohort") or ())


# ---- the process as tables


@cache
def _stage_of() -> Ints:
    """Return (points,) the stage after each point of the main track, -1 for the other tracks."""
    known = process.load()
    order = {name: number for number, name in enumerate(known.stages)}
    found = [
        order[known.events[point.event].stage_after(point.outcome)]
        if known.events[point.event].track == "main"
        else -1
        for point in known.machine.points
    ]
    return np.array([*found, -1], np.int64)


@cache
def _holding() -> Ints:
    """Return (points,) 1 where a point leads into custody, 0 where out of it, -1 for neither."""
    states = process.load().transitions.custody
    found = []
    for point in process.load().machine.points:
        into = {state.moves[point] for state in states.values() if point in state.moves}
        out = point in states["held"].moves
        found.append(1 if "held" in into else 0 if out else -1)
    return np.array([*found, -1], np.int64)


def _flag_after(rows: _Rows, name: str) -> Flags:
    """Return (rows,) whether a flag of the process is set after each event."""
    flag = process.load().transitions.flags[name]
    sets, flips = [], []
    for point in process.load().machine.points:
        final = 1 if point in flag.set_by else 0 if point in flag.cleared_by else -1
        if final == 0 and point in flag.flipped_by:
            final = 1
        sets.append(final)
        flips.append(final < 0 and point in flag.flipped_by)
    told = np.array([*sets, -1])[rows.point]
    turned = np.cumsum(np.array([*flips, False])[rows.point])
    last = _last(told >= 0, rows.case)
    base = np.where(last >= 0, told[last], 0)
    first = np.searchsorted(rows.case, rows.case)  # before a case's first event nothing is set
    before = np.where(first > 0, turned[first - 1], 0)
    since = turned - np.where(last >= 0, turned[last], before)
    return np.asarray((base + since) % 2 == 1)


def _last(chosen: Flags, case: Ints) -> Ints:
    """Return (rows,) the row of the last one chosen in the case up to each row, -1 for none."""
    found = np.maximum.accumulate(np.where(chosen, np.arange(len(chosen)), -1))
    return np.where((found >= 0) & (case[found] == case), found, -1)


def _stage_after(rows: _Rows) -> Ints:
    """Return (rows,) the stage after each event, -1 before the first one of the main track."""
    known = process.load()
    own = _stage_of()[rows.point]
    points = known.machine.points
    for rule in known.transitions.stage_rules:
        codes = [code for code, point in enumerate(points) if point in rule.points]
        hit = np.isin(rows.point, codes)
        if hit.any():
            hit &= _flag_after(rows, rule.when)
            own = np.where(hit, list(known.stages).index(rule.stage), own)
    last = _last(own >= 0, rows.case)
    return np.where(last >= 0, own[last], -1)


# ---- counting


class _Tally:
    """Adds up parts: who enters and leaves what, by day; the sums are taken at the end."""

    def __init__(self, days: Sequence[date], worlds: Sequence[int], groups: Sequence[str]) -> None:
        self.days, self.worlds, self.groups = tuple(days), tuple(worlds), tuple(groups)
        self.stages = list(process.load().stages)
        self.spots: dict[tuple[str, str], int] = {}
        self.moves: dict[tuple[str, str], int] = {}
        width = len(self.stages)
        self._stage = self._empty(width)
        self._at: Ints = self._empty(0)
        self._moved: Ints = self._empty(0)
        self._ordinals = np.array([each.toordinal() for each in days])

    def _empty(self, width: int) -> Ints:
        # one day more, for what happens after the last
        return np.zeros((len(self.groups), len(self.worlds), len(self.days) + 1, width), np.int64)

    def add(self, rows: _Rows) -> None:
        """Count the events of a part."""
        if not len(rows.case):
            return
        keep = np.isin(rows.world, self.worlds)
        world = np.searchsorted(self.worlds, np.where(keep, rows.world, self.worlds[0]))
        day = np.searchsorted(self._ordinals, rows.day)  # the first day counted that has seen it
        stage = _stage_after(rows)
        held = self._held(rows)
        self._add_moves(rows, stage, world, day, keep)
        last = np.ones(len(day), bool)  # of its case and day
        last[:-1] = (rows.case[1:] != rows.case[:-1]) | (rows.day[1:] != rows.day[:-1])
        last &= keep
        spans = _Spans(rows.case[last], world[last], day[last], rows.cohort[last])
        self._stage += spans.counts(stage[last], len(self.stages), self._stage.shape)
        custody = np.where(held[last], self.stages.index("custody"), -1)
        self._stage += spans.counts(custody, len(self.stages), self._stage.shape)
        spot = self._spot(rows, stage, held)[last]
        self._at = _widened(self._at, len(self.spots))
        self._at += spans.counts(spot, len(self.spots), self._at.shape)

    def _held(self, rows: _Rows) -> Flags:
        told = _holding()[rows.point]
        last = _last(told >= 0, rows.case)
        return np.asarray((last >= 0) & (told[last] == 1))

    def _add_moves(self, rows: _Rows, stage: Ints, world: Ints, day: Ints, keep: Flags) -> None:
        """Count who moved from stage to stage, event by event."""
        before = np.full(len(stage), -1)
        before[1:] = np.where(rows.case[1:] == rows.case[:-1], stage[:-1], -1)
        moved = np.flatnonzero((stage >= 0) & (stage != before) & keep)
        names, width = [START, *self.stages], len(self.stages)
        pair = (before[moved] + 1) * width + stage[moved]
        column = _numbered(pair, lambda k: (names[k // width], self.stages[k % width]), self.moves)
        self._moved = _widened(self._moved, len(self.moves))
        for group, mask in enumerate(self._masks(rows.cohort[moved])):
            np.add.at(self._moved[group], (world[moved][mask], day[moved][mask], column[mask]), 1)

    def _masks(self, cohort: Flags) -> Iterator[Flags]:
        yield np.ones(len(cohort), bool)
        if COHORT in self.groups:
            yield cohort

    def _spot(self, rows: _Rows, stage: Ints, held: Flags) -> Ints:
        """Return (rows,) the number of the place and kind after each event, -1 for nowhere."""
        kinds = list(KINDS)
        kind_of = np.full(len(self.stages) + 1, -1)
        for number, stages in enumerate(KINDS.values()):
            kind_of[[self.stages.index(each) for each in stages]] = number
        kind = np.where(held, kinds.index("custody"), kind_of[stage])
        last = _last(rows.place >= 0, rows.case)
        place = np.where(last >= 0, rows.place[last], -1)
        place = np.where(held & (rows.held_at >= 0), rows.held_at, place)
        code = np.where(kind >= 0, (place + 1) * len(kinds) + kind, -1)
        names, width = ["", *rows.places], len(kinds)
        return _numbered(code, lambda k: (names[k // width], kinds[k % width]), self.spots)

    def census(self, replications: int) -> Census:
        """Return what was counted."""
        return Census(
            days=self.days,
            groups=self.groups,
            worlds=self.worlds,
            replications=replications,
            moves=tuple(self.moves),
            spots=tuple(self.spots),
            stages=_summed(self._stage),
            moved=_summed(_widened(self._moved, len(self.moves))),
            at=_summed(_widened(self._at, len(self.spots))),
        )


def _summed(changes: Ints) -> NDArray[np.int32]:
    """Return counts by day from changes by day, without those after the last day."""
    return np.cumsum(changes, axis=2)[:, :, :-1].astype(np.int32)


Pair = tuple[str, str]


def _numbered(codes: Ints, pair: Callable[[int], Pair], known: dict[Pair, int]) -> Ints:
    """Return (rows,) the number of what each code stands for, -1 for codes below 0.

    Args:
        codes: (rows,) numbers.
        pair: what a number stands for.
        known: the numbers given so far; new ones are added.
    """
    met, place = np.unique(codes, return_inverse=True)
    numbers = [-1 if k < 0 else known.setdefault(pair(k), len(known)) for k in met.tolist()]
    return np.array(numbers, np.int64)[place]


@dataclass
class _Spans:
    """The last events of each case and day, in order: each holds until the case's next one."""

    case: Ints
    world: Ints
    day: Ints
    cohort: Flags

    def counts(self, value: Ints, width: int, shape: tuple[int, ...]) -> Ints:
        """Return changes by day: one more where a value begins to hold, one less where it ends.

        Args:
            value: (events,) what holds from each event on, -1 for nothing.
            width: how many values there are.
            shape: of the result: groups, worlds, days, width.
        """
        found = np.zeros(shape, np.int64)
        goes_on = np.zeros(len(value), bool)
        goes_on[:-1] = self.case[1:] == self.case[:-1]
        until = np.append(self.day[1:], 0)
        for group in range(shape[0]):
            of_group = value >= 0 if group == 0 else (value >= 0) & self.cohort
            flat = found[group].reshape(-1)
            for sign, chosen, day in ((1, of_group, self.day), (-1, of_group & goes_on, until)):
                at = (self.world[chosen] * shape[2] + day[chosen]) * width + value[chosen]
                flat += sign * np.bincount(at, minlength=len(flat))
        return found


def _widened(counts: Ints, width: int) -> Ints:
    """Return counts with room for more columns."""
    more = width - counts.shape[-1]
    return counts if more <= 0 else np.pad(counts, [(0, 0)] * 3 + [(0, more)])
