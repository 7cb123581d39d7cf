"""Files and folders that are whole or not there, whatever goes wrong on the way."""

import os
from pathlib import Path

import pytest

from asylumatlas import disk
from asylumatlas.disk import check_free, comma_separated, new_folder, store_whole


class RoomError(ValueError):
    """An error of some room."""


@pytest.mark.parametrize("flush", [True, False])
def test_a_file_takes_the_place_of_another_in_one_step(tmp_path: Path, flush: bool) -> None:
    path = tmp_path / "new" / "a.bin"
    for parts in ([b"before"], [b"ab", memoryview(b"cd"), bytearray(b"e")]):
        store_whole(path, *parts, flush=flush)
        assert path.read_bytes() == b"".join(parts)
    assert list(path.parent.iterdir()) == [path]


@pytest.mark.parametrize("stopped_by", [KeyboardInterrupt(), OSError(28, "disk full")])
def test_a_file_half_written_leaves_the_old_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stopped_by: BaseException
) -> None:
    path = tmp_path / "a.bin"
    path.write_bytes(b"old")

    def stop(_: int) -> None:
        raise stopped_by

    monkeypatch.setattr(os, "fsync", stop)
    with pytest.raises(type(stopped_by)) as caught:
        store_whole(path, b"new")
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]
    if isinstance(caught.value, OSError):
        assert caught.value.filename == str(path)  # a full disk does not name the file itself


def test_a_folder_is_whole_or_absent(tmp_path: Path) -> None:
    folder = tmp_path / "above" / "found"
    with new_folder(folder) as draft:
        (draft / "a.txt").write_text("a")
        assert not folder.exists()
    assert [path.name for path in folder.iterdir()] == ["a.txt"]
    assert list(folder.parent.iterdir()) == [folder]


@pytest.mark.parametrize("empty", [True, False])
def test_a_folder_that_is_not_finished_goes(tmp_path: Path, empty: bool) -> None:
    folder = tmp_path / "found"
    if empty:
        folder.mkdir()
    writing = new_folder(folder)
    (writing.__enter__() / "a.txt").write_text("a")
    assert not writing.__exit__(KeyboardInterrupt, KeyboardInterrupt(), None)  # it goes on
    assert [path.name for path in tmp_path.iterdir()] == ["found"] * empty


def test_an_empty_folder_is_taken_and_a_full_one_never(tmp_path: Path) -> None:
    folder = tmp_path / "found"
    folder.mkdir()
    with new_folder(folder) as draft:
        (draft / "mine").touch()
    with pytest.raises(RoomError, match="something already"), new_folder(folder, RoomError):
        pytest.fail("nothing may be written for a folder that is taken")
    assert [path.name for path in folder.iterdir()] == ["mine"]


def test_what_somebody_else_wrote_meanwhile_stays(tmp_path: Path) -> None:
    folder = tmp_path / "found"
    writing = new_folder(folder)
    (writing.__enter__() / "mine").touch()
    folder.mkdir()
    (folder / "theirs").touch()
    with pytest.raises(OSError, match="found"):
        writing.__exit__(None, None, None)
    assert [path.name for path in tmp_path.rglob("*")] == ["found", "theirs"]


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("file", "something already"),
        ("full", "something already"),
        ("file/below/it", "file is a file; name another"),
        ("nowhere", "leads nowhere"),
        ("circle", "leads nowhere"),
    ],
)
def test_a_folder_that_cannot_be_written_is_refused_at_once(
    tmp_path: Path, name: str, said: str
) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "full" / "of").mkdir(parents=True)
    (tmp_path / "nowhere").symlink_to(tmp_path / "missing")
    (tmp_path / "circle").symlink_to(tmp_path / "circle")
    with pytest.raises(RoomError, match=said) as caught:
        check_free(tmp_path / name, RoomError)
    assert "\n" not in str(caught.value)
    assert str(tmp_path / name) in str(caught.value)


def test_rows_of_several_kinds_share_a_head() -> None:
    assert comma_separated([{"a": 1.5, "b": None}, {"c": "x\ny", "a": 2}]) == (
        'a,b,c\n1.5,,\n2,,"x\ny"\n'
    )
    assert comma_separated([]) == "\n"
    assert set(disk.__all__) == {name for name in disk.__all__ if getattr(disk, name).__doc__}
