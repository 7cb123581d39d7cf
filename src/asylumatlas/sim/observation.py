"""What happened in a network of stations between the warm-up and the end."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from asylumatlas.sim.continuous_kernel import Floats, Integers


@dataclass(frozen=True)
class Result:
    """What happened between the warm-up and the end; arrays are (stations, classes).

    Attributes:
        stations: names of the rows.
        classes: names of the columns.
        events: arrivals from outside, service completions and departures out of impatience.
        time: length of the observed period, in time units.
        visits: customers who joined a station, feedback included.
        started: services started.
        served: services completed.
        reneged: customers whose patience ended while they waited.
        wait_sum: waits of the started, in time units.
        wait_square_sum: their squares, in squared time units.
        reneged_wait_sum: waits of the reneged, in time units.
        queue_area: integral of the number waiting over the period.
        busy_area: integral of the busy servers over the period.
        waiting_before: number waiting at the start of the period.
        waiting_after: number waiting at its end.
        age_before: time those at the start had waited by then, summed.
        age_after: time those at the end had waited by then, summed.
    """

    stations: tuple[str, ...]
    classes: tuple[str, ...]
    events: int
    time: float
    visits: Integers
    started: Integers
    served: Integers
    reneged: Integers
    wait_sum: Floats
    wait_square_sum: Floats
    reneged_wait_sum: Floats
    queue_area: Floats
    busy_area: Floats
    waiting_before: Integers
    waiting_after: Integers
    age_before: Floats
    age_after: Floats

    @property
    def mean_wait(self) -> Floats:
        """Mean wait of those whose service started, zero waits included; NaN if nobody."""
        return _ratio(self.wait_sum, self.started)

    @property
    def wait_variance(self) -> Floats:
        """Variance of the wait of those whose service started."""
        return _ratio(self.wait_square_sum, self.started) - self.mean_wait**2

    @property
    def mean_wait_of_all(self) -> Floats:
        """Mean wait of everyone whose wait ended, by service or by impatience."""
        return _ratio(self.wait_sum + self.reneged_wait_sum, self.started + self.reneged)

    @property
    def reneged_share(self) -> Floats:
        """Share of the waits ended that ended by impatience."""
        return _ratio(self.reneged, self.started + self.reneged)

    @property
    def mean_queue_length(self) -> Floats:
        """Mean number waiting over time."""
        return self.queue_area / self.time

    @property
    def mean_busy_servers(self) -> Floats:
        """Mean number of servers busy with each class over time."""
        return self.busy_area / self.time

    @property
    def little_gap(self) -> Floats:
        """Time waited in the period less the integral of the number waiting; rounding only.

        Little's law as an identity of one sample path (Stidham 1974): it holds for every run,
        stable or not, and counts those who still wait.
        """
        waited = self.wait_sum + self.reneged_wait_sum + self.age_after - self.age_before
        return waited - self.queue_area


def _ratio(numerator: npt.NDArray[Any], denominator: Integers) -> Floats:
    nothing = np.full(np.shape(numerator), np.nan)
    return np.divide(numerator, denominator, out=nothing, where=denominator > 0)
