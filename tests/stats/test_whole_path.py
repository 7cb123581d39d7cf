"""From made-up records whose truth is known to the answer: docs/method/coverage.md in small.

`tools/interval_coverage.py` does it over 200 releases; here one release is cut into many groups.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path

import numpy as np
import pytest

from asylumatlas.events import Log
from asylumatlas.records import import_release
from asylumatlas.stats import ask
from asylumatlas.synthetic import synthesize

CASES, SEED = 20_000, 11
NOW, LATER = date(2020, 4, 1), date(2027, 12, 31)
DENIED = {"GTM": 0.75, "HND": 0.75, "SLV": 0.75, "MEX": 0.75, "VEN": 0.4, "CUB": 0.4, "NIC": 0.4}
DENIED |= {"COL": 0.5, "OTH": 0.5, "unknown": 0.5}
"""Chances by which `caseload.toml` decides claims on their merits; the others' codes are many."""


@pytest.fixture(scope="module")
def logs(tmp_path_factory: pytest.TempPathFactory) -> dict[date, Log]:
    """The same people's records of two days, imported."""
    place = tmp_path_factory.mktemp("whole-path")
    return {day: _imported(place, day) for day in (NOW, LATER)}


def _imported(place: Path, day: date) -> Log:
    release = place / f"EOIR Case Data {day:%Y-%m%d}"
    synthesize(CASES, release, defects=0, seed=SEED, as_of=day, workers=1)
    return import_release(release, place / f"dataset-{day}", workers=1).dataset.log


def test_intervals_hold_the_chances_that_made_the_records(logs: dict[date, Log]) -> None:
    rows = ask("asylum_denial_rate", logs[LATER], by=["nationality", "fiscal_year"]).rows
    tried = [
        (row["low95"], DENIED.get(row["nationality"], 0.5), row["high95"])
        for row in rows
        if row["denominator"] >= 5
    ]
    held = sum(low <= chance <= high for low, chance, high in tried)
    # 95 % of them, give or take four standard deviations
    spread = 4 * np.sqrt(0.95 * 0.05 * len(tried))
    assert len(tried) > 100
    assert abs(held - 0.95 * len(tried)) < spread


def test_open_cases_are_neither_left_out_nor_guessed(logs: dict[date, Log]) -> None:
    """Times from records in which half are open agree with the same people's full records."""
    cohort = {"start": "FY2012", "end": "FY2019"}
    (early,) = ask("time_to_decision", logs[NOW], **cohort).rows
    (full,) = ask("time_to_decision", logs[LATER], **cohort).rows
    assert early["started"] == pytest.approx(full["started"], rel=0.01)
    assert early["open"] > 0.25 * early["started"]
    assert full["open"] < 0.05 * full["started"]
    assert early["value"] == pytest.approx(full["value"], rel=0.05)
    for days in (90, 180, 365, 730, 1095):
        assert early[f"within_{days}"] == pytest.approx(full[f"within_{days}"], abs=0.02), days
