"""The shape of a scenario file: every table, key, type and range, as pydantic models.

Quantities may be written as a number, as the name of a parameter, or as a table with value, low,
high and a source or the word why it is assumed. All keys are checked; an unknown one is refused.
"""

from __future__ import annotations

import difflib
import math
from collections.abc import Iterable
from datetime import date, datetime
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

MOST = 1e9  # larger numbers are slips of the pen, and would overflow the engine's counters


def closest(word: str, known: Iterable[str]) -> str:
    """' Did you mean "x"?' for the nearest known word, or an empty text."""
    found = difflib.get_close_matches(word, list(known), n=1, cutoff=0.6)
    return f' Did you mean "{found[0]}"?' if found else ""


class Strict(BaseModel):
    """A table that knows its keys, and takes no text for a number or number for a date."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    @model_validator(mode="before")
    @classmethod
    def _known_keys(cls, data: Any) -> Any:
        if not isinstance(data, dict):
            return data
        known = [field.alias or name for name, field in cls.model_fields.items()]
        unknown = {
            str(key): closest(str(key), known) or f" Known here: {', '.join(known)}."
            for key in data
            if key not in known
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
        if any(n is not None and not math.isfinite(n) for n in numbers):
            raise ValueError("must be a finite number")
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
    if isinstance(value, bool) or not isinstance(value, int | float | str | dict | Ranged):
        raise ValueError("must be a number, a parameter's name or a table with value, low, high")
    return {"value": value} if isinstance(value, int | float) else value


def _own_number(value: Any) -> Any:
    """As `_number`, where a name makes no sense."""
    if isinstance(value, str):
        raise ValueError("must be a number or a table with value, low, high, not a name")
    return _number(value)


def _form(value: Any) -> str:
    """How a quantity is written: `name`, `dates`, `places` or `table`."""
    if isinstance(value, str | list):
        return "name" if isinstance(value, str) else "dates"
    if isinstance(value, dict) and not value.keys() & Ranged.model_fields.keys():
        return "places"
    return "table"


def _name_or_table(value: Any) -> str:
    return "name" if isinstance(value, str) else "table"


Quantity = Annotated[
    Annotated[str, Tag("name")] | Annotated[Ranged, Tag("table")],
    Discriminator(_name_or_table),
    BeforeValidator(_number),
]
Number = Annotated[Ranged, BeforeValidator(_own_number)]


class From(Strict):
    """A quantity that holds from a date on."""

    start: date = Field(alias="from")
    is_: Quantity = Field(alias="is")


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
    | Annotated[Ranged, Tag("table")],
    Discriminator(_form_of_dated),
    BeforeValidator(_steps),
]
# The name "unlimited" stands for no limit, here and for each place.
Capacity = Annotated[
    Annotated[list[From], Tag("dates")]
    | Annotated[str, Tag("name")]
    | Annotated[Ranged, Tag("table")]
    | Annotated[dict[str, Dated], Tag("places")],
    Discriminator(_form),
    BeforeValidator(_steps),
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


def _words(value: Any) -> Any:
    """One word, several, or true and false: what a class may be asked for."""
    several = isinstance(value, list) and value and all(isinstance(word, str) for word in value)
    if not several and not isinstance(value, str | bool):
        raise ValueError("must be a word or a list of words; for held, true or false")
    return value


Days = Annotated[Delay, BeforeValidator(_days)]
Filter = dict[str, Annotated[str | bool | list[str], BeforeValidator(_words)]]
Weights = dict[str, Quantity]


def _place(value: Any) -> Any:
    if not isinstance(value, str | dict) or value == {}:
        raise ValueError("must be a place, or a table of places and weights")
    return value


class Outcome(Strict):
    """One thing that may happen next, how likely, and what it does."""

    events: list[str] = []
    share: Quantity | None = None
    of_rest: Quantity | None = None
    to: str | None = None
    after: Days | None = None
    frees_space: bool = False
    stay: Days | None = None
    way: str | None = None
    place: (
        Annotated[
            Annotated[str, Tag("name")] | Annotated[Weights, Tag("table")],
            Discriminator(_name_or_table),
            BeforeValidator(_place),
        ]
        | None
    ) = None
    sets: dict[str, str] = {}
    where: Filter = {}
    custody_ends: Literal["case_closed", "removed", "recognizance"] = "case_closed"

    @model_validator(mode="after")
    def _one_share(self) -> Outcome:
        if self.share is not None and self.of_rest is not None:
            raise ValueError("give share or of_rest, not both")
        if (self.stay is None) != (self.way is None):
            raise ValueError("stay and way belong together")
        return self


class Line(Strict):
    """A queue of a station, for those whom `where` describes; earlier lines are served first."""

    where: Filter = {}
    space: str | None = None
    order: Literal["first_in", "last_in"] = "first_in"


class CrewNeed(Strict):
    """Work of one crew that one service takes, and this station's part of the crew's day."""

    crew: str
    units: Quantity = Ranged(value=1)
    share: Quantity | None = None


class Noise(Strict):
    """Day-to-day scatter of a capacity: a lognormal factor with mean 1, keyed by station and day."""

    relative_sd: Quantity


class Station(Strict):
    """One kind of service: where, how many a day, in what order, and what comes of it."""

    stage: str
    label: str = ""
    at: list[str]
    capacity: Capacity = "unlimited"
    calendar: str = "every_day"
    scatter: Noise | None = None
    crews: list[CrewNeed] = []
    booked: bool = False
    postponed: list[str] = []
    lines: list[Line] = [Line()]
    outcomes: list[Outcome]
    when_full: list[Outcome] = []
    patience: Days | None = None
    impatient: Filter = {}
    leave: list[Outcome] = []
    closed: list[Closure] = []

    @model_validator(mode="after")
    def _whole(self) -> Station:
        if not self.outcomes:
            raise ValueError("outcomes: a station needs at least one")
        if (self.patience is None) != (not self.leave):
            raise ValueError("patience and leave belong together")
        if self.booked and self.patience is not None:
            raise ValueError("a booked docket has no patience: nobody waits in a line")
        if self.booked and (self.capacity != "unlimited" or self.scatter or self.closed):
            raise ValueError("a booked docket has its slots from crews: no capacity, scatter, closed")
        if self.scatter is not None and self.capacity == "unlimited":
            raise ValueError("scatter needs a capacity")
        return self


class Closure(Strict):
    """Hours in which a station serves nobody; a day's capacity shrinks by the part closed."""

    start: datetime = Field(alias="from")
    hours: float = Field(gt=0, le=24 * 400)
    source: str = ""

    @model_validator(mode="after")
    def _local(self) -> Closure:
        if self.start.tzinfo is not None:
            raise ValueError("from: give the local time, without an offset")
        return self


