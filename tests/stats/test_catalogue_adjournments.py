"""Adjournment codes: whose request put a hearing off."""

from __future__ import annotations

from pathlib import Path

import pytest

from asylumatlas import process
from asylumatlas.process.adjournment import PARTIES, read_adjournments


def test_every_code_has_a_label_and_a_party() -> None:
    codes = read_adjournments()
    assert len(codes) == 114
    assert {entry.party for entry in codes.values()} == set(PARTIES)
    assert all(len(code) == 2 and entry.label for code, entry in codes.items())


@pytest.mark.parametrize(
    ("code", "party"),
    [
        ("01", "respondent"),  # to seek representation
        ("12", "respondent"),
        ("5B", "respondent"),
        ("03", "government"),
        ("24", "government"),  # fingerprint check
        ("18", "court"),  # lack of interpreter
        ("34", "court"),  # judge's leave
        ("74", "court"),  # public health
        ("45", "other"),  # joint request
        ("8B", "other"),  # nothing was put off
    ],
)
def test_codes_go_to_the_party_their_label_names(code: str, party: str) -> None:
    assert process.adjournments()[code] == party


def test_labels_use_the_words_of_today() -> None:
    assert not any("alien" in entry.label.lower() for entry in read_adjournments().values())


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("code,who,label\n01,court,x\n", "columns must be code, party, label"),
        ("code,party,label\n01,cuort,x\n", 'unknown party "cuort". Did you mean "court"'),
        ("code,party,label\n01,court,\n", "needs a label"),
        ("code,party,label\n01,court,x, y\n", "in quotes if it has commas"),
        ("code,party,label\n01,court,x\n01,other,y\n", "one row"),
    ],
)
def test_a_wrong_file_is_refused(tmp_path: Path, text: str, message: str) -> None:
    file = tmp_path / "codes.csv"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(process.ProcessError) as refused:
        read_adjournments(file)
    assert message in str(refused.value)


def test_grouping_the_codes_does_not_change_the_vocabulary() -> None:
    folder = Path(process.__file__).parent
    assert (folder / "adjournments.csv").exists()
    assert not (folder / "adjournments.toml").exists()  # TOML there is part of the version
