"""What readers see of their runs: all of them, one with how far it is, and the buttons.

/jobs               all runs, the newest first; a POST asks for one
/jobs/ID            one run; /jobs/ID.json is what scripts ask again and again
/jobs/ID/cancel     (POST) takes it back
/jobs/ID/again      (POST) asks for it once more
/jobs/ID.toml       the text of a scenario that a reader wrote
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import partial
from typing import Any
from urllib.parse import parse_qsl

from anyio import to_thread
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from asylumatlas.disk import comma_separated
from asylumatlas.web.faults import NotFoundError
from asylumatlas.web.jobs.orders import OrderError
from asylumatlas.web.jobs.store import Job
from asylumatlas.web.rendering import data, page, t, url
from asylumatlas.web.site import site

SHOWN = 200  # jobs of the list
FIELDS = 200  # of a form
JSON, CSV = "application/json", "text/csv; charset=utf-8"
REFRESH = 3  # seconds


def client_of(request: Request) -> str:
    """Return who asks, as far as it can be told: the address, which is kept in memory only."""
    return request.client.host if request.client else ""


def told(request: Request, job: Job) -> dict[str, Any]:
    """Return a job as JSON-ready values, with its links and how many come before it."""
    jobs = site(request).jobs
    found = job.to_dict()
    found["before"] = jobs.place(job.id) if job.state == "waiting" else 0
    found["words"] = state_words(request, job)
    found["links"] = {"self": url(request, f"/jobs/{job.id}")}
    if job.state == "done":
        found["links"] |= {
            "results": url(request, f"/what-if/results/{job.id}"),
            "statistics": url(request, "/statistics", log=job.log),
        }
    return found


def state_words(request: Request, job: Job) -> str:
    """Say in the reader's language how a job stands."""
    say = partial(t, request)
    if job.state == "waiting":
        before = site(request).jobs.place(job.id)
        key = "jobs.waiting_next" if before == 0 else "jobs.waiting_before"
        return say("jobs.waiting_one") if before == 1 else say(key, n=before)
    if job.state == "running" and job.phase == "simulating":
        return say("jobs.simulating", done=job.done, total=job.total)
    if job.state == "running":
        return say("jobs.counting" if job.phase == "counting" else "jobs.starting")
    return say(f"jobs.state_{job.state}")


# ---- pages


async def all_jobs(request: Request) -> Response:
    """Show all runs."""
    jobs = site(request).jobs
    found = jobs.all()
    return page(
        request,
        "jobs.html",
        title=t(request, "jobs.title"),
        description=t(request, "jobs.lead"),
        rows=[_row(request, job) for job in found[:SHOWN]],
        left_out=max(len(found) - SHOWN, 0),
        active=any(job.is_active for job in found),
        refresh=_refresh(request),
        bounds=jobs.bounds,
        twins={"CSV": url(request, "/jobs.csv"), "JSON": url(request, "/jobs.json")},
    )


async def one_job(request: Request) -> Response:
    """Show one run."""
    jobs, key = site(request).jobs, request.path_params["id"]
    job = jobs.get(key)
    base = jobs.store.get(job.base) if job.base else None
    return page(
        request,
        "job.html",
        title=t(request, "jobs.one_title", title=job.title),
        job=job,
        order=job.order,
        choices=_choices(job),
        said=told(request, job),
        base=base,
        base_said=told(request, base) if base else None,
        minutes=_minutes(job),
        refresh=_refresh(request),
        twins={
            "CSV": url(request, f"/jobs/{key}.csv"),
            "JSON": url(request, f"/jobs/{key}.json"),
            **({"TOML": url(request, f"/jobs/{key}.toml")} if job.order.toml else {}),
        },
    )


async def twin(request: Request) -> Response:
    """Return all runs, those that wait or go on (``?active=1``), or one, as data."""
    jobs, path = site(request).jobs, request.url.path
    key = request.path_params.get("id")
    if key is not None:
        body: Any = told(request, jobs.get(key))
        found = [body]
    else:
        active = request.query_params.get("active") == "1"
        found = [told(request, job) for job in jobs.all() if job.is_active or not active]
        body = {"jobs": found}
    if path.endswith(".json"):
        answer = data(request, json.dumps(body, ensure_ascii=False, indent=1) + "\n", JSON)
    else:
        answer = data(request, comma_separated([_flat(each) for each in found]), CSV, _file(key))
    return answer