class Space(Strict):
    """Finite room: beds, cells, shelter places. `custody` marks detention."""

    label: str = ""
    place: str
    room: Dated
    custody: bool = False


class Crew(Strict):
    """People who serve. A server gives `units` of work a working day."""

    label: str = ""
    place: str
    servers: Dated
    units: Quantity = Ranged(value=1)
    calendar: str = "working_days"
    cost_per_server_day: Quantity | None = None


class Way(Strict):
    """How a stay ends: what is noted, and where the person goes to live."""

    events: list[str]
    place: Weights | None = None
    sets: dict[str, str] = {}


class Feed(Strict):
    """Where people come from: a cohort on a day, a daily stream, or a stock that is there on day one."""

    label: str = ""
    kind: Literal["cohort", "stream", "stock"]
    size: Quantity | None = None
    per_day: Dated | None = None
    law: Literal["poisson", "exact"] = "poisson"
    on: date | None = None
    spread: int = Field(default=1, ge=1, le=3650)
    calendar: str = "every_day"
    until: date | None = None
    at: str
    mix: dict[str, Weights] = {}
    starts: list[Outcome] = Field(min_length=1)
    waited: Days | None = None

    @model_validator(mode="after")
    def _sized(self) -> Feed:
        if self.kind == "stream" and (self.per_day is None or self.size is not None):
            raise ValueError("a stream has per_day and no size")
        if self.kind != "stream" and (self.size is None or self.per_day is not None):
            raise ValueError(f"a {self.kind} has size and no per_day")
        if self.kind == "cohort" and self.on is None:
            raise ValueError("a cohort needs the date `on` which it starts")
        foreign = {
            "cohort": ("law", "calendar", "until"),
            "stock": ("law", "calendar", "until", "on", "spread"),
            "stream": ("on", "spread"),
        }[self.kind]
        for key in foreign:
            if key in self.model_fields_set:
                raise ValueError(f"a {self.kind} does not use the key {key!r}")
        return self


