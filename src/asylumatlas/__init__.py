"""Asylum Atlas: the United States asylum process, as a record and as a simulation.

The process is written down once, as data. A simulated future and a real record are both event
logs of that process, so the same questions can be put to either.

Importing this package is cheap: each name below is looked up in its own module on first use.

    open            open an event log that a run or an import wrote
    load_scenario   read a scenario, by its name or from a TOML file
    run             simulate a scenario and write its event log and report
    compare         paired differences between two runs, with intervals
    records         import_release, open_dataset, diff, fetch: the published court records
    stats           ask, statistics, count: statistics with stated definitions, on any log
    export          write a log for process-mining tools, or as open data
    synthesize      write a made-up release, with known defects, to try everything on
    process         the stages, events, outcomes and transitions of the process
    parameters      dated values with low, high and source
    evidence        published figures and their sources
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from asylumatlas import evidence, parameters, process, records, stats
    from asylumatlas.events import open_log as open
    from asylumatlas.exports import export
    from asylumatlas.runs import run
    from asylumatlas.scenario import load_scenario
    from asylumatlas.sim.compare import compare
    from asylumatlas.synthetic import synthesize

__version__ = "0.1.0"

__all__ = [
    "compare",
    "evidence",
    "export",
    "load_scenario",
    "open",
    "parameters",
    "process",
    "records",
    "run",
    "stats",
    "synthesize",
]

# Public name -> (module, name in it); an empty name is the module itself.
_HOMES = {
    "compare": ("asylumatlas.sim.compare", "compare"),
    "evidence": ("asylumatlas.evidence", ""),
    "export": ("asylumatlas.exports", "export"),
    "load_scenario": ("asylumatlas.scenario", "load_scenario"),
    "open": ("asylumatlas.events", "open_log"),
    "parameters": ("asylumatlas.parameters", ""),
    "process": ("asylumatlas.process", ""),
    "records": ("asylumatlas.records", ""),
    "run": ("asylumatlas.runs", "run"),
    "stats": ("asylumatlas.stats", ""),
    "synthesize": ("asylumatlas.synthetic", "synthesize"),
}


def __getattr__(name: str) -> object:
    """Import a public name when it is first asked for.

    Raises:
        AttributeError: the name is not public.
    """
    if name not in _HOMES:
        raise AttributeError(f"module 'asylumatlas' has no attribute {name!r}")
    module, attribute = _HOMES[name]
    home = import_module(module)
    value: object = getattr(home, attribute) if attribute else home
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """List the public names, so that completion shows them before they are imported."""
    return sorted([*__all__, "__version__"])
