"""`asylumatlas policies`: what policies change, for the same people with the same luck."""

from __future__ import annotations

import json as json_text
import re
import shlex
import sys
import textwrap
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from asylumatlas.cli import DONE, UsageError, screen
from asylumatlas.cli.crew import crew
from asylumatlas.cli.options import MOST_REPLICATIONS, option, overrides, whole_number
from asylumatlas.cli.shelf import contents, kept_on
from asylumatlas.disk import check_free, comma_separated, journal_of, new_folder

if TYPE_CHECKING:
    from asylumatlas.sim.policies import Comparison, Policy

FORMATS = ("table", "csv", "json")
ELSE = "Counts of no court"
WIDEST = 32  # of a measure's words
NOTES = (
    "Base and policy: medians over replications. Difference: median of policy less base, "
    "replication by replication, with the same people, luck and draws. Medians do not add: it is "
    "not the difference of the two medians, nor is the country's the sum of its parts'.",
    "pt: percentage points; a share of 12 % that becomes 15 % rises by 3 pt. Counts and cost are "
    "from the run's first day on.",
    '"same": no replication differs at all. "within luck": the mean difference is less than two '
    'standard errors of luck from nothing. "more than luck": it is more. "either way": it is more, '
    "but the range reaches from less to more.",
    "Waits are of cases filed in the run and decided in the last 365 days, detained and released "
    "together; a wait of who is still waiting is not in them.",
)
WHOLE = (
    "Draws are from the whole range of every number, each on its own, not fitted to what was "
    "published; how far the base then is from a published figure stands under each table."
)


