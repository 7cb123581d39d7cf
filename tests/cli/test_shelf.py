"""What long commands keep when they are stopped, and what is said of it; who does the work."""

from __future__ import annotations

from pathlib import Path

import pytest

from asylumatlas.cli import UsageError, main
from asylumatlas.cli.crew import crew
from asylumatlas.cli.shelf import contents, kept_on, pieces_on
from asylumatlas.ensembles import EnsembleError, Journal, Stopped
from asylumatlas.ensembles.addresses import host_and_port

Capture = pytest.CaptureFixture[str]
SETTINGS = {"seed": 1, "years": (2012, 2013)}


def keep(shelf: Path, pieces: int = 2) -> None:
    """Some finished pieces, as a call leaves them that is stopped."""
    for number in range(pieces):
        Journal(shelf, "work").store(number, number)


def stopped(shelf: Path, pieces: int = 2) -> None:
    with kept_on(shelf, SETTINGS):
        keep(shelf, pieces)
        raise KeyboardInterrupt


def test_ctrl_c_names_the_folder_and_how_to_go_on(tmp_path: Path) -> None:
    shelf = tmp_path / ".x.unfinished"
    with pytest.raises(Stopped) as found:
        stopped(shelf)
    words = f"2 finished pieces are kept in {shelf}; the same words with --resume go on from there"
    assert str(found.value) == words
    assert pieces_on(shelf) == 2


def test_ctrl_c_before_anything_is_finished_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt) as found:
        stopped(tmp_path / "deep" / "er" / ".x.unfinished", pieces=0)
    assert not isinstance(found.value, Stopped)
    assert not list(tmp_path.iterdir())


def test_ctrl_c_without_a_folder_says_that_nothing_is_kept() -> None:
    with pytest.raises(Stopped, match="nothing was kept; with --out DIR"), kept_on(None, {}):
        raise KeyboardInterrupt


def test_the_line_of_ctrl_c_is_true(
    monkeypatch: pytest.MonkeyPatch, capsys: Capture, tmp_path: Path
) -> None:
    """Whatever command it is, only what is on disk is said to be kept."""
    from asylumatlas import backtest, calibrate, plan
    from asylumatlas.sim import policies, sweep

    def half(*words: object, journal: object = None, **more: object) -> None:
        folder = journal.shelf if isinstance(journal, Journal) else journal
        if folder is not None:
            keep(Path(str(folder)), 1)
        raise KeyboardInterrupt

    for room, name in (
        (backtest, "national"), (calibrate, "fit"), (plan, "plan"),
        (policies, "compare_policies"), (sweep, "sweep"),
    ):  # fmt: skip
        monkeypatch.setattr(room, name, half)
    monkeypatch.chdir(tmp_path)
    goal = ["plan", "--pending-below", "2e6"]
    for words in (["backtest", "national"], goal, ["policies", "us-hiring"]):
        out = f"of-{words[0]}"
        assert main([*words, "--out", out]) == 130
        told = capsys.readouterr().err
        assert f"stopped; 1 finished piece is kept in .{out}.unfinished; " in told
        assert pieces_on(Path(f".{out}.unfinished")) == 1
        assert main(words) == 130
        assert capsys.readouterr().err.endswith("nothing was kept; with --out DIR what is "
                                                "finished is kept\n")  # fmt: skip
    assert main(["calibrate", "national", "--out", "of-calibrate"]) == 130
    assert "1 finished piece is kept in of-calibrate/rounds; " in capsys.readouterr().err
    assert main(["sweep", "stock-flow", "--vary", "scale=1"]) == 130
    assert "stopped; nothing was written" in capsys.readouterr().err


def test_workers_that_are_lost_leave_the_same_words(tmp_path: Path) -> None:
    """Not "the same call again": without --resume that would begin anew."""
    shelf = tmp_path / ".x.unfinished"

    def lost() -> None:
        with kept_on(shelf, SETTINGS):
            keep(shelf)
            raise EnsembleError("the scheduler has gone", saved=2, total=9, folder=shelf)

    with pytest.raises(EnsembleError) as found:
        lost()
    words = "2 finished pieces are kept in"
    assert str(found.value).startswith(f"the scheduler has gone; {words} {shelf}; the same words")
    assert pieces_on(shelf) == 2


def test_a_fit_that_was_killed_before_its_first_piece_can_begin_again(tmp_path: Path) -> None:
    from asylumatlas.cli.calibrating import _check_folder

    folder = tmp_path / "fit"
    (folder / "rounds").mkdir(parents=True)
    (folder / "rounds" / "settings.json").write_text("{}")
    _check_folder(folder, resume=False)
    (folder / "fit.json").touch()
    for resume, said in ((False, "--resume goes on from it"), (True, "nothing to go on from")):
        with pytest.raises(UsageError, match=said):
            _check_folder(folder, resume)
    keep(folder / "rounds")
    _check_folder(folder, resume=True)


