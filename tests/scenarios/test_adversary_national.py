"""Words that once broke the national commands: one line each, and nothing left behind."""

from __future__ import annotations

import time

import numpy as np
import pytest

from asylumatlas.backtest.record import BacktestError, span
from asylumatlas.cli import main

GOAL = ("plan", "--pending-below", "2e6", "--by", "FY2030", "--no-ranking")
SWEEP = ("sweep", "us-courts", "--vary", "national.judges=100,200")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((*GOAL, "--set", "national.judges=nan"), "national.judges: nan is not possible"),
        ((*GOAL, "--set", "national.judges=inf"), "national.judges: inf is not possible"),
        ((*GOAL, "--set", "national.judges=-5"), "national.judges: -5 is not possible"),
        ((*GOAL, "--set", "national.master_delay_days=1e300"), "give 0 to 3,650"),
        ((*GOAL, "--set", "staffing.lead_days=nan"), "staffing.lead_days: nan"),
        ((*GOAL, "--courts", "miami=inf:"), "--courts miami=inf:"),
        ((*GOAL, "--courts", "miami=nan:5"), "--courts miami=nan:5"),
        ((*GOAL, "--courts", "miami=1:5", "--courts", "miami=2:6"), "given twice"),
        (("backtest", "national", "--horizons", "1:999999999"), "more than 100 years"),
        (("backtest", "national", "--cutoffs", "FY1990"), "FY1990: no cut-off there"),
        (("backtest", "national", "--horizons", "0"), "horizon 0: must be 1 year or more"),
        (("backtest", "national", "--learn-from", "abc"), "is not a fiscal year"),
        (("calibrate", "national", "--until", "FY1990"), "FY1990"),
        (("calibrate", "national", "--hold", "nope"), "target nope"),
        ((*SWEEP, "--set", "national.judges=5"), "--vary gives its values"),
        (
            ("sweep", "us-courts", "--vary", "judges=1", "--set", "national.judges=5"),
            "--vary gives",
        ),
        (("sweep", "us-courts", "--vary", "national.judges=1", "--differences"), "from what?"),
        ((*SWEEP, "--out", "no-such-folder/x.csv"), "is not a folder"),
        ((*SWEEP, "--out", "."), "is a folder"),
        (("policies", "us-hiring", "--until", "2019-01-01", "--set", "to=2018-01-01"), "--until"),
        (("policies", "us-hiring", "us-hiring"), "named twice"),
        (("policies", "us-hiring", "--base", "caravan-2018"), "other measures than caravan-2018"),
        ((*GOAL, "--scheduler", "tcp://127.0.0.1:1"), "only ranking is shared"),
        (("calibrate", "national", "--train", "2"), "too few to learn from"),
        ((*SWEEP, "--out", "/proc/nowhere.csv"), "cannot be written"),
        (("policies", "us-hiring", "--out", "/proc/nowhere"), "cannot be written"),
        (("plan", "no-such.toml"), "no-such.toml: cannot be read"),
    ],
)
def test_nonsense_is_one_line(words, said, capsys, tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(words) == 2
    told = capsys.readouterr()
    assert said in told.err
    assert told.err.count("\n") == 1
    assert told.out == ""
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "text",
    [
        "[parameters]\n'national.judges' = nan\n",
        "[limits]\nyears = 7.5\n",
        "[courts.miami]\nleast = inf\n",
        "[courts.miami]\nleast = nan\n",
    ],
)
def test_a_goal_file_with_impossible_numbers(text, capsys, tmp_path) -> None:
    path = tmp_path / "goal.toml"
    path.write_text(text)
    assert main(["plan", str(path), "--no-ranking"]) == 2
    assert capsys.readouterr().err.count("\n") == 1


@pytest.mark.parametrize(
    "words",
    [GOAL, ("backtest", "national"), ("policies", "us-hiring")],
    ids=["plan", "backtest", "policies"],
)
def test_a_folder_inside_a_file_is_refused_before_the_work(words, capsys, tmp_path) -> None:
    (tmp_path / "file").touch()
    begun = time.perf_counter()
    assert main([*words, "--out", str(tmp_path / "file" / "deep" / "x")]) == 2
    assert "file is a file" in capsys.readouterr().err
    assert time.perf_counter() - begun < 10


def test_a_span_of_years_has_an_end() -> None:
    assert len(span("1:100", int)) == 100
    with pytest.raises(BacktestError, match="more than 100"):
        span("1:101", int)


def test_a_stopped_fit_prints_nothing_of_its_own(monkeypatch, capfd) -> None:
    """The sampler would print a traceback when Ctrl-C comes in the middle of a step."""
    from asylumatlas.calibrate import chains

    class Stopped:
        """A likelihood at which somebody presses Ctrl-C."""

        def __init__(self, problem: object) -> None:
            del problem

        def log_posterior(self, free: np.ndarray) -> np.ndarray:
            raise KeyboardInterrupt

    monkeypatch.setattr(chains, "Likelihood", Stopped)
    state = chains.State(np.random.default_rng(1).normal(size=(8, 2)), (1,))
    with pytest.raises(KeyboardInterrupt):
        chains.walk(None, 1, state)
    assert capfd.readouterr() == ("", "")
