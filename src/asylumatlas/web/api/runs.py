"""The interface's runs: to ask for one, to see how far it is, its result, and two side by side."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

from anyio import to_thread
from starlette.responses import Response

from asylumatlas.web.api.library import LOG
from asylumatlas.web.api.models import Compared, Jobs, JobShape, Result
from asylumatlas.web.api.operations import (
    ROOT,
    Asked,
    Operation,
    Parameter,
    json_bytes,
    one_of,
    words,
)
from asylumatlas.web.api.scenarios import EXAMPLE, KEY, SENT, WRITTEN, changed, most_replications
from asylumatlas.web.api.sent import Nothing, Order
from asylumatlas.web.faults import NotFoundError, WebError
from asylumatlas.web.jobs.pages import client_of
from asylumatlas.web.jobs.store import STATES, Job
from asylumatlas.web.shelf import ShelfLog
from asylumatlas.web.whatif.link import order

ORDER: Mapping[str, Any] = {**SENT, "replications": 4, "seed": 1, "compare": False}
SHOWN = 200  # jobs of the list


def told(asked: Asked, job: Job) -> dict[str, Any]:
    """Return a run as JSON-ready values, with its links."""
    found = job.to_dict()
    found["before"] = asked.site.jobs.place(job.id) if job.state == "waiting" else 0
    start = f"{ROOT}/jobs/{job.id}"
    found["links"] = {"self": start, "page": f"/jobs/{job.id}"}
    if job.state == "done":
        found["links"] |= {"result": f"{start}/result", "log": f"{ROOT}/logs/{job.log}"}
    return found


async def jobs(asked: Asked) -> Any:
    """Return the runs, the newest first."""
    state = asked.text("state")
    found = [job for job in asked.site.jobs.all() if not state or job.state == state]
    return {"jobs": [told(asked, job) for job in found[:SHOWN]]}


async def ask(asked: Asked) -> Any:
    """Ask for a run; the same is made once, whoever asks."""
    what = await asked.site.answers.work(lambda: ordered(asked.body, most_replications(asked)))
    asking = partial(asked.site.jobs.ask, "run", what, client_of(asked.request))
    job = asked.site.jobs.get(await asked.site.answers.work(asking))
    headers = {"Location": f"{ROOT}/jobs/{job.id}", "Cache-Control": "no-store"}
    body = json_bytes(told(asked, job))
    return Response(body, 202, headers, media_type="application/json")


def ordered(sent: Order, most: int) -> Mapping[str, object]:
    """Return what the jobs are asked for.

    Raises:
        WebError: a fault of the variant, the first one.
    """
    if sent.replications > most:
        raise WebError(f"replications: at most {most} here.", where="replications")
    if sent.toml:
        written = {"toml": sent.toml, "name": sent.name or WRITTEN}
        return {**written, "replications": sent.replications, "seed": sent.seed}
    link = changed(sent, most)
    if link.scenario() is None:
        where, said = next(iter(link.faults.items()))
        raise WebError(f"{where}: {said}" if where else said, where=where)
    what = dict(order(link))
    if not sent.compare:
        what.pop("base", None)
    return what


async def job(asked: Asked) -> Any:
    """Return how one run stands."""
    return told(asked, asked.site.jobs.get(asked.text("id")))


async def cancel(asked: Asked) -> Any:
    """Take a run back."""
    key, client = asked.text("id"), client_of(asked.request)
    found = await to_thread.run_sync(asked.site.jobs.cancel, key, client)
    return told(asked, found)


async def result(asked: Asked) -> Any:
    """Return what a run found."""
    key = asked.text("id")
    state = asked.site.jobs.get(key).state
    if state != "done":
        raise WebError(f"jobs: this run is {state}, so it has no result. See /jobs/{key}.", 409)
    folder = asked.site.jobs.folder(key)
    found = await asked.site.answers.get(("api", "result", key), lambda: _summary(folder))
    return {**found, "run": f"run-{key}"}


def _summary(folder: Path) -> Any:
    return json.loads((folder / "summary.json").read_text(encoding="utf-8"))


# ---- two runs


async def compare(asked: Asked) -> Any:
    """Return what differs between two runs."""
    pair = [asked.site.shelf.get(asked.text(name)) for name in ("a", "b")]
    for where, log in zip(("a", "b"), pair, strict=True):
        if not (log.folder / "summary.json").is_file():
            raise NotFoundError(f'{where}: "{log.name}" is no run. Name a simulated one.', where)
    key = ("api", "compare", *(f"{log.name} {log.fingerprint}" for log in pair))
    return await asked.site.answers.get(key, lambda: _compared(pair))


def _compared(pair: list[ShelfLog]) -> Any:
    from asylumatlas.sim.compare import CompareError
    from asylumatlas.sim.compare import compare as compare_runs

    try:
        found = compare_runs(*(log.folder for log in pair))
    except CompareError as error:
        said = str(error)  # names the folders, which are nobody's business
        for log in pair:
            said = said.replace(str(log.folder), log.name)
        raise WebError(said) from error
    return {**found, "run_a": pair[0].name, "run_b": pair[1].name}


def operations() -> tuple[Operation, ...]:
    """Return the operations of this part."""
    return (*_of_jobs(), _of_comparison())


def _of_jobs() -> tuple[Operation, ...]:
    number = Parameter(
        "id", "Number of a run.", words("^[0-9a-f]{16}$", 16), in_path=True, required=True
    )
    group = "jobs"
    return (
        Operation(
            "list_jobs",
            "/jobs",
            group,
            "List the runs that were asked for, the newest first.",
            Jobs,
            jobs,
            (Parameter("state", "Only those in one state.", one_of(STATES)),),
            {"state": "done"},
        ),
        Operation(
            "ask_job",
            "/jobs",
            group,
            "Ask for a run of a scenario.",
            JobShape,
            ask,
            body=Order,
            sent=ORDER,
            method="POST",
            status=202,
            faults=(404, 413, 415, 422, 503),
            command=f"asylumatlas run {EXAMPLE} --set {KEY}=500 --replications 4 --seed 1",
            details="The same run is made once, whoever asks for it: its number says what it is "
            "of. Ask for it again and again to see how far it is.",
        ),
        Operation(
            "get_job",
            "/jobs/{id}",
            group,
            "Tell how a run stands.",
            JobShape,
            job,
            (number,),
            faults=(404, 422),
        ),
        Operation(
            "cancel_job",
            "/jobs/{id}/cancel",
            group,
            "Take a run back; it ends unless others asked for it too.",
            JobShape,
            cancel,
            (number,),
            body=Nothing,
            sent={},
            method="POST",
            faults=(404, 415, 422),
        ),
        Operation(
            "get_result",
            "/jobs/{id}/result",
            group,
            "Return what a finished run found: medians, ranges, what was reported beside them.",
            Result,
            result,
            (number,),
            faults=(404, 409, 422),
            command=f"asylumatlas run {EXAMPLE} --json",
        ),
    )


def _of_comparison() -> Operation:
    def run(name: str, meaning: str) -> Parameter:
        return Parameter(name, meaning, LOG, EXAMPLE, required=True)

    return Operation(
        "compare_runs",
        "/compare",
        "compare",
        "Compare two runs, replication by replication.",
        Compared,
        compare,
        (
            run("a", "Name of a log of simulated people."),
            run("b", "Name of another; differences are b less a."),
        ),
        {"a": EXAMPLE, "b": EXAMPLE},
        faults=(404, 422),
        command="asylumatlas compare RUN_A RUN_B --json",
    )