@pytest.mark.parametrize("name", ["full", "file", "file/x", "dangling"])
def test_a_folder_that_can_take_no_fit(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "letter.txt").touch()
    (tmp_path / "file").touch()
    (tmp_path / "dangling").symlink_to("nowhere")
    assert main(["calibrate", "national", "--out", name]) == 2
    told = capsys.readouterr().err
    assert told.startswith(f"{name}: ")
    assert told.count("\n") == 1


def test_the_same_settings_go_on(tmp_path: Path, capsys: Capture) -> None:
    shelf = tmp_path / ".x.unfinished"
    with pytest.raises(Stopped):
        stopped(shelf)
    with kept_on(shelf, SETTINGS, resume=True):
        assert Journal(shelf, "work").load(1) == 1
    assert not shelf.exists()  # the work is done
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({**SETTINGS, "seed": 2}, "seed was 1, not 2"),
        ({**SETTINGS, "years": [2012]}, "years was [2012, 2013], not [2012]"),
        ({**SETTINGS, "more": "é"}, 'more was null, not "é"'),
    ],
)
def test_other_settings_are_refused_and_nothing_is_lost(settings, said, tmp_path: Path) -> None:
    shelf = tmp_path / ".x.unfinished"
    with pytest.raises(Stopped):
        stopped(shelf)
    with pytest.raises(UsageError) as found, kept_on(shelf, settings, resume=True):
        raise AssertionError("the work began")
    assert f"{shelf} is of other settings: {said}; give the same settings, or" in str(found.value)
    assert pieces_on(shelf) == 2


@pytest.mark.parametrize("text", ["", "{", "[]", "7", "\0"])
def test_settings_cut_short_are_refused(text: str, tmp_path: Path) -> None:
    keep(tmp_path)
    (tmp_path / "settings.json").write_text(text)
    with (
        pytest.raises(UsageError, match="does not say of which settings it is"),
        kept_on(tmp_path, SETTINGS, resume=True),
    ):
        raise AssertionError("the work began")
    assert pieces_on(tmp_path) == 2


def test_beginning_anew_is_said_and_takes_only_what_is_ours(
    tmp_path: Path, capsys: Capture
) -> None:
    keep(tmp_path, 3)
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "letter.txt").touch()
    with kept_on(tmp_path, SETTINGS):
        assert pieces_on(tmp_path) == 0
    assert "begins anew without the 3 finished pieces kept here" in capsys.readouterr().err
    assert [path.name for path in tmp_path.rglob("*")] == ["mine", "letter.txt"]


def test_a_file_of_the_same_name_with_other_content_is_another_setting(tmp_path: Path) -> None:
    path = tmp_path / "own.toml"
    path.write_text("a = 1")
    before = contents(str(path), "us-courts")
    path.write_text("a = 2")
    assert before != contents(str(path), "us-courts")
    assert list(before) == [str(path)]


# ---- who does the work

ADDRESS = "tcp://127.0.0.1:8786"


@pytest.mark.parametrize(
    "words",
    [
        ["run", "caravan-2018"],
        ["sweep", "stock-flow", "--vary", "scale=1"],
        ["policies", "us-hiring"],
        ["plan", "--pending-below", "2e6"],
        ["backtest", "national"],
        ["calibrate", "national"],
    ],
)
def test_workers_beside_a_scheduler_and_malformed_addresses(
    words: list[str], capsys: Capture, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main([*words, "--scheduler", ADDRESS, "--workers", "1"]) == 2
    assert "--workers: the scheduler has its own workers" in capsys.readouterr().err
    assert main([*words, "--scheduler", "tcp://"]) == 2
    told = capsys.readouterr().err
    assert told == "--scheduler tcp://: is no address; write it as tcp://127.0.0.1:8786\n"
    assert not list(tmp_path.iterdir())


def test_one_crew() -> None:
    assert crew(None, None) == {"workers": 1, "scheduler": None}
    assert crew(3, None) == {"workers": 3, "scheduler": None}


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("tcp://10.0.0.5:8786", ("10.0.0.5", 8786)),
        ("tls://[fe80::1]:1/", ("fe80::1", 1)),
        ("here:65535", ("here", 65535)),
        ("here:65536", None),
        ("here:0", None),
        ("here:８", None),
        ("foo", None),
        ("", None),
        ("http://here:80", None),
        ("tcp://a b:80", None),
        ("tcp://:80", None),
    ],
)
def test_addresses(text: str, found: object) -> None:
    assert host_and_port(text) == found
