"""Scenario to log: a generic day-stepped kernel, the rules that feed it, and its runs."""

from asylumatlas.sim.compilation import use_cache

use_cache()
