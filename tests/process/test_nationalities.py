"""Nationality codes have one name each, and every code that the records use has one."""

import csv
from pathlib import Path

import pytest

from asylumatlas import process
from asylumatlas.process import ProcessError
from asylumatlas.process.nationality import nationalities
from asylumatlas.records import reference

RECORDS = Path(reference.__file__).parent / "nationalities.csv"


def test_every_code_of_the_records_has_a_name() -> None:
    with RECORDS.open(encoding="utf-8", newline="") as file:
        codes = {row["iso3"] for row in csv.DictReader(file)}
    assert codes | {"OTH"} == set(nationalities())


def test_names_are_single_and_neutral() -> None:
    names = list(nationalities().values())
    assert len(set(names)) == len(names)
    assert not [name for name in names if "former" in name or name != name.strip()]


def test_the_vocabulary_version_does_not_depend_on_names() -> None:
    assert not list(Path(process.__file__).parent.glob("nationalit*.toml"))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("code,name\nHND,Honduras\n", "the columns must be iso3, label"),
        ("iso3,label\nHND,Honduras\nHND,Honduras\n", "HND: needs three capitals"),
        ("iso3,label\nhnd,Honduras\n", "hnd: needs three capitals"),
        ("iso3,label\nCOD,Congo, Democratic Republic\n", "COD: needs three capitals"),
        ("iso3,label\nHND,\n", "HND: needs three capitals"),
    ],
)
def test_a_faulty_file_is_named(tmp_path: Path, text: str, said: str) -> None:
    file = tmp_path / "names.csv"
    file.write_text(text, "utf-8")
    with pytest.raises(ProcessError, match=said):
        nationalities(file)
