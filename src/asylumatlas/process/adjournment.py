"""Why a hearing was put off, and for whom: EOIR's adjournment codes grouped by party.

The codes lie beside the vocabulary, not in it: a log keeps a code in the ``detail`` of a hearing as
its source gave it, and no word of the process depends on how we group it.
"""

from __future__ import annotations

import csv
import functools
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from asylumatlas.process.vocabulary import ProcessError, require_known

PARTIES = ("respondent", "government", "court", "other")
"""Who can cause an adjournment; ``other`` is both sides, a third body or nobody."""

_FILE = Path(__file__).parent / "adjournments.csv"
_FIELDS = ["code", "party", "label"]


@dataclass(frozen=True, slots=True)
class Adjournment:
    """One adjournment code.

    Attributes:
        code: EOIR's code, two characters.
        party: one of `PARTIES`, in our grouping of EOIR's labels.
        label: EOIR's description in plain words.
    """

    code: str
    party: str
    label: str


@functools.cache
def read_adjournments(file: Path = _FILE) -> Mapping[str, Adjournment]:
    """Return the adjournment codes by code, in file order.

    Raises:
        ProcessError: at the first thing that is wrong in the file, in one line.

    Example:
        >>> read_adjournments()["18"].label
        'Lack of interpreter'
    """
    lines = [
        line for line in file.read_text(encoding="utf-8").splitlines() if not line.startswith("#")
    ]
    rows = csv.DictReader(lines)
    if rows.fieldnames != _FIELDS:
        raise ProcessError(f"{file.name}: the columns must be {', '.join(_FIELDS)}.")
    found: dict[str, Adjournment] = {}
    for row in rows:
        where = f"{file.name}: {row['code']}"
        require_known(row["party"], PARTIES, f"{where}.party", "party")
        if not row["label"] or row["code"] in found or None in row:
            raise ProcessError(f"{where}: needs a label, in quotes if it has commas, and one row.")
        found[row["code"]] = Adjournment(**row)
    return MappingProxyType(found)


def adjournments() -> Mapping[str, str]:
    """Return who caused an adjournment, by its code: code -> party.

    Example:
        >>> adjournments()["01"], adjournments()["03"], adjournments()["18"]
        ('respondent', 'government', 'court')
    """
    return MappingProxyType({code: entry.party for code, entry in read_adjournments().items()})
