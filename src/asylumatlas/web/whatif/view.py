"""What the page of a scenario shows: its controls, what differs from the base, how it is run."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import Any

from asylumatlas.evidence import sources
from asylumatlas.scenario import names
from asylumatlas.scenario.controls import GROUPS, Control, Step
from asylumatlas.scenario.reading import people
from asylumatlas.scenario.variants import Original, merged
from asylumatlas.summary import source_ids
from asylumatlas.web.shelf import Shelf
from asylumatlas.web.whatif.link import SCALES, Asked

Row = dict[str, Any]
FIRST = 10  # controls that are shown first
USES = 2  # of a parameter, told beside it
SHOWN = 60  # controls of one group, or found
# How many of each group are among the first, where no run has told what moves the answers.
USUAL = {"decisions": 3, "staff": 4, "capacity": 3, "room": 2, "people": 3, "shares": 3}
ENDS = {": servers": "", ": size": "", ": per day": "", ": room": "", ": capacity": ""}
NATIONAL = "us-courts"


def listed() -> list[tuple[str, list[Row]]]:
    """The shipped scenarios in groups: name of the group, and each scenario's head.

    Example:
        >>> [group for group, _ in listed()]
        ['caravan', 'border', 'national', 'policies', 'sheet']
    """
    found: dict[str, list[Row]] = {
        group: [] for group in ("caravan", "border", "national", "policies", "sheet")
    }
    for name in names():
        found[_family(name)].append(_head(name))
    for rows in found.values():
        rows.sort(key=lambda row: (row["name"] not in ("caravan-2018", NATIONAL), row["name"]))
    return [(group, rows) for group, rows in found.items() if rows]


def _family(name: str) -> str:
    if name == NATIONAL or name.startswith("us-surge"):
        return "national"
    if name.startswith("us-"):
        return "policies"
    if name == "stock-flow":
        return "sheet"
    return "border" if name.startswith("tijuana") else "caravan"


@cache
def _head(name: str) -> Row:
    said = merged(name)
    return {
        "name": name,
        "title": said["title"],
        "question": said["question"],
        "from": said["from"].isoformat(),
        "to": said["to"].isoformat(),
    }


# ---- controls


def groups(base: Original) -> list[tuple[str, int]]:
    """The groups of controls that a scenario has, each with its size."""
    sizes = dict.fromkeys(GROUPS, 0)
    for control in base.controls.values():
        sizes[control.group] += 1
    return [(group, size) for group, size in sizes.items() if size]


def shown(asked: Asked, first: Sequence[str]) -> tuple[list[Row], int]:
    """The controls that the page shows below those that are changed, and how many fit in all.

    Args:
        asked: the variant, with the group that is open and the words that are sought.
        first: keys of those shown where nothing is sought.
    """
    base = asked.base
    if asked.find:
        words = asked.find.lower().split()
        fits = [c for c in base.controls.values() if all(w in _searched(c) for w in words)]
    elif asked.show:
        fits = [c for c in base.controls.values() if c.group == asked.show]
    else:
        fits = [base.controls[key] for key in first]
    changed = {key.partition("@")[0] for key in asked.texts}
    fits.sort(key=lambda control: control.is_structure)
    rows = [view(asked, c) for c in fits if c.key not in changed][:SHOWN]
    return rows, len(fits)


def changed(asked: Asked) -> list[Row]:
    """The controls of what is set."""
    keys = dict.fromkeys(asked.base.control(key)[0].key for key in asked.texts)
    return [view(asked, asked.base.controls[key]) for key in keys]


def titles(asked: Asked) -> dict[str, str]:
    """What the controls are called that are set, by key."""
    return {key: title(asked.base.control(key)[0]) for key in asked.texts}


def _searched(control: Control) -> str:
    said = [control.key, control.label, control.unit, *control.uses]
    return " ".join(said).lower().replace("_", " ")


def view(asked: Asked, control: Control) -> Row:
    """One control as the page shows it."""
    start = asked.base.scenario.model.start
    steps = []
    for step in control.steps if len(control.steps) > 1 else ():
        key = f"{control.key}@{(step.start or start).isoformat()}"
        steps.append(_field(asked, key, step) | {"from": (step.start or start).isoformat()})
    only = control.steps[0] if len(control.steps) == 1 else None
    return _field(asked, control.key, only) | {
        "control": control,
        "label": title(control),
        "unit": control.unit,
        "steps": steps,
        "from": only.start.isoformat() if only and only.start and control.path else None,
        "low": told(control.low),
        "high": told(control.high),
        "uncertain": control.is_uncertain,
        "sources": cited(step.source for step in control.steps),
        "why": control.assumed if not control.is_structure else "",
        "structure": control.is_structure,
        "late": control.late,
        "note": control.note,
        "where": list(control.uses[:USES]) if len(control.uses) > 1 else [],
        "more": max(len(control.uses) - USES, 0),
    }


def _field(asked: Asked, key: str, step: Step | None) -> Row:
    own = "" if step is None else plain(step.value)
    return {
        "key": key,
        "id": "c-" + "".join(c if c.isalnum() else "-" for c in key),
        "base": own,
        "ships": "" if step is None else told(step.value),
        "value": asked.texts.get(key, own),
        "changed": key in asked.texts,
        "fault": asked.faults.get(key),
        "note_of_step": step.note if step else "",
    }


def title(control: Control) -> str:
    """A control's label as a heading: what its unit says already is left out.

    A parameter used in one place is called after that place.

    Example:
        >>> one = Step(None, 5.0, 5.0, 5.0, "")
        >>> title(Control("crews.a.servers", "Officers: servers", "staff", "officers", (one,)))
        'Officers'
    """
    said = control.uses[0] if len(control.uses) == 1 else control.label
    if control.group == "decisions" and said != control.label:
        said = f"{said}: {control.label}"
    said = re.sub(r", \d+$", "", said)  # "capacity, 0": its date says more
    for end, better in ENDS.items():
        said = said.removesuffix(end) + (better if said.endswith(end) else "")
    return said[:1].upper() + said[1:]


def plain(value: float) -> str:
    """A number as a field holds it: every figure, no separators.

    Example:
        >>> plain(1500.0), plain(0.111)
        ('1500', '0.111')
    """
    return f"{value:.12g}"


def told(value: float | str) -> str:
    """A number in a sentence: every figure, thousands separated; a text stays as it is.

    Example:
        >>> told(1500.0), told(0.111), told("8 … 70")
        ('1,500', '0.111', '8 … 70')
    """
    return value if isinstance(value, str) else f"{value:,.12g}"


def cited(ids: Iterable[str]) -> list[Row]:
    """Sources by id, each once, with what a reader would call it."""
    known = sources()
    found = dict.fromkeys(each for text in ids for each in source_ids(text))
    return [
        {"id": each, "publisher": known[each].publisher, "title": known[each].title}
        for each in found
        if each in known
    ]


def first_keys(base: Original, shelf: Shelf) -> list[str]:
    """Keys of the controls shown first: those that a finished run found to move its answers.

    Without such a run: what was decided, crews, capacities and shares, in the scenario's order.
    """
    known = [key for key in moving(base.name, shelf) if key in base.controls][:FIRST]
    left = dict(USUAL)
    for control in base.controls.values():
        if len(known) >= FIRST:
            break
        if left.get(control.group, 0) and not control.is_structure and control.key not in known:
            left[control.group] -= 1
            known.append(control.key)
    return known


def moving(name: str, shelf: Shelf) -> list[str]:
    """Names of parameters by the largest share of any answer's variance, from finished runs."""
    shares: dict[str, float] = {}
    for log in shelf.all():
        scenario = log.log.manifest.details.get("scenario")
        if isinstance(scenario, Mapping) and scenario.get("name") == name:
            for row in _summary(str(log.folder), log.fingerprint).get("assumptions", ()):
                most = max((item["share"] for item in row["influence"]), default=0.0)
                key = str(row["parameter"]).partition(" from ")[0]
                shares[key] = max(shares.get(key, 0.0), most)
    return sorted((key for key in shares if shares[key] > 0), key=lambda key: -shares[key])


