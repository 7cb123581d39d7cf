"""What if: pick a scenario, change its numbers, see what differs, run it, share it.

/what-if                    the shipped scenarios
/what-if/NAME               one, with its controls; a POST goes to the link of what was set
/what-if/NAME.toml          what is set, as a file that extends the scenario
/what-if/NAME/run           (POST) asks for the run
/what-if/text               a scenario of one's own, pasted; a POST reads it
/what-if/results/ID         see `results`
"""

from __future__ import annotations

import json
from functools import partial
from typing import Any
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from asylumatlas.disk import comma_separated
from asylumatlas.evidence.suggestion import did_you_mean
from asylumatlas.scenario import Scenario, ScenarioError, names
from asylumatlas.scenario.controls import controls
from asylumatlas.scenario.reading import MOST_TEXT, read_scenario
from asylumatlas.scenario.variants import Original, original
from asylumatlas.web.faults import NotFoundError, WebError
from asylumatlas.web.jobs.pages import client_of
from asylumatlas.web.rendering import data, page, t, url
from asylumatlas.web.site import site
from asylumatlas.web.whatif import findings as whatif_findings
from asylumatlas.web.whatif import results as whatif_results
from asylumatlas.web.whatif import view as whatif_view
from asylumatlas.web.whatif.link import Asked, order, read

JSON, CSV, TOML = "application/json", "text/csv; charset=utf-8", "application/toml"
FIELDS = 500  # of a form
LONGEST = 1_900  # characters of a link's query; the server takes 2,000
WRITTEN = "written"  # what a pasted scenario is called

# ---- the scenarios


async def scenarios(request: Request) -> Response:
    """Show the shipped scenarios in groups."""
    listed = await site(request).answers.get("what-if", whatif_view.listed)
    return page(
        request,
        "whatif.html",
        title=t(request, "whatif.title"),
        description=t(request, "whatif.lead"),
        listed=listed,
        examples=whatif_results.examples(site(request).shelf),
        twins={"CSV": url(request, "/what-if.csv"), "JSON": url(request, "/what-if.json")},
    )


async def scenarios_twin(request: Request) -> Response:
    """Return the shipped scenarios as data."""
    listed = await site(request).answers.get("what-if", whatif_view.listed)
    rows = [{"group": group, **row} for group, found in listed for row in found]
    if request.url.path.endswith(".json"):
        return data(request, _json({"scenarios": rows}), JSON)
    return data(request, comma_separated(rows), CSV, "asylum-atlas-scenarios.csv")


# ---- one scenario


async def scenario(request: Request) -> Response:
    """Show a scenario with its controls and what differs; 422 where something cannot be used."""
    asked, variant = await _asked(request)
    link = partial(url, request, f"/what-if/{asked.base.name}")
    plain = asked.query(show=None, find=None)
    shelf = site(request).shelf
    first = await site(request).answers.work(partial(whatif_view.first_keys, asked.base, shelf))
    rows, fitting = whatif_view.shown(asked, first)
    path = f"/what-if/{asked.base.name}"
    return page(
        request,
        "whatif_scenario.html",
        status=422 if asked.faults else 200,
        title=asked.base.scenario.model.title,
        description=asked.base.scenario.model.question,
        canonical=link(**plain),
        asked=asked,
        model=asked.base.scenario.model,
        variant=variant,
        names=whatif_view.titles(asked),
        told=whatif_view.told,
        changed=whatif_view.changed(asked),
        rows=rows,
        fitting=fitting,
        differences=whatif_view.differences(asked),
        groups=_tabs(request, asked),
        size=whatif_view.size(asked),
        share=str(request.url.replace(path=link(), query="")) + _tail(link(**plain)),
        most=site(request).settings.bounds.replications,
        twins={
            kind: url(request, f"{path}.{kind.lower()}", **plain)
            for kind in ("CSV", "JSON", "TOML")
        },
    )


async def change(request: Request) -> Response:
    """Go to the link of what the form says."""
    base = _original(request)
    pairs = await _form(request)
    asked = read(base, pairs, site(request).settings.bounds.replications)
    found = url(request, f"/what-if/{base.name}", **asked.query())
    if len(_tail(found)) > LONGEST:
        raise WebError(t(request, "whatif.too_long"))
    return RedirectResponse(found, 303)


async def run(request: Request) -> Response:
    """Ask for the run of what the form says, and show how far it is."""
    base = _original(request)
    asked = read(base, await _form(request), site(request).settings.bounds.replications)
    variant = await site(request).answers.work(asked.scenario)
    if variant is None:  # shown beside the control
        return RedirectResponse(url(request, f"/what-if/{base.name}", **asked.query()), 303)
    jobs = site(request).jobs
    asking = partial(jobs.ask, "run", order(asked), client_of(request))
    key = await site(request).answers.work(asking)
    return RedirectResponse(url(request, f"/jobs/{key}"), 303)


