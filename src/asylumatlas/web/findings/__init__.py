"""Comparisons that were computed ahead, with the command that makes them again."""

from __future__ import annotations

import csv
import io
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any


@dataclass(frozen=True)
class Finding:
    """One policy against its base.

    Attributes:
        name: of the policy, a shipped scenario.
        about: what made it: title, base, made_with, note, replications, seed, scale, version.
        rows: one a measure and fiscal year: base, with_policy, difference, low, high and, where
            one is known, the published figure.
    """

    name: str
    about: Mapping[str, Any]
    rows: tuple[Mapping[str, Any], ...]

    def of(self, measure: str) -> list[Mapping[str, Any]]:
        """Return the rows of one measure, by fiscal year.

        Example:
            >>> finding("us-hiring").of("pending")[0]["period"]
            'FY2018'
        """
        return [row for row in self.rows if row["measure"] == measure]


@cache
def finding(name: str) -> Finding:
    """Return a comparison by the name of its policy.

    Raises:
        FileNotFoundError: none was computed ahead.
    """
    folder = files("asylumatlas.web.findings")
    about = tomllib.loads((folder / f"{name}.toml").read_text("utf-8"))
    numbers = ("base", "with_policy", "difference", "low", "high", "published")
    text = (folder / f"{name}.csv").read_text("utf-8")
    rows = [
        {key: _number(value) if key in numbers else value for key, value in row.items()}
        for row in csv.DictReader(io.StringIO(text))
    ]
    return Finding(name, about, tuple(rows))


def _number(text: str) -> float | None:
    return float(text) if text else None
