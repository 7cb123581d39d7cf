"""How much do common random numbers sharpen a comparison?

Two per cent more hearings in every court of `country.py`, at a twentieth of its size: the effect on
cases closed and on the mean wait, over 30 pairs. In a pair with common luck a person's own draws
are the same with and without the change; in an independent pair they are not. Variance of the
effect's estimate, the second over the first. One pinned core; nothing here is timed.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
from collections.abc import Sequence
from pathlib import Path

import country
import numpy as np
from numpy.typing import NDArray

from asylumatlas.scenario import load_scenario
from asylumatlas.sim import engine
from asylumatlas.sim import tables as t
from asylumatlas.sim.rules import Rules
from asylumatlas.sim.uncertainty import CENTRAL

SCALE = 0.05
EFFECT = 1.02
PAIRS = 30
NEED = 20
MEASURES = ("cases closed", "mean wait, days")


def results(folder: Path, capacity: float, pairs: int) -> NDArray[np.float64]:
    """(pairs, 2) cases closed, and mean wait of a service, for each luck."""
    path = folder / "national.toml"
    path.write_text(country.scenario_text(SCALE, capacity=capacity), "utf-8")
    rules = Rules(load_scenario(path), seed=1)
    draw = rules.draw(CENTRAL)
    model = rules.model_for(draw, luck=0)
    found = []
    for luck in range(pairs):
        model = rules.with_luck(model, draw, luck)
        state = t.new_state(model)
        engine.advance(model, state, len(model.quota))
        if state.counters[t.FAULT]:
            raise RuntimeError(f"national: {t.FAULTS[int(state.counters[t.FAULT])]}")
        mean_wait = state.wait_days.sum() / state.served.sum()
        found.append((state.counters[t.CLOSED], mean_wait))
    return np.array(found, np.float64)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the benchmark; returns 0 when the bar is met."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pairs", type=int, default=PAIRS)
    pairs = parser.parse_args(argv).pairs
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    with tempfile.TemporaryDirectory() as name:
        base, changed = (results(Path(name), capacity, pairs) for capacity in (1.0, EFFECT))
    paired = changed - base
    independent = np.roll(changed, 1, axis=0) - base  # everyone's luck is another's
    ratios = independent.var(axis=0, ddof=1) / paired.var(axis=0, ddof=1)
    print(f"{'effect of 2 % more hearings':<28}{'mean':>12}{'sd, paired':>14}{'sd, apart':>12}")
    for k, measure in enumerate(MEASURES):
        spreads = [effect[:, k].std(ddof=1) for effect in (paired, independent)]
        print(f"{measure:<28}{paired[:, k].mean():>12,.3f}{spreads[0]:>14.4f}{spreads[1]:>12.4f}")
    print("variance, apart over paired: " + ", ".join(f"{ratio:,.0f}" for ratio in ratios))
    value = float(ratios.min())
    line = {"bar": "crn_variance", "value": round(value, 1), "need": NEED, "ok": value >= NEED}
    print(json.dumps({**line, "against": "independent luck, the lower of both measures"}))
    return 0 if value >= NEED else 1


if __name__ == "__main__":
    raise SystemExit(main())
