"""The shapes of what the interface answers, as its document tells them.

Answers are made by the same functions as those of the command line; the tests hold them to these
shapes. An answer may have more keys than are named here.
"""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field


class Shape(BaseModel):
    """What is answered."""

    model_config = ConfigDict(extra="allow")


class Fault(Shape):
    """What is wrong, in one line with the remedy."""

    error: str = Field(description="What is wrong and what to do.")
    where: str | None = Field(description="The part of the question that is wrong, if it is one.")


class Entry(Shape):
    """One operation of the interface."""

    name: str
    method: str
    path: str
    summary: str
    example: str


class Index(Shape):
    """All operations."""

    version: str
    document: str
    operations: list[Entry]


class DefinitionShape(Shape):
    """One way of counting a statistic."""

    name: str
    label: str
    publisher: str
    numerator: str
    denominator: str
    exclusions: str
    caveats: list[str]
    by: list[str]


class StatisticShape(Shape):
    """One statistic of the catalogue."""

    name: str
    label: str
    question: str
    subject: str
    kind: str
    unit: str
    default: str = Field(description="Name of the definition used unless told otherwise.")
    why_default: str
    definitions: list[DefinitionShape]
    by: list[str] = Field(description="What it can be grouped by.")
    caveats: list[str]


class Catalogue(Shape):
    """The catalogue."""

    statistics: list[StatisticShape]


class ColumnShape(Shape):
    """A column of a table."""

    name: str
    type: str
    unit: str
    meaning: str


class SourceOfTable(Shape):
    """A log that a table was counted from."""

    log: str
    fingerprint: str
    as_of: str
    replications: int
    note: str
    sampled: float


class Answer(Shape):
    """A table that says what it counted, of what, by whose definition and how sure it is."""

    statistic: str
    label: str
    question: str
    kind: str
    definition: str
    definition_label: str
    unit: str
    numerator: str
    denominator: str
    exclusions: str
    filter: str
    by: list[str]
    columns: list[ColumnShape]
    rows: list[dict[str, Any]]
    sources: list[SourceOfTable]
    caveats: list[str]
    reason: str = Field(description="Why there is no row; empty where there are rows.")
    citation: str
    fingerprint: str


class ScenarioHead(Shape):
    """A scenario's name, question and span."""

    model_config = ConfigDict(extra="allow", populate_by_name=True)

    scenario: str
    title: str
    question: str
    from_: str = Field(alias="from")
    to: str


class Scenarios(Shape):
    """The shipped scenarios."""

    scenarios: list[ScenarioHead]


class StepShape(Shape):
    """What a number is from a day on."""

    from_: str | None = Field(alias="from")
    value: float
    low: float
    high: float
    source: str | None


class ControlShape(Shape):
    """One number of a scenario that can be changed."""

    key: str
    label: str
    group: str
    unit: str
    steps: list[StepShape]
    assumed: bool
    why: str | None
    least: float = Field(description="Least value that may be set.")
    most: float = Field(description="Greatest value that may be set.")


class ScenarioShape(ScenarioHead):
    """A scenario with everything that it rests on."""

    fingerprint: str
    days: int
    stations: list[dict[str, Any]]
    feeds: list[dict[str, Any]]
    changes: list[dict[str, Any]]
    reported: list[dict[str, Any]]
    caveats: list[str]
    controls: list[ControlShape]


class Difference(Shape):
    """One number that differs from the scenario as it ships."""

    key: str
    label: str
    unit: str
    base: float
    value: float
    low: float | None
    high: float | None
    outside: bool = Field(description="Whether it lies outside the range that is known.")


class Wrong(Shape):
    """One fault of a scenario."""

    where: str
    error: str


class Checked(Shape):
    """Whether a scenario can be run, and what it says."""

    ok: bool
    faults: list[Wrong]
    scenario: str
    title: str | None
    fingerprint: str | None
    people: float | None = Field(description="About how many one replication simulates, at most.")
    scale: float | None
    differences: list[Difference]
    toml: str | None = Field(description="The same as a file for the command line.")


class JobShape(Shape):
    """A run that was asked for."""

    id: str
    kind: str
    state: str = Field(description="waiting, running, done, failed, cancelled or removed.")
    title: str
    scenario: str
    replications: int
    seed: int
    done: int = Field(description="Replications done, about.")
    total: int
    message: str
    base: str | None = Field(description="The run that it is compared with.")
    log: str | None = Field(description="Name of its log, once there is one.")
    command: str


class Jobs(Shape):
    """Runs, the newest first."""

    jobs: list[JobShape]


class Result(Shape):
    """What a run found: the same as `asylumatlas run --json`."""

    title: str
    scenario: str
    run: str
    fingerprint: str
    seed: int
    replications: int
    reported: list[dict[str, Any]]
    stages: list[dict[str, Any]]
    conservation: dict[str, Any]
    caveats: list[str]
    synthetic_note: str


class Compared(Shape):
    """Two runs side by side: the same as `asylumatlas compare --json`."""

    run_a: str
    run_b: str
    paired: bool
    replications: int
    rows: list[dict[str, Any]]
    caveats: list[str]
    synthetic_note: str


class LogShape(Shape):
    """A log that can be asked."""

    name: str
    title: str
    note: str = Field(description="What the log says of itself.")
    source: str
    as_of: str
    fingerprint: str
    ready: bool = Field(description="Whether statistics of it can be asked right now.")
    problem: str | None = Field(description="Why it can never be asked, if so.")
    cases: int
    events: int
    replications: int
    vocabulary: str
    caveats: list[str]


class Logs(Shape):
    """The logs that this server shows."""

    logs: list[LogShape]


class ParameterShape(Shape):
    """One parameter with its values over time."""

    parameter: str
    unit: str
    note: str
    assumed: bool
    why: str | None
    values: list[StepShape]


class Parameters(Shape):
    """Parameters."""

    parameters: list[ParameterShape]


class SourceShape(Shape):
    """Who published something, and how strong the copy is that was read."""

    id: str
    grade: str
    scale: str
    publisher: str
    title: str
    date: str
    addresses: list[str]
    same_as: str | None
    note: str


class Sources(Shape):
    """Sources."""

    sources: list[SourceShape]


class Process(Shape):
    """The words of the process: stages, events, outcomes, and who groups outcomes."""

    version: str
    stages: list[dict[str, Any]]
    events: list[dict[str, Any]]
    outcomes: list[dict[str, Any]]
    publishers: list[dict[str, Any]]
