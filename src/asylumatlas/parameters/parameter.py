"""A parameter: one quantity, its unit, and its value and range at each date."""

import datetime
import math
from bisect import bisect_right
from dataclasses import dataclass

__all__ = ["Dated", "Parameter", "ParameterError", "draw"]


class ParameterError(ValueError):
    """A parameter is unknown, or a parameter file breaks its rules; the message is one line."""


@dataclass(frozen=True, slots=True)
class Dated:
    """A value with its range, from one date until the next entry.

    Attributes:
        start: First day the value holds; ``datetime.date.min`` where no date was given.
        value: Best value, in the unit of the parameter.
        low: Low end of the range, at most ``value``.
        high: High end of the range, at least ``value``.
        source: Identifier in ``evidence``; ``None`` for an assumed parameter.
        note: Period as published, conflicts, derivation.
    """

    start: datetime.date
    value: float
    low: float
    high: float
    source: str | None
    note: str


@dataclass(frozen=True, slots=True)
class Parameter:
    """One quantity over time.

    Attributes:
        name: Dotted name, for example ``"court.denied_share.HND"``.
        unit: Unit in words; a share starts with the word "share" and names its denominator.
        note: What a reader must know to use it.
        assumed: Why the range was chosen, when no source gives the number; otherwise ``None``.
        values: Entries in order of date, at least one.
    """

    name: str
    unit: str
    note: str
    assumed: str | None
    values: tuple[Dated, ...]

    def at(self, date: datetime.date) -> Dated:
        """Return the entry that holds on a date.

        That is the latest entry not after the date. Before the first entry the first one is
        returned: the oldest figure is the best that is known.

        Example:
            >>> before = Dated(datetime.date(2018, 1, 1), 5.0, 5.0, 5.0, "TRAC617", "")
            >>> Parameter("court.x", "judges", "", None, (before,)).at(datetime.date.min).value
            5.0
        """
        position = bisect_right(self.values, date, key=lambda entry: entry.start)
        return self.values[max(position - 1, 0)]


def draw(parameter: Parameter, date: datetime.date, uniform: float) -> float:
    """Return one draw of a parameter, by inverting its distribution function.

    The law:

    * sourced: triangular on ``[low, high]`` with its mode at ``value``
      (mean ``(low + value + high) / 3``);
    * assumed: uniform on ``[low, high]``, because an assumed middle has no evidence behind it
      (mean ``(low + high) / 2``);
    * ``low == high``: that value, always.

    Up to rounding, the result never decreases as ``uniform`` grows, so a shared ``uniform`` pairs
    two runs.

    Args:
        parameter: The parameter.
        date: The date whose entry is drawn from.
        uniform: A number in ``[0, 1]``, usually one random number.

    Raises:
        ValueError: If ``uniform`` is outside ``[0, 1]``.

    Example:
        >>> entry = Dated(datetime.date(2018, 1, 1), 2.0, 0.0, 4.0, "TRAC617", "")
        >>> draw(Parameter("court.x", "days", "", None, (entry,)), datetime.date.max, 0.5)
        2.0
    """
    if not 0.0 <= uniform <= 1.0:
        raise ValueError(f"{parameter.name}: uniform is {uniform}, expected a number in 0..1.")
    entry = parameter.at(date)
    width = entry.high - entry.low
    if width == 0.0:
        return entry.value
    if parameter.assumed is not None:
        drawn = entry.low + uniform * width
    elif uniform * width < entry.value - entry.low:
        drawn = entry.low + math.sqrt(uniform * width * (entry.value - entry.low))
    else:
        drawn = entry.high - math.sqrt((1.0 - uniform) * width * (entry.high - entry.value))
    return min(max(drawn, entry.low), entry.high)  # rounding must not leave the range
