"""The command: words in, tables or JSON out."""

import json
from pathlib import Path

import pytest

from asylumatlas.cli import main

Capture = pytest.CaptureFixture[str]
SMALL = ["backtest", "national", "--cutoffs=FY2014:FY2015", "--forecast-by=walk", "--quick"]


def test_the_tables_fit_eighty_columns(capsys: Capture) -> None:
    assert main(SMALL) == 0
    said = capsys.readouterr().out
    assert max(map(len, said.splitlines())) <= 80
    for words in ("Pending, given", "Completions, blind", "Where the model loses"):
        assert words in said


def test_json_is_one_object(capsys: Capture, tmp_path: Path) -> None:
    folder = tmp_path / "found"
    assert main([*SMALL, "--variant=blind", "--json", f"--out={folder}"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["folder"] == str(folder)
    assert {row["variant"] for row in said["forecasts"]} == {"blind"}
    assert said["settings"]["cutoffs"] == [2014, 2015]
    assert (folder / "backtest.html").exists()
    assert not list(tmp_path.glob(".*"))  # neither draft nor journal is left
    assert (folder / "summary.csv").read_text("utf-8").count("pending,blind") == 6


def test_single_years_without_widening(capsys: Capture) -> None:
    words = ["--cutoffs=FY2012,FY2014", "--learn-from=none", "--forecast-by=walk", "--quick"]
    assert main(["backtest", "national", *words, "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert {row["cutoff"] for row in said["forecasts"]} == {2012, 2014}
    assert {row["widening"] for row in said["forecasts"]} == {1}
    assert len(said["fits"]) == 2


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["backtest", "natinal"], 2, 'Did you mean "national"?'),
        (["backtest", "national", "--variant=blnd"], 2, 'Did you mean "blind"?'),
        (["backtest", "national", "--resume"], 2, "--out DIR"),
        (["backtest", "national", "--cutoffs=FY20"], 2, "not a fiscal year"),
        (["backtest", "national", "--cutoffs=FY1999"], 2, "no cut-off there"),
        (["backtest", "national", "--horizons=x"], 2, "--horizons: 'x'"),
        (["backtest", "national", "--learn-from=FY2030"], 2, "is after the last cut-off"),
        (["backtest", "national", "--forecast-by=wlk"], 2, 'Did you mean "walk"?'),
    ],
)
def test_words_that_cannot_be_obeyed(
    words: list[str], code: int, said: str, capsys: Capture
) -> None:
    assert main(words) == code
    error = capsys.readouterr().err
    assert said in error
    assert error.count("\n") == 1
