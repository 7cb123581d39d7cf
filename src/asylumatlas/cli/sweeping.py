"""`asylumatlas sweep`: a scenario at several values of something, as one table."""

from __future__ import annotations

import io
import json as json_text
import os
import sys
from collections.abc import Sequence
from contextlib import redirect_stdout
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from asylumatlas.cli import DONE, UsageError, screen
from asylumatlas.cli.crew import crew
from asylumatlas.cli.options import MOST_REPLICATIONS, option, overrides, whole_number
from asylumatlas.disk import comma_separated
from asylumatlas.ensembles import Stopped

if TYPE_CHECKING:
    from asylumatlas.sim.sweep import Sweep

FORMATS = ("table", "csv", "json")
PERIODS = ("year", "end")
SOME = 8  # measures that are named where none was asked for


def sweep(
    scenario: str,
    /,
    *,
    vary: Annotated[tuple[str, ...], option("--vary", "KEY=V1,V2,...")],
    measure: Annotated[tuple[str, ...], option("--measure", "M")] = (),
    by: Annotated[str, option("--by", "|".join(PERIODS))] = "year",
    replications: Annotated[
        int, Parameter(converter=whole_number(1, MOST_REPLICATIONS), metavar="N")
    ] = 1,
    seed: Annotated[int, Parameter(converter=whole_number(0), metavar="S")] = 1,
    workers: Annotated[int | None, Parameter(converter=whole_number(1, 256), metavar="W")] = None,
    scheduler: Annotated[str | None, Parameter(metavar="ADDRESS")] = None,
    set_: Annotated[tuple[str, ...], option("--set", "KEY=VALUE")] = (),
    differences: Annotated[bool, option("--differences")] = False,
    format: Annotated[str, option("--format", "|".join(FORMATS))] = "",
    out: Annotated[Path | None, Parameter(metavar="FILE")] = None,
) -> int:
    """Simulate a scenario at several values of something, as one table.

    Args:
        scenario: name of a scenario, or a TOML file of your own.
        vary: what to vary and its values, such as additional_judges=0,100,...,700; given twice,
            every combination is run.
        measure: what to print, may be repeated; if not given, the scenario's first charted stock,
            such as the cases pending, and that is said.
        by: year prints the end of each fiscal year, end the last day only.
        replications: of each value; 1 is the central run, more give ranges.
        seed: where the random numbers start; every value has the same people and luck.
        workers: processes that share the work, 1 if not given; the numbers do not depend on it.
        scheduler: address of a Dask scheduler whose workers share the work instead.
        set_: replace one value of the scenario or one parameter in every run; may be repeated.
        differences: print how each row differs from the first, replication by replication.
        format: table, csv or json; by default what the name of --out ends in, else table.
        out: write to this file instead of the screen.
    """
    from asylumatlas.cli.ensemble_progress import EnsembleBar
    from asylumatlas.sim import sweep as sweeping

    form = _form(format, out)
    if by not in PERIODS:
        raise UsageError(f"--by {by}: must be {' or '.join(PERIODS)}")
    hands = crew(workers, scheduler)
    wanted, fixed = _wanted(vary), overrides(set_)
    _check(wanted, fixed, out, differences)
    try:
        with EnsembleBar("Simulating", 1) as progress:
            found = sweeping.sweep(
                scenario,
                wanted,
                measures=measure,
                by=by,
                replications=replications,
                seed=seed,
                overrides=fixed,
                progress=progress,
                **hands,
            )
    except sweeping.SweepError as error:
        raise UsageError(str(error)) from error
    except KeyboardInterrupt:
        raise Stopped("nothing was written; a sweep keeps nothing of what it has done") from None
    _give(found, form, out, differences)
    if not measure:
        _tell_measure(found)
    return DONE


_EXAMPLE = "--vary additional_judges=0,100,200"


def _wanted(vary: Sequence[str]) -> dict[str, list[str]]:
    """Values by key.

    Raises:
        UsageError: a word without "=", a key given twice, or values that make no sense.
    """
    from asylumatlas.sim.sweep import SweepError, values_of

    wanted: dict[str, list[str]] = {}
    for word in vary:
        key, equals, values = word.partition("=")
        if not equals or not key.strip() or not values.strip():
            raise UsageError(f"--vary {word}: write --vary KEY=V1,V2, for example {_EXAMPLE}")
        if key.strip() in wanted:
            raise UsageError(f"--vary {key.strip()}: given twice; give all its values at once")
        try:
            wanted[key.strip()] = values_of(values)
        except SweepError as error:
            raise UsageError(str(error)) from error
    return wanted


