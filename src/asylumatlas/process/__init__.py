"""The asylum process as data: its stages, events and outcomes, and which may follow which.

The words live in TOML files in this folder and nowhere else. `load` gives a frozen view of them;
`replay` says whether a history could have happened in this process, whether it was recorded or
simulated.
"""

from asylumatlas.process.adjournment import Adjournment, adjournments, read_adjournments
from asylumatlas.process.definition import (
    Process,
    event_codes,
    load,
    outcome_codes,
    vocabulary_version,
)
from asylumatlas.process.history import Verdict, replay, replay_many
from asylumatlas.process.vocabulary import (
    Event,
    Outcome,
    Point,
    ProcessError,
    Publisher,
    Stage,
)

__all__ = [
    "Adjournment",
    "Event",
    "Outcome",
    "Point",
    "Process",
    "ProcessError",
    "Publisher",
    "Stage",
    "Verdict",
    "adjournments",
    "event_codes",
    "load",
    "outcome_codes",
    "read_adjournments",
    "replay",
    "replay_many",
    "vocabulary_version",
]
