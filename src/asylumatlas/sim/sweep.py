"""One scenario many times, with one thing different each time: the same people, the same luck.

Every combination of the values asked for is run with the same seed, so that replication r of one
and of another share their parameters' draw and each person's luck, and differ by what was varied.
"""

from __future__ import annotations

import itertools
import json
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from asylumatlas import parameters
from asylumatlas.ensembles import pieces
from asylumatlas.evidence.suggestion import did_you_mean
from asylumatlas.scenario import Scenario, load_scenario
from asylumatlas.scenario.model import Measure, ScenarioModel
from asylumatlas.sim import sampling
from asylumatlas.sim.digest import Digest
from asylumatlas.sim.replication import BLOCK, Worker
from asylumatlas.sim.rules import Rules
from asylumatlas.sim.shortages import shortages_of

Numbers = NDArray[np.float64]
Settings = dict[str, str]
MOST = 10_000  # combinations; more is a slip of the pen
QUANTILES = (0.5, 0.1, 0.9)
KEYS = ("median", "low80", "high80")


class SweepError(ValueError):
    """A sweep that makes no sense; one line with the remedy."""


@dataclass(frozen=True)
class Sweep:
    """What came of every combination.

    Attributes:
        scenario: its name.
        title: its title.
        question: what it asks.
        settings: the values of each combination, by key.
        measures: (name, label, unit) of each measure.
        columns: names of the moments, such as "FY2024".
        dates: day of each, whose end the numbers are of.
        values: (combinations, replications, measures, moments), for the whole system.
        seed: of draws and luck.
        caveats: what the scenario says of itself.
        others: names of the measures that were not asked for.
    """

    scenario: str
    title: str
    question: str
    settings: tuple[Settings, ...]
    measures: tuple[tuple[str, str, str], ...]
    columns: tuple[str, ...]
    dates: tuple[date, ...]
    values: Numbers
    seed: int
    caveats: tuple[str, ...]
    others: tuple[str, ...] = ()

    @property
    def replications(self) -> int:
        """Replications of each combination."""
        return self.values.shape[1]

    def rows(self, differences: bool = False) -> list[dict[str, Any]]:
        """One row for each combination, measure and moment: median and 80 % range.

        Args:
            differences: of each replication from the same one of the first combination, instead of
                the numbers themselves; the first combination is then left out.

        Returns:
            Rows with the varied keys, `measure`, `label`, `unit`, `period`, `date`, and `median`,
            `low80`, `high80`; numbers that do not exist, and ranges of one replication, are None.
        """
        values = self.values - self.values[:1] if differences else self.values
        found = []
        for s, settings in enumerate(self.settings):
            if differences and s == 0:
                continue
            for m, (name, label, unit) in enumerate(self.measures):
                head = {**settings, "measure": name, "label": label, "unit": unit}
                for d, (column, on) in enumerate(zip(self.columns, self.dates, strict=True)):
                    span = _span(values[s, :, m, d])
                    found.append({**head, "period": column, "date": on.isoformat(), **span})
        return found

    def to_json(self, differences: bool = False) -> dict[str, Any]:
        """Everything, JSON-ready."""
        return {
            "scenario": self.scenario,
            "title": self.title,
            "question": self.question,
            "varied": list(self.settings[0]),
            "replications": self.replications,
            "seed": self.seed,
            "differences": differences,
            "rows": self.rows(differences),
            "caveats": list(self.caveats),
        }


def _span(values: Numbers) -> dict[str, float | None]:
    known = values[~np.isnan(values)]
    if not len(known):
        return dict.fromkeys(KEYS)
    found = np.quantile(known, QUANTILES, method="inverted_cdf")
    numbers: dict[str, float | None] = {
        key: round(float(number), 4) for key, number in zip(KEYS, found, strict=True)
    }
    return numbers if len(values) > 1 else {**numbers, "low80": None, "high80": None}


