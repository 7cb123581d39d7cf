"""The event log: one format for simulated and recorded histories.

A log is a folder of two partitioned tables, ``cases.parquet`` and ``events.parquet``, and a
manifest, ``log.json``, that is written last. `write_part` and `seal` make one, `open_log` reads
one, `validate` replays every history in it.

Example:
    >>> import tempfile
    >>> from datetime import date
    >>> from pathlib import Path
    >>> import numpy as np
    >>> from asylumatlas import process
    >>> words = ["list_joined", "port_admitted"]
    >>> events = CodedEvents(
    ...     replication=np.zeros(2, np.int16),
    ...     case_id=np.array([7, 7]),
    ...     seq=np.arange(2),
    ...     date=np.array([17_652, 17_655]),  # days since 1970-01-01
    ...     event=np.array([process.event_codes().index(word) for word in words]),
    ...     outcome=np.array([-1, -1]),
    ...     place=np.array([0, 0]),
    ... )
    >>> cases = CodedCases(
    ...     replication=np.zeros(1, np.int16),
    ...     case_id=np.array([7]),
    ...     nationality=(np.array([0]), ["HND"]),
    ...     kind=(np.array([0]), ["family"]),
    ...     entry_route=np.array([ENTRY_ROUTES.index("port_of_entry")]),
    ...     entry_date=np.array([17_655]),
    ...     charging_date=np.array([-1]),
    ... )
    >>> with tempfile.TemporaryDirectory() as name:
    ...     part = write_part(Path(name), 0, cases, events, ["san_ysidro"])
    ...     seal(Path(name), source="example", as_of=date(2018, 5, 4), parts=[part], details={})
    ...     log = open_log(name)
    ...     log.events(["date", "stage"]).to_pylist()[1]
    ...     validate(log).ok
    {'date': datetime.date(2018, 5, 4), 'stage': 'port_of_entry'}
    True
"""

from asylumatlas.events.coded import CodedCases, CodedEvents, CodedText
from asylumatlas.events.columns import (
    CASE_COLUMNS,
    ENTRY_ROUTES,
    EVENT_COLUMNS,
    KINDS,
    Column,
    LogError,
)
from asylumatlas.events.log import Log, open_log
from asylumatlas.events.manifest import SOURCES, Manifest, seal
from asylumatlas.events.parts import write_part
from asylumatlas.events.validation import Fault, Validation, validate

__all__ = [
    "CASE_COLUMNS",
    "ENTRY_ROUTES",
    "EVENT_COLUMNS",
    "KINDS",
    "SOURCES",
    "CodedCases",
    "CodedEvents",
    "CodedText",
    "Column",
    "Fault",
    "Log",
    "LogError",
    "Manifest",
    "Validation",
    "open_log",
    "seal",
    "validate",
    "write_part",
]
