"""Probabilities and lotteries of one draw: what happens, to whom, and where they go."""

from __future__ import annotations

from datetime import date
from typing import Any

import numpy as np
from numpy.typing import NDArray

from asylumatlas.scenario import ScenarioError
from asylumatlas.scenario.amounts import From, Quantity
from asylumatlas.scenario.model import Outcome, ScenarioModel
from asylumatlas.sim import tables as t
from asylumatlas.sim.layout import Layout, RowKey, owner_outcomes
from asylumatlas.sim.timeline import Timeline
from asylumatlas.sim.uncertainty import Draw, Quantities

FULL = 1 << 32
Numbers = NDArray[np.float64]
Share = tuple[list[From] | Quantity, str, bool]  # the quantity, its key path, whether of the rest


class Odds:
    """Turns shares and weights into thresholds and lottery tables.

    The days on which a share changes within the run part it into epochs, the same in every draw.
    """

    def __init__(
        self, name: str, model: ScenarioModel, layout: Layout, timeline: Timeline, known: Quantities
    ) -> None:
        self.name = name
        self.model = model
        self.layout = layout
        self.timeline = timeline
        self._rows = [(key, self._shares_of(key)) for key in layout.rows]
        changes = set[date]()
        self._dated = set[str]()  # key paths of shares that change within the run
        for row, shares in self._rows:
            for share in filter(None, shares):
                found = known.changes(share[0], share[1], dict(row.words))
                changes |= found
                self._dated |= {share[1]} if found else set()
        self.epochs = [model.start, *sorted(changes)]
        self.epoch_of = np.zeros(timeline.days, np.int64)
        for number, start in enumerate(self.epochs):
            self.epoch_of[timeline.day(start) :] = number

    def _shares_of(self, key: RowKey) -> list[Share | None]:
        """The shares of a row's outcomes; None for an outcome that takes the rest."""
        outcomes = owner_outcomes(self.model, key.owner, key.kind)
        return [_share_of(outcomes[k], f"{_path(key)}.{k}") for k in key.chosen]

    def thresholds(self, draw: Draw) -> t.Ints:
        """(share epochs, outcomes) cumulative thresholds of 2**32 within each row."""
        rows = [self._row(draw, key, shares) for key, shares in self._rows]
        return np.ascontiguousarray(np.concatenate(rows, axis=1))

    def _row(self, draw: Draw, key: RowKey, shares: list[Share | None]) -> t.Ints:
        words = dict(key.words)
        total = np.zeros(len(self.epochs))
        row = np.zeros((len(self.epochs), len(shares)), np.int64)
        for k, share in enumerate(shares):
            rest = 1.0 - total
            if share is None:
                total = total + rest
            else:
                value = self._values(draw, share, words)
                total = total + (value * rest if share[2] else value)
            row[:, k] = np.rint(np.minimum(total, 1.0) * FULL)
        for sum_ in total[np.abs(total - 1.0) > 1e-9]:
            raise ScenarioError(
                f"{self.name}: {_path(key)}: the probabilities sum to {sum_:g}, not 1; leave "
                "the share of the last outcome out and it takes the rest"
            )
        row[:, -1] = FULL
        return row

    def _values(self, draw: Draw, share: Share, words: dict[str, str]) -> Numbers | float:
        """A share's drawn value, in each epoch if it changes."""
        quantity, key, _ = share
        found: Numbers | float
        if key not in self._dated and not isinstance(quantity, list):
            found = draw.of(quantity, key, words)
            low = high = found
        else:
            steps = draw.steps(quantity, key, words)
            found = np.array([_held(steps, on) for on in self.epochs])
            low, high = found.min(), found.max()
        if not (low >= 0.0 and high <= 1.0):
            wrong = low if low < 0.0 else high
            raise ScenarioError(f"{self.name}: {key}: {wrong:g} is not a share, 0 to 1")
        return found

    # ---- lotteries

    def _lottery(self, weights: list[float], key: str) -> t.Ints:
        """(4096,) places in the list of weights, in proportion to them."""
        total = sum(weights)
        if total <= 0:
            raise ScenarioError(f"{self.name}: {key}: weights must have a positive sum")
        bounds = np.cumsum([weight / total for weight in weights])
        bounds[-1] = 1.0
        ticks = (np.arange(t.LUT_STEPS) + 0.5) / t.LUT_STEPS
        return np.searchsorted(bounds, ticks, side="right").astype(np.int64)

    def places(self, draw: Draw) -> t.Ints:
        """(n, 4096) place lotteries of outcomes and ways."""
        tables = []
        for key, outcome, way in self.layout.place_lotteries:
            place: Any = outcome.place if outcome is not None else self.model.ways[way].place
            if isinstance(place, str):
                weights = {place: 1.0}
            else:
                weights = {n: draw.of(q, f"{key}.{n}") for n, q in place.items()}
            names = self.layout.places
            tables.append(self._lottery([weights.get(name, 0.0) for name in names], key))
        return np.array(tables or [np.zeros(t.LUT_STEPS, np.int64)], np.int64)

    def classes(self, draw: Draw) -> t.Ints:
        """(F, 4096) class lotteries: attributes are drawn independently of each other."""
        tables = []
        classes = self.layout.classes
        for name, feed in self.model.feeds.items():
            weights = [1.0] * len(classes)
            for attribute, values in self.model.classes.items():
                mix = feed.mix.get(attribute)
                path = f"feeds.{name}.mix.{attribute}"
                if mix is None:
                    share = {values[0]: 1.0}
                else:
                    share = {v: draw.of(q, f"{path}.{v}") for v, q in mix.items()}
                total = sum(share.values()) or 1.0
                weights = [
                    weight * (share.get(words[attribute], 0.0) / total)
                    for weight, words in zip(weights, classes, strict=True)
                ]
            tables.append(self._lottery(weights, f"feeds.{name}.mix"))
        return np.array(tables, np.int64)


def _path(key: RowKey) -> str:
    """Key path of a row's outcomes."""
    return f"{'feeds' if key.kind == 'starts' else 'stations'}.{key.owner}.{key.kind}"


def _share_of(outcome: Outcome, key: str) -> Share | None:
    if outcome.share is not None:
        return outcome.share, f"{key}.share", False
    return None if outcome.of_rest is None else (outcome.of_rest, f"{key}.of_rest", True)


def _held(steps: list[tuple[date, float]], on: date) -> float:
    """The value that holds on a date; the first one holds before its own date, too."""
    return [steps[0][1], *(value for start, value in steps[1:] if start <= on)][-1]
