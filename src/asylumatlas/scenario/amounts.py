"""Numbers of a scenario file: quantities with ranges, dated quantities, laws of delay.

A quantity may be written as a number, as the name of a parameter, as a table with value, low,
high and a source or the word why it is assumed, or as a part or multiple of a parameter.
"""

from __future__ import annotations

from datetime import date
from itertools import islice
from typing import Annotated, Any, Literal

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    Tag,
    model_validator,
)
from pydantic_core import PydanticCustomError

from asylumatlas.evidence.suggestion import did_you_mean

TOLD = 20  # unknown keys of one table
MOST = 1e9  # larger numbers are slips of the pen, and would overflow the engine's counters


class Strict(BaseModel):
    """A table that knows its keys, and takes no text for a number or number for a date."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)

    @model_validator(mode="before")
    @classmethod
    def _known_keys(cls, data: Any) -> Any:
        if not isinstance(data, dict):
            return data
        known = [field.alias or name for name, field in cls.model_fields.items()]
        unknown = {
            str(key): did_you_mean(str(key), known) or f" Known here: {', '.join(known)}."
            for key in islice((key for key in data if key not in known), TOLD)
        }
        if unknown:
            raise PydanticCustomError("unknown_keys", "unknown key", {"unknown": unknown})
        return data


class Ranged(Strict):
    """A quantity with its range, and where it is from."""

    value: float
    low: float | None = None
    high: float | None = None
    unit: str = ""
    source: str = ""
    assumed: str = ""

    @model_validator(mode="after")
    def _ordered(self) -> Ranged:
        numbers = [self.value, self.low, self.high]
        if any(n is not None and abs(n) > MOST for n in numbers):
            raise ValueError(f"must be at most {MOST:,.0f}")
        low, high = self.bounds
        if not low <= self.value <= high:
            raise ValueError(f"value {self.value:g} must lie between low {low:g} and high {high:g}")
        return self

    @property
    def bounds(self) -> tuple[float, float]:
        """Low and high; the value itself where one is not given."""
        low = self.value if self.low is None else self.low
        return low, self.value if self.high is None else self.high


def _number(value: Any) -> Any:
    """A bare number as a table; refuses what is neither number, name nor table."""
    if isinstance(value, bool) or not isinstance(value, int | float | str | dict | Ranged | Scaled):
        raise ValueError("must be a number, a parameter's name or a table with value, low, high")
    return {"value": value} if isinstance(value, int | float) else value


def _own_number(value: Any) -> Any:
    """As `_number`, where a name makes no sense."""
    if isinstance(value, str):
        raise ValueError("must be a number or a table with value, low, high, not a name")
    return _number(value)


def _form(value: Any) -> str:
    """How a quantity is written: `name`, `dates`, `places`, `scaled` or `table`."""
    if isinstance(value, str | list):
        return "name" if isinstance(value, str) else "dates"
    if isinstance(value, Scaled):
        return "scaled"
    if isinstance(value, dict):
        if value.keys() & Scaled.model_fields.keys():
            return "scaled"
        if not value.keys() & Ranged.model_fields.keys():
            return "places"
    return "table"


def name_or_table(value: Any) -> str:
    """Which of two forms a value has: the name of something, or a table."""
    return "name" if isinstance(value, str) else "table"


def _form_of_quantity(value: Any) -> str:
    """How a quantity without dates is written: `name`, `scaled` or `table`."""
    form = _form(value)
    return form if form in ("name", "scaled") else "table"


Number = Annotated[Ranged, BeforeValidator(_own_number)]


class Scaled(Strict):
    """A part or a multiple of a parameter, which may be dated; the factor may have a range.

    The parameter's draw is the same wherever it is used; a ranged factor has a draw of its own.
    """

    of: str
    times: Number


Quantity = Annotated[
    Annotated[str, Tag("name")]
    | Annotated[Ranged, Tag("table")]
    | Annotated[Scaled, Tag("scaled")],
    Discriminator(_form_of_quantity),
    BeforeValidator(_number),
]


class From(Strict):
    """A quantity that holds from a date on."""

    start: date = Field(alias="from")
    is_: Quantity = Field(alias="is")


class NumberFrom(Strict):
    """A number, not a name, that holds from a date on."""

    start: date = Field(alias="from")
    is_: Number = Field(alias="is")


def _steps(value: Any) -> Any:
    """A list of dates and values as it is, anything else as one quantity."""
    if isinstance(value, list):
        if not value:
            raise ValueError("needs at least one date")
        return value
    return _number(value)


def _form_of_dated(value: Any) -> str:
    form = _form(value)
    return "table" if form == "places" else form


Dated = Annotated[
    Annotated[list[From], Tag("dates")]
    | Annotated[str, Tag("name")]
    | Annotated[Ranged, Tag("table")]
    | Annotated[Scaled, Tag("scaled")],
    Discriminator(_form_of_dated),
    BeforeValidator(_steps),
]
# The name "unlimited" stands for no limit, here and for each place.
Capacity = Annotated[
    Annotated[list[From], Tag("dates")]
    | Annotated[str, Tag("name")]
    | Annotated[Ranged, Tag("table")]
    | Annotated[Scaled, Tag("scaled")]
    | Annotated[dict[str, Dated], Tag("places")],
    Discriminator(_form),
    BeforeValidator(_steps),
]


def _own_steps(value: Any) -> Any:
    """As `_steps`, where a name makes no sense."""
    return _steps(value) if isinstance(value, list) else _own_number(value)


# What replaces a parameter: one number for good, or one from each date on.
Override = Annotated[
    Annotated[list[NumberFrom], Tag("dates")] | Annotated[Ranged, Tag("table")],
    Discriminator(lambda value: "dates" if isinstance(value, list) else "table"),
    BeforeValidator(_own_steps),
]


class Delay(Strict):
    """A law of a number of days.

    fixed: `days`. uniform: `low`..`high`. exponential: `mean`. lognormal: `median`, `p90`.
    `least` and `most` cut it.
    """

    law: Literal["fixed", "uniform", "exponential", "lognormal"] = "fixed"
    days: Quantity | None = None
    low: Quantity | None = None
    high: Quantity | None = None
    mean: Quantity | None = None
    median: Quantity | None = None
    p90: Quantity | None = None
    least: float = Field(default=0, ge=0, le=8000)
    most: float = Field(default=8000, ge=0, le=8000)

    @model_validator(mode="after")
    def _complete(self) -> Delay:
        needs = {
            "fixed": ("days",),
            "uniform": ("low", "high"),
            "exponential": ("mean",),
            "lognormal": ("median", "p90"),
        }[self.law]
        for key in ("days", "low", "high", "mean", "median", "p90"):
            if (getattr(self, key) is None) == (key in needs):
                word = "needs" if key in needs else "does not use"
                raise ValueError(f"law {self.law!r} {word} the key {key!r}")
        if self.least > self.most:
            raise ValueError("least is greater than most")
        return self


def _days(value: Any) -> Any:
    if isinstance(value, bool) or not isinstance(value, int | float | str | dict | Delay):
        raise ValueError("must be a number of days, a parameter's name or a table with a law")
    if isinstance(value, int | float | str):
        return {"law": "fixed", "days": value}
    return value


Days = Annotated[Delay, BeforeValidator(_days)]
Weights = dict[str, Quantity]