async def scenario_twin(request: Request) -> Response:
    """Return a variant as data: its file, what differs, every control."""
    asked, variant = await _asked(request)
    if variant is None:
        key, said = next(iter(asked.faults.items()))
        raise WebError(f"{key}: {said}" if key else said, where=key)
    name, path = asked.base.name, request.url.path
    if path.endswith(".toml"):
        return data(request, asked.toml(), TOML, f"{name}-variant.toml")
    rows = [_flat(asked, control) for control in asked.base.controls.values()]
    if path.endswith(".csv"):
        return data(request, comma_separated(rows), CSV, f"asylum-atlas-{name}.csv")
    model = asked.base.scenario.model
    told = {
        "scenario": name,
        "title": model.title,
        "question": model.question,
        "fingerprint": variant.fingerprint,
        "base_fingerprint": asked.base.scenario.fingerprint,
        "set": asked.values,
        "scale": asked.scale,
        "replications": asked.replications,
        "seed": asked.seed,
        "differences": whatif_view.differences(asked),
        "caveats": list(model.caveats),
        "controls": rows,
    }
    return data(request, _json(told), JSON)


# ---- a text of one's own


async def written(request: Request) -> Response:
    """Show the field for a scenario's text."""
    return _text_page(request, "", (), None)


async def check(request: Request) -> Response:
    """Read a scenario's text: its faults, or what it says and the button to run it."""
    fields = dict(await _form(request))
    text = fields.get("toml", "").replace("\r\n", "\n")
    if not text.strip():
        return _text_page(request, "", (t(request, "whatif.text_empty"),), None)
    try:
        found = await site(request).answers.work(partial(read_scenario, text, WRITTEN))
    except ScenarioError as error:
        return _text_page(request, text, str(error).splitlines(), None)
    return _text_page(request, text, (), found)


def _text_page(request: Request, text: str, faults: Any, found: Scenario | None) -> Response:
    base = whatif_findings.base_of(text) if found is not None else ""
    return page(
        request,
        "whatif_text.html",
        status=422 if faults else 200,
        title=t(request, "whatif.text_title"),
        text=text,
        faults=faults,
        found=found,
        base=base,
        rows=whatif_findings.changes(original(base).scenario, found) if base and found else [],
        numbers=len(controls(found)) if found else 0,
        told=whatif_view.told,
        name=WRITTEN,
        characters=MOST_TEXT,
    )


# ---- details


def _original(request: Request) -> Original:
    name = request.path_params["name"]
    if name not in names():
        hint = did_you_mean(name, names())
        raise NotFoundError(f"{name[:60]}: there is no such scenario.{hint} /what-if lists them.")
    return original(name)


async def _asked(request: Request) -> tuple[Asked, Scenario | None]:
    """The variant of a link, checked; the same link is checked once."""
    base = await site(request).answers.work(partial(_original, request))
    most = site(request).settings.bounds.replications
    asked = read(base, request.query_params.multi_items(), most)
    key = ("what-if", base.name, tuple(sorted(asked.changes.items())))
    if asked.faults:
        return asked, None

    def checked() -> tuple[Scenario | None, dict[str, str]]:
        return asked.scenario(), asked.faults

    variant, faults = await site(request).answers.get(key, checked)
    asked.faults = dict(faults)
    return asked, variant


async def _form(request: Request) -> list[tuple[str, str]]:
    """The fields of a form.

    Raises:
        WebError: they cannot be read.
    """
    try:
        sent = (await request.body()).decode("utf-8")
        return parse_qsl(sent, keep_blank_values=True, max_num_fields=FIELDS)
    except ValueError as error:
        raise WebError("What was sent are not the fields of a form. Use the page.") from error


def _tabs(request: Request, asked: Asked) -> list[dict[str, Any]]:
    """Links to each group of controls, the first ones in front."""
    path = f"/what-if/{asked.base.name}"
    open_now = asked.show if not asked.find else "-"
    first = {
        "label": t(request, "whatif.group_first"),
        "href": url(request, path, **asked.query(show=None, find=None)) + "#controls",
        "here": not open_now,
    }
    found = [first]
    for group, size in whatif_view.groups(asked.base):
        href = url(request, path, **asked.query(show=group, find=None)) + "#controls"
        label = t(request, f"whatif.group_{group}", n=size)
        found.append({"label": label, "href": href, "here": open_now == group})
    return found


def _tail(link: str) -> str:
    _, mark, query = link.partition("?")
    return mark + query


def _flat(asked: Asked, control: Any) -> dict[str, Any]:
    """A control as a row of a table."""
    return {
        "key": control.key,
        "label": control.label,
        "group": control.group,
        "unit": control.unit,
        "set": asked.values.get(control.key),
        "value": control.value,
        "low": control.low,
        "high": control.high,
        "from": " ".join(step.start.isoformat() for step in control.steps if step.start),
        "sources": " ".join(dict.fromkeys(s.source for s in control.steps if s.source)),
        "assumed": control.assumed,
        "hindsight": control.late,
    }


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, indent=1) + "\n"


ROUTES = [
    Route("/what-if", scenarios),
    Route("/what-if.csv", scenarios_twin),
    Route("/what-if.json", scenarios_twin),
    Route("/what-if/text", written),
    Route("/what-if/text", check, methods=["POST"]),
    *whatif_results.ROUTES,
    Route("/what-if/{name:str}.csv", scenario_twin),
    Route("/what-if/{name:str}.json", scenario_twin),
    Route("/what-if/{name:str}.toml", scenario_twin),
    Route("/what-if/{name:str}/run", run, methods=["POST"]),
    Route("/what-if/{name:str}", scenario),
    Route("/what-if/{name:str}", change, methods=["POST"]),
]