class Loan(Strict):
    """Servers of one crew who work in another between two dates."""

    source: str = Field(alias="from")
    to: str
    servers: Quantity
    weeks: float = Field(gt=0, le=520)


class Change(Strict):
    """What somebody decided, from a date on."""

    on: date
    what: str
    announced: date | None = None
    source: str = ""
    assumed: str = ""
    lend: Loan | None = None
    set: dict[str, Quantity] = {}


class Measure(Strict):
    """A number read off the event log, for the end of each day.

    Patterns are written event, event.outcome, event@place or event.outcome@place. `counts` is
    one of

    - "so_far": events of `plus` less events of `minus`, from the start on.
    - "on_day": events of `plus` that day; the mean of the last `over` days if `over` is above 1.
    - "share": `plus` divided by `of`, both from the start on.
    - "names": names on a list on which `plus` puts a person and from which people are called in
      turn. A name is struck off when its turn has come, whether its holder answers (`minus`) or
      has left since: nobody is struck off for leaving. The turn has come when somebody who signed
      up later has answered; people of one day sign in the order of their numbers.
    - "wait_ahead": names on that list, divided by the names struck off a day over the last `over`
      days: how long somebody who signs up today would wait at that pace.
    - "waited": the median wait from `plus` to `minus` of those who answered within the last
      `over` days: how long those called lately had waited.

    Waits are in `unit` days, or months of 365.25/12 days.
    """

    label: str
    unit: str = "people"
    feeds: list[str] = []
    plus: list[str]
    minus: list[str] = []
    of: list[str] = []
    counts: Literal["so_far", "on_day", "share", "names", "wait_ahead", "waited"] = "so_far"
    over: int = Field(default=1, ge=1, le=366)
    place: str = ""
    chart: bool = True
    start: date | None = Field(default=None, alias="from")
    until: date | None = None

    @model_validator(mode="after")
    def _fits_its_kind(self) -> Measure:
        if self.counts in ("names", "wait_ahead", "waited") and not self.minus:
            raise ValueError(f"counts {self.counts!r} needs the key 'minus': who was called")
        if self.counts in ("wait_ahead", "waited") and self.unit not in ("days", "months"):
            raise ValueError(f"counts {self.counts!r} needs the unit days or months")
        if self.over > 1 and self.counts in ("so_far", "share", "names"):
            raise ValueError(f"counts {self.counts!r} does not use the key 'over'")
        if self.counts == "wait_ahead" and self.feeds:
            raise ValueError("counts 'wait_ahead' does not use the key 'feeds': all wait in one line")
        return self


class Reported(Strict):
    """A published count held against a measure."""

    report: str
    measure: str
    on: date | None = None
    role: Literal["input", "prediction"]
    note: str = ""


class Cost(Strict):
    """Money for a day of a space or a crew's server."""

    label: str
    of: str
    per_day: Quantity


class Calendar(Strict):
    """Days on which something is open: weekdays 0 (Monday) to 6, except the dates named."""

    weekdays: list[Annotated[int, Field(ge=0, le=6)]]
    except_on: list[date] = []


class ScenarioModel(Strict):
    """A whole scenario."""

    title: str
    question: str
    base_only: bool = False
    start: date = Field(alias="from")
    to: date
    cohort: list[str] = []
    input_until: date | None = None
    classes: dict[str, list[str]]
    places: dict[str, str]
    calendars: dict[str, Calendar] = {}
    parameters: dict[str, Number] = {}
    spaces: dict[str, Space] = {}
    crews: dict[str, Crew] = {}
    ways: dict[str, Way] = {}
    stations: dict[str, Station]
    feeds: dict[str, Feed]
    change: list[Change] = []
    measures: dict[str, Measure] = {}
    reported: list[Reported] = []
    costs: dict[str, Cost] = {}
    caveats: list[str] = []

    @model_validator(mode="after")
    def _dates(self) -> ScenarioModel:
        if not 1 <= self.days <= 8190:
            raise ValueError(
                f"to: {self.to} must not be before from, {self.start}, nor over 8,189 days after it"
            )
        return self

    @property
    def days(self) -> int:
        """Number of days simulated, both ends included."""
        return (self.to - self.start).days + 1


Station.model_rebuild()
