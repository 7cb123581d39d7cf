"""What a run says, beside its base and beside what was published.

/what-if/results/ID              the page; ID is a run's number, or the name of a log of a run
/what-if/results/ID.json, .csv   the same as data
/what-if/results/ID.toml         the scenario that was run, as a file
/what-if/results/ID/report.html  the run's report, one file that opens anywhere
/what-if/results/ID/charts/M.vl.json   the chart of one measure
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from asylumatlas.disk import comma_separated
from asylumatlas.scenario import Scenario, load_scenario, names
from asylumatlas.web.faults import NotFoundError
from asylumatlas.web.jobs.folders import KEY
from asylumatlas.web.jobs.orders import RunOrder
from asylumatlas.web.jobs.store import Job
from asylumatlas.web.rendering import data, page, t, url
from asylumatlas.web.shelf import RUN, Shelf, ShelfLog
from asylumatlas.web.site import Site, site
from asylumatlas.web.whatif.findings import (
    Row,
    base_of,
    changes,
    compared,
    effects,
    over_time,
    reported,
    widely,
)
from asylumatlas.web.whatif.view import told

JSON, CSV = "application/json", "text/csv; charset=utf-8"
HTML = "text/html; charset=utf-8"
ASKED_FIRST = (
    *("waiting_list_wait", "credible_fear_found_rate", "asylum_denial_rate"),
    *("time_to_first_hearing", "time_to_decision", "custody_population"),
)


@dataclass(frozen=True)
class Result:
    """A finished run, with the run it is compared with.

    Attributes:
        key: what it is called in links.
        log: its log.
        summary: what it says of itself.
        scenario: what was run; ``None`` where that is no longer known.
        job: how it was asked for; ``None`` for a log that came with the server.
        base: the summary of the run to compare with.
        base_key: what that is called in links.
        comparison: as `asylumatlas.sim.compare.compare` gives it.
        changes: what was changed, one row for each number or part.
        views: its tables and charts, as the page shows them.
        toml: the scenario as a file; "" where only the run's command says it.
    """

    key: str
    log: ShelfLog
    summary: Row
    scenario: Scenario | None
    job: Job | None
    base: Row | None
    base_key: str
    comparison: Row | None
    changes: list[Row]
    views: Row
    toml: str = ""


def examples(shelf: Shelf) -> list[ShelfLog]:
    """Logs that came with the server and are of runs, so that their results can be shown."""
    return [log for log in shelf.logs.values() if not log.name.startswith(RUN) and _is_run(log)]


def _is_run(log: ShelfLog) -> bool:
    return (log.folder / "summary.json").is_file()


# ---- pages


async def result(request: Request) -> Response:
    """Show what a run says; while it is not done, go to where that is told."""
    found = await _result(request)
    if isinstance(found, Response):
        return found
    path = f"/what-if/results/{found.key}"
    summary = found.summary
    kinds = ("CSV", "JSON", "TOML") if found.toml else ("CSV", "JSON")
    return page(
        request,
        "whatif_result.html",
        title=t(request, "whatif.result_of", title=summary["title"]),
        description=summary["question"],
        shown=[found.log],
        found=found,
        told=told,
        summary=summary,
        order=found.job.order if found.job else None,
        link_back=_back(found),
        **found.views,
        statistics=_statistics(),
        twins={kind: url(request, f"{path}.{kind.lower()}") for kind in kinds},
    )


async def twin(request: Request) -> Response:
    """Return a run's numbers as data."""
    found = await _result(request)
    if isinstance(found, Response):
        told = f"jobs: this run is not done. See /jobs/{request.path_params['id']}."
        raise NotFoundError(told, "id")
    path, name = request.url.path, f"asylum-atlas-run-{found.key}"
    if path.endswith(".toml"):
        if not found.toml:
            raise NotFoundError("toml: this run has no file of its own; its command says all.")
        return data(request, found.toml, "application/toml", f"{name}.toml")
    if path.endswith(".csv"):
        return data(request, comma_separated(_rows(found)), CSV, f"{name}.csv")
    said: Row = {"id": found.key, "log": found.log.name, "note": found.log.note}
    said |= {"changed": found.changes, "comparison": found.comparison, "summary": found.summary}
    return data(request, json.dumps(said, ensure_ascii=False, indent=1) + "\n", JSON)


async def report(request: Request) -> Response:
    """Return the run's report as one file to keep."""
    found = await _result(request)
    if isinstance(found, Response):
        return found
    from asylumatlas import report as reports

    text = await site(request).answers.work(partial(reports.render, found.summary))
    return data(request, text, HTML, f"asylum-atlas-run-{found.key}.html")


async def chart(request: Request) -> Response:
    """Return the chart of one measure, as a Vega-Lite specification."""
    found = await _result(request)
    if isinstance(found, Response):
        return found
    measure = request.path_params["measure"]
    for row in found.views["over_time"]:
        if row["measure"] == measure:
            return data(request, json.dumps(row["spec"]()), JSON)
    raise NotFoundError(f"charts: this run has no measure {measure[:60]!r}.", "measure")


