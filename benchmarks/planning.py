"""Speed of `plan`: the linear program of all courts over 40 quarters, and whole judges after it.

Run: python benchmarks/planning.py [REPEATS]. Bar: under 60 s before the ranking.
"""

import json
import statistics
import sys
import time

from asylumatlas.plan import Goal, program, solving
from asylumatlas.plan.candidates import candidates
from asylumatlas.plan.ranking import rank
from asylumatlas.plan.situation import draw_values, situation

GOALS = {
    "no limit on hires": Goal(share=0.9, within=1095.0, by=2031),
    "200 hires a quarter": Goal(share=0.9, within=1095.0, by=2031, hires_per_quarter=200.0),
    "pending": Goal(share=None, pending_below=2.4e6, by=2031, hires_per_quarter=200.0),
}


def main(repeats: int) -> None:
    """Print one JSON line for each goal."""
    for name, goal in GOALS.items():
        here = situation(goal)
        solving.solve(here, whole=False)  # compiled and imported
        lines, wholes = [], []
        for _ in range(repeats):
            began = time.perf_counter()
            linear = solving.solve(here, whole=False)
            lines.append(time.perf_counter() - began)
            began = time.perf_counter()
            found = solving.cheapest(here)
            wholes.append(time.perf_counter() - began)
        assert linear is not None
        assert found is not None
        built = program.build(here)
        print(
            json.dumps(
                {
                    "goal": name,
                    "courts": len(here.judges),
                    "quarters": goal.quarters,
                    "rows": built.rows.shape[0],
                    "unknowns": built.rows.shape[1],
                    "linear_s": round(statistics.median(lines), 2),
                    "whole_s": round(statistics.median(wholes), 2),
                    "gap": round(found.gap, 4),
                    "margin": found.margin,
                }
            )
        )
    here = situation(GOALS["no limit on hires"])
    best = solving.solve(here, whole=False)
    assert best is not None
    draws = draw_values(here, 16, 1)
    began = time.perf_counter()
    plans = candidates(here, best, draws)
    made = time.perf_counter()
    rank(here, plans, draws)
    seconds = time.perf_counter() - made
    per = 1000 * seconds / len(plans) / len(draws)
    told = {"candidates_s": round(made - began, 2), "plans": len(plans), "ms_a_plan_and_draw": per}
    print(json.dumps(told))


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1)
