"""The shape of a scenario file: every table, key, type and range, as pydantic models.

How its numbers may be written is in `amounts.py`. All keys are checked; an unknown one is refused.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Discriminator, Field, Tag, model_validator

from asylumatlas.scenario.amounts import (
    Capacity,
    Dated,
    Days,
    Override,
    Quantity,
    Ranged,
    Scaled,
    Strict,
    Weights,
    name_or_table,
)
from asylumatlas.scenario.drawn import DrawnTable

__all__ = ["Quantity", "Ranged", "Scaled", "ScenarioModel"]


def _words(value: Any) -> Any:
    """One word, several, or true and false: what a class may be asked for."""
    several = isinstance(value, list) and value and all(isinstance(word, str) for word in value)
    if not several and not isinstance(value, str | bool):
        raise ValueError("must be a word or a list of words; for held, true or false")
    return value


Filter = dict[str, Annotated[str | bool | list[str], BeforeValidator(_words)]]


def _place(value: Any) -> Any:
    if not isinstance(value, str | dict) or value == {}:
        raise ValueError("must be a place, or a table of places and weights")
    return value


class Outcome(Strict):
    """One thing that may happen next, how likely, and what it does."""

    events: list[str] = Field(default_factory=list)
    share: Dated | None = None
    of_rest: Dated | None = None
    to: str | None = None
    after: Days | None = None
    frees_space: bool = False
    stay: Days | None = None
    way: str | None = None
    place: (
        Annotated[
            Annotated[str, Tag("name")] | Annotated[Weights, Tag("table")],
            Discriminator(name_or_table),
            BeforeValidator(_place),
        ]
        | None
    ) = None
    sets: dict[str, str] = Field(default_factory=dict)
    where: Filter = Field(default_factory=dict)
    custody_ends: Literal["case_closed", "removed", "recognizance"] = "case_closed"

    @model_validator(mode="after")
    def _one_share(self) -> Outcome:
        if self.share is not None and self.of_rest is not None:
            raise ValueError("give share or of_rest, not both")
        if (self.stay is None) != (self.way is None):
            raise ValueError("stay and way belong together")
        return self


Order = Literal["first_in", "last_in"]


class OrderFrom(Strict):
    """Who is served first from a date on; the first of a list holds before its date, too."""

    start: date = Field(alias="from")
    is_: Order = Field(alias="is")


class Line(Strict):
    """A queue of a station, for those whom `where` describes; earlier lines are served first."""

    where: Filter = Field(default_factory=dict)
    space: str | None = None
    order: Annotated[
        Annotated[list[OrderFrom], Field(min_length=1), Tag("dates")]
        | Annotated[Order, Tag("word")],
        Discriminator(lambda value: "dates" if isinstance(value, list) else "word"),
    ] = "first_in"


class CrewNeed(Strict):
    """Work of one crew that one service takes, and this station's part of the crew's day.

    A station may use no more than `share` of the crew's day; a docket plans its slots from it. Of a
    crew that carries, that part is the station's own: work begun elsewhere does not take it away.
    """

    crew: str
    units: Quantity = Ranged(value=1)
    share: Dated | None = None


class Noise(Strict):
    """Day-to-day scatter of a capacity: a lognormal factor, mean 1, keyed by station and day."""

    relative_sd: Quantity


class Station(Strict):
    """One kind of service: where, how many a day, in what order, and what comes of it."""

    stage: str
    label: str = ""
    at: list[str]
    capacity: Capacity = "unlimited"
    calendar: str = "every_day"
    scatter: Noise | None = None
    crews: list[CrewNeed] = Field(default_factory=list)
    booked: bool = False
    postponed: list[str] = Field(default_factory=list)
    lines: list[Line] = Field(default_factory=lambda: [Line()])
    outcomes: list[Outcome]
    when_full: list[Outcome] = Field(default_factory=list)
    patience: Days | None = None
    impatient: Filter = Field(default_factory=dict)
    leave: list[Outcome] = Field(default_factory=list)
    closed: list[Closure] = Field(default_factory=list)

    @model_validator(mode="after")
    def _whole(self) -> Station:
        if not self.outcomes:
            raise ValueError("outcomes: a station needs at least one")
        if (self.patience is None) != (not self.leave):
            raise ValueError("patience and leave belong together")
        if self.booked and self.patience is not None:
            raise ValueError("a booked docket has no patience: nobody waits in a line")
        if self.booked and (self.capacity != "unlimited" or self.scatter or self.closed):
            raise ValueError(
                "a booked docket has its slots from crews: no capacity, scatter, closed"
            )
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
    """People who serve. A server gives `units` of work a working day.

    With `carries` a service begun may run on into the next working days and take their time, so
    that a part-time judge still holds hearings. Otherwise only what fits into a day is begun.
    """

    label: str = ""
    place: str
    servers: Dated
    units: Dated = Ranged(value=1)
    carries: bool = False
    calendar: str = "working_days"
    cost_per_server_day: Quantity | None = None


class Way(Strict):
    """How a stay ends: what is noted, and where the person goes to live."""

    events: list[str]
    place: Weights | None = None
    sets: dict[str, str] = Field(default_factory=dict)


class Feed(Strict):
    """Where people come from: a cohort from a date, a daily stream, or a stock there on day one."""

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
    mix: dict[str, Weights] = Field(default_factory=dict)
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
    """Servers of one crew who work in another between two dates.

    `lost` is the share of their time that neither crew has: travel, an empty calendar.
    """

    source: str = Field(alias="from")
    to: str
    servers: Quantity
    weeks: float = Field(gt=0, le=1170)
    lost: Quantity | None = None


class Change(Strict):
    """What somebody decided, from a date on.

    `set` says what servers, room or a capacity are from then on, `add` how many more they are,
    to the last day `until` if that is given. Changes are carried out in their order.
    """

    on: date
    until: date | None = None
    what: str
    announced: date | None = None
    source: str = ""
    assumed: str = ""
    lend: Loan | None = None
    set: dict[str, Quantity] = Field(default_factory=dict)
    add: dict[str, Dated] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _until_of_add(self) -> Change:
        if self.until is not None and not self.add:
            raise ValueError("until: is the last day of what `add` adds, and there is no add")
        if self.until is not None and self.until < self.on:
            raise ValueError(f"until: {self.until} is before the change itself, {self.on}")
        return self


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
    - "waited": the wait from `plus` to `minus` of those who answered within the last `over` days,
      at `quantile` (the median unless told otherwise): how long those called lately had waited.

    Waits are in `unit` days, or months of 365.25/12 days.
    """

    label: str
    unit: str = "people"
    feeds: list[str] = Field(default_factory=list)
    plus: list[str]
    minus: list[str] = Field(default_factory=list)
    of: list[str] = Field(default_factory=list)
    counts: Literal["so_far", "on_day", "share", "names", "wait_ahead", "waited"] = "so_far"
    over: int = Field(default=1, ge=1, le=366)
    quantile: float = Field(default=0.5, gt=0, lt=1)
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
        if "quantile" in self.model_fields_set and self.counts != "waited":
            raise ValueError(f"counts {self.counts!r} does not use the key 'quantile'")
        if self.counts == "wait_ahead" and self.feeds:
            raise ValueError("counts 'wait_ahead' does not use 'feeds': all wait in one line")
        return self


