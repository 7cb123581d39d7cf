"""Policies beside their base: the same people, the same luck, the same draws, one thing different.

A policy is a scenario that extends another. Replication r of both shares its draw and everyone's
luck, so a difference is taken replication by replication and is the policy's own, up to the luck
of those whom it moves. What is read is told in `areas.py`.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from asylumatlas.ensembles import Journal, pieces
from asylumatlas.evidence.suggestion import did_you_mean
from asylumatlas.scenario import FOLDER, Scenario, load_scenario
from asylumatlas.scenario.model import ScenarioModel
from asylumatlas.sim import meters
from asylumatlas.sim.areas import Line, PolicyError, Published, lines_of, published, values_of
from asylumatlas.sim.block import key_of
from asylumatlas.sim.digest import Digest
from asylumatlas.sim.replication import LUCKS_PER_DRAW, Worker, draw_number
from asylumatlas.sim.shortages import shortages_of

__all__ = ["Comparison", "Policy", "PolicyError", "compare_policies", "names_of", "reading"]

Numbers = NDArray[np.float64]
ENDS = (0.1, 0.9)
FEWEST = 10  # draws of the parameters that make a range of 80 %; of fewer, least and most
BLOCK = 4  # replications in one piece of work: whole draws
SCALE = 0.05


@dataclass(frozen=True)
class Policy:
    """A policy and its base, replication by replication.

    Attributes:
        name, title, question, caveats: the scenario's own.
        columns: names of the moments, such as "FY2024".
        dates: day of each, whose end the numbers are of.
        lines: what is compared.
        base: (replications, lines, moments) without the policy; NaN where there is no number.
        values: the same with it.
        start: first day of both.
        base_start: the base's own first day.
        published: figures of the same lines and dates, from the base's `reported`.
    """

    name: str
    title: str
    question: str
    caveats: tuple[str, ...]
    columns: tuple[str, ...]
    dates: tuple[date, ...]
    lines: tuple[Line, ...]
    base: Numbers
    values: Numbers
    start: date
    base_start: date
    published: tuple[Published, ...] = ()

    def rows(self, last: bool = False) -> list[dict[str, Any]]:
        """One row for each line and moment, or of the last moment only.

        Returns:
            Rows with `policy`, `area`, `measure`, `label`, `unit`, `period`, `date`; `base` and
            `with_policy` (medians of replications), `difference` (median of the paired
            differences, which is not the difference of the medians), its range `low` to `high`
            and what that is (`range`), `reading` (see `reading`), and the figure `published`.
        """
        found = []
        moments = range(len(self.dates))[-1 if last else 0 :]
        for k, line in enumerate(self.lines):
            head = {"policy": self.name, "area": line.area, "measure": line.measure}
            words = {"label": line.label, "unit": line.unit}
            for d in moments:
                when = {"period": self.columns[d], "date": self.dates[d].isoformat()}
                change = self.values[:, k, d] - self.base[:, k, d]
                span = {
                    "base": _median(self.base[:, k, d]),
                    "with_policy": _median(self.values[:, k, d]),
                    "difference": _median(change),
                    **dict(zip(("low", "high"), _ends(change), strict=True)),
                    "range": range_words(len(change)),
                    "reading": reading(change),
                    "published": self._published(line, self.dates[d]),
                }
                if span["base"] is not None:
                    found.append({**head, **words, **when, **span})
        return found

    def _published(self, line: Line, on: date) -> float | None:
        key = (line.area, line.measure, on)
        values = [
            each.value for each in self.published if (each.area, each.measure, each.on) == key
        ]
        return values[0] if values else None


@dataclass(frozen=True)
class Comparison:
    """Policies of one base.

    Attributes:
        base: its name.
        policies: in the order asked for.
        replications, seed, scale: of every run.
        joint: where the joint draws of the base's table are from; empty without a table.
        joint_names: how many parameters are in that table.
    """

    base: str
    policies: tuple[Policy, ...]
    replications: int
    seed: int
    scale: float
    joint: str = ""
    joint_names: int = 0

    def rows(self, last: bool = False) -> list[dict[str, Any]]:
        """The rows of every policy."""
        return [row for policy in self.policies for row in policy.rows(last)]

    def to_json(self) -> dict[str, Any]:
        """Everything, JSON-ready."""
        words = ("name", "title", "question", "caveats")
        return {
            "base": self.base,
            "replications": self.replications,
            "seed": self.seed,
            "scale": self.scale,
            "draws": self.joint or "the whole range of every number",
            "policies": [
                {**{w: getattr(policy, w) for w in words}, "from": policy.start.isoformat()}
                for policy in self.policies
            ],
            "rows": self.rows(),
        }


def reading(change: Numbers) -> str:
    """What a difference is worth, in words.

    Args:
        change: (replications,) paired differences; two neighbours share a draw.

    Returns:
        "same" where nothing differs in any replication; "within luck" where the mean is less than
        two standard errors of luck from nothing, luck being how the two replications of one draw
        differ; "either way" where the range reaches from less to more; "one run" where luck
        cannot be known; else "more than luck".

    Example:
        >>> reading(np.array([9.0, 11.0, 19.0, 21.0])), reading(np.array([-9.0, 11.0, 8.0, -12.0]))
        ('more than luck', 'within luck')
    """
    known = change[~np.isnan(change)]
    if not np.any(known):
        return "same"
    pairs = change[: len(change) // LUCKS_PER_DRAW * LUCKS_PER_DRAW].reshape(-1, LUCKS_PER_DRAW)
    pairs = pairs[~np.isnan(pairs).any(axis=1)]
    if not len(pairs):
        return "one run"
    error = np.sqrt(pairs.var(axis=1, ddof=1).mean() / len(known))
    if abs(known.mean()) <= 2 * error:
        return "within luck"
    low, high = _ends(change)
    return "either way" if low is None or high is None or low <= 0 <= high else "more than luck"


def draws_of(replications: int) -> int:
    """Draws of the parameters behind so many replications: two share one.

    Example:
        >>> draws_of(20), draws_of(1)
        (10, 1)
    """
    return -(-replications // LUCKS_PER_DRAW)


def range_words(replications: int) -> str:
    """What the range of so many replications is: of 80 %, or of all where draws are few.

    Example:
        >>> range_words(20), range_words(4), range_words(1)
        ('80 %', 'least and most', '')
    """
    if replications == 1:
        return ""
    return "80 %" if draws_of(replications) >= FEWEST else "least and most"


def _median(values: Numbers) -> float | None:
    """Median, of an even number the mean of the middle two; None where there is no number."""
    known = values[~np.isnan(values)]
    return round(float(np.median(known)), 5) if len(known) else None


def _ends(values: Numbers) -> tuple[float | None, float | None]:
    """Ends of the range; those of one number are unknown."""
    known = values[~np.isnan(values)]
    if not len(known) or len(values) == 1:
        return None, None
    ends = ENDS if draws_of(len(values)) >= FEWEST else (0.0, 1.0)
    low, high = np.quantile(known, ends, method="inverted_cdf").tolist()
    return round(low, 5), round(high, 5)


# ---- which policies


def names_of(base: str) -> list[str]:
    """Names of the shipped scenarios that extend another, over any number of steps.

    Example:
        >>> "us-hiring" in names_of("us-courts")
        True
    """
    parents: dict[str, Any] = {}
    for path in sorted(FOLDER.glob("*.toml")):
        content = tomllib.loads(path.read_text("utf-8"))
        if not content.get("base_only", False):
            parents[path.stem] = content.get("extends")
    return [name for name in parents if base in _line(name, parents)]


def _line(name: str, parents: Mapping[str, Any]) -> Iterable[str]:
    """The scenarios that one rests on."""
    above = parents.get(name)
    while above is not None:
        yield above
        above = parents.get(above)


# ---- the work


def compare_policies(
    names: Sequence[str | Path] = (),
    *,
    base: str | Path = "us-courts",
    replications: int = 20,
    seed: int = 1,
    overrides: Mapping[str, str] | None = None,
    until: date | None = None,
    moments: Sequence[date] = (),
    workers: int = 1,
    executor: Executor | None = None,
    scheduler: str | None = None,
    journal: Path | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Comparison:
    """Run policies and their base with the same people, luck and draws.

    Args:
        names: shipped scenarios or TOML files; all shipped policies of the base if none are given.
        base: what they are compared with. A policy that starts or ends on another day than the
            base is compared with the base from and to those days.
        replications: of each; two share a draw. One alone is the central run.
        seed: of draws and luck, the same for all.
        overrides: what else to set in all of them, as `load_scenario` takes it; `scale` is 0.05
            unless it is set here.
        until: last day, instead of the scenarios' own.
        moments: days to read numbers on; the ends of fiscal years if none are given. The last day
            is always among them.
        workers: processes; the numbers do not depend on it.
        executor: any `concurrent.futures` executor, instead of `workers`.
        scheduler: address of a Dask scheduler, instead of both.
        journal: folder in which finished pieces are kept, so that a second call goes on.
        progress: called with (pieces done, pieces in all).

    Raises:
        PolicyError: no policy, measures that the base lacks, a moment out of the run.
        ScenarioError: a scenario or value that cannot be used.
        EnsembleError: the work could not be finished.
    """
    chosen = list(names) or list(names_of(str(base)))
    if not chosen:
        raise PolicyError(f"{base}: no shipped scenario extends it; name the policies to compare")
    fixed = {"scale": str(SCALE), **(overrides or {})}
    if until is not None:
        fixed["to"] = until.isoformat()
    pairs = [_pair(name, base, fixed) for name in chosen]
    runs = {scenario.fingerprint: scenario for pair in pairs for scenario in pair}
    days = {key: _moments(scenario.model, moments) for key, scenario in runs.items()}
    jobs = [(runs[key], days[key][1], part) for key in runs for part in _blocks(replications)]
    kept = None if journal is None else Journal(journal, _key(jobs, seed, replications))
    found = pieces(
        _piece,
        jobs,
        workers=workers,
        executor=executor,
        scheduler=scheduler,
        journal=kept,
        progress=progress,
        common=(seed, replications),
    )
    values: dict[str, list[Numbers]] = {key: [] for key in runs}
    for (scenario, _, _), some in zip(jobs, found, strict=True):
        values[scenario.fingerprint].append(some)
    whole = {key: np.concatenate(parts) for key, parts in values.items()}
    asked = {key: text for key, text in (overrides or {}).items() if key not in ("from", "to")}
    own = load_scenario(base, asked).model.start
    cuts = [shortages_of(policy, seed, replications) for _, policy in pairs]
    policies = tuple(_policy(p, days, whole, own, c) for p, c in zip(pairs, cuts, strict=True))
    if kept is not None:
        kept.remove()
    first = pairs[0][0]
    table = first.model.draws
    return Comparison(
        first.name,
        policies,
        replications,
        seed,
        first.model.scale,
        table.why if table else "",
        len(table.columns) if table else 0,
    )


def _pair(name: str | Path, base: str | Path, fixed: Mapping[str, str]) -> tuple[Scenario, ...]:
    """The base, over the policy's days, and the policy."""
    policy = load_scenario(name, fixed)
    span = {"from": policy.model.start.isoformat(), "to": policy.model.to.isoformat()}
    plain = load_scenario(base, {**fixed, **span})
    if plain.fingerprint == policy.fingerprint:
        raise PolicyError(f"{name}: is the same as {base}; name a scenario that differs")
    lines, own = lines_of(plain.model), lines_of(policy.model)
    if lines != own:
        missing = next((f"{x.area}_{x.measure}".strip("_") for x in lines if x not in own), "")
        hint = did_you_mean(missing, policy.model.measures)
        raise PolicyError(f"{name}: has other measures than {base}: {missing}.{hint}")
    return plain, policy


