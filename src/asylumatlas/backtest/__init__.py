"""Forecasts scored on years that no fit saw, beside what anybody could have guessed.

`national` forecasts pending cases and completions of the immigration courts from each fiscal year
in turn, with and without knowing receipts and judges, and sets the forecasts beside what came and
beside the last value carried forward and the spreadsheet of judges and completions per judge.
"""

from asylumatlas.backtest.experiment import backtest, national
from asylumatlas.backtest.record import BacktestError, Record
from asylumatlas.backtest.result import Backtest

__all__ = ["Backtest", "BacktestError", "Record", "backtest", "national"]