def policies(
    *names: str,
    base: Annotated[str, Parameter(metavar="SCENARIO")] = "us-courts",
    replications: Annotated[
        int, Parameter(converter=whole_number(1, MOST_REPLICATIONS), metavar="N")
    ] = 20,
    seed: Annotated[int, Parameter(converter=whole_number(0), metavar="S")] = 1,
    set_: Annotated[tuple[str, ...], option("--set", "KEY=VALUE")] = (),
    until: Annotated[str | None, Parameter(metavar="DATE")] = None,
    on: Annotated[tuple[str, ...], option("--on", "DATE")] = (),
    workers: Annotated[int | None, Parameter(converter=whole_number(1, 256), metavar="W")] = None,
    scheduler: Annotated[str | None, Parameter(metavar="ADDRESS")] = None,
    format: Annotated[str, Parameter(metavar="|".join(FORMATS))] = "table",
    out: Annotated[Path | None, Parameter(metavar="DIR")] = None,
    resume: Annotated[bool, option("--resume")] = False,
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

    _check(format, out, resume)
    hands = crew(workers, scheduler)
    fixed = overrides(set_)
    if until is not None and "to" in fixed:
        raise UsageError("--set to: --until says the last day already; leave one of the two out")
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise UsageError(f"{twice}: named twice; name each policy once")
    journal = None if out is None else journal_of(out)
    asked = {"names": names, "base": base, "replications": replications, "seed": seed}
    asked |= {"set": fixed, "until": until, "on": on, "files": contents(*names, base)}
    try:
        with (
            kept_on(journal, asked, resume=resume),
            EnsembleBar("Simulating", 1, is_kept=journal is not None) as progress,
        ):
            found = comparing.compare_policies(
                names,
                base=base,
                replications=replications,
                seed=seed,
                overrides=fixed,
                until=None if until is None else _day(until, "--until"),
                moments=[_day(text, "--on") for text in on],
                journal=journal,
                progress=progress,
                **hands,
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


def _check(format: str, out: Path | None, resume: bool) -> None:
    """Refuse words that cannot be obeyed, before any work.

    Raises:
        UsageError: names the word and the remedy.
    """
    from asylumatlas.evidence.suggestion import did_you_mean

    if format not in FORMATS:
        hint = did_you_mean(format, FORMATS) or f" Known: {', '.join(FORMATS)}."
        raise UsageError(f"--format {format}: unknown format.{hint}")
    if resume and out is None:
        raise UsageError("--resume: name the folder too, with --out DIR")
    if out is not None:
        check_free(out, UsageError)


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
        print(comma_separated(found.rows()), end="")
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

    with new_folder(folder, UsageError) as draft:
        (draft / "policies.csv").write_text(comma_separated(found.rows()), "utf-8")
        (draft / "policies.json").write_text(_json(found), "utf-8")
        (draft / "policies.html").write_text(page(found, command), "utf-8")


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
        if started(found, policy):
            screen.paragraph(started(found, policy))
        for k in range(len(policy.dates))[0 if moments else -1 :]:
            _print_moment(policy, k, only=moments)
        for caveat in policy.caveats:
            screen.paragraph(caveat, "  ", "- ")
    print()
    for note in notes(found, moments):
        screen.paragraph(note, "  ", "- ")
    cited = sources(found)
    if cited:
        from asylumatlas import evidence

        screen.paragraph("Sources:")
        for name in cited:
            screen.paragraph(evidence.cite(name), "  ", "- ")


def notes(found: Comparison, moments: bool = False) -> list[str]:
    """What was run, how many draws stand behind a range, what each word means, what is published.

    Args:
        found: the comparison.
        moments: whether every moment is shown, not only the last.
    """
    from asylumatlas.sim.policies import draws_of, range_words

    people = f"1 person in {1 / found.scale:,.4g}" if found.scale < 1 else "everyone"
    runs, draws = found.replications, draws_of(found.replications)
    if runs == 1:
        made = "1 replication at central values"
        span = "one run has no range."
    else:
        made = f"{runs} replications of {draws} draw{'' if draws == 1 else 's'}"
        span = "the range is of 80 % of replications."
        if range_words(runs) != "80 %":
            span = "too few for a range: least and most are those of all replications."
    said = [f"{made}, {people}, seed {found.seed}, base {found.base}: {span}"]
    words: dict[str, None] = {}
    for policy in found.policies:
        last = max((each.on for each in policy.published), default=None)
        some = [each for each in policy.published if moments or each.on == last]
        words.update(dict.fromkeys(each.words for each in some))
    return [*said, *NOTES, _drawn(found), *(f"Published: {text}." for text in words)]


def started(found: Comparison, policy: Policy) -> str:
    """From which day policy and base run; "" where it is the base's own.

    Args:
        found: the comparison.
        policy: one of its policies.
    """
    if policy.start == policy.base_start:
        return ""
    return (
        f"Here the base is {found.base} started on {policy.start}, not on its own first day, "
        f"{policy.base_start}."
    )


def beside(rows: Sequence[dict[str, Any]]) -> str:
    """How far the base is from what was published last, in a sentence; "" where nothing was.

    Args:
        rows: those of one moment or several.

    Example:
        >>> row = {"date": "2020-09-30", "label": "Cases pending", "unit": "cases"}
        >>> beside([{**row, "base": 90.0, "published": 100.0}])
        'Published to 2020-09-30: cases pending 100 (the base is 10 % lower).'
    """
    parts = []
    last = max((row["date"] for row in rows if row["published"]), default="")
    for row in rows:
        value = row["published"]
        if value and row["date"] == last:
            off = 100 * (row["base"] / value - 1)
            words = f"{abs(off):.0f} % {'higher' if off > 0 else 'lower'}"
            how = words if abs(off) >= 0.5 else "within half a per cent"
            label = row["label"][0].lower() + row["label"][1:]
            parts.append(f"{label} {amount(value, row['unit'])} (the base is {how})")
    return f"Published to {last}: {'; '.join(parts)}." if parts else ""


def sources(found: Comparison) -> list[str]:
    """Identifiers of the sources that the caveats and published figures name, in their order.

    Args:
        found: the comparison.
    """
    from asylumatlas import evidence

    named: dict[str, None] = {}
    for policy in found.policies:
        for text in policy.caveats:
            named.update(dict.fromkeys(re.findall(r"\b[A-Z][A-Z0-9]+\b", text)))
        for each in policy.published:
            named.update(dict.fromkeys(each.sources))
    known = evidence.sources()
    return [name for name in named if name in known]


def _print_moment(policy: Policy, moment: int, only: bool) -> None:
    from asylumatlas.cli.columns import columns
    from asylumatlas.sim.areas import AREAS

    on = policy.dates[moment].isoformat()
    rows = [row for row in policy.rows() if row["date"] == on]
    cells: list[list[str]] = []
    for area in (*AREAS, ""):
        some = shown(rows, area)
        if some:
            cells.append([AREAS.get(area, ELSE), *[""] * 6])
            cells += [[f"  {first}", *rest] for first, *rest in map(_cells, some)]
    print()
    columns([f"to {on}", *head(rows), ""], cells, numeric=range(1, 6))
    record = beside(rows if only else policy.rows())
    if record:
        screen.paragraph(record)


def shown(rows: Sequence[dict[str, Any]], area: str) -> list[dict[str, Any]]:
    """Rows of an area; of the measures without one only those that differ."""
    return [row for row in rows if row["area"] == area and (area or row["reading"] != "same")]


def head(rows: Sequence[dict[str, Any]]) -> list[str]:
    """Names of the columns of numbers."""
    ends = ["80 % from", "to"] if rows[0]["range"] == "80 %" else ["least", "most"]
    return ["base", "policy", "difference", *ends]


def _cells(row: dict[str, Any]) -> list[str]:
    label = textwrap.shorten(said(row["label"], row["unit"]), WIDEST, placeholder=" ...")
    return [label, *numbers(row), row["reading"]]


def numbers(row: dict[str, Any]) -> list[str]:
    """A row's numbers as text, in the order of `head`."""
    unit = row["unit"]
    levels = [amount(row[key], unit) for key in ("base", "with_policy")]
    return [*levels, *(difference(row[key], unit) for key in ("difference", "low", "high"))]


def said(label: str, unit: str) -> str:
    """A line's words, with the unit where `amount` does not say it; all counts are so far.

    Example:
        >>> said("Staff and beds", "USD"), said("Cases filed", "cases")
        ('Staff and beds, million USD', 'Cases filed')
    """
    return f"{label}, million USD" if unit == "USD" else label.removesuffix(" so far")


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
    """A difference with its sign; of shares in percentage points.

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


def _drawn(found: Comparison) -> str:
    """Where the draws are from."""
    if not found.joint:
        return WHOLE
    return (
        f"Draws of {found.joint_names:,} parameters belong together: {found.joint}. The others are "
        "from their whole ranges."
    )
