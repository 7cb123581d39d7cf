"""Nothing after a cut-off enters a fit or a forecast, and every pair of years is accounted for."""

import pickle
from dataclasses import replace
from types import MappingProxyType

import numpy as np
import pytest

from asylumatlas import evidence
from asylumatlas.backtest import national
from asylumatlas.backtest.experiment import CUTOFFS, HORIZONS
from asylumatlas.backtest.published import known_then, record
from asylumatlas.backtest.question import VARIANTS, Answer, Question, answer
from asylumatlas.backtest.record import BacktestError, Record
from asylumatlas.backtest.result import NO_DEFINITION, NOT_PUBLISHED, windows
from asylumatlas.backtest.telling import findings
from asylumatlas.cli import main

CUTOFF = 2018
# Every series that speaks of courts by date; what lies after the cut-off is made nonsense.
SERIES = (
    *("court_national", "court_stock_flow", "immigration_judges", "immigration_judges_year_end"),
    *("in_absentia", "court_timing", "court_asylum_decisions", "court_pending_time", "appeals"),
)


@pytest.fixture
def other_future(monkeypatch: pytest.MonkeyPatch) -> None:
    """Published figures after the cut-off are three times what they were."""
    real = evidence.series

    def changed(name: str) -> evidence.Series:
        found = real(name)
        if name not in SERIES:
            return found
        rows = []
        for row in found.rows:
            late = row["end"] is not None and str(row["end"]) > f"{CUTOFF}-09-30"
            scaled = {
                key: 3 * value if late and isinstance(value, int | float) else value
                for key, value in row.items()
            }
            rows.append(MappingProxyType(scaled))
        return replace(found, rows=tuple(rows))

    monkeypatch.setattr(evidence, "series", changed)


def asked(forecast_by: str, whole: Record) -> Question:
    return Question(
        known=known_then(CUTOFF),
        given=whole.given(CUTOFF, 2),
        windows={"active": 2},
        forecast_by=forecast_by,
        draws=50,
        steps=20,
        seed=1,
    )


def bytes_of(found: Answer, variant: str) -> bytes:
    return pickle.dumps([v for k, v in sorted(found.forecasts.items()) if k[0] == variant])


@pytest.mark.parametrize("forecast_by", ["walk", "twin"])
def test_another_future_leaves_fit_and_blind_forecast_as_they_were(
    forecast_by: str, request: pytest.FixtureRequest
) -> None:
    before = answer(asked(forecast_by, record()))
    request.getfixturevalue("other_future")
    after = answer(asked(forecast_by, record()))
    assert record().completed(2019) == 3 * 276_970  # the future did change
    assert bytes_of(before, "blind") == bytes_of(after, "blind")
    assert pickle.dumps(dict(before.fit)) == pickle.dumps(dict(after.fit))
    assert bytes_of(before, "given") != bytes_of(after, "given")  # it is told other receipts


def test_a_question_holds_nothing_of_what_came() -> None:
    question = asked("walk", record())
    assert question.known.last == CUTOFF
    assert all(ledger.last <= CUTOFF for ledger in question.known.ledgers.values())
    text = pickle.dumps(question)
    for came in (276_970.0, 1_087_201.0, 1_331_286.0):  # completions and pending of FY2019
        assert np.float64(came).tobytes() not in text


def test_judges_counted_later_are_not_known_yet() -> None:
    """424 judges of March 2019 are the source of the end of FY2018: a cut-off then has 330."""
    assert known_then(2018).judges[-1] < 335
    assert record().judges[10] == pytest.approx(362, abs=1)


def test_every_pair_of_years_is_forecast_or_missing() -> None:
    """40 + 9 pairs reach a published year; one of them has no common definition of pending."""
    whole = record()
    pairs = [(c, h) for c in CUTOFFS for h in HORIZONS if c + h <= 2024]
    held = {(c, h): windows(whole, c, HORIZONS)[h] for c, h in pairs}
    assert len(pairs) == 49
    assert held[2015, 5] == held[2019, 1] == "active"
    assert held[2017, 4] == held[2020, 1] == held[2022, 2] == "all"
    result = national(forecast_by="walk", draws=20)
    assert len(result.of(method="model", target="completions", variant="given")) == 49
    assert len(result.of(method="model", target="pending", variant="blind")) == 48
    assert [(c, y) for c, y, why in result.missing if why == NO_DEFINITION] == [(2016, 2021)]
    later = [(c, y - c) for c, y, why in result.missing if why == NOT_PUBLISHED]
    assert later == [(c, h) for c in CUTOFFS for h in HORIZONS if c + h > 2024]
    said = " ".join(findings(result))
    assert "Not scored, as the ledger ends before that year" in said
    assert "FY2020 5; FY2021 4 to 5; FY2022 3 to 5." in said
    assert "both years' ends (cut-off and years ahead): FY2016 5." in said


def test_horizons_past_any_cutoff_are_refused_before_the_work() -> None:
    with pytest.raises(BacktestError, match="horizon 50: the ledger ends with FY2024") as caught:
        national(horizons=range(1, 51))
    assert "ask for 1 to 14" in str(caught.value)
    assert main(["backtest", "national", "--horizons", "1:50"]) == 2
    found = national([2012], [12, 14], forecast_by="walk", draws=20, learn_from=None)
    assert {each.horizon for each in found.scores} == {12}
    assert [(c, y) for c, y, why in found.missing if why == NOT_PUBLISHED] == [(2012, 2026)]


def test_what_came_is_the_published_ledger() -> None:
    result = national([2015], [2], forecast_by="walk", draws=20)
    came = {(s.target, s.year): s.actual for s in result.scores}
    assert came == {("pending", 2017): 656_095, ("completions", 2017): 163_078}
    assert {s.variant for s in result.scores} == set(VARIANTS)
