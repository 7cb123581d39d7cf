"""A release, zip or folder: its tables, its date, what it counts, and what is none."""

import os
import zipfile
from datetime import date
from pathlib import Path

import pytest

from asylumatlas.records.files.release import ReleaseError, open_release
from asylumatlas.records.registry import tables

CASE = b"IDNCASE\tNAT\r\n1\tMX\r\n"
INNER = "EOIR Case Data 2026-0401/EOIR Case Data"
FILES = {
    f"{INNER}/Lookup/TBLLOOKUPHLOC.CSV": b"idn\r\n",
    f"{INNER}/B_TblProceeding.csv": b"IDNPROCEEDING\r\n",
    f"{INNER}/a_tblcase.csv": CASE,
    f"{INNER}/Count.txt": b"A_TblCase\t12,821,531\r\nb_tblproceeding.csv\t0\r\nother\t5\r\n---\r\n",
    f"{INNER}/ReadMe.txt": "What is in it \u2013 briefly".encode("cp1252"),
    f"{INNER}/schema.csv": b"",
    f"{INNER}/tbl_New.csv": b"",
}


def write(path: Path, files: dict[str, bytes], *, method: int = zipfile.ZIP_DEFLATED) -> Path:
    """A release: a zip where the path ends so, else a folder."""
    if path.suffix == ".zip":
        with zipfile.ZipFile(path, "w", method) as archive:
            for name, content in files.items():
                archive.writestr(zipfile.ZipInfo(name), content)
        return path
    for name, content in files.items():
        (path / name).parent.mkdir(parents=True, exist_ok=True)
        (path / name).write_bytes(content)
    return path


@pytest.fixture(params=["a.zip", "a"])
def release_path(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    return write(tmp_path / request.param, FILES)


def test_a_release_is_read_from_a_zip_and_from_a_folder(release_path: Path) -> None:
    release = open_release(release_path)
    names = [member.table.name for member in release.members]
    assert names == ["A_TblCase", "B_TblProceeding", "tblLookupHloc"]
    assert [name for name in tables() if name in names] == names
    case = release.members[0]
    assert (case.name, case.size) == (f"{INNER}/a_tblcase.csv", len(CASE))
    with case.open() as stream:
        assert (stream.read(3), stream.read()) == (CASE[:3], CASE[3:])
    assert release.unknown == (f"{INNER}/tbl_New.csv",)
    assert release.counts == {"A_TblCase": 12_821_531, "B_TblProceeding": 0, "other": 5}
    assert release.readme == "What is in it \u2013 briefly"
    assert not release.synthetic
    assert (release.as_of, release.as_of_from) == (
        date(2026, 4, 1),
        'the name "EOIR Case Data 2026-0401"',
    )
    assert release.name == release_path.name


@pytest.mark.parametrize(
    ("name", "day"),
    [
        ("EOIR Case Data 2026-0401", date(2026, 4, 1)),
        ("FOIA TRAC Report 20221003", date(2022, 10, 3)),
        (" EOIR Case Data 2021-1201", date(2021, 12, 1)),
        ("2026-08-01", date(2026, 8, 1)),
    ],
)
@pytest.mark.parametrize("kind", ["inside a zip", "folder", "zip"])
def test_the_day_is_read_from_a_name(tmp_path: Path, name: str, day: date, kind: str) -> None:
    if kind == "inside a zip":
        path = write(tmp_path / "a.zip", {f"{name}/A_TblCase.csv": CASE})
    elif kind == "zip":
        path = write(tmp_path / f"{name}.zip", {"A_TblCase.csv": CASE})
    else:
        path = write(tmp_path / name, {"A_TblCase.csv": CASE})
    assert open_release(path).as_of == day
    assert open_release(path, as_of=date(2020, 1, 2)).as_of == date(2020, 1, 2)


def test_the_day_is_else_the_newest_date_of_a_table(tmp_path: Path) -> None:
    path = write(tmp_path / "a", {"A_TblCase.csv": CASE, "B_TblProceeding.csv": b"", "x.txt": b""})
    for name, seconds in [("A_TblCase", 1_700_000_000), ("B_TblProceeding", 1_600_000_000)]:
        os.utime(path / f"{name}.csv", (seconds, seconds))
    release = open_release(path)
    assert (release.as_of, release.as_of_from) == (
        date(2023, 11, 14),
        "the newest date of its files",
    )


def test_a_release_without_any_date_asks_for_it(tmp_path: Path) -> None:
    path = write(tmp_path / "a 2026-9901.zip", {"A_TblCase.csv": CASE})  # no such month
    with pytest.raises(ReleaseError, match="say --as-of"):
        open_release(path)


def test_a_table_that_is_there_twice_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path / "a.zip", {"x/A_TblCase.csv": CASE, "y/a_tblcase.CSV": CASE})
    with pytest.raises(ReleaseError, match=r'"x/A_TblCase\.csv" and "y/a_tblcase\.CSV"'):
        open_release(path)


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ({}, "holds no file"),
        ({"EOIR Case Data.zip": b"PK"}, r"holds another archive, \"EOIR Case Data.zip\"; "),
        ({"A_TblCas.csv": CASE}, r"none of its 1 files.*Did you mean \"A_TblCase.csv\"\?"),
        ({".DS_Store": b"", "__MACOSX/._A_TblCase.csv": b""}, "holds no file"),
    ],
)
@pytest.mark.parametrize("name", ["a.zip", "a"])
def test_what_holds_no_table_is_no_release(
    tmp_path: Path, files: dict[str, bytes], words: str, name: str
) -> None:
    (tmp_path / "a").mkdir()
    with pytest.raises(ReleaseError, match=words) as caught:
        open_release(write(tmp_path / name, files))
    assert str(caught.value).startswith(f"{tmp_path / name}: ")
    assert "\n" not in str(caught.value)


