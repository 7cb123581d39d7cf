import json

import pytest

from asylumatlas.cli import main


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["nation"], 'not one of national. Did you mean "national"?'),
        (["national", "--until", "2007x"], "is not a fiscal year"),
        (["national", "--steps", "3"], "is not a whole number from 20"),
        (["national", "--hold", "wait"], "target wait: no such target"),
        (["national", "--until", "FY2031"], "FY2031"),
    ],
)
def test_wrong_words_are_one_line(words, line, capsys, tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    code = main(["calibrate", *words])
    err = capsys.readouterr().err
    assert code in (1, 2)
    assert line in err
    assert err.count("\n") == 1
    assert not list(tmp_path.iterdir())


def test_a_fit_that_is_too_short_ends_with_one_line_and_is_kept(capsys, tmp_path) -> None:
    out = tmp_path / "fit"
    words = ["calibrate", "national", "--until", "FY2009", "--out", str(out), "--json"]
    assert main([*words, "--steps", "20"]) == 1
    told = capsys.readouterr()
    assert "not converged after 20 steps" in told.err
    assert "--steps 40 --resume" in told.err
    assert told.err.count("\n") == 1
    shown = json.loads(told.out)
    assert not shown["converged"]
    assert len(shown["unknowns"]) == 20
    assert {each.name for each in out.iterdir()} >= {"fit.json", "fit.npz", "fit.html", "rounds"}

    assert main([*words, "--steps", "40"]) == 2
    assert "--resume goes on" in capsys.readouterr().err
    assert main([*words, "--steps", "40", "--resume"]) == 1
    assert json.loads(capsys.readouterr().out)["steps"] == 40
