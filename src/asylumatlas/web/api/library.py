"""The interface's shelves: logs, parameters, sources, and the words of the process."""

from __future__ import annotations

from dataclasses import asdict
from datetime import date
from functools import cache
from typing import Any

from asylumatlas import evidence, parameters, process
from asylumatlas.parameters import Parameter as Quantity
from asylumatlas.web.api.models import (
    Logs,
    LogShape,
    Parameters,
    ParameterShape,
    Process,
    Sources,
    SourceShape,
)
from asylumatlas.web.api.operations import Asked, Operation, Parameter, known, words
from asylumatlas.web.shelf import ShelfLog
from asylumatlas.web.site import Site

LOG = words("^[a-z0-9._-]{1,60}$", 60)
NAME = words("^[A-Za-z0-9_.-]{1,120}$", 120)


def told(site: Site, log: ShelfLog) -> dict[str, Any]:
    """Return what a log says of itself, and whether it can be asked."""
    manifest = log.log.manifest
    return {
        "name": log.name,
        "title": log.title,
        "note": log.note,
        "source": log.source,
        "as_of": log.as_of,
        "fingerprint": log.fingerprint,
        "ready": site.shelf.ready(log.name),
        "problem": site.shelf.failed.get(log.name),
        "cases": int(manifest.rows["cases"]),
        "events": int(manifest.rows["events"]),
        "replications": len(manifest.replications),
        "vocabulary": manifest.vocabulary,
        "caveats": list(log.caveats),
    }


# ---- handlers


async def logs(asked: Asked) -> Any:
    """Return all logs."""
    found = asked.site.shelf.all()
    return {"logs": [told(asked.site, log) for log in found]}


async def log(asked: Asked) -> Any:
    """Return one log."""
    return told(asked.site, asked.site.shelf.get(asked.text("name")))


async def all_parameters(asked: Asked) -> Any:
    """Return the parameters, or those whose words hold all that is sought."""
    sought = asked.text("q").casefold().split()
    rows = [
        row
        for row in _quantities().values()
        if all(
            word in f"{row['parameter']} {row['unit']} {row['note']}".casefold() for word in sought
        )
    ]
    return {"parameters": rows}


async def parameter(asked: Asked) -> Any:
    """Return one parameter."""
    return _quantities()[known(asked.text("name"), list(_quantities()), "parameter", "name")]


async def all_sources(asked: Asked) -> Any:
    """Return the sources, or those whose words hold all that is sought."""
    sought = asked.text("q").casefold().split()
    rows = [
        row
        for row in map(asdict, evidence.sources().values())
        if all(
            word in f"{row['id']} {row['publisher']} {row['title']} {row['note']}".casefold()
            for word in sought
        )
    ]
    return {"sources": rows}


async def source(asked: Asked) -> Any:
    """Return one source."""
    every = evidence.sources()
    return asdict(every[known(asked.text("id"), list(every), "source", "id")])


async def the_process(_: Asked) -> Any:
    """Return the words of the process."""
    return _words()


@cache
def _quantities() -> dict[str, dict[str, Any]]:
    return {name: _quantity(each) for name, each in sorted(parameters.load().items())}


def _quantity(one: Quantity) -> dict[str, Any]:
    return {
        "parameter": one.name,
        "unit": one.unit,
        "note": one.note,
        "assumed": one.assumed is not None,
        "why": one.assumed,
        "values": [
            {
                "from": entry.start.isoformat() if entry.start > date.min else None,
                "value": entry.value,
                "low": entry.low,
                "high": entry.high,
                "source": entry.source,
                "note": entry.note,
            }
            for entry in one.values
        ],
    }


@cache
def _words() -> dict[str, Any]:
    found = process.load()
    return {
        "version": process.vocabulary_version(),
        "stages": [asdict(each) for each in found.stages.values()],
        "events": [
            {
                "name": each.name,
                "label": each.label,
                "stage": each.stage,
                "track": each.track,
                "actor": each.actor,
                "definition": each.definition,
                "law": each.law,
                "records": each.records,
                "outcomes": list(each.outcomes),
                "stage_by_outcome": dict(each.stage_by_outcome),
            }
            for each in found.events.values()
        ],
        "outcomes": [
            {
                "name": each.name,
                "label": each.label,
                "gloss": each.gloss,
                "groups": {event: dict(groups) for event, groups in each.groups.items()},
            }
            for each in found.outcomes.values()
        ],
        "publishers": [asdict(each) for each in found.publishers.values()],
    }


def operations() -> tuple[Operation, ...]:
    """Return the operations of this part."""
    sought = Parameter("q", "Only those whose words hold all of these.")
    named = {"in_path": True, "required": True}
    return (
        Operation(
            "list_logs",
            "/logs",
            "logs",
            "List the logs that this server shows: records, simulations, results of runs.",
            Logs,
            logs,
        ),
        Operation(
            "get_log",
            "/logs/{name}",
            "logs",
            "Tell what one log says of itself.",
            LogShape,
            log,
            (Parameter("name", "Name of a log.", LOG, "made-up-records", **named),),
            faults=(404, 422),
        ),
        Operation(
            "list_parameters",
            "/parameters",
            "parameters",
            "List the parameters, each with its values, ranges and sources.",
            Parameters,
            all_parameters,
            (sought,),
            {"q": "credible_fear"},
        ),
        Operation(
            "get_parameter",
            "/parameters/{name}",
            "parameters",
            "Return one parameter with its values over time.",
            ParameterShape,
            parameter,
            (Parameter("name", "Name of a parameter.", NAME, "court.denied_share.HND", **named),),
            faults=(404, 422),
        ),
        Operation(
            "list_sources",
            "/sources",
            "sources",
            "List the sources of figures and parameters, each with the strength of its copy.",
            Sources,
            all_sources,
            (sought,),
            {"q": "TRAC"},
        ),
        Operation(
            "get_source",
            "/sources/{id}",
            "sources",
            "Return one source.",
            SourceShape,
            source,
            (Parameter("id", "Identifier of a source.", NAME, "TRAC617", **named),),
            faults=(404, 422),
        ),
        Operation(
            "get_process",
            "/process",
            "process",
            "Return the words of the process: stages, events, outcomes, and who groups outcomes.",
            Process,
            the_process,
        ),
    )
