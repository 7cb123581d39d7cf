"""Who is where after n days: the general Aalen-Johansen estimator of state occupation.

Cases move between any number of states, some are seen only from a later day on, and some are lost
from sight while they stand in a state. Input is counts of moves, of first sights and of losses.

The time axis is (day, order). A case that goes from A to B to C on one day makes two moves of that
day, with orders 0 and 1, and the moves of one order happen at once. Without this a chain within a
day could not be told from two cases crossing. Within a day those who come into sight come first,
then the moves order by order, then those lost from sight. With nobody lost and nobody late, the
estimate is exactly the share of cases standing in each state at the end of each day.

The estimate does not ask that the future depend on the present state only: occupation shares are
right for other processes too, as long as being lost from sight has nothing to do with the case
(Datta and Satten 2001, Statistics and Probability Letters 55, 403-411).
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import ArrayLike

from asylumatlas.stats.estimate.checks import EstimateError, Ints, Numbers, same_length, whole
from asylumatlas.stats.estimate.shares import Interval, score_interval


@dataclass(frozen=True)
class Moves:
    """Counts of moves, one row each; rows may repeat and come in any order.

    Attributes:
        day: days since the origin.
        order: place of the move among the case's moves of that day, from 0.
        origin: state left.
        target: state entered.
        count: cases that made the move.
        group: whole number from 0; all 0 if left out.
    """

    day: ArrayLike
    order: ArrayLike
    origin: ArrayLike
    target: ArrayLike
    count: ArrayLike
    group: ArrayLike | None = None


@dataclass(frozen=True)
class Standing:
    """Counts of cases that come into sight, or are lost from it, in a state.

    Attributes:
        day: days since the origin.
        state: where they stand.
        count: number of cases.
        group: whole number from 0; all 0 if left out.
    """

    day: ArrayLike
    state: ArrayLike
    count: ArrayLike
    group: ArrayLike | None = None


@dataclass(frozen=True)
class Occupation:
    """Where cases are at the end of the days asked for.

    Attributes:
        days: (days,) days since the origin.
        share: (groups, days, states) estimated share of cases in each state; each sums to 1.
        in_sight: (groups, days, states) cases in sight in each state, those lost that day too.
        blind: (groups, days) share of cases estimated to stand in a state that cases leave, but
            where nobody is in sight any more: above a few hundredths, do not use the day.
        size: (groups,) cases seen from their origin.
        variance: (groups, days, states) variance of the share; None unless asked for.
    """

    days: Ints
    share: Numbers
    in_sight: Ints
    blind: Numbers
    size: Ints
    variance: Numbers | None

    def interval(self, level: float = 0.95) -> Interval:
        """(groups, days, states) ends of Wilson's interval at the effective number of cases.

        The effective number is ``p (1 - p) / variance``: the number of cases fully seen that would
        say as much. Where the share is 0 or 1 it is the number seen from their origin.

        Raises:
            EstimateError: the variance was not asked for.
        """
        if self.variance is None:
            raise EstimateError("errors: no variance was made; call with errors=True")
        size = np.broadcast_to(self.size[:, None, None], self.share.shape).astype(np.float64)
        spread = self.share * (1 - self.share)
        inner = (spread > 1e-12) & (self.variance > 0)
        size = np.divide(spread, self.variance, out=size.copy(), where=inner)
        return score_interval(self.share * size, size, level)


def state_occupation(
    moves: Moves,
    starts: Standing,
    lost: Standing,
    states: int,
    days: ArrayLike,
    groups: int = 1,
    errors: bool = False,
) -> Occupation:
    """The share of cases in each state at the end of each day asked for.

    The product over (day, order) of the matrices with entries ``moves / cases in sight``, applied
    to the shares at the origin. The variance is of the Greenwood type: at each step the cases in
    sight in a state share themselves out as a multinomial draw.

    Args:
        moves: counts of moves.
        starts: counts of cases that come into sight. Those of day 0 are the cases seen from their
            origin, and say where cases begin; the others are late, and are in sight from then on.
        lost: counts of cases lost from sight at the end of the day; a case may also never be lost.
        states: number of states; states are whole numbers below it.
        days: days since the origin, rising.
        groups: number of groups.
        errors: whether to carry the variance along; costs states³ a step and group.

    Raises:
        EstimateError: counts that are negative or not whole, a state or group too large, days that
            do not rise, a group with late cases but none from its origin, or more cases leaving a
            state than are in sight there.

    Source: Aalen and Johansen 1978, Scandinavian Journal of Statistics 5, 141-150; Andersen,
    Borgan, Gill and Keiding 1993, Statistical Models Based on Counting Processes, section IV.4.

    >>> found = state_occupation(
    ...     Moves(day=[3, 3], order=[0, 1], origin=[0, 1], target=[1, 2], count=[2, 1]),
    ...     Standing(day=[0], state=[0], count=[4]),
    ...     Standing(day=[], state=[], count=[]),
    ...     states=3, days=[2, 3],
    ... )
    >>> found.share[0].tolist()
    [[1.0, 0.0, 0.0], [0.5, 0.25, 0.25]]
    """
    asked = whole(np.atleast_1d(days), "days")
    if np.any(np.diff(asked) < 0):
        raise EstimateError("days: not in rising order; sort them")
    cells = _Cells(states, groups)
    walk = _Walk(cells, *_first_sights(cells, starts), whole(moves.origin, "origin"), errors)
    steps = sorted([*cells.moves(moves), *cells.lost(lost), *walk.late], key=lambda step: step.when)
    record = _Record(walk, asked)
    for step in steps:
        record.until(step.when)
        walk.take(step)
    record.until((np.inf, 0, 0))
    return record.occupation()


@dataclass(frozen=True)
class _Step:
    """Everything of one kind that happens at one moment.

    Attributes:
        when: day, kind in the order of the day (late 0, moves 1, lost 2), order of the move.
        source: cell (group, state) left; of the standing where nothing moves.
        target: cell entered; empty where nothing moves.
        count: cases.
    """

    when: tuple[float, int, int]
    source: Ints
    target: Ints
    count: Ints


class _Cells:
    """Groups and states as one flat row of cells."""

    def __init__(self, states: int, groups: int) -> None:
        self.states, self.groups = states, groups
        self.size = states * groups

    def of(self, state: ArrayLike, group: ArrayLike | None, name: str) -> Ints:
        place = whole(state, f"{name} state")
        by = np.zeros_like(place) if group is None else whole(group, f"{name} group")
        same_length(state=place, group=by)
        for values, limit, word in ((place, self.states, "states"), (by, self.groups, "groups")):
            if len(values) and int(values.max()) >= limit:
                raise EstimateError(
                    f"{name}: {int(values.max())} is not below {word} = {limit}; raise {word}"
                )
        return by * self.states + place

    def moves(self, moves: Moves) -> list[_Step]:
        source = self.of(moves.origin, moves.group, "moves")
        target = self.of(moves.target, moves.group, "moves")
        kind = np.ones_like(source)
        return _steps(moves.day, kind, moves.order, source, target, moves.count)

    def lost(self, lost: Standing) -> list[_Step]:
        source = self.of(lost.state, lost.group, "lost")
        kind = np.full_like(source, 2)
        return _steps(lost.day, kind, np.zeros_like(source), source, source, lost.count)


def _steps(
    day: ArrayLike, kind: Ints, order: ArrayLike, source: Ints, target: Ints, count: ArrayLike
) -> list[_Step]:
    days, orders, counts = whole(day, "day"), whole(order, "order"), whole(count, "count")
    same_length(day=days, order=orders, state=source, target=target, count=counts)
    if not len(days):
        return []
    sort = np.lexsort((orders, kind, days))
    days, kind, orders = days[sort], kind[sort], orders[sort]
    changed = (np.diff(days) != 0) | (np.diff(orders) != 0)
    bounds = [0, *(np.flatnonzero(changed) + 1).tolist(), len(days)]
    source, target, counts = source[sort], target[sort], counts[sort]
    return [
        _Step((int(days[a]), int(kind[a]), int(orders[a])), source[a:b], target[a:b], counts[a:b])
        for a, b in pairwise(bounds)
    ]


def _first_sights(cells: _Cells, starts: Standing) -> tuple[Ints, list[_Step]]:
    """(cells,) cases at the origin, and those who come into sight later."""
    place = cells.of(starts.state, starts.group, "starts")
    day, count = whole(starts.day, "day"), whole(starts.count, "count")
    same_length(day=day, state=place, count=count)
    at_origin = day == 0
    begin = np.zeros(cells.size, np.int64)
    np.add.at(begin, place[at_origin], count[at_origin])
    late = ~at_origin & (count > 0)
    here, when, many = place[late], day[late], count[late]
    begun = begin.reshape(cells.groups, cells.states).sum(axis=1)
    if np.any(begun[here // cells.states] == 0):
        raise EstimateError(
            "starts: a group has late cases but none from day 0, so nobody shows where cases "
            "begin; leave the group out or count its days from another event"
        )
    zeros = np.zeros_like(here)
    return begin, _steps(when, zeros, zeros, here, here, many)


class _Walk:
    """Shares, cases in sight and covariances as the steps go by."""

    def __init__(
        self, cells: _Cells, begin: Ints, late: list[_Step], origins: Ints, errors: bool
    ) -> None:
        self.cells, self.late = cells, late
        self.shape = (cells.groups, cells.states)
        self.in_sight = begin.copy()
        self.size = begin.reshape(self.shape).sum(axis=1)
        of = np.repeat(self.size, cells.states)
        self.share = np.divide(begin, of, out=np.full(cells.size, np.nan), where=of > 0)
        self.left_at_all = np.isin(np.arange(cells.size) % cells.states, origins)
        self.covariance: Numbers | None = None
        if errors:
            p = self.share.reshape(self.shape)
            many = np.maximum(self.size, 1)[:, None, None]
            self.covariance = (_diagonal(p) - p[:, :, None] * p[:, None, :]) / many

    def take(self, step: _Step) -> None:
        """Let one step happen."""
        if step.when[1] == 0:
            np.add.at(self.in_sight, step.source, step.count)
        elif step.when[1] == 2:
            np.subtract.at(self.in_sight, step.source, step.count)
            self._check(step)
        else:
            self._move(step)

    def _move(self, step: _Step) -> None:
        before = self.in_sight[step.source]
        np.subtract.at(self.in_sight, step.source, step.count)
        self._check(step)
        part = step.count / np.maximum(before, 1)
        if self.covariance is not None:
            self._spread(step, part, before)
        flow = self.share[step.source] * part
        np.subtract.at(self.share, step.source, flow)
        # all have left: nothing stays but rounding
        self.share[step.source[self.in_sight[step.source] == 0]] = 0.0
        np.add.at(self.share, step.target, flow)
        np.add.at(self.in_sight, step.target, step.count)

    def _spread(self, step: _Step, part: Numbers, before: Ints) -> None:
        """Covariance after a step with matrix R: Rᵀ (V - diag w) R + diag(wᵀ R), w = p² / n."""
        groups, states = self.shape
        matrix = np.zeros((groups, states, states))
        matrix[:, range(states), range(states)] = 1.0
        by, left, entered = step.source // states, step.source % states, step.target % states
        np.add.at(matrix, (by, left, entered), part)
        np.subtract.at(matrix, (by, left, left), part)
        weight = np.zeros(self.cells.size)
        weight[step.source] = self.share[step.source] ** 2 / np.maximum(before, 1)
        w = weight.reshape(self.shape)
        assert self.covariance is not None
        inner = self.covariance - _diagonal(w)
        turned = np.swapaxes(matrix, 1, 2)
        self.covariance = turned @ inner @ matrix + _diagonal((w[:, None, :] @ matrix)[:, 0])

    def _check(self, step: _Step) -> None:
        short = self.in_sight[step.source] < 0
        if short.any():
            cell = int(step.source[np.argmax(short)])
            raise EstimateError(
                f"counts: on day {step.when[0]} more cases leave state {cell % self.cells.states} "
                "than are in sight there; give every move its order within the day"
            )


class _Record:
    """The state of a walk at the end of the days asked for."""

    def __init__(self, walk: _Walk, days: Ints) -> None:
        self.walk, self.days, self.next = walk, days, 0
        groups, states = walk.shape
        self.share = np.empty((groups, len(days), states))
        self.in_sight = np.empty((groups, len(days), states), np.int64)
        self.blind = np.empty((groups, len(days)))
        self.variance = None if walk.covariance is None else np.empty_like(self.share)

    def until(self, when: tuple[float, int, int]) -> None:
        """Write down all days that end before ``when``; losses come after the day's end."""
        while self.next < len(self.days) and (self.days[self.next], 2, -1) < when:
            self._write(self.next)
            self.next += 1

    def _write(self, row: int) -> None:
        walk = self.walk
        self.share[:, row] = walk.share.reshape(walk.shape)
        self.in_sight[:, row] = walk.in_sight.reshape(walk.shape)
        unseen = np.where((walk.in_sight == 0) & walk.left_at_all, walk.share, 0.0)
        self.blind[:, row] = unseen.reshape(walk.shape).sum(axis=1)
        if self.variance is not None and walk.covariance is not None:
            diagonal = np.diagonal(walk.covariance, axis1=1, axis2=2)
            self.variance[:, row] = np.maximum(diagonal, 0.0)

    def occupation(self) -> Occupation:
        return Occupation(
            self.days, self.share, self.in_sight, self.blind, self.walk.size, self.variance
        )


def _diagonal(values: Numbers) -> Numbers:
    """(groups, states, states) matrices with the values on the diagonal."""
    result = np.zeros((*values.shape, values.shape[-1]))
    index = np.arange(values.shape[-1])
    result[:, index, index] = values
    return result
