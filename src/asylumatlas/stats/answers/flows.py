"""Who is where after n days."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from asylumatlas import process
from asylumatlas.stats.answers.asked import Asked, Row
from asylumatlas.stats.answers.shares import middle
from asylumatlas.stats.answers.worlds import figures, real
from asylumatlas.stats.counts import Counts
from asylumatlas.stats.estimate.states import Moves, Occupation, Standing, state_occupation
from asylumatlas.stats.tallies import Words

AFTER = (0, 30, 90, 180, 365, 730, 1095, 1825)
"""Days after the origin at which it is said who is where."""

BLIND = 0.05
"""Above this share of cases in stages where nobody is in sight any more, a day is left out."""


def flows(asked: Asked, counts: Counts) -> Iterator[Row]:
    """Yield the share of the cohort in each stage after some numbers of days."""
    grid = asked.grid(counts)
    if not grid.cells or not len(grid.cell):
        return
    named = _named(counts)
    stages = [name for name in process.load().stages if name in named]
    alone = not (asked.worlds.many or asked.worlds.pooled)  # one world: its own interval
    found = _occupation(asked, counts, stages, with_errors=alone)
    share = grid.shaped(found.share)
    seen = found.blind <= BLIND
    days = [t for t in range(len(AFTER)) if seen[:, t].any()]
    ends = found.interval() if alone else (found.share, found.share)
    low, high = (grid.shaped(end) for end in ends)
    for k, group in enumerate(grid.groups):
        size = middle(grid.shaped(found.size)[k])
        words, flag = asked.labels(group), {"flag": asked.flag(group, size)}
        for t in days:
            known = grid.shaped(seen)[k, :, t]
            for s, stage in enumerate(stages):
                own = np.where(known, share[k, :, t, s], np.nan)
                if np.isnan(own).all():
                    continue
                if asked.worlds.many:
                    row = figures(own, asked.worlds)
                elif asked.worlds.pooled:
                    row = {"value": real(own[0]), "low95": None, "high95": None}
                else:
                    row = {"value": real(own[0]), "low95": real(low[k, 0, t, s])}
                    row |= {"high95": real(high[k, 0, t, s])}
                place = {"after_days": AFTER[t], "stage": stage, "cases": size}
                yield words | place | row | flag


def _named(counts: Counts) -> set[str]:
    """The stages that occur."""
    columns = [counts.coded[name] for name in ("stage", "next")]
    return {word for column in columns if isinstance(column, Words) for word in column.words}


def _occupation(asked: Asked, counts: Counts, stages: list[str], with_errors: bool) -> Occupation:
    soon = counts["day"] <= AFTER[-1]  # what comes later changes nothing before
    origin, target = (_places(counts, name, stages)[soon] for name in ("stage", "next"))
    day, number = counts["day"][soon], counts["n"][soon]
    grid = asked.grid(counts)
    cell = grid.cell[soon]
    starts, lost = origin < 0, target < 0
    moves = ~starts & ~lost
    return state_occupation(
        Moves(
            day[moves],
            np.zeros(int(moves.sum()), np.int64),
            origin[moves],
            target[moves],
            number[moves],
            cell[moves],
        ),
        Standing(day[starts], target[starts], number[starts], cell[starts]),
        Standing(day[lost], origin[lost], number[lost], cell[lost]),
        len(stages),
        AFTER,
        grid.cells,
        errors=with_errors,
    )


def _places(counts: Counts, name: str, stages: list[str]) -> NDArray[np.int64]:
    """(n,) place of each row's stage, -1 where there is none."""
    column = counts.coded[name]
    assert isinstance(column, Words)
    table = [stages.index(word) for word in column.words]
    return np.array([*table, -1], np.int64)[column.codes]
