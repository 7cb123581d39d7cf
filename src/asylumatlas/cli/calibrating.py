"""`asylumatlas calibrate`: fit a model to published figures, and say what they cannot tell."""

from __future__ import annotations

import json as json_text
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from cyclopts import Parameter, Token

from asylumatlas.cli import DONE, FAILED, UsageError
from asylumatlas.cli.crew import crew
from asylumatlas.cli.options import whole_number
from asylumatlas.cli.shelf import SETTINGS, kept_on, pieces_on

if TYPE_CHECKING:
    from asylumatlas.calibrate import Fit, Profile
    from asylumatlas.national.problem import NationalProblem

MODELS = ("national",)
FEWEST = 3  # runs that can teach a fit anything
ROUNDS = "rounds"  # within the folder: what is finished of an unfinished fit


def _fiscal_year(_: object, tokens: Sequence[Token]) -> int:
    """A converter that takes fiscal years: FY2017 or 2017."""
    text = tokens[0].value.upper().removeprefix("FY")
    if not (text.isascii() and text.isdigit() and len(text) == 4):
        raise ValueError(f"{tokens[0].value!r} is not a fiscal year written FY2017.")
    return int(text)


def calibrate(
    model: str,
    /,
    *,
    until: Annotated[int, Parameter(converter=_fiscal_year, metavar="FY")] = 2017,
    known: Literal["published", "covered"] = "published",
    hold: Annotated[tuple[str, ...], Parameter(negative="", metavar="TARGET")] = (),
    steps: Annotated[int, Parameter(converter=whole_number(20, 10**6), metavar="N")] = 2000,
    seed: Annotated[int, Parameter(converter=whole_number(0, 2**63 - 1), metavar="S")] = 1,
    train: Annotated[int, Parameter(converter=whole_number(0, 10_000), metavar="RUNS")] = 0,
    draws: Annotated[int, Parameter(converter=whole_number(0, 10_000), metavar="N")] = 0,
    profiles: Annotated[bool, Parameter(show_default=False)] = True,
    workers: Annotated[int | None, Parameter(converter=whole_number(1, 256), metavar="W")] = None,
    scheduler: Annotated[str | None, Parameter(metavar="ADDRESS")] = None,
    out: Annotated[Path | None, Parameter(metavar="DIR")] = None,
    resume: Annotated[bool, Parameter(negative="", show_default=False)] = False,
    json: Annotated[bool, Parameter(negative="", show_default=False)] = False,
) -> int:
    """Fit a model to published figures, and say what they cannot tell.

    It writes fit.json and fit.npz (the draws) and fit.html (the report).

    Args:
        model: what is fitted; "national" is the only one.
        until: fiscal year at whose end the fit is made; nothing later is used.
        known: "published" uses what could be read by then; "covered" also figures published
            later, if they speak of years up to then.
        hold: a target, or a kind of target, shown beside the fit and never seen by it; may be
            repeated.
        steps: most steps of each chain; fewer are walked where the chains agree early.
        seed: the same seed gives the same draws.
        train: runs of the simulation, some seconds each, that teach the fit what its quick model
            gets wrong; 0 uses those that come with the program, if any.
        draws: write draws.csv, a table of so many draws for simulations of us-courts, with the
            productivity at which each completes what was completed; some seconds each.
        profiles: make profile likelihoods; they take a minute or more.
        workers: processes that share the work, 1 if not given; the result does not depend on it.
        scheduler: address of a Dask scheduler that does the work instead.
        out: folder for the fit; fit-MODEL-FY if not given.
        resume: go on from what an earlier call in the same folder kept, with more steps too.
        json: print one JSON object instead of text.
    """
    if model not in MODELS:
        from asylumatlas.evidence.suggestion import did_you_mean

        known_models = ", ".join(MODELS)
        raise UsageError(
            f"calibrate: {model}: not one of {known_models}.{did_you_mean(model, MODELS)}"
        )
    folder = out or Path(f"fit-{model}-FY{until}")
    several = crew(workers, scheduler)
    if 0 < train < FEWEST:
        raise UsageError(f"--train {train}: too few to learn from; give {FEWEST} or more, or 0")
    _check_folder(folder, resume)
    from asylumatlas import calibrate as room
    from asylumatlas.national.errors import NationalError
    from asylumatlas.national.problem import national_problem

    try:
        problem = national_problem(until=until, known=known, held=hold)
    except (room.CalibrationError, NationalError) as error:  # all that it refuses are words
        raise UsageError(str(error)) from None
    asked = {"model": model, "until": until, "known": known, "hold": sorted(hold)}
    asked |= {"seed": seed, "train": train}
    kept = kept_on(folder / ROUNDS, asked, resume=resume, lasting=True)
    with kept, _bar() as progress:
        problem = _taught(problem, train, seed, folder, progress, several)
        fit = room.fit(
            problem, seed=seed, steps=steps, journal=folder / ROUNDS, progress=progress, **several
        )
        fit.save(folder)
        if draws and fit.converged:
            _draws(fit, until, draws, seed, folder, _labelled(progress, "Draws"), several)
        made = []
        if profiles and fit.converged:
            told = _labelled(progress, "Profiles")
            made = room.profiles(problem, fit, progress=told, **several)
    from asylumatlas.calibrate import page

    title = f"The national court model, fitted to what was known by FY{until}"
    page.write(fit, folder / "fit.html", title=title, profiles=made)
    _tell(fit, made, folder, json)
    if not fit.converged:
        raise room.CalibrationError(fit.warnings[0])
    return DONE if fit.converged else FAILED


