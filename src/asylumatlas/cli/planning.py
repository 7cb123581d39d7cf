"""The plan command: the least-cost staffing that meets a goal, and how it stands over draws."""

from __future__ import annotations

import hashlib
import json as json_text
import shlex
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from asylumatlas.cli import DONE, UsageError
from asylumatlas.cli.crew import crew
from asylumatlas.cli.options import Json, option, overrides, whole_number
from asylumatlas.cli.screen import print_json
from asylumatlas.cli.shelf import kept_on

if TYPE_CHECKING:
    from asylumatlas.plan import Goal
    from asylumatlas.plan.answer import Plan


def plan(
    goal: Path | None = None,
    /,
    *,
    share: Annotated[float | None, Parameter(metavar="SHARE")] = None,
    within: Annotated[float | None, Parameter(metavar="DAYS")] = None,
    pending_below: Annotated[float | None, Parameter(metavar="CASES")] = None,
    by: Annotated[str | None, Parameter(metavar="FY")] = None,
    start: Annotated[str | None, Parameter(metavar="FY")] = None,
    years: Annotated[int | None, Parameter(converter=whole_number(1, 15), metavar="N")] = None,
    hires_per_quarter: Annotated[float | None, Parameter(metavar="N")] = None,
    budget: Annotated[float | None, Parameter(metavar="USD")] = None,
    lead_days: Annotated[float | None, Parameter(metavar="DAYS")] = None,
    receipts: Annotated[float | None, Parameter(metavar="CASES")] = None,
    courts: Annotated[tuple[str, ...], option("--courts", "KEY=LEAST:MOST")] = (),
    set_: Annotated[tuple[str, ...], option("--set", "KEY=VALUE")] = (),
    no_ranking: Annotated[bool, option("--no-ranking")] = False,
    draws: Annotated[int, Parameter(converter=whole_number(0, 10_000), metavar="N")] = 64,
    simulate: Annotated[int, Parameter(converter=whole_number(0, 1000), metavar="N")] = 1,
    seed: Annotated[int, Parameter(converter=whole_number(0), metavar="S")] = 1,
    workers: Annotated[int | None, Parameter(converter=whole_number(1, 256), metavar="W")] = None,
    scheduler: Annotated[str | None, Parameter(metavar="ADDRESS")] = None,
    out: Annotated[Path | None, Parameter(metavar="DIR")] = None,
    resume: Annotated[bool, option("--resume")] = False,
    json: Json = False,
) -> int:
    """Find the least-cost judges, attorneys and officers that meet a goal.

    Args:
        goal: a TOML file with the goal and its limits; words given here go before it.
        share: of released cases that must be decided in time, such as 0.9.
        within: days from filing to decision.
        pending_below: instead of a share: fewer cases than this must be pending.
        by: fiscal year from which the goal must hold, such as FY2030.
        start: last fiscal year that is known; the plan begins after it.
        years: fiscal years of the plan, 1 to 15.
        hires_per_quarter: judges that may take the bench in a quarter.
        budget: USD over the plan beyond today's staff.
        lead_days: days from the decision to hire to the bench.
        receipts: cases filed in a fiscal year.
        courts: fewest and most judges of a court, as in miami=40:80; may be repeated.
        set_: replace one parameter; may be repeated.
        no_ranking: only the least-cost plan; no other plans beside it.
        draws: parameter draws that plans are ranked over.
        simulate: replications in which simulated people carry out each of the best five plans; one
            is the run at central values, more are spread over parameter draws.
        seed: where the random numbers start; the same seed gives the same answer.
        workers: processes that share the ranking, 1 if not given; the result does not depend on it.
        scheduler: address of a Dask scheduler that does the ranking, instead of workers.
        out: a new folder for tables, page and a scenario of the plan.
        resume: go on with a plan of the same settings and folder that was stopped.
        json: print one JSON object instead of tables.
    """
    from asylumatlas.plan import PlanError, read_goal

    words = {
        "share": share, "within": within, "pending_below": pending_below, "by": by,
        "start": start, "years": years, "hires_per_quarter": hires_per_quarter,
        "budget": budget, "lead_days": lead_days, "receipts": receipts,
        "courts": _bounds(courts) or None, "parameters": _numbers(set_) or None,
    }  # fmt: skip
    if resume and out is None:
        raise UsageError("--resume: name the folder too, with --out DIR.")
    hands = crew(workers, scheduler)
    if scheduler is not None and no_ranking:
        raise UsageError("--scheduler: only ranking is shared; leave it or --no-ranking out")
    try:
        wanted = read_goal(goal, **words)
        _known_courts(wanted)
    except PlanError as error:
        raise UsageError(str(error)) from None
    except (OSError, RecursionError) as error:
        why = error.strerror if isinstance(error, OSError) else "nested too deep"
        raise UsageError(f"{goal}: cannot be read: {why}") from None
    settings = {"draws": draws, "seed": seed, "ranking": not no_ranking, "simulated": simulate}
    shelf = _shelf(out)
    with kept_on(shelf, _asked(wanted, settings), resume=resume):
        found = _run(wanted, settings, hands, shelf)
        if out is not None:
            from asylumatlas.plan import folder

            folder.write(found, out, _command(goal, words, courts, set_, settings))
    if json:
        print_json({**found.plain(), "folder": str(out) if out else None})
    else:
        _print(found, out)
    return DONE


def _shelf(out: Path | None) -> Path | None:
    """Where finished pieces are kept, beside the folder.

    Raises:
        UsageError: the folder cannot take a plan.
    """
    from asylumatlas.plan import PlanError, folder

    if out is None:
        return None
    try:
        folder.free(out)
    except PlanError as error:
        raise UsageError(str(error)) from None
    return folder.journal_of(out)