def sweep(
    scenario: str | Path,
    vary: Mapping[str, Sequence[str]],
    *,
    measures: Sequence[str] = (),
    by: str = "year",
    replications: int = 1,
    seed: int = 1,
    overrides: Mapping[str, str] | None = None,
    workers: int = 1,
    executor: Executor | None = None,
    scheduler: str | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Sweep:
    """Run a scenario for every combination of some values.

    Args:
        scenario: a shipped scenario's name, or the path of a TOML file.
        vary: values as written in TOML, by parameter or key path; of a parameter that the scenario
            uses the last word will do.
        measures: names; `headline` if none are given.
        by: "year" for the end of each fiscal year (and the last day), "end" for the last day only.
        replications: of each combination; one alone is the central run.
        seed: of draws and luck, the same for every combination.
        overrides: what else to set, as `load_scenario` takes it.
        workers: processes; the numbers do not depend on it.
        executor: any `concurrent.futures` executor, instead of `workers`.
        scheduler: address of a Dask scheduler, instead of both.
        progress: called with (pieces done, pieces in all).

    Raises:
        SweepError: nothing to vary, an unknown measure, too many combinations.
        ScenarioError: a value or key that the scenario does not take.
    """
    if by not in ("year", "end"):
        raise SweepError(f"by: {by!r} must be year or end")
    settings = _combinations(vary)
    fixed = dict(overrides or {})
    names_of = _whole_keys(load_scenario(scenario, fixed), settings[0])
    scenarios = [
        load_scenario(scenario, {**fixed, **{names_of[key]: value for key, value in s.items()}})
        for s in settings
    ]
    first = scenarios[0]
    if len({(s.model.start, s.model.to) for s in scenarios}) > 1:
        raise SweepError("vary: from and to must be the same in every run; vary something else")
    names = _measures(first, measures)
    columns, dates = _moments(first.model, by)
    jobs = [
        (chosen, range(k, min(k + BLOCK, replications)))
        for chosen in scenarios
        for k in range(0, replications, BLOCK)
    ]
    found = pieces(
        _piece,
        jobs,
        workers=workers,
        executor=executor,
        scheduler=scheduler,
        progress=progress,
        common=(seed, replications, tuple(names), dates),
    )
    shape = (len(settings), replications, len(names), len(dates))
    return Sweep(
        first.name,
        first.model.title,
        first.model.question,
        tuple(settings),
        tuple((n, first.model.measures[n].label, first.model.measures[n].unit) for n in names),
        columns,
        dates,
        np.concatenate(list(found)).reshape(shape),
        seed,
        (
            *_sampled(scenarios, seed),
            *first.model.caveats,
            *_cut(settings, scenarios, seed, replications),
        ),
        tuple(name for name in first.model.measures if name not in names),
    )


def _sampled(scenarios: Sequence[Scenario], seed: int) -> list[str]:
    """What a reader must know where only some of the people are simulated, each once."""
    some = [scenario for scenario in scenarios if scenario.model.scale < 1]
    told = [sampling.of_numbers(1 / scenario.model.scale) for scenario in some]
    told += [text for scenario in some for text in sampling.too_coarse(Rules(scenario, seed))]
    return list(dict.fromkeys(told))


def _cut(
    settings: Sequence[Settings], scenarios: Sequence[Scenario], seed: int, replications: int
) -> list[str]:
    """What a reader must know of loans cut in a combination, each told with its values."""
    return [
        f"{', '.join(f'{key} {value}' for key, value in chosen.items())}: {text}"
        for chosen, scenario in zip(settings, scenarios, strict=True)
        for text in shortages_of(scenario, seed, replications)
    ]


def _piece(
    seed: int,
    replications: int,
    names: tuple[str, ...],
    dates: tuple[date, ...],
    job: tuple[Scenario, range],
) -> Numbers:
    """(numbers, measures, moments) of some replications of one combination."""
    scenario, numbers = job
    worker = Worker(scenario, seed, replications)
    digest = Digest(worker.rules, [worker.run(number)[0] for number in numbers])
    rows = [list(scenario.model.measures).index(name) for name in names]
    days = [(on - scenario.model.start).days for on in dates]
    return digest.values[:, rows][:, :, days].astype(np.float64)


# ---- what to vary


def values_of(text: str) -> list[str]:
    """Values with commas between them; commas inside brackets or quotes do not count.

    Three dots between numbers go on in equal steps.

    Raises:
        SweepError: an empty value, or dots that lead nowhere.

    Example:
        >>> values_of('0,100,...,400')
        ['0', '100', '200', '300', '400']
        >>> values_of('[1, 2],{ value = 1, low = 0 }')
        ['[1, 2]', '{ value = 1, low = 0 }']
    """
    parts, depth, quote, start = [], 0, "", 0
    for place, sign in enumerate(text):
        if quote:
            quote = "" if sign == quote else quote
        elif sign in "\"'":
            quote = sign
        elif sign in "[{(":
            depth += 1
        elif sign in "]})":
            depth -= 1
        elif sign == "," and depth == 0:
            parts.append(text[start:place].strip())
            start = place + 1
    parts.append(text[start:].strip())
    if not all(parts):
        raise SweepError(f"{text}: an empty value; write V1,V2,V3")
    while "..." in parts:
        place = parts.index("...")
        parts[place - 2 : place + 2] = _steps(parts[max(place - 2, 0) : place + 2], text)
    return parts


def _steps(parts: list[str], text: str) -> list[str]:
    """The numbers from the first by equal steps to the last, of [first, second, "...", last]."""
    try:
        first, second, last = (float(part) for part in (parts[0], parts[1], parts[3]))
        steps = (last - first) / (second - first)
    except (ValueError, IndexError, ZeroDivisionError):
        raise SweepError(f"{text}: write two numbers before ... and one after it") from None
    if not (math.isfinite(steps) and 2 <= round(steps) < MOST and abs(steps - round(steps)) < 1e-6):
        raise SweepError(f"{text}: {parts[3]} is not reached by steps of {second - first:g}")
    return [f"{first + k * (second - first):.12g}" for k in range(round(steps) + 1)]


def _combinations(vary: Mapping[str, Sequence[str]]) -> list[Settings]:
    size = math.prod(len(values) for values in vary.values())
    if not vary or not size:
        raise SweepError("vary: nothing to vary; give a key and its values")
    if size > MOST:
        raise SweepError(f"vary: {size:,} combinations, at most {MOST:,}")
    return [dict(zip(vary, chosen, strict=True)) for chosen in itertools.product(*vary.values())]


def _whole_keys(scenario: Scenario, keys: Iterable[str]) -> dict[str, str]:
    """Parameters' whole names for their last words: that of the one which the scenario uses."""
    own = {field.alias or name for name, field in ScenarioModel.model_fields.items()}
    text = json.dumps(scenario.raw)
    return {key: key if "." in key or key in own else _whole_key(key, text, own) for key in keys}


def _whole_key(key: str, text: str, own: set[str]) -> str:
    known = [name for name in parameters.load() if name.rpartition(".")[2] == key]
    found = [name for name in known if f'"{name}"' in text] or known
    if len(found) == 1:
        return found[0]
    if found:
        raise SweepError(f"vary {key}: {len(found)} parameters end so; one of {', '.join(found)}")
    words = {name.rpartition(".")[2] for name in parameters.load()} | own
    raise SweepError(f"vary {key}: no parameter ends so.{did_you_mean(key, words)}")


def _measures(scenario: Scenario, asked: Sequence[str]) -> list[str]:
    known = list(scenario.model.measures)
    for name in asked:
        if name not in known:
            hint = did_you_mean(name, known) or f" It has {', '.join(known[:8])}."
            raise SweepError(f"{scenario.name}: no measure {name!r}.{hint}")
    if not known:
        raise SweepError(f"{scenario.name}: has no measure to print")
    return list(dict.fromkeys(asked)) or [headline(scenario.model)]


def headline(model: ScenarioModel) -> str:
    """The measure that is printed where none is asked for.

    The first charted stock (who has come and not left), else the first charted, else the first.

    Example:
        >>> headline(load_scenario("us-courts").model)
        'nation_pending'
    """
    charted = [name for name, measure in model.measures.items() if measure.chart]
    stocks = [name for name in charted if _is_stock(model.measures[name])]
    return [*stocks, *charted, *model.measures][0]


def _is_stock(measure: Measure) -> bool:
    """Whether it counts who has come and not left: what is taken off happens after what is added.

    A count less some of itself, such as decisions less those that decide nothing, is none.
    """
    added, taken = (
        {pattern.split("@")[0].split(".")[0] for pattern in patterns}
        for patterns in (measure.plus, measure.minus)
    )
    return measure.counts in ("so_far", "names") and bool(taken - added)


def _moments(model: ScenarioModel, by: str) -> tuple[tuple[str, ...], tuple[date, ...]]:
    """Names and days of the columns: ends of fiscal years, and the last day."""
    ends = [date(year, 9, 30) for year in range(model.start.year, model.to.year + 1)]
    found = {f"FY{on.year}": on for on in ends if model.start <= on <= model.to and by == "year"}
    if model.to not in found.values():
        found[model.to.isoformat()] = model.to
    return tuple(found), tuple(found.values())
