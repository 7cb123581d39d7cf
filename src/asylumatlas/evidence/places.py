"""Where the places of logs lie, read from ``places.csv`` beside this module."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import MappingProxyType

from asylumatlas.evidence.library import EvidenceError, sources

_FILE = Path(__file__).parent / "places.csv"
_FIELDS = [
    *("key", "codes", "name", "area", "latitude", "longitude", "within"),
    *("source", "assumed"),
]


@dataclass(frozen=True, slots=True)
class Place:
    """A point that a place is drawn at.

    Attributes:
        key: the word that scenarios use for it.
        codes: codes that court records use for it.
        name: what readers call it.
        area: state or country.
        latitude: degrees north.
        longitude: degrees east.
        within: degrees that the point may be off.
        source: id in ``sources.toml``, "" where the point is assumed.
        assumed: why the point stands for the place; "" where it is the place.
    """

    key: str
    codes: tuple[str, ...]
    name: str
    area: str
    latitude: float
    longitude: float
    within: float
    source: str
    assumed: str


@cache
def places(file: Path = _FILE) -> Mapping[str, Place]:
    """Return every place whose position is known, by its word and by each of its codes.

    Raises:
        EvidenceError: at the first thing that is wrong in the file, in one line.

    Example:
        >>> places()["NYC"].name, places()["tijuana"].latitude
        ('New York', 32.5)
    """
    lines = [line for line in file.read_text("utf-8").splitlines() if not line.startswith("#")]
    rows = csv.DictReader(lines)
    if rows.fieldnames != _FIELDS:
        raise EvidenceError(f"{file.name}: the columns must be {', '.join(_FIELDS)}.")
    found: dict[str, Place] = {}
    for row in rows:
        place = _place(row, file.name)
        for word in (place.key, *place.codes):
            if word in found:
                raise EvidenceError(f"{file.name}: {word}: stands twice. Leave one out.")
            found[word] = place
    return MappingProxyType(found)


def _place(row: Mapping[str, str], file: str) -> Place:
    where = f"{file}: {row['key']}"
    try:
        latitude, longitude = float(row["latitude"]), float(row["longitude"])
        within = float(row["within"])
    except (TypeError, ValueError) as error:
        raise EvidenceError(f"{where}: latitude, longitude, within must be degrees.") from error
    if not (-90 <= latitude <= 90 and -180 <= longitude <= 180 and 0 < within <= 10):
        raise EvidenceError(f"{where}: {latitude}, {longitude}, {within}: no such degrees.")
    if row["source"] and row["source"] not in sources():
        raise EvidenceError(f"{where}: unknown source {row['source']!r}. Add it to sources.toml.")
    if not (row["source"] or row["assumed"]) or not row["name"]:
        raise EvidenceError(f"{where}: needs a name, and a source or a reason under assumed.")
    codes = tuple(code for code in row["codes"].split(";") if code)
    return Place(
        *(row["key"], codes, row["name"], row["area"], latitude, longitude, within),
        *(row["source"], row["assumed"]),
    )
