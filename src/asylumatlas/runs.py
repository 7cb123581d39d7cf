"""A run with its pages: what the command line and the public API call.

`sim` knows nothing of reports; this room puts the two together.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from asylumatlas import report
from asylumatlas.scenario import Scenario, load_scenario
from asylumatlas.sim import run as sim_run


def run(scenario: Scenario | str | Path, **options: Any) -> sim_run.Result:
    """Run a scenario and write its folder with event log, summary and `report.html`.

    Args:
        scenario: a scenario, a shipped scenario's name, or the path of a TOML file.
        options: as for `asylumatlas.sim.run.run`: replications, seed, workers, out, log, progress.

    Raises:
        ScenarioError: the scenario cannot be used. RunError: the run cannot be done or written.
    """
    chosen = scenario if isinstance(scenario, Scenario) else load_scenario(scenario)
    return sim_run.run(chosen, finish=_report, **options)


def _report(summary: dict[str, Any], folder: Path) -> None:
    report.write(summary, folder / "report.html")
