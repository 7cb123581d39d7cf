"""`asylumatlas synthesize`: a made-up release of court records, to try everything on."""

from __future__ import annotations

import json as json_text
import sys
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter, Token

from asylumatlas.cli import DONE, UsageError

if TYPE_CHECKING:
    from asylumatlas.synthetic import Synthesized

NOTE = "SYNTHETIC: made by a simulation. No real person, judge or case is in it."


def _number(kind: Callable[[str], Any], low: float, high: float) -> Any:
    """A converter that takes numbers of a range."""

    def read(_: object, tokens: Sequence[Token]) -> Any:
        text = tokens[0].value
        try:
            value = kind(text) if text.isascii() and "_" not in text else None
        except ValueError:
            value = None
        if value is None or not low <= value <= high:
            raise ValueError(f"{text!r} is not a number from {low:,} to {high:,}.")
        return value

    return read


def _day(_: object, tokens: Sequence[Token]) -> date:
    """A converter that takes days of the calendar."""
    text = tokens[0].value
    try:
        if len(text) != len("YYYY-MM-DD"):
            raise ValueError(text)
        return date.fromisoformat(text)
    except ValueError:
        raise ValueError(f"{text!r} is not a day written YYYY-MM-DD.") from None


def synthesize(
    *,
    cases: Annotated[int, Parameter(converter=_number(int, 1, 20_000_000), metavar="N")],
    out: Annotated[Path, Parameter(metavar="RELEASE")],
    defects: Annotated[
        float, Parameter(converter=_number(float, 0, 1_000_000), metavar="RATE")
    ] = 1.0,
    truth: Annotated[Path | None, Parameter(metavar="FILE")] = None,
    seed: Annotated[int, Parameter(converter=_number(int, 0, 2**63 - 1), metavar="S")] = 1,
    as_of: Annotated[date, Parameter(converter=_day, metavar="DATE")] = date(2026, 4, 1),
    months: Annotated[int, Parameter(converter=_number(int, 1, 120), metavar="M")] = 1,
    log: Annotated[Path | None, Parameter(metavar="DIR")] = None,
    workers: Annotated[int, Parameter(converter=_number(int, 1, 64), metavar="W")] = 2,
    json: Annotated[bool, Parameter(negative="", show_default=False)] = False,
) -> int:
    """Write a made-up release, to try everything on.

    It has the format, the tables and the known defects of a real release. Nothing in it is real:
    every case is simulated, and its shares and delays are made up.

    Args:
        cases: how many cases begin by 1 April 2026, up to 20,000,000; a million need 0.6 GB on
            the disk as a zip. A release of an earlier day has fewer.
        out: the release to write: a zip if the name ends in .zip, else a folder of plain files.
            It must not be there yet. With --months a folder that gets a zip for each month.
        defects: how many defects to plant, as a multiple of the rates observed in the real
            files; 0 for none.
        truth: a new Parquet file that names every defect planted: where it is, what stood there
            before, and what a perfect import says of it.
        seed: the same seed makes the same histories and defects, whatever the day.
        as_of: the day of the release, 2012-01-01 to 2027-12-31; what happens later is not in it.
            With --months the last release is of the first day of its month.
        months: write so many releases of one history, a month apart, each with its truth file
            beside it. With defects, a block of applications vanishes on the way, and of more than
            three months one is never published.
        log: a new folder for the event log of the simulated histories, as far as court records
            show them: what an import of the release should give back.
        workers: processes to work in, about 0.5 GB of memory each; the result is the same.
        json: print one JSON object instead of text.
    """
    if months > 1:
        if truth is not None or log is not None:
            raise UsageError("--months: each release has its truth beside it; drop --truth, --log")
        return _chain(cases, out, as_of, months, defects, seed, workers, json)
    from asylumatlas import synthetic

    with _bar() as progress:
        made = synthetic.synthesize(
            cases,
            out,
            defects=defects,
            truth=truth,
            seed=seed,
            as_of=as_of,
            log=log,
            workers=workers,
            progress=progress,
        )
    if json:
        print(json_text.dumps({"note": NOTE, **asdict(made)}, indent=1, default=str))
    else:
        _print(made)
    return DONE


def _bar() -> AbstractContextManager[Callable[[int, int], None]]:
    """Cases made so far, on standard error, where somebody watches."""
    from asylumatlas.cli.progress import CaseBar

    return CaseBar(0)


def _chain(
    cases: int,
    out: Path,
    as_of: date,
    months: int,
    defects: float,
    seed: int,
    workers: int,
    json: bool,
) -> int:
    """Write a release of the first day of each month."""
    from asylumatlas.synthetic.months import chain, months_back

    days = months_back(as_of, months)

    with _bar() as progress:
        made = chain(
            cases, out, days, defects=defects, seed=seed, workers=workers, progress=progress
        )
    releases = [str(path) for path in made.releases]
    if json:
        print(json_text.dumps({"note": NOTE, "releases": releases, "out": str(out)}, indent=1))
    else:
        print(NOTE, *releases, sep="\n")
    return DONE


def _print(made: Synthesized) -> None:
    """Say what was written."""
    print(f"{NOTE}\n\n{made.path}: {made.cases:,} cases as of {made.as_of}, seed {made.seed}")
    for table, rows in made.rows.items():
        print(f"  {table:<24}{rows:>13,} rows")
    size = f"{made.bytes / 1e6:,.1f} MB"
    if made.packed != made.bytes:
        size += f", {made.packed / 1e6:,.1f} MB packed"
    print(f"{size}; {made.seconds:,.1f} seconds, {made.cases / made.seconds:,.0f} cases a second")
    if made.defects == 0:
        print("Defects: none planted.")
    elif made.planted is None:
        print(f"Defects: {made.defects:g} times the observed rates; --truth FILE names each.")
    else:
        print(f"Defects: {made.planted:,} planted, {made.defects:g} times the observed rates.")
    if made.log is not None:
        print(f"Log of the histories: {made.log}")
    sys.stdout.flush()