def _blocks(replications: int) -> list[range]:
    """Replications in pieces of whole draws; a lone one is not a piece, it would be central."""
    starts = list(range(0, replications, BLOCK))
    if len(starts) > 1 and replications - starts[-1] == 1:
        starts.pop()
    return [range(a, b) for a, b in zip(starts, [*starts[1:], replications], strict=True)]


def _moments(
    model: ScenarioModel, asked: Sequence[date]
) -> tuple[tuple[str, ...], tuple[date, ...]]:
    """Names and days: those asked for, or the ends of fiscal years; and the last day."""
    if asked:
        for on in asked:
            if not model.start <= on <= model.to:
                raise PolicyError(f"{on}: outside the run, {model.start} to {model.to}")
        found = {on.isoformat(): on for on in sorted(asked)}
    else:
        ends = [date(year, 9, 30) for year in range(model.start.year, model.to.year + 1)]
        found = {f"FY{on.year}": on for on in ends if model.start <= on <= model.to}
    if model.to not in found.values():
        found[model.to.isoformat()] = model.to
    return tuple(found), tuple(found.values())


def _key(jobs: Sequence[tuple[Scenario, tuple[date, ...], range]], seed: int, total: int) -> str:
    """All that the pieces depend on."""
    scenarios = {job[0].fingerprint: job for job in jobs}.values()
    return " ".join(f"{key_of(s, seed, total, False)} {days}" for s, days, _ in scenarios)


