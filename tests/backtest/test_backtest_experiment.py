"""The whole experiment: same bytes however it is done, stopped and resumed, written whole."""

import json
import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from asylumatlas.backtest import Backtest, BacktestError, experiment, national
from asylumatlas.backtest.folder import free, journal_of, write
from asylumatlas.backtest.page import page
from asylumatlas.backtest.question import method
from asylumatlas.backtest.telling import findings, loss_table, score_tables

SMALL: dict[str, Any] = {"forecast_by": "walk", "draws": 100}


@pytest.fixture(scope="module")
def result() -> Backtest:
    return national(range(2012, 2016), [1, 2], **SMALL)


def test_the_same_bytes_on_any_number_of_workers(result: Backtest) -> None:
    again = national(range(2012, 2016), [1, 2], workers=2, **SMALL)
    assert again.scores == result.scores
    with ThreadPoolExecutor(2) as executor:
        assert national(range(2012, 2016), [1, 2], executor=executor, **SMALL).scores == (
            result.scores
        )
    assert national(range(2012, 2016), [1, 2], seed=2, **SMALL).scores != result.scores


def test_a_cutoff_does_not_depend_on_the_others(result: Backtest) -> None:
    alone = national([2014], [1, 2], **SMALL)
    assert alone.scores == tuple(result.of(cutoff=2014))


def test_a_stopped_backtest_goes_on_where_it_stopped(
    result: Backtest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    done: list[int] = []

    def stopping(at: int) -> Callable[[Any], Any]:
        def one(question: Any) -> Any:
            if len(done) == at:
                raise KeyboardInterrupt
            done.append(question.cutoff)
            return real(question)

        return one

    real = experiment.answer
    journal = journal_of(tmp_path / "out")
    monkeypatch.setattr(experiment, "answer", stopping(2))
    with pytest.raises(KeyboardInterrupt):
        national(range(2012, 2016), [1, 2], journal=journal, **SMALL)
    monkeypatch.setattr(experiment, "answer", stopping(-1))
    found = national(range(2012, 2016), [1, 2], journal=journal, **SMALL)
    assert done == list(range(2010, 2016))  # none of them twice
    assert found.scores == result.scores
    assert not journal.exists()


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"cutoffs": [2030]}, "FY2030: no cut-off there"),
        ({"cutoffs": [2009]}, "the ledger allows FY2010 to FY2024"),
        ({"cutoffs": [2024]}, "ask earlier"),
        ({"variants": ["gven"]}, "no such variant"),
        ({"forecast_by": "twn"}, 'Did you mean "twin"'),
        ({"horizons": [0]}, "1 year or more"),
        ({"draws": 0}, "too few"),
        ({"forecast_by": "simulated"}, 'the variant "given"'),
        ({"judges": "later"}, "neither then nor now"),
        ({"learn_from": 2009}, "FY2009: no cut-off there"),
    ],
)
def test_what_cannot_be_asked_is_one_line(asked: dict[str, Any], said: str) -> None:
    with pytest.raises(BacktestError, match=said) as error:
        national(**{"cutoffs": [2015], **SMALL, **asked})
    assert "\n" not in str(error.value)


def test_a_folder_is_whole(result: Backtest, tmp_path: Path) -> None:
    folder = write(result, tmp_path / "out", "asylumatlas backtest national")
    names = {each.name for each in folder.iterdir()}
    assert names == {
        "backtest.json",
        "backtest.html",
        "forecasts.csv",
        "scores.csv",
        "losses.csv",
        "factors.csv",
        "summary.csv",
        "summary.md",
    }
    said = json.loads((folder / "backtest.json").read_text("utf-8"))
    assert len(said["forecasts"]) == len(result.scores)
    assert {row["level"] for row in said["coverage"]} == {80, 95}
    lines = (folder / "forecasts.csv").read_text("utf-8").splitlines()
    assert len(lines) == 1 + len(result.scores)
    with pytest.raises(BacktestError, match="something already"):
        free(folder)


def test_the_page_asks_nothing_of_any_network(result: Backtest) -> None:
    text = page(result, "asylumatlas backtest national")
    own = re.sub(r"<script>.*?</script>|<!--.*?-->", "", text, flags=re.DOTALL)
    assert not re.findall(r"(?:src|href)=\"https?:", own)
    assert text.count("<figure data-chart>") == 6
    for words in ("What was settled before", "Where the model loses", "last revised"):
        assert words in own


def test_every_lost_comparison_is_told(result: Backtest) -> None:
    """Counted again from the single forecasts, not from the tables."""
    lost = set()
    for variant in ("given", "blind"):
        for target in ("pending", "completions"):
            for ahead in (1, 2):
                same = {"variant": variant, "target": target, "horizon": ahead}
                mine = result.of(method="model", **same)
                for name in ("last_value", "last_change", "stock_flow"):
                    theirs = result.of(method=name, **same)
                    worse = any(
                        sum(f(m) for m in mine) > sum(f(t) for t in theirs)
                        for f in (lambda s: abs(s.relative_error), lambda s: s.crps / s.actual)
                    )
                    if theirs and worse:
                        lost.add((variant, target, ahead, name))
    told = {(r["variant"], r["target"], r["horizon"], r["baseline"]) for r in result.losses()}
    assert told == lost
    assert len(loss_table(result)[1]) == len(lost)
    assert bool(lost) == any("worse than a baseline" in line for line in findings(result))


def test_the_tables_fit_together(result: Backtest) -> None:
    for _, (head, rows) in score_tables(result):
        assert all(len(row) == len(head) for row in rows)
        counts = [int(row[0].split("(")[1].rstrip(")")) for row in rows]
        assert counts[-1] == sum(counts[:-1])  # the last row is all years ahead together


def test_forecasters_are_named() -> None:
    assert hasattr(method("walk"), "forecast")