@cache
def _summary(folder: str, _: str) -> Mapping[str, Any]:
    """What a run folder says of itself; nothing where the folder is no run's."""
    try:
        with open(f"{folder}/summary.json", encoding="utf-8") as file:
            found = json.load(file)
    except (OSError, ValueError):
        return {}
    return {"assumptions": found.get("assumptions", ())}


# ---- what differs


def differences(asked: Asked) -> list[Row]:
    """What is set, beside what the base has: one row for each number."""
    rows = []
    start = asked.base.scenario.model.start
    for key, value in asked.values.items():
        control, day = asked.base.control(key)
        steps = [s for s in control.steps if day is None or (s.start or start) == day]
        low, high = min(s.low for s in steps), max(s.high for s in steps)
        rows.append(
            {
                "key": key,
                "label": title(control),
                "unit": control.unit,
                "from": day.isoformat() if day else None,
                "base": steps[0].value,
                "base_to": steps[-1].value if len(steps) > 1 else None,
                "value": value,
                "low": low if high > low else None,
                "high": high if high > low else None,
                "assumed": bool(control.assumed),
                "sources": [row["id"] for row in cited(s.source for s in steps)],
                "outside": high > low and not low <= value <= high,
            }
        )
    return rows


def size(asked: Asked) -> Row:
    """How large a run is: people of one replication, and the scales that may be chosen."""
    model = asked.base.scenario.model
    whole = people(model) / model.scale
    return {
        "people": whole * asked.scale,
        "scales": sorted({*SCALES, asked.scale}, reverse=True),
        "scale": asked.scale,
    }
