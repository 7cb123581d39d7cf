"""The backtest command: forecasts from past years, scored on what came."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from asylumatlas.cli import DONE, UsageError
from asylumatlas.cli.crew import crew
from asylumatlas.cli.options import Json, option, whole_number
from asylumatlas.cli.screen import print_json
from asylumatlas.cli.shelf import kept_on

if TYPE_CHECKING:
    from asylumatlas.backtest import Backtest

KNOWN = ("national",)
VARIANTS = {"both": ("given", "blind"), "given": ("given",), "blind": ("blind",)}
FIRST_LEARNT = "FY2010"
QUICK = {"draws": 500, "steps": 100}


def backtest(
    name: str,
    /,
    *,
    cutoffs: Annotated[str, Parameter(metavar="FY:FY")] = "FY2012:FY2022",
    horizons: Annotated[str, Parameter(metavar="N:N")] = "1:5",
    variant: Annotated[str, Parameter(metavar="given|blind|both")] = "both",
    forecast_by: Annotated[str, Parameter(metavar="NAME")] = "twin",
    judges: Annotated[str, Parameter(metavar="then|now")] = "then",
    learn_from: Annotated[str, Parameter(metavar="FY|none")] = FIRST_LEARNT,
    draws: Annotated[int | None, Parameter(converter=whole_number(2, 100_000), metavar="N")] = None,
    steps: Annotated[int | None, Parameter(converter=whole_number(1, 100_000), metavar="N")] = None,
    quick: Annotated[bool, option("--quick")] = False,
    seed: Annotated[int, Parameter(converter=whole_number(0), metavar="S")] = 1,
    workers: Annotated[int | None, Parameter(converter=whole_number(1, 256), metavar="W")] = None,
    scheduler: Annotated[str | None, Parameter(metavar="ADDRESS")] = None,
    out: Annotated[Path | None, Parameter(metavar="DIR")] = None,
    resume: Annotated[bool, option("--resume")] = False,
    pictures: Annotated[bool, option("--pictures")] = False,
    json: Json = False,
) -> int:
    """Forecast past years from what was known then; score that.

    Args:
        name: what is forecast: national, the pending cases and completions of all courts.
        cutoffs: last fiscal years that a forecast may know: first and last, or a list with commas.
        horizons: years ahead, first and last.
        variant: given: told the receipts and judges of the coming years; blind: told neither.
        forecast_by: twin (the fitted court), walk (the ledger alone) or simulated (people, given).
        judges: then: only counts dated by the cut-off enter a fit; now: as known today.
        learn_from: first year whose misses widen later intervals; years from there to the last
            cut-off are forecast too. none: intervals stay as the model gives them.
        draws: of each forecast.
        steps: of each fit.
        quick: fewer draws and steps, for a first look.
        seed: where the random numbers start; the same seed gives the same numbers.
        workers: processes that share the work, 1 if not given; the result does not depend on it.
        scheduler: address of a Dask scheduler that does the work, instead of workers.
        out: a new folder for the tables and the page.
        resume: go on with a backtest of the same settings and folder that was stopped.
        pictures: also write PNG and SVG into the folder.
        json: print one JSON object instead of tables.
    """
    from asylumatlas.backtest import experiment, folder, record

    _check(name, variant, out, resume, pictures)
    hands = crew(workers, scheduler)
    if out is not None:
        folder.free(out)
    small = QUICK if quick else {"draws": experiment.DRAWS, "steps": experiment.STEPS}
    asked: dict[str, Any] = {
        "cutoffs": _said("--cutoffs", lambda: record.span(cutoffs)),
        "horizons": _said("--horizons", lambda: record.span(horizons, int)),
        "variants": VARIANTS[variant],
        "forecast_by": forecast_by,
        "judges": judges,
        "learn_from": _said("--learn-from", lambda: _first_learnt(learn_from)),
        "draws": small["draws"] if draws is None else draws,
        "steps": small["steps"] if steps is None else steps,
        "seed": seed,
    }
    if (asked["learn_from"] or 0) > max(asked["cutoffs"]) and learn_from != FIRST_LEARNT:
        raise UsageError(f"--learn-from {learn_from}: is after the last cut-off; give an earlier")
    shelf = folder.journal_of(out) if out is not None else None
    with kept_on(shelf, asked, resume=resume):
        result = _run(asked, shelf, hands)
        if out is not None:
            folder.write(result, out, _command(name, asked, cutoffs, horizons, variant), pictures)
    if json:
        print_json({**result.plain(), "folder": str(out) if out else None})
    else:
        from asylumatlas.cli import backtest_tables

        backtest_tables.print_backtest(result, str(out) if out else "")
    return DONE


def _said(option: str, read: Callable[[], Any]) -> Any:
    """What an option says, a fault of it told with its name.

    Raises:
        UsageError: it says nothing that makes sense.
    """
    from asylumatlas.backtest.record import BacktestError

    try:
        return read()
    except BacktestError as error:
        raise UsageError(f"{option}: {error}") from None


def _first_learnt(text: str) -> int | None:
    from asylumatlas.backtest import record

    return None if text == "none" else record.fiscal_year(text)


def _check(name: str, variant: str, out: Path | None, resume: bool, pictures: bool) -> None:
    """Refuse words that cannot be obeyed.

    Raises:
        UsageError: names the word and the remedy.
    """
    from asylumatlas.evidence.suggestion import did_you_mean

    if name not in KNOWN:
        said = did_you_mean(name, KNOWN)
        raise UsageError(f'backtest: "{name}" cannot be backtested; write national.{said}')
    if variant not in VARIANTS:
        said = did_you_mean(variant, VARIANTS)
        raise UsageError(f'--variant: "{variant}" is not one of {", ".join(VARIANTS)}.{said}')
    for flag, given in (("--resume", resume), ("--pictures", pictures)):
        if given and out is None:
            raise UsageError(f"{flag}: name the folder too, with --out DIR.")


def _run(asked: dict[str, Any], shelf: Path | None, hands: dict[str, Any]) -> Backtest:
    """Do the work, finished cut-offs kept beside the folder until all are done."""
    from asylumatlas.backtest import national
    from asylumatlas.cli.progress import ReplicationBar

    class CutoffBar(ReplicationBar):
        """Shows cut-offs done, their rate and the time left; silent where nobody watches."""

        work = "Forecasting"

        def __call__(self, done: int, total: int) -> None:
            """Cut-offs done so far, of how many, those only learnt from among them."""
            if self._bar:
                self._bar.update(self._task, completed=done, total=total)

    with CutoffBar(len(asked["cutoffs"])) as progress:
        return national(**asked, **hands, journal=shelf, progress=progress)


def _command(name: str, asked: dict[str, Any], cutoffs: str, horizons: str, variant: str) -> str:
    """What to type to get the same numbers."""
    words = ["asylumatlas", "backtest", name, f"--cutoffs={cutoffs}", f"--horizons={horizons}"]
    words += [f"--variant={variant}", f"--forecast-by={asked['forecast_by']}"]
    first = asked["learn_from"]
    words += [f"--learn-from={'none' if first is None else f'FY{first}'}"]
    words += [f"--{key}={asked[key]}" for key in ("judges", "draws", "steps", "seed")]
    return shlex.join(words)