async def text(request: Request) -> Response:
    """Return the scenario that a reader wrote."""
    key = request.path_params["id"]
    order = site(request).jobs.get(key).order
    if not order.toml:
        raise NotFoundError(f"jobs: this run has no text of its own. See /jobs/{key}.")
    return data(request, order.toml, "application/toml", f"{order.name}.toml")


# ---- what is sent


async def ask(request: Request) -> Response:
    """Ask for a run with the fields of a form, or of JSON, and show it."""
    what = _read(request.headers.get("content-type", ""), await request.body())
    jobs = site(request).jobs
    asking = partial(jobs.ask, "run", what, client_of(request))
    key = await site(request).answers.work(asking)
    return RedirectResponse(url(request, f"/jobs/{key}"), 303)


async def cancel(request: Request) -> Response:
    """Take a run back, and show how it stands."""
    jobs, key = site(request).jobs, request.path_params["id"]
    await to_thread.run_sync(jobs.cancel, key, client_of(request))
    return RedirectResponse(url(request, f"/jobs/{key}"), 303)


async def again(request: Request) -> Response:
    """Ask once more for a run that failed, was cancelled or has made room."""
    jobs, key = site(request).jobs, request.path_params["id"]
    job = jobs.get(key)
    asking = partial(jobs.ask, job.kind, json.loads(job.asked), client_of(request))
    found = await site(request).answers.work(asking)
    return RedirectResponse(url(request, f"/jobs/{found}"), 303)


def _read(kind: str, body: bytes) -> Mapping[str, object]:
    """Return the fields that were sent.

    Raises:
        OrderError: they cannot be read, or a field is given twice.

    Example:
        >>> _read("application/x-www-form-urlencoded", b"scenario=a&set.x.y=2&base=")
        {'scenario': 'a', 'set': {'x.y': '2'}}
    """
    try:
        sent = body.decode("utf-8")
        if kind.startswith("application/json"):
            found = json.loads(sent)
            if isinstance(found, dict):
                return found
            raise OrderError('Send one JSON object, for example {"scenario": "caravan-2018"}.')
        pairs = parse_qsl(sent, strict_parsing=bool(sent), max_num_fields=FIELDS)
    except (UnicodeDecodeError, RecursionError) as error:
        raise OrderError("What was sent is not text in UTF-8.") from error
    except ValueError as error:
        if isinstance(error, OrderError):
            raise
        raise OrderError("What was sent is neither JSON nor the fields of a form.") from error
    what: dict[str, object] = {}
    settings: dict[str, str] = {}
    for key, value in pairs:
        table = settings if key.startswith("set.") else what
        name = key.removeprefix("set.")
        if name in table:
            raise OrderError(f"{key}: given twice; keep one.", where=key)
        table[name] = value
    return what | ({"set": settings} if settings else {})


# ---- details


def _row(request: Request, job: Job) -> dict[str, Any]:
    return {"job": job, "order": job.order, "words": state_words(request, job)}


def _choices(job: Job) -> dict[str, object]:
    """The query by which the page of a scenario shows what was chosen."""
    order = job.order
    chosen: dict[str, object] = {f"set.{key}": value for key, value in order.set.items()}
    return chosen | {"replications": order.replications, "seed": order.seed}


def _refresh(request: Request) -> int:
    """Seconds after which a browser without scripts asks again, where the reader wants it."""
    return REFRESH if request.query_params.get("refresh") == "1" else 0


def _minutes(job: Job) -> str:
    """How long it took, as 1:05, in minutes and seconds."""
    whole = int(job.seconds or 0)
    return f"{whole // 60}:{whole % 60:02d}"


def _flat(found: Mapping[str, Any]) -> dict[str, Any]:
    """One job as a row of a table."""
    row = {key: value for key, value in found.items() if key not in ("links", "words", "set")}
    return row | {"set": " ".join(f"{key}={value}" for key, value in found["set"].items())}


def _file(key: str | None) -> str:
    return f"asylum-atlas-runs{'' if key is None else '-' + key}.csv"


ROUTES = [
    Route("/jobs", all_jobs),
    Route("/jobs", ask, methods=["POST"]),
    Route("/jobs.json", twin),
    Route("/jobs.csv", twin),
    Route("/jobs/{id:str}.json", twin),
    Route("/jobs/{id:str}.csv", twin),
    Route("/jobs/{id:str}.toml", text),
    Route("/jobs/{id:str}/cancel", cancel, methods=["POST"]),
    Route("/jobs/{id:str}/again", again, methods=["POST"]),
    Route("/jobs/{id:str}", one_job),
]
