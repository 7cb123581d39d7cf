"""Two runs side by side: the same people with the same luck, so only the change differs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float64]


class CompareError(ValueError):
    """Runs that cannot be compared; the message is one line with the remedy."""


_UNTIL = (
    "Measures are as of {day}, the end of both runs: what was still open then counts as neither "
    "one outcome nor another, and a difference may lie in it. A difference is the median of the "
    "differences, which need not be the difference of the medians."
)


def compare(run_a: str | Path, run_b: str | Path) -> dict[str, Any]:
    """Differences B - A of every measure and meter that both runs have.

    Runs with equal seeds and numbers of replications are paired: replication r of both has the same
    parameters and the same luck for the same people. Each difference is then the median over
    replications, with the range that holds 95 % of them; that range is what is not known about the
    effect, and `mean_low95` to `mean_high95` (Student's t over draws) says how exactly the mean is
    known. Other runs are compared replication by replication as independent samples (`paired` is
    false). Runs at different scales share no people: they are compared so, too, in numbers of the
    whole system.

    Raises:
        CompareError: a folder that is not a run, or two runs with nothing in common.
    """
    a, b = _Run(Path(run_a)), _Run(Path(run_b))
    if a.period != b.period:
        raise CompareError(
            f"{run_a}, {run_b}: run from {a.period[0]} to {a.period[1]} and from {b.period[0]} to "
            f"{b.period[1]}; compare runs of one period"
        )
    names = [name for name in a.values if name in b.values]
    if not names:
        raise CompareError(
            f"{run_a}, {run_b}: no measure is in both; compare runs of related scenarios"
        )
    paired = a.key == b.key
    rows = [_row(name, a, b, paired) for name in names]
    return {
        "run_a": a.name,
        "run_b": b.name,
        "scenario_a": a.summary["scenario"],
        "scenario_b": b.summary["scenario"],
        "question": b.summary["question"],
        "paired": paired,
        "replications": min(a.replications, b.replications),
        "rows": rows,
        "command_a": a.summary["command"],
        "command_b": b.summary["command"],
        "changes_b": b.summary.get("changes", []),
        "caveats": [_UNTIL.format(day=a.period[1]), *_caveats(a, b)],
        "synthetic_note": a.summary["synthetic_note"],
    }


class _Run:
    """What a comparison needs of a run folder."""

    def __init__(self, folder: Path) -> None:
        self.name = folder.name
        try:
            self.summary = json.loads((folder / "summary.json").read_text("utf-8"))
            with np.load(folder / "replications.npz") as stored:
                self._fill(stored)
        except (OSError, ValueError, KeyError) as error:
            raise CompareError(
                f"{folder}: not a run folder ({error}); give the one `asylumatlas run` printed"
            ) from error
        self.replications = int(self.summary["replications"])
        self.period = (self.summary["from"], self.summary["to"])
        self.scale = float(self.summary.get("scale", 1.0))
        lucks = self.summary["lucks_per_draw"]
        self.key = (self.summary["seed"], self.replications, lucks, self.scale)

    def _fill(self, stored: Any) -> None:
        labels = {row["meter"]: row for row in self.summary["meters"]}
        self.values: dict[str, Numbers] = {}
        self.labels: dict[str, tuple[str, str]] = {}
        columns = [
            (stored["measure_names"], stored["measures"][:, :, -1].T),
            (stored["meter_names"], stored["meters"].T),
        ]
        for names, rows in columns:
            for name, row in zip(names.tolist(), rows.astype(np.float64), strict=True):
                self.values[name] = row
        for name, label, unit in stored["measure_labels"].tolist():
            self.labels[name] = (label, unit)
        for name, row in labels.items():
            self.labels[name] = (row["label"], row["unit"])


def _row(name: str, a: _Run, b: _Run, paired: bool) -> dict[str, Any]:
    size = min(a.replications, b.replications)
    before, after = a.values[name][:size], b.values[name][:size]
    known = ~(np.isnan(before) | np.isnan(after))
    before, after = before[known], after[known]
    label, unit = b.labels[name]
    row: dict[str, Any] = {"measure": name, "label": label, "unit": unit, "paired": paired}
    if not len(before):
        empty = ("a", "b", "difference", "low95", "high95", "mean", "mean_low95", "mean_high95")
        return {**row, **dict.fromkeys(empty)}
    difference = after - before
    low, middle, high = np.quantile(difference, (0.025, 0.5, 0.975), method="inverted_cdf")
    half = _half_width(difference, int(a.summary["lucks_per_draw"]))
    row |= {"a": np.median(before), "b": np.median(after), "difference": middle}
    row |= {"low95": low, "high95": high, "mean": difference.mean()}
    row |= {"mean_low95": difference.mean() - half, "mean_high95": difference.mean() + half}
    return {key: _plain(value) for key, value in row.items()}


def _plain(value: Any) -> Any:
    """JSON-ready: four decimals, and nothing where there is no number."""
    if not isinstance(value, float | np.floating):
        return value
    return None if np.isnan(value) else round(float(value), 4)


def _half_width(difference: Numbers, lucks: int) -> float:
    """Half a 95 % interval of the mean; replications of one draw are averaged first."""
    whole = len(difference) // lucks * lucks
    means = difference[:whole].reshape(-1, lucks).mean(axis=1) if whole else difference
    if len(means) < 2:
        return float("nan")
    return float(_t975(len(means) - 1) * means.std(ddof=1) / np.sqrt(len(means)))


def _t975(freedom: int) -> float:
    """97.5 % quantile of Student's t by the Cornish-Fisher expansion; within 0.5 % from 4 on."""
    z = 1.959963985
    g = [(z**3 + z) / 4, (5 * z**5 + 16 * z**3 + 3 * z) / 96]
    g.append((3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384)
    return z + sum(term / freedom ** (k + 1) for k, term in enumerate(g))


def _caveats(a: _Run, b: _Run) -> list[str]:
    """What either run says of itself, each once."""
    found = [*a.summary.get("caveats", []), *b.summary.get("caveats", [])]
    if a.scale != b.scale:
        found.insert(
            0,
            f"A simulates {a.scale:g} of the people and B {b.scale:g}: the numbers are of the "
            "whole system, but the two share no luck, so a difference is partly chance.",
        )
    return list(dict.fromkeys(found))