def test_a_path_that_is_not_there_gets_a_hint(tmp_path: Path) -> None:
    write(tmp_path / "release.zip", FILES)
    with pytest.raises(ReleaseError, match=r"no such file or folder\. Did you mean .*release\.zip"):
        open_release(tmp_path / "relase.zip")


def test_what_is_neither_file_nor_folder_is_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "pipe", Path(os.devnull)):
        with pytest.raises(ReleaseError, match="is a device or a pipe, not a file") as caught:
            open_release(path)
        assert "Did you mean" not in str(caught.value)
    (tmp_path / "link").symlink_to(tmp_path / "unplugged")
    with pytest.raises(ReleaseError, match=r'leads nowhere .to ".*unplugged"'):
        open_release(tmp_path / "link")


@pytest.mark.parametrize("name", ["B_TblProceeding.csv", "count.TXT", "Read me.txt"])
@pytest.mark.parametrize(
    ("kind", "says"), [("pipe", "pipe"), ("link", "nowhere"), ("loop", "nowhere"), ("folder", "")]
)
def test_what_has_the_name_of_a_file_and_is_none_is_refused(
    name: str, kind: str, says: str, tmp_path: Path
) -> None:
    """Its table would be missing as if the release had never had it; and a pipe would wait."""
    place = write(tmp_path / "2026-0401", {"A_TblCase.csv": CASE})
    path = place / "inner" / name
    path.parent.mkdir()
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "folder":
        path.mkdir()
    else:
        path.symlink_to(path if kind == "loop" else tmp_path / "unplugged")
    if kind == "folder" and not name.endswith(".csv"):
        assert open_release(place).members
        return
    with pytest.raises(ReleaseError, match=rf"inner/{name}: is .*{says}.*; put the file in"):
        open_release(place)


def test_what_counts_for_nothing_may_be_anything(tmp_path: Path) -> None:
    place = write(tmp_path / "2026-0401", {"A_TblCase.csv": CASE})
    os.mkfifo(place / "pipe")
    (place / "notes.txt").symlink_to(tmp_path / "unplugged")
    (place / ".A_TblCase.csv").symlink_to(tmp_path / "unplugged")
    assert len(open_release(place).members) == 1


def test_a_file_that_changes_while_it_is_read_is_told(tmp_path: Path) -> None:
    path = write(tmp_path / "2026-0401", {"A_TblCase.csv": CASE})
    member = open_release(path).members[0]
    (path / "A_TblCase.csv").write_bytes(CASE + b"2\tGT\r\n")
    with member.open() as stream, pytest.raises(ReleaseError, match="changed from 19 to 25 bytes"):
        stream.read()


def test_the_fingerprint_changes_with_any_content_and_with_no_place(tmp_path: Path) -> None:
    files = {"2026-0401/A_TblCase.csv": CASE, "2026-0401/x.txt": b"1"}
    moved = {"2026-0401/deeper/A_TBLCASE.csv": CASE, "2026-0401/x.txt": b"1"}
    changed = {**files, "2026-0401/x.txt": b"2"}
    for ending in ("", ".zip"):
        prints = [
            open_release(write(tmp_path / f"{number}{ending}", content)).fingerprint
            for number, content in enumerate([files, moved, changed])
        ]
        assert prints[0] == prints[1] != prints[2]


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_counts_are_read_in_other_encodings(tmp_path: Path, encoding: str) -> None:
    raw = "A_TblCase\t7\r\n".encode(encoding)
    path = write(tmp_path / "2026-0401", {"A_TblCase.csv": CASE, "Count.txt": raw})
    assert open_release(path).counts == {"A_TblCase": 7}