def _check_folder(folder: Path, resume: bool) -> None:
    """Refuse a folder that can take no fit, or whose fit would be lost.

    Raises:
        UsageError: names the folder and the remedy.
    """
    above = next(each for each in (folder, *folder.absolute().parents) if each.exists())
    if not above.is_dir() or (folder.is_symlink() and not folder.exists()):
        why = f"{above.name} is a file" if not above.is_dir() else "a link that leads nowhere"
        raise UsageError(f"{folder}: {why}; name another folder with --out")
    kept = pieces_on(folder / ROUNDS)
    if not (folder / "fit.json").exists():
        begun = kept or (folder / ROUNDS / SETTINGS).is_file()
        if folder.is_dir() and any(folder.iterdir()) and not begun:
            raise UsageError(f"{folder}: there is something already; name a new folder with --out")
    elif not resume:
        raise UsageError(f"{folder}: holds a fit; --resume goes on from it, --out names another")
    elif not kept:
        raise UsageError(
            f"{folder}: holds a fit, but nothing to go on from; name another folder with --out"
        )


def _taught(
    problem: NationalProblem,
    runs: int,
    seed: int,
    folder: Path,
    progress: Callable[[str, int, int], None],
    several: dict[str, Any],
) -> NationalProblem:
    """The problem with what its quick model gets wrong, learnt now or before."""
    from asylumatlas.national import training

    if runs:
        told = _labelled(progress, "Training")
        made = training.train(
            problem, runs=runs, seed=seed, journal=folder / ROUNDS, progress=told, **several
        )
        made.save(folder / "training.csv")
    else:
        kept = training.shipped()
        if kept is None or int(kept.years[-1]) < problem.past.last:
            return problem
        made = kept
    return replace(problem, discrepancy=made.discrepancy(problem))


def _draws(
    fit: Fit,
    until: int,
    count: int,
    seed: int,
    folder: Path,
    told: Callable[[int, int], None],
    several: dict[str, Any],
) -> None:
    """Write the table of draws that simulations take."""
    from asylumatlas.national.fitted import fitted, remarks

    found = fitted(
        fit,
        until=until,
        draws=count,
        seed=seed,
        journal=folder / ROUNDS,
        progress=told,
        **several,
    )
    found.save(folder / "draws.csv", remarks(found, fit, seed))


def _bar() -> AbstractContextManager[Callable[[str, int, int], None]]:
    """What is done so far, on standard error, where somebody watches."""
    from rich.progress import MofNCompleteColumn, TextColumn

    from asylumatlas.cli.progress import Bar

    class FitBar(Bar):
        """Waves, steps or profiles done."""

        def __init__(self) -> None:
            super().__init__(TextColumn("{task.fields[work]}"), MofNCompleteColumn(), work="")

        def __call__(self, work: str, done: int, total: int) -> None:
            """How much is done, of how much."""
            if self._bar:
                self._bar.update(self._task, completed=done, total=total, work=work)

    return FitBar()


def _labelled(progress: Callable[[str, int, int], None], work: str) -> Callable[[int, int], None]:
    """A bar that is told only how much is done."""

    def told(done: int, total: int) -> None:
        progress(work, done, total)

    return told


def _tell(fit: Fit, profiles: Sequence[Profile], folder: Path, json: bool) -> None:
    """Print what was found."""
    from asylumatlas.calibrate import identifiability

    told = identifiability(fit)
    levels = fit.quantiles((0.025, 0.5, 0.975))
    if json:
        flat = {each.name: each.flat for each in profiles}
        unknowns = [
            {"name": each.name, "low95": row[0], "median": row[1], "high95": row[2],
             "width": each.width, "verdict": each.verdict, "partner": each.partner,
             "correlation": each.correlation, "profile_flat": flat.get(each.name)}
            for each, row in zip(told.unknowns, levels.T.tolist(), strict=True)
        ]  # fmt: skip
        shown = {
            "folder": str(folder),
            "converged": fit.converged,
            "warnings": fit.warnings,
            "seed": fit.seed,
            "steps": fit.steps,
            "seconds": round(fit.seconds, 1),
            "fingerprint": fit.fingerprint,
            "unknowns": unknowns,
            "pairs": told.pairs,
        }
        print(json_text.dumps(shown, indent=1))
        return
    from asylumatlas.cli.screen import heading, paragraph, table

    rows = [
        [each.name.replace("_", " "), *(f"{value:,.3g}" for value in row), f"{each.width:.2f}",
         each.verdict]
        for each, row in zip(told.unknowns, levels[[1, 0, 2]].T, strict=True)
    ]  # fmt: skip
    heading("What was learnt")
    table(["unknown", "median", "low95", "high95", "width", "verdict"], rows, (1, 2, 3, 4))
    paragraph("width: standard deviation after over before; near 1, nothing was learnt.")
    heading("What the data cannot tell")
    for sentence in [*told.sentences(), *fit.warnings]:
        paragraph(sentence.replace("_", " "), indent="  ", first="- ")
    print(
        f"\n{len(fit.samples):,} draws after {fit.steps:,} steps, R-hat {fit.r_hat.max():.3f}, "
        f"{fit.effective.min():,.0f} effective draws, seed {fit.seed}, {fit.seconds:,.1f} s"
    )
    print(f"{folder}/fit.html")
