"""Where an export is from, as every format says it."""

from __future__ import annotations

from typing import Any

from asylumatlas import __version__
from asylumatlas.exports.selection import Selection

SYNTHETIC = "Made up: simulated for trying programs on. No real person, judge or case is in it."

SPREAD = "Events of one case on one day are put a second apart, in their order; no second is real."

_LICENCES = {
    "records": "Public domain in the United States: published by an agency of its government "
    "(17 U.S.C. 105).",
    "simulation": "None claimed on the data; the program that made it is under Apache-2.0.",
    "example": "None claimed on the data.",
}


def provenance(selection: Selection, cases: int, events: int) -> dict[str, Any]:
    """Return where the data is from: keys in English, values plain, in a fixed order.

    Args:
        selection: what is exported.
        cases: how many cases that is.
        events: how many events that is.
    """
    log, details = selection.log, selection.log.manifest.details
    source = log.manifest.source
    synthetic = bool(details.get("synthetic"))
    told: dict[str, Any] = {
        "title": _title(details.get("release") or _scenario_name(details), source, synthetic),
        "source": source,
        "release": details.get("release"),
        "fingerprint": log.fingerprint,
        "checksum": log.manifest.checksum,
        "vocabulary": log.manifest.vocabulary,
        "as_of": log.as_of.isoformat(),
        "replication": selection.replication,
        "replications": len(log.replications),
        "sampled": details.get("sampled"),
        "where": "; ".join(f"{name}={_told(value)}" for name, value in selection.where.items()),
        "times": SPREAD if selection.spread else None,
        "cases": cases,
        "events": events,
        "licence": details.get("licence")
        or (_LICENCES["example"] if synthetic else _LICENCES[source]),
        "note": details.get("note") or (SYNTHETIC if synthetic else None),
        "caveats": [str(caveat) for caveat in details.get("caveats") or ()],
        "made_with": f"asylumatlas {__version__}",
    }
    return {key: value for key, value in told.items() if value not in (None, "", [])}


def _told(value: Any) -> str:
    many = value if isinstance(value, list | tuple | set | frozenset) else [value]
    return ",".join(str(word) for word in many)


def _scenario_name(details: Any) -> str | None:
    scenario = details.get("scenario")
    if isinstance(scenario, dict):
        return scenario.get("title") or scenario.get("name")
    return scenario if isinstance(scenario, str) else None


def _title(name: str | None, source: str, synthetic: bool) -> str:
    kind = {
        "records": "Court records as an event log",
        "simulation": "A simulated event log",
        "example": "An example event log",
    }[source]
    kind = "Made-up court records as an event log" if synthetic and source == "records" else kind
    return f"{kind}: {name}" if name else kind


def lines(told: dict[str, Any]) -> dict[str, str]:
    """Return the same as one line of text a key, for formats that know only words.

    Example:
        >>> lines({"cases": 2, "caveats": ["One.", "Two."]})
        {'cases': '2', 'caveats': 'One. Two.'}
    """
    return {
        key: " ".join(value) if isinstance(value, list) else str(value)
        for key, value in told.items()
    }
