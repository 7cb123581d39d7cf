"""What a nationality code is called, for readers.

The names lie beside the vocabulary, not in it: logs and counts hold codes, and nothing depends on
what a code is called.
"""

from __future__ import annotations

import csv
import functools
import re
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from asylumatlas.process.vocabulary import ProcessError

_FILE = Path(__file__).parent / "nationalities.csv"
_FIELDS = ["iso3", "label"]
_CODE = re.compile(r"[A-Z]{3}|unknown")


@functools.cache
def nationalities(file: Path = _FILE) -> Mapping[str, str]:
    """Return the usual English name of each nationality by its code, in file order.

    The codes are ISO 3166-1 alpha-3, and OTH and unknown as in the cases of a log.

    Raises:
        ProcessError: at the first thing that is wrong in the file, in one line.

    Example:
        >>> nationalities()["SLV"]
        'El Salvador'
    """
    lines = [line for line in file.read_text("utf-8").splitlines() if not line.startswith("#")]
    rows = csv.DictReader(lines)
    if rows.fieldnames != _FIELDS:
        raise ProcessError(f"{file.name}: the columns must be {', '.join(_FIELDS)}.")
    found: dict[str, str] = {}
    for row in rows:
        code, label = row["iso3"], row["label"]
        if not _CODE.fullmatch(code) or code in found or not label or None in row:
            raise ProcessError(
                f"{file.name}: {code}: needs three capitals, a name, in quotes if it has commas, "
                "and one row."
            )
        found[code] = label
    return MappingProxyType(found)
