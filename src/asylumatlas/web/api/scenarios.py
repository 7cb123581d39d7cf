"""The interface's scenarios: what they say, what can be changed, and a check before a run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from asylumatlas.scenario import Scenario, ScenarioError, names
from asylumatlas.scenario.controls import Control
from asylumatlas.scenario.outline import outline
from asylumatlas.scenario.reading import people, read_scenario
from asylumatlas.scenario.variants import merged, original
from asylumatlas.web.api.models import Checked, Scenarios, ScenarioShape
from asylumatlas.web.api.operations import Asked, Operation, Parameter, known, one_of
from asylumatlas.web.api.sent import Order, Variant
from asylumatlas.web.whatif import view as whatif_view
from asylumatlas.web.whatif.link import Asked as Changed
from asylumatlas.web.whatif.link import read

EXAMPLE = "caravan-2018"
KEY = "spaces.family_beds.room"
SENT: Mapping[str, Any] = {"scenario": EXAMPLE, "set": {KEY: 500}}
WRITTEN = "scenario"


# ---- scenarios


async def scenarios(asked: Asked) -> Any:
    """Return the heads of all shipped scenarios."""
    return await asked.site.answers.get(("api", "scenarios"), _heads)


def _heads() -> Any:
    return {"scenarios": [_head(name) for name in names()]}


def _head(name: str) -> dict[str, Any]:
    """What `outline.head` tells, without the second or so that a whole scenario takes."""
    content = merged(name)
    said = {key: str(content[key]) for key in ("title", "question", "from", "to")}
    return {"scenario": name, **said}


async def scenario(asked: Asked) -> Any:
    """Return one scenario with everything that can be changed in it."""
    name = known(asked.text("name"), names(), "scenario", "name")
    return await asked.site.answers.get(("api", "scenario", name), lambda: _described(name))


def _described(name: str) -> Any:
    base = original(name)
    rows = [_control(control) for control in base.controls.values()]
    return {**outline(base.scenario), "controls": rows}


def _control(control: Control) -> dict[str, Any]:
    least, most = control.bounds
    return {
        "key": control.key,
        "label": control.label,
        "group": control.group,
        "unit": control.unit,
        "steps": [
            {
                "from": step.start.isoformat() if step.start else None,
                "value": step.value,
                "low": step.low,
                "high": step.high,
                "source": step.source or None,
                "note": step.note,
                "late": step.late,
            }
            for step in control.steps
        ],
        "assumed": bool(control.assumed),
        "why": control.assumed or None,
        "least": least,
        "most": most,
        "note": control.note,
        "uses": list(control.uses),
    }


async def check(asked: Asked) -> Any:
    """Say whether a variant or a text can be run, and what differs."""
    return await asked.site.answers.work(lambda: _checked(asked.body, most_replications(asked)))


def _checked(sent: Variant, most: int) -> dict[str, Any]:
    name = sent.name or WRITTEN if sent.toml else str(sent.scenario)
    found: dict[str, Any] = {
        **{"ok": False, "faults": [], "scenario": name, "title": None, "fingerprint": None},
        **{"people": None, "scale": None, "differences": [], "toml": sent.toml},
    }
    if sent.toml:
        try:
            read_in = read_scenario(sent.toml, name)
        except ScenarioError as error:
            lines = str(error).splitlines()
            return found | {"faults": [_fault("toml", line) for line in lines]}
        return found | _told(read_in)
    link = changed(sent, most)
    variant = link.scenario()
    if variant is None:
        faults = [_fault(key, said) for key, said in link.faults.items()]
        return found | {"faults": faults}
    rows = [_difference(row) for row in whatif_view.differences(link)]
    return found | _told(variant) | {"differences": rows, "toml": link.toml()}


def _told(found: Scenario) -> dict[str, Any]:
    return {
        "ok": True,
        "title": found.model.title,
        "fingerprint": found.fingerprint,
        "people": people(found.model),
        "scale": found.model.scale,
    }


def _difference(row: Mapping[str, Any]) -> dict[str, Any]:
    """One difference, its numbers as numbers."""
    numbers = {
        key: None if row[key] is None else float(row[key])
        for key in ("base", "value", "low", "high")
    }
    return {**row, **numbers}


def _fault(where: str, said: str) -> dict[str, str]:
    return {"where": where, "error": said}


def changed(sent: Variant, most: int) -> Changed:
    """Return the variant that was sent, as the pages know it.

    Raises:
        NotFoundError: there is no such scenario.
        WebError: an unknown key.
    """
    name = known(str(sent.scenario), names(), "scenario", "scenario")
    pairs = [(f"set.{key}", repr(value)) for key, value in sent.set.items()]
    if sent.scale is not None:
        pairs.append(("scale", repr(sent.scale)))
    if isinstance(sent, Order):
        pairs += [("replications", str(sent.replications)), ("seed", str(sent.seed))]
    return read(original(name), pairs, most)


def most_replications(asked: Asked) -> int:
    """Return how many replications one run may have here."""
    return asked.site.settings.bounds.replications


def operations() -> tuple[Operation, ...]:
    """Return the operations of this part."""
    name = Parameter(
        "name", "Name of a shipped scenario.", one_of(names()), EXAMPLE, in_path=True, required=True
    )
    return (
        Operation(
            "list_scenarios",
            "/scenarios",
            "scenarios",
            "List the shipped scenarios, each with its question.",
            Scenarios,
            scenarios,
            command="asylumatlas scenarios --json",
        ),
        Operation(
            "get_scenario",
            "/scenarios/{name}",
            "scenarios",
            "Tell what a scenario says, and every number that can be changed in it.",
            ScenarioShape,
            scenario,
            (name,),
            faults=(404, 422),
            command=f"asylumatlas show {EXAMPLE} --json",
            details="Each control has its unit, range, source and the least and greatest value "
            "that may be set.",
        ),
        Operation(
            "check_scenario",
            "/check",
            "scenarios",
            "Check a scenario with changed numbers, or a text of your own, without running it.",
            Checked,
            check,
            body=Variant,
            sent=SENT,
            method="POST",
            faults=(404, 413, 415, 422),
            command="asylumatlas check FILE.toml",
            details="Faults of the scenario itself are the answer, in faults. No file of the "
            "server is read but the shipped scenarios and tables.",
        ),
    )