def _check(
    wanted: dict[str, list[str]], fixed: dict[str, str], out: Path | None, differences: bool
) -> None:
    """Refuse words that cannot be obeyed, before any work.

    Raises:
        UsageError: names the word and the remedy.
    """
    for key in fixed:
        if any(key == each or key.endswith(f".{each}") for each in wanted):
            raise UsageError(f"--set {key}: --vary gives its values; leave one of the two out")
    if differences and all(len(values) == 1 for values in wanted.values()):
        raise UsageError("--differences: from what? give --vary two values or more")
    if out is not None and out.is_dir():
        raise UsageError(f"--out {out}: is a folder; name a file in it")
    if out is not None and not out.absolute().parent.is_dir():
        raise UsageError(f"--out {out}: {out.parent} is not a folder; make it or name another")
    if out is not None and (out.is_file() or not out.exists()):
        _try_to_write(out)


def _try_to_write(out: Path) -> None:
    """See before the work whether a file can be written; nothing is changed.

    Raises:
        UsageError: it cannot.
    """
    is_new = not os.path.lexists(out)
    try:
        out.open("ab").close()
        if is_new:
            out.unlink()
    except OSError as error:
        why = error.strerror or error
        raise UsageError(f"--out {out}: cannot be written: {why}; name another") from None


def _tell_measure(found: Sweep) -> None:
    """Say on standard error which measure was chosen, and what else there is."""
    some, rest = ", ".join(found.others[:SOME]), len(found.others) - SOME
    others = f"{some} and {rest} more" if rest > 0 else some or "no others"
    print(
        f"--measure {found.measures[0][0]}, as none was given; there are {others}", file=sys.stderr
    )


def _form(format: str, out: Path | None) -> str:
    """The format asked for: by its name, or by the ending of the file's name."""
    from asylumatlas.evidence.suggestion import did_you_mean

    ending = out.suffix.lstrip(".").lower() if out is not None else ""
    form = format or (ending if ending in FORMATS else "table")
    if form not in FORMATS:
        hint = did_you_mean(form, FORMATS) or f" Known: {', '.join(FORMATS)}."
        raise UsageError(f"--format {form}: unknown format.{hint}")
    return form


def _give(found: Sweep, form: str, out: Path | None, differences: bool) -> None:
    if form == "table" and out is None:
        print_sweep(found, differences)
        return
    if form == "table":
        held = io.StringIO()
        with redirect_stdout(held):
            print_sweep(found, differences)
        text = held.getvalue()
    elif form == "json":
        text = json_text.dumps(found.to_json(differences), indent=1) + "\n"
    else:
        text = comma_separated(found.rows(differences))
    if out is None:
        print(text, end="")
    else:
        out.write_text(text, encoding="utf-8")
        print(out, file=sys.stderr)


def print_sweep(found: Sweep, differences: bool = False) -> None:
    """Print one table for each measure: a row for each combination, a column for each moment."""
    screen.paragraph(found.title)
    screen.paragraph(found.question)
    rows = found.rows(differences)
    keys = list(found.settings[0])
    for name, label, unit in found.measures:
        first = ", ".join(f"{key} {value}" for key, value in found.settings[0].items())
        told = f", difference from {first}" if differences else ""
        screen.heading(f"{label}, {unit}{told}")
        _print_measure(found, keys, [row for row in rows if row["measure"] == name], unit)
    if found.replications > 1:
        screen.paragraph(
            f"Median of {found.replications} replications; below it the range of 80 % of them."
        )
    for caveat in found.caveats:
        screen.paragraph(caveat, "  ", "- ")


def _print_measure(
    found: Sweep, keys: Sequence[str], rows: Sequence[dict[str, Any]], unit: str
) -> None:
    from asylumatlas.cli.columns import columns

    size = len(found.columns)
    cells = []
    for start in range(0, len(rows), size):
        line = rows[start : start + size]
        head = [str(line[0][key]) for key in keys]
        cells.append([*head, *(_number(row["median"], unit) for row in line)])
        if found.replications > 1:
            blank = [""] * (len(keys) - 1)
            for key, words in (("low80", "80 % from"), ("high80", "to")):
                cells.append([words, *blank, *(_number(row[key], unit) for row in line)])
    columns([*keys, *found.columns], cells, numeric=range(len(keys) + size))


def _number(value: float | None, unit: str) -> str:
    if value is None:
        return "-"
    whole = float(value).is_integer() and unit != "share"
    return f"{value:,.0f}" if whole else f"{value:,.3g}" if abs(value) < 100 else f"{value:,.1f}"