def _run(goal: Goal, settings: dict[str, Any], hands: dict[str, Any], shelf: Path | None) -> Plan:
    """Do the work, finished pieces of the ranking kept beside the folder until all are done."""
    from asylumatlas.cli.progress import ReplicationBar
    from asylumatlas.ensembles import Journal
    from asylumatlas.plan import plan as find

    class PieceBar(ReplicationBar):
        """Shows pieces done, their rate and the time left; silent where nobody watches."""

        work = "Ranking"

    journal = None if shelf is None else Journal(shelf, _key(goal, settings))
    pieces = -(-settings["draws"] // 4) if settings["ranking"] else 1
    with PieceBar(max(pieces, 1)) as progress:
        return find(goal, **settings, **hands, journal=journal, progress=progress)


def _asked(goal: Goal, settings: dict[str, Any]) -> dict[str, Any]:
    """All that was asked for, by name."""
    return {each.name: repr(getattr(goal, each.name)) for each in fields(goal)} | settings


def _key(goal: Goal, settings: dict[str, Any]) -> str:
    """What names the work: pieces of other work are never taken for it."""
    from asylumatlas import __version__

    text = json_text.dumps([__version__, repr(goal), settings], sort_keys=True)
    return hashlib.sha256(text.encode("utf-8")).hexdigest()[:16]


def _bounds(words: tuple[str, ...]) -> dict[str, Any]:
    from asylumatlas.plan import Bounds

    found = {}
    for word in words:
        key, equals, span = word.partition("=")
        least, colon, most = span.partition(":")
        try:
            bounds = Bounds(float(least or 0), float(most or "inf"))
        except ValueError:
            bounds = Bounds(1.0, 0.0)
        if not equals or not colon or not bounds.possible:
            raise UsageError(f"--courts {word}: write --courts KEY=LEAST:MOST, as in miami=40:80")
        if key.strip() in found:
            raise UsageError(f"--courts {key.strip()}: given twice; keep one")
        found[key.strip()] = bounds
    return found


def _numbers(words: tuple[str, ...]) -> dict[str, float]:
    found = {}
    for key, value in overrides(words).items():
        try:
            found[key] = float(value)
        except ValueError:
            raise UsageError(f"--set {key}: {value!r} is not a number") from None
    return found


def _known_courts(goal: Goal) -> None:
    """Look courts and parameters up before anything long begins.

    Raises:
        PlanError: one that is not known.
    """
    from asylumatlas.plan.situation import situation

    situation(goal)


def _command(
    goal: Path | None,
    words: dict[str, Any],
    courts: tuple[str, ...],
    changes: tuple[str, ...],
    settings: dict[str, Any],
) -> str:
    """What to type to get the same answer."""
    typed = ["asylumatlas", "plan", *([str(goal)] if goal else [])]
    plain = {key: value for key, value in words.items() if not isinstance(value, dict)}
    typed += [f"--{k.replace('_', '-')}={v}" for k, v in plain.items() if v is not None]
    typed += [f"--courts={each}" for each in courts] + [f"--set={each}" for each in changes]
    typed += [f"--simulate={settings['simulated']}"]
    typed += [f"--draws={settings['draws']}", f"--seed={settings['seed']}"]
    return shlex.join(typed + ([] if settings["ranking"] else ["--no-ranking"]))


def _print(plan: Plan, out: Path | None) -> None:
    """The findings, the years and the ranking as text."""
    from asylumatlas.plan.findings import sentences

    for sentence in sentences(plan):
        print(sentence)
    over = "pending at end, median of draws (80 %)" if plan.draws else "pending at end"
    print(f"\n{'year':<8}{'judges':>8}{'hires':>8}{'attorneys':>11}{'officers':>10}{'bn USD':>9}"
          f"{over:>40}")  # fmt: skip
    for row in plan.years():
        pending = f"{row['pending_end_median']:,}"
        if plan.draws:
            pending += f" ({row['pending_end_low80']:,} to {row['pending_end_high80']:,})"
        print(f"{row['year']:<8}{row['judges']:>8,.0f}{row['hires']:>8,.0f}{row['attorneys']:>11,}"
              f"{row['officers']:>10,}{row['cost'] / 1e9:>9.2f}{pending:>40}")  # fmt: skip
    if plan.ranking is not None:
        _print_ranking("plan, by the twin", plan.ranking.rows(), plan.staffing.name)
        print("* robust choice, which the tables are about; cost at central prices, regret at each "
              "draw's")  # fmt: skip
    if plan.simulated is not None:
        _print_ranking("by simulated people", plan.simulated.rows(), plan.staffing.name)
    if out is not None:
        print(f"\nWritten to {out}: report.html, plan.json, courts.csv, quarters.csv, plan.toml")
    else:
        print("\nCourts: --out DIR writes them with a page and a scenario, --json prints them.")


def _print_ranking(head: str, rows: list[dict[str, Any]], chosen: str) -> None:
    from asylumatlas.plan.findings import value_said

    print(f"\n{head:<22}{'bn USD':>8}{'reached':>20}{'fails in':>10}{'regret, bn USD':>16}")
    for row in rows:
        regret = "-" if row["regret"] is None else f"{row['regret'] / 1e9:.2f}"
        name = row["plan"] + (" *" if row["plan"] == chosen else "")
        print(f"{name:<22}{row['cost'] / 1e9:>8.2f}{value_said(row['reached']):>20}", end="")
        print(f"{row['fails_share']:>10.0%}{regret:>16}")