class Reported(Strict):
    """A published count held against a measure.

    `seen` says that a prediction was looked at while the scenario was made.
    """

    report: str
    measure: str
    on: date | None = None
    role: Literal["input", "prediction"]
    seen: bool = False
    note: str = ""


class Cost(Strict):
    """Money for a day of a space or a crew's server."""

    label: str
    of: str
    per_day: Quantity


class Calendar(Strict):
    """Days on which something is open: weekdays 0 (Monday) to 6, except the dates named."""

    weekdays: list[Annotated[int, Field(ge=0, le=6)]]
    except_on: list[date] = Field(default_factory=list)


class ScenarioModel(Strict):
    """A whole scenario.

    With `scale` below 1 it simulates that part of its people, servers, capacities and room.
    """

    title: str
    question: str
    base_only: bool = False
    scale: float = Field(default=1.0, ge=1e-4, le=1)  # fewer people tell nothing
    start: date = Field(alias="from")
    to: date
    cohort: list[str] = Field(default_factory=list)
    input_until: date | None = None
    classes: dict[str, list[str]]
    places: dict[str, str]
    calendars: dict[str, Calendar] = Field(default_factory=dict)
    parameters: dict[str, Override] = Field(default_factory=dict)
    draws: DrawnTable | None = None
    spaces: dict[str, Space] = Field(default_factory=dict)
    crews: dict[str, Crew] = Field(default_factory=dict)
    ways: dict[str, Way] = Field(default_factory=dict)
    stations: dict[str, Station]
    feeds: dict[str, Feed]
    change: list[Change] = Field(default_factory=list)
    measures: dict[str, Measure] = Field(default_factory=dict)
    reported: list[Reported] = Field(default_factory=list)
    costs: dict[str, Cost] = Field(default_factory=dict)
    caveats: list[str] = Field(default_factory=list)

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