def _piece(seed: int, replications: int, job: tuple[Scenario, tuple[date, ...], range]) -> Numbers:
    """(numbers, lines, moments) of some replications of one scenario."""
    scenario, dates, numbers = job
    worker = Worker(scenario, seed, replications)
    done = [worker.run(number)[0] for number in numbers]
    days = [(on - scenario.model.start).days for on in dates]
    digest = Digest(worker.rules, done)
    read = digest.values[:, :, days].astype(np.float64)
    of_measure = dict(zip(scenario.model.measures, np.moveaxis(read, 1, 0), strict=True))
    draws = [draw_number(number, replications) for number in numbers]
    rows = [m.times(digest.weight) for m in meters.read(worker.rules, done, draws)]
    lines = lines_of(scenario.model)
    return np.stack([values_of(line, scenario.model, of_measure, rows) for line in lines], axis=1)


def _policy(
    pair: tuple[Scenario, ...],
    days: Mapping[str, tuple[tuple[str, ...], tuple[date, ...]]],
    whole: Mapping[str, Numbers],
    base_start: date,
    cut: Sequence[str],
) -> Policy:
    """A policy with what was read of it and of its base."""
    base, policy = pair
    lines, model = lines_of(base.model), policy.model
    columns, dates = days[policy.fingerprint]
    said = tuple(text for text in model.caveats if text not in base.model.caveats)
    return Policy(
        name=policy.name,
        title=model.title,
        question=model.question,
        caveats=(*said, *cut),
        columns=columns,
        dates=dates,
        lines=tuple(lines),
        base=whole[base.fingerprint],
        values=whole[policy.fingerprint],
        start=model.start,
        base_start=base_start,
        published=tuple(published(base.model, lines, dates)),
    )
