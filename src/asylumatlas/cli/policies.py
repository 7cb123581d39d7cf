"""`asylumatlas policies`: what policies change, for the same people with the same luck."""

from __future__ import annotations

import csv
import io
import json as json_text
import shlex
import shutil
import sys
import textwrap
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from asylumatlas.cli import DONE, UsageError, screen
from asylumatlas.cli.commands import MOST_REPLICATIONS, _option, _overrides, _whole

if TYPE_CHECKING:
    from asylumatlas.sim.policies import Comparison, Policy

FORMATS = ("table", "csv", "json")
WIDEST = 36  # of a measure's words
NOTES = (
    "Difference: median over replications of policy less base with the same people, luck and "
    "draws; then the range of 80 % of them. pt: points of a per cent. Counts and cost are from the "
    "run's first day on.",
    '"within luck": the mean difference is less than two standard errors of luck from nothing. '
    '"either way": the 80 % range reaches from less to more.',
    "Waits are of cases filed in the run and decided in the last 365 days, detained and released "
    "together; a wait of who is still waiting is not in them.",
)


def policies(
    *names: str,
    base: Annotated[str, Parameter(metavar="SCENARIO")] = "us-courts",
    replications: Annotated[
        int, Parameter(converter=_whole(1, MOST_REPLICATIONS), metavar="N")
    ] = 20,
    seed: Annotated[int, Parameter(converter=_whole(0), metavar="S")] = 1,
    set_: Annotated[tuple[str, ...], _option("--set", "KEY=VALUE")] = (),
    until: Annotated[str | None, Parameter(metavar="DATE")] = None,
    on: Annotated[tuple[str, ...], _option("--on", "DATE")] = (),
    workers: Annotated[int | None, Parameter(converter=_whole(1, 256), metavar="W")] = None,
    scheduler: Annotated[str | None, Parameter(metavar="ADDRESS")] = None,
    format: Annotated[str, Parameter(metavar="|".join(FORMATS))] = "table",
    out: Annotated[Path | None, Parameter(metavar="DIR")] = None,
    resume: Annotated[bool, _option("--resume")] = False,
) -> int:
    """Compare policies with their base: same people, same luck.

    Args:
        names: scenarios or TOML files of your own; all shipped policies of the base if none given.
        base: what they are compared with.
        replications: of each policy and of the base; two share a draw of the parameters.
        seed: where the random numbers start, the same for all.
        set_: set a value or parameter in all runs; scale=1 simulates everyone, not 1 in 20.
        until: last day of the runs, instead of the scenarios' own.
        on: print the numbers of this day too, not only of the last one; may be repeated.
        workers: processes that share the work, 1 if not given; the numbers do not depend on it.
        scheduler: address of a Dask scheduler whose workers share the work instead.
        format: of what is printed; csv and json hold the end of every fiscal year.
        out: a new folder for policies.csv, policies.json and the page policies.html.
        resume: go on with the same comparison and folder where it was stopped.
    """
    from asylumatlas.cli.ensemble_progress import EnsembleBar
    from asylumatlas.sim import policies as comparing

    _check(format, out, resume, workers, scheduler)
    journal = None if out is None else out.parent / f".{out.name}.unfinished"
    if journal is not None and not resume:
        shutil.rmtree(journal, ignore_errors=True)
    try:
        with EnsembleBar("Simulating", 1, is_kept=journal is not None) as progress:
            found = comparing.compare_policies(
                names,
                base=base,
                replications=replications,
                seed=seed,
                overrides=_overrides(set_),
                until=None if until is None else _day(until, "--until"),
                moments=[_day(text, "--on") for text in on],
                workers=workers or 1,
                scheduler=scheduler,
                journal=journal,
                progress=progress,
            )
    except comparing.PolicyError as error:
        raise UsageError(str(error)) from error
    if out is not None:
        options = [f"--replications={replications}", f"--seed={seed}", f"--base={base}"]
        options += [f"--set={word}" for word in set_] + [f"--on={text}" for text in on]
        options += [] if until is None else [f"--until={until}"]
        write(found, out, shlex.join(["asylumatlas", "policies", *names, *options]))
    _give(found, format, moments=bool(on))
    if out is not None:
        print(out, file=sys.stderr)
    return DONE


def _check(
    format: str, out: Path | None, resume: bool, workers: int | None, scheduler: str | None
) -> None:
    """Refuse words that cannot be obeyed, before any work.

    Raises:
        UsageError: names the word and the remedy.
    """
    from asylumatlas.evidence.suggestion import did_you_mean

    if format not in FORMATS:
        hint = did_you_mean(format, FORMATS) or f" Known: {', '.join(FORMATS)}."
        raise UsageError(f"--format {format}: unknown format.{hint}")
    if scheduler is not None and workers is not None:
        raise UsageError("--workers: the scheduler has its own workers; leave one of the two out")
    if resume and out is None:
        raise UsageError("--resume: name the folder too, with --out DIR")
    if out is not None and (out.is_file() or (out.is_dir() and any(out.iterdir()))):
        raise UsageError(f"{out}: there is something already; name a new folder")


