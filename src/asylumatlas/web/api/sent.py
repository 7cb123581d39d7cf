"""What programs send, held to these models strictly: no other key, no number as text."""

from __future__ import annotations

import re
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from asylumatlas.scenario import names
from asylumatlas.web.jobs.orders import MOST_TEXT, SEEDS

MOST_SETTINGS = 60  # numbers set in one variant
KEY = r"^[A-Za-z0-9_@. -]{1,200}$"
MOST_REPLICATIONS = 200


def _whole(value: object) -> object:
    """Refuse what JSON Schema does not call an integer: text, true and false."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError("must be a whole number")
    return value


def _named(schema: dict[str, Any]) -> None:
    """Name the scenarios in the document; a name that is none is answered with the nearest."""
    schema["enum"] = [*names(), None]


Whole = Annotated[int, BeforeValidator(_whole)]
Number = Annotated[float, Field(strict=True, allow_inf_nan=False, ge=-1e15, le=1e15)]


class Sent(BaseModel):
    """What a program sends."""

    model_config = ConfigDict(extra="forbid", strict=False)


class Nothing(Sent):
    """An empty object: a page of another site cannot send it."""


class Variant(Sent):
    """A shipped scenario with some numbers changed, or a text of one's own; one of the two."""

    scenario: str | None = Field(
        None,
        strict=True,
        max_length=80,
        description="Name of a shipped scenario.",
        json_schema_extra=_named,
    )
    set: dict[str, Number] = Field(
        default_factory=dict,
        max_length=MOST_SETTINGS,
        description="Key of a control to its new number; KEY@DATE for a parameter from that day.",
        json_schema_extra={"propertyNames": {"pattern": KEY}},
    )
    scale: Annotated[Number, Field(ge=0.0001, le=1)] | None = Field(
        None,
        description="Part of the people that is simulated; where a scenario has millions, a part "
        "that fits unless told otherwise.",
    )
    toml: str | None = Field(
        None,
        strict=True,
        max_length=MOST_TEXT,
        description="Text of a scenario; it may extend a shipped one.",
    )
    name: str | None = Field(
        None,
        strict=True,
        pattern=r"^[a-z0-9][a-z0-9_-]{0,59}$",
        description="What the scenario of a text is called.",
    )

    @model_validator(mode="after")
    def _one_of_two(self) -> Variant:
        if bool(self.scenario) == bool((self.toml or "").strip()):
            raise ValueError("give scenario or toml, one of the two")
        if self.toml and (self.set or self.scale is not None):
            raise ValueError("set and scale change a shipped scenario; change the text itself")
        for key in self.set:
            if not re.fullmatch(KEY, key):
                raise ValueError("set: a key has letters, digits, dots and _ only")
        return self


class Order(Variant):
    """A run to be made: a `Variant` with how often and from which random numbers."""

    replications: Whole = Field(
        20, ge=1, le=MOST_REPLICATIONS, description="How often the whole span is simulated."
    )
    seed: Whole = Field(1, ge=0, lt=SEEDS, description="Where the random numbers start.")
    compare: Annotated[bool, Field(strict=True)] = Field(
        True, description="Whether the scenario as it ships is run too, to compare with."
    )
