"""What each log on the shelf says of itself, and for imported records what became of every line.

/data        the logs; /data/LOG one
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from asylumatlas.records.ledger import LEDGER, Ledger, read_ledger
from asylumatlas.records.reasons import REPAIRED, UNREAD
from asylumatlas.records.storage import read_json
from asylumatlas.web.faults import WebError
from asylumatlas.web.listing import Listing, choices, is_twin, twins
from asylumatlas.web.rendering import lang, page, t, url
from asylumatlas.web.shelf import ShelfLog
from asylumatlas.web.site import Site, site

COLUMNS = (
    *("name", "title", "source", "as_of", "replications", "cases", "events", "ready"),
    *("note", "fingerprint"),
)
FILE_COLUMNS = (
    *("table", "file", "bytes", "lines", "kept", "repaired", "quarantined"),
    *("count_txt", "difference"),
)
MOST_CODES = 20
LINKS = "links.json"


async def index(request: Request) -> Response:
    """Show the logs."""
    choices(request, ())
    here = site(request)
    logs = here.shelf.all()
    rows = [_row(here, log) for log in logs]
    if is_twin(request):
        return Listing("data", COLUMNS, rows).reply(request)
    return page(
        request,
        "data.html",
        title=t(request, "data.title"),
        description=t(request, "data.lead"),
        logs=list(zip(logs, rows, strict=True)),
        failed=here.shelf.failed,
        shown=logs,
        canonical=url(request, "/data"),
        twins=twins(lang(request), "/data"),
    )


async def log(request: Request) -> Response:
    """Show what one log says of itself."""
    choices(request, ())
    here = site(request)
    found = here.shelf.get(request.path_params["name"])
    ledger, links = await here.answers.get(
        ("ledger", found.name, found.fingerprint), lambda: _of_import(found)
    )
    path = f"/data/{found.name}"
    if is_twin(request):
        return _twin(here, found, ledger, links).reply(request)
    return page(
        request,
        "data_log.html",
        title=found.title,
        log=found,
        row=_row(here, found),
        details=_details(found),
        versions=found.log.manifest.details.get("versions") or {},
        meters=found.log.manifest.details.get("meters") or [],
        caveats=_caveats(found),
        ledger=ledger,
        files=_files(ledger),
        codes=ledger.unknown_codes(MOST_CODES) if ledger else [],
        unread=[(*row, UNREAD.get(row[2], "")) for row in ledger.unread()] if ledger else [],
        repaired=REPAIRED,
        links=links,
        failed=here.shelf.failed.get(found.name, ""),
        shown=[found],
        canonical=url(request, path),
        twins=twins(lang(request), path),
    )


def _of_import(found: ShelfLog) -> tuple[Ledger | None, Mapping[str, Any] | None]:
    """The ledger and what linking found, where the log belongs to an imported dataset."""
    if not (found.root / LEDGER).is_file():
        return None, None
    try:
        return read_ledger(found.root), _counts(read_json(found.root / LINKS))
    except (OSError, ValueError) as error:
        reason = str(error).replace(f"{found.root}/", "")  # no folder of this machine is told
        raise WebError(f"{found.title}: {reason}", 503) from error


def _counts(links: Mapping[str, Any] | None) -> Mapping[str, Any] | None:
    """What linking counted; numbers of single cases, given there as examples, are left out."""
    if links is None:
        return None
    histories = links.get("histories", {})
    order = {name: each["count"] for name, each in links.get("order_violations", {}).items()}
    return {
        "cases": links.get("cases", 0),
        "events": links.get("events", 0),
        "histories": {name: value for name, value in histories.items() if isinstance(value, int)},
        "refused": [
            (each["reason"], each["count"])
            for why in histories.values()
            if isinstance(why, list)
            for each in why
        ],
        "tables": {
            name: {
                "rows": each["rows"],
                "used": each["used"],
                "not_used": dict(each.get("not_used", {})),
            }
            for name, each in links.get("tables", {}).items()
        },
        "left_out": [
            (event, why, count)
            for event, reasons in links.get("events_left_out", {}).items()
            for why, count in reasons.items()
        ],
        "order": order,
    }


def _twin(
    here: Site, found: ShelfLog, ledger: Ledger | None, links: Mapping[str, Any] | None
) -> Listing:
    """One log as data: its ledger by file where it has one, else what it says of itself."""
    about: dict[str, Any] = {**_row(here, found), "caveats": _caveats(found)}
    about |= {"details": _details(found), "linked": links}
    if ledger is not None:
        about |= {"totals": ledger.totals, "closes": ledger.closes(), "reasons": ledger.reasons()}
        rows = [{**row, "note": found.note} for row in _files(ledger)]
        return Listing(found.name, (*FILE_COLUMNS, "note"), rows, about)
    said = {**_row(here, found), **_details(found)}
    rows = [{"what": key, "value": value} for key, value in said.items()]
    rows += [{"what": "caveat", "value": each} for each in _caveats(found)]
    return Listing(found.name, ("what", "value"), rows, about)


def _row(here: Site, found: ShelfLog) -> dict[str, Any]:
    manifest = found.log.manifest
    return {
        "name": found.name,
        "title": found.title,
        "source": found.source,
        "as_of": found.as_of,
        "replications": len(manifest.replications),
        "cases": manifest.rows["cases"],
        "events": manifest.rows["events"],
        "ready": here.shelf.ready(found.name),
        "note": found.note or None,
        "fingerprint": found.fingerprint,
    }


def _details(found: ShelfLog) -> dict[str, Any]:
    """What made the log, in its own words, those that are one value."""
    manifest = found.log.manifest
    told = manifest.details
    made: dict[str, Any] = {}
    scenario = told.get("scenario")
    if isinstance(scenario, Mapping):
        for key in ("title", "question", "from", "to"):
            if scenario.get(key):
                made[f"scenario_{key}"] = scenario[key]
    for key in ("seed", "release", "release_fingerprint"):
        if told.get(key) is not None:
            made[key] = told[key]
    if told.get("draws"):
        made["draws_of_parameters"] = len(set(told["draws"]))
    if told.get("parameters"):
        made["parameters"] = len(told["parameters"])
    made |= {
        "run_fingerprint": told.get("fingerprint"),
        "vocabulary": manifest.vocabulary,
        "format": manifest.format,
        "checksum": manifest.checksum,
    }
    return {key: value for key, value in made.items() if value is not None}


def _caveats(found: ShelfLog) -> list[str]:
    scenario = found.log.manifest.details.get("scenario")
    more = scenario.get("caveats", ()) if isinstance(scenario, Mapping) else ()
    return list(dict.fromkeys([*found.caveats, *map(str, more)]))


def _files(ledger: Ledger | None) -> list[dict[str, Any]]:
    """The files of a release, the longest first."""
    if ledger is None:
        return []
    rows = [{name: each[name] for name in FILE_COLUMNS} for each in ledger.files]
    return sorted(rows, key=lambda row: (-row["lines"], row["table"]))


ROUTES = [
    *(Route(f"/data{ending}", index) for ending in (".csv", ".json", "")),
    *(Route(f"/data/{{name}}{ending}", log) for ending in (".csv", ".json", "")),
]
