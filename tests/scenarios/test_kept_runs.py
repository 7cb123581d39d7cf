"""Runs that are stopped and kept: where, under whose name, and what the next call says."""

from __future__ import annotations

from pathlib import Path

import pytest

from asylumatlas.cli import main
from asylumatlas.ensembles import Stopped
from asylumatlas.sim.folder import kept_of_others, unfinished


def stopped(out: Path, key: str, pieces: int = 1) -> None:
    """A run that is stopped by Ctrl-C when some blocks are finished."""
    with unfinished("stem", out, key) as (_, work):
        for number in range(pieces):
            path = work / ".blocks" / "of-this-run" / f"{number:06d}.piece"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch()
        raise KeyboardInterrupt


def test_ctrl_c_names_the_folder_that_is_kept(tmp_path: Path) -> None:
    with pytest.raises(Stopped) as found:
        stopped(tmp_path / "o", "key")
    (kept,) = tmp_path.iterdir()
    assert f"are kept in {kept}; the same words with --resume go on from there" in str(found.value)


def test_ctrl_c_before_a_block_is_finished_keeps_nothing(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt) as found:
        stopped(tmp_path / "o", "key", pieces=0)
    assert not isinstance(found.value, Stopped)
    assert not list(tmp_path.iterdir())


def test_what_is_kept_of_others(tmp_path: Path) -> None:
    out = tmp_path / "o[1]"  # no pattern
    for key in ("one", "two"):
        with pytest.raises(Stopped):
            stopped(out, key)
    assert kept_of_others(out, "one") == []  # ours is among them
    assert len(kept_of_others(out, "three")) == 2
    assert kept_of_others(tmp_path / "o1", "three") == []


def test_resume_with_other_settings_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "o"
    with pytest.raises(Stopped):
        stopped(out, "other settings")
    (kept,) = tmp_path.iterdir()
    assert main(["run", "caravan-2018", "--resume", "--out", str(out)]) == 2
    told = capsys.readouterr().err
    assert told.startswith(f"--resume: {kept} is of other settings, or of another version; ")
    assert told.count("\n") == 1
    assert list(tmp_path.iterdir()) == [kept]