def _day(text: str, option: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise UsageError(f"{option} {text}: must be a date such as 2020-09-30") from None


# ---- what is given


def _give(found: Comparison, format: str, moments: bool) -> None:
    if format == "table":
        print_policies(found, moments)
    elif format == "csv":
        print(_csv(found.rows()), end="")
    else:
        print(_json(found), end="")


def write(found: Comparison, folder: Path, command: str) -> None:
    """Write the tables and the page into a folder, whole or not at all.

    Args:
        found: the comparison.
        folder: new or empty.
        command: what was typed, told on the page.
    """
    from asylumatlas.cli.policy_page import page

    draft = folder.parent / f".{folder.name}.draft"
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(parents=True)
    try:
        (draft / "policies.csv").write_text(_csv(found.rows()), "utf-8")
        (draft / "policies.json").write_text(_json(found), "utf-8")
        (draft / "policies.html").write_text(page(found, command), "utf-8")
        if folder.is_dir():
            folder.rmdir()
        draft.replace(folder)
    except BaseException:  # Ctrl-C too
        shutil.rmtree(draft, ignore_errors=True)
        raise


def _csv(rows: Sequence[dict[str, Any]]) -> str:
    held = io.StringIO()
    writer = csv.DictWriter(held, list(rows[0]) if rows else [], lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return held.getvalue()


def _json(found: Comparison) -> str:
    return json_text.dumps(found.to_json(), indent=1, allow_nan=False) + "\n"


def print_policies(found: Comparison, moments: bool = False) -> None:
    """Print one block for each policy: the country, the border, elsewhere, then the rest.

    Args:
        found: the comparison.
        moments: whether to print every moment, not only the last.
    """
    for policy in found.policies:
        screen.heading(f"{policy.name}: {policy.title}")
        screen.paragraph(policy.question)
        for k in range(len(policy.dates))[0 if moments else -1 :]:
            _print_moment(policy, k)
        for caveat in policy.caveats:
            screen.paragraph(caveat, "  ", "- ")
    print()
    people = f"1 person in {1 / found.scale:,.4g}" if found.scale < 1 else "everyone"
    screen.paragraph(
        f"{found.replications} replications of {people}, seed {found.seed}, base {found.base}."
    )
    for note in NOTES:
        screen.paragraph(note, "  ", "- ")


def _print_moment(policy: Policy, moment: int) -> None:
    from asylumatlas.cli.columns import columns
    from asylumatlas.sim.areas import AREAS

    on = policy.dates[moment].isoformat()
    rows = [row for row in policy.rows() if row["date"] == on]
    head = ["", "base", "difference", "80 % from", "to", ""]
    cells: list[list[str]] = []
    for area in (*AREAS, ""):
        some = [row for row in rows if row["area"] == area and (area or row["told"] != "same")]
        if some:
            cells.append([AREAS.get(area, "Besides"), *[""] * 5])
            cells += [_cells(row) for row in some]
    print()
    columns([f"to {on}", *head[1:]], cells, numeric=range(1, 5))


def _cells(row: dict[str, Any]) -> list[str]:
    unit = row["unit"]
    changes = [difference(row[key], unit) for key in ("difference", "low80", "high80")]
    label = textwrap.shorten(said(row["label"], unit), WIDEST, placeholder=" ...")
    return [f"  {label}", amount(row["base"], unit), *changes, row["told"]]


def said(label: str, unit: str) -> str:
    """A line's words, with the unit where `amount` does not say it.

    Example:
        >>> said("Cost of staff and beds", "USD"), said("Cases filed", "cases")
        ('Cost of staff and beds, million USD', 'Cases filed')
    """
    return f"{label}, million USD" if unit == "USD" else label


def amount(value: float | None, unit: str) -> str:
    """A number: shares in per cent, dollars in millions.

    Example:
        >>> amount(0.125, "share of cases"), amount(2.5e9, "USD"), amount(1234.0, "cases")
        ('12.5 %', '2,500', '1,234')
    """
    if value is None:
        return "-"
    if unit.startswith("share"):
        return f"{100 * value:.1f} %"
    return f"{value / 1e6 if unit == 'USD' else value:,.0f}"


def difference(value: float | None, unit: str) -> str:
    """A difference with its sign; of shares in points of a per cent.

    Example:
        >>> difference(-0.0125, "share"), difference(3.0, "days"), difference(0.0, "cases")
        ('-1.2 pt', '+3', '0')
    """
    if value is None:
        return "-"
    if unit.startswith("share"):
        text, after = f"{100 * value:+.1f}", " pt"
    else:
        text, after = f"{value / 1e6 if unit == 'USD' else value:+,.0f}", ""
    return (text if text.strip("+-0.") else text[1:]) + after