# ---- the run behind a page


async def _result(request: Request) -> Result | Response:
    key = request.path_params["id"]
    here = site(request)
    if KEY.fullmatch(key):
        job = await here.answers.work(partial(here.jobs.get, key))
        if job.state != "done":
            return RedirectResponse(url(request, f"/jobs/{key}"), 303)
        base = here.jobs.store.get(job.base) if job.base else None
        done = base is not None and base.state == "done"
        kept = ("result", key, job.ended, base.ended if base and done else None)
        return await here.answers.get(kept, partial(_of_job, here, job, base if done else None))
    log = here.shelf.get(key)
    if log.name.startswith(RUN):
        return RedirectResponse(url(request, f"/what-if/results/{log.folder.name}"), 303)
    if not _is_run(log):
        raise NotFoundError(f"{key}: is not of a run. See /statistics?log={key}.", "id")
    return await here.answers.get(("result", key, log.fingerprint), partial(_of_log, log))


def _of_job(here: Site, job: Job, base: Job | None) -> Result:
    folder = here.jobs.folder(job.id)
    log = here.shelf.get(f"{RUN}{job.id}")
    scenario = job.order.load()
    below, comparison, changed = None, None, _changed(job.order, scenario)
    if base is not None:
        from asylumatlas.sim.compare import compare

        below = _read(here.jobs.folder(base.id))
        comparison = compare(here.jobs.folder(base.id), folder)
    base_key = base.id if base else ""
    summary = _read(folder)
    views = _views(summary, below, comparison)
    toml = _toml(job.order)
    return Result(
        job.id, log, summary, scenario, job, below, base_key, comparison, changed, views, toml
    )


def _of_log(log: ShelfLog) -> Result:
    summary = _read(log.folder)
    scenario = load_scenario(summary["scenario"]) if summary["scenario"] in names() else None
    views = _views(summary, None, None)
    return Result(log.name, log, summary, scenario, None, None, "", None, [], views)


def _views(summary: Row, base: Row | None, comparison: Row | None) -> Row:
    """The tables and charts of the page, made once for each result."""
    return {
        "effects": effects(comparison),
        "reported": reported(summary, base),
        "over_time": over_time(summary, base),
        "stages": compared(summary["stages"], base, "stages", "stage", "entered"),
        "outcomes": compared(summary["outcomes"], base, "outcomes", "label"),
        "meters": compared(summary["meters"], base, "meters", "meter"),
        "assumptions": widely(summary),
    }


def _changed(order: RunOrder, scenario: Scenario) -> list[Row]:
    name = order.scenario or order.base or base_of(order.toml)
    return changes(load_scenario(name), scenario) if name in names() else []


def _read(folder: Path) -> Row:
    with (folder / "summary.json").open(encoding="utf-8") as file:
        found: Row = json.load(file)
    return found


def _toml(order: RunOrder) -> str:
    """The scenario that was asked for, as a file; "" where only the run's command says it."""
    from asylumatlas.scenario.variants import VariantError, original, text, vary

    if order.toml:
        return order.toml
    try:
        values = {key: float(value) for key, value in order.set.items()}
        vary(original(order.scenario), values)
    except (VariantError, ValueError):
        return ""
    return text(original(order.scenario), values)


def _back(found: Result) -> tuple[str, dict[str, object]]:
    """The page on which the variant can be changed further: its path and query."""
    order = found.job.order if found.job else None
    if order is None or order.toml:
        name = (order.base or base_of(order.toml)) if order else str(found.summary["scenario"])
        return (f"/what-if/{name}" if name in names() else "/what-if"), {}
    query: dict[str, object] = {
        key if key == "scale" else f"set.{key}": value for key, value in order.set.items()
    }
    query |= {"replications": order.replications, "seed": order.seed}
    return f"/what-if/{order.scenario}", query


def _rows(found: Result) -> list[Row]:
    """Every measure and meter of the run, beside those of its base."""
    note = found.log.note
    if found.comparison:
        return [
            {key: value for key, value in row.items() if key != "paired"} | {"note": note}
            for row in found.comparison["rows"]
        ]
    rows = []
    for part, name in (("series", "measure"), ("meters", "meter")):
        for row in found.summary[part]:
            last = {
                k: row[k][-1] if part == "series" else row[k] for k in ("median", "low95", "high95")
            }
            said = {"measure": row[name], "label": row["label"], "unit": row["unit"]}
            rows.append(said | last | {"note": note})
    return rows


def _statistics() -> list[Any]:
    """The catalogue's statistics that readers ask for first."""
    from asylumatlas import stats

    known = stats.statistics()
    return [known[name] for name in ASKED_FIRST if name in known]


ROUTES = [
    Route("/what-if/results/{id:str}/report.html", report),
    Route("/what-if/results/{id:str}/charts/{measure:str}.vl.json", chart),
    Route("/what-if/results/{id:str}.csv", twin),
    Route("/what-if/results/{id:str}.json", twin),
    Route("/what-if/results/{id:str}.toml", twin),
    Route("/what-if/results/{id:str}", result),
]
