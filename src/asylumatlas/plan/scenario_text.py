"""A plan as a scenario on top of `us-courts`, so that people are simulated under it."""

from __future__ import annotations

from datetime import date

from asylumatlas import parameters
from asylumatlas.plan.answer import Plan

__all__ = ["scenario_text"]

# Dated parameters that the plan takes as constant from its first day on.
PINNED = ("productivity", "detained_share", "reopened", "administratively_closed_share")

_ASSUMED = 'assumed = "of a staffing plan, not observed"'


def scenario_text(plan: Plan) -> str:
    """Return a TOML scenario that carries a plan out: judges and attorneys by court and quarter.

    Filings other than those of the modelled routes are scaled so that all receipts are the plan's.
    """
    here, goal = plan.here, plan.goal
    lines = [
        "# Made by `asylumatlas plan`: a staffing plan, carried out by simulated people.",
        f"# Goal: {goal.said()}.",
        "",
        'extends  = "us-courts"',
        f'title    = "A staffing plan from FY{goal.start + 1}"',
        f'question = "Does it hold that {goal.said()}?"',
        f"from     = {goal.start}-10-01",
        f"to       = {goal.start + goal.years}-09-30",
        "scale    = 0.05",
        "",
        "caveats = [",
        '  "Judges and attorneys are those of a plan; filings are assumed constant.",',
        "]",
        "",
        "[parameters]",
        *_parameters(plan),
        "",
        "[draws]",
        f"hold = {goal.start}-10-01",
    ]
    ratio = here.values["attorneys_per_judge"]
    for place, key in enumerate(here.courts.names):
        steps = _steps(plan, place)
        for crew, each, unit in (("judges", 1.0, "judges"), ("attorneys", ratio, "attorneys")):
            lines += ["", f"[crews.{crew}_{key}]", "servers = ["]
            lines += [
                f"  {{ from = {day}, is = {{ value = {judges * each:.2f}, "
                f'unit = "{unit}", {_ASSUMED} }} }},'
                for day, judges in steps
            ]
            lines.append("]")
    return "\n".join(lines) + "\n"


def _parameters(plan: Plan) -> list[str]:
    """Values that the goal gave, and filings scaled to the plan's."""
    here, found = plan.here, []
    known = parameters.load()
    on = date(plan.goal.start, 9, 30)
    direct = known.get("national.direct_receipts")
    if direct is not None:
        share = direct.at(on).value / known["national.receipts"].at(on).value
        number = here.values["receipts"] * share
        low, high = (share * each for each in here.ranges["receipts"])
        found.append(
            f'"national.direct_receipts" = {{ value = {number:.0f}, low = {low:.0f}, '
            f'high = {high:.0f}, unit = "{direct.unit}", {_ASSUMED} }}'
        )
    for name in PINNED:
        if here.basis[name] == "fitted":
            continue  # held in the table of draws, where it belongs together with the others
        value, (low, high) = here.values[name], here.ranges[name]
        unit = here.units[name]
        numbers = f"value = {value:.6g}, low = {low:.6g}, high = {high:.6g}"
        found.append(f'"national.{name}" = {{ {numbers}, unit = "{unit}", {_ASSUMED} }}')
    for name, number in plan.goal.parameters.items():
        if name.startswith("national.") and name.removeprefix("national.") not in PINNED:
            unit = known[name].unit
            found.append(f'"{name}" = {{ value = {number:g}, unit = "{unit}", {_ASSUMED} }}')
    return found


def _steps(plan: Plan, place: int) -> list[tuple[str, float]]:
    """Dates on which a court's judges change, with their number from then on."""
    found: list[tuple[str, float]] = []
    for quarter, judges in enumerate(plan.staffing.judges[place]):
        month = 10 + 3 * quarter
        day = date(plan.goal.start + (month - 1) // 12, (month - 1) % 12 + 1, 1)
        if not found or abs(found[-1][1] - judges) > 1e-6:
            found.append((day.isoformat(), float(judges)))
    return found
