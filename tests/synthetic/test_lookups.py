"""The lookup files of a synthetic release: whole, plausible, and without a real person's name."""

import re
from collections import Counter
from importlib import resources

import pytest

from asylumatlas.records.registry import tables
from asylumatlas.synthetic import lookups
from asylumatlas.synthetic.defects import plantings

LOOKUPS = [table for table in tables().values() if table.kind == "lookup"]
FILES = dict(lookups.lookup_files())


def test_every_lookup_table_is_there_with_every_column() -> None:
    assert [*FILES] == [table.name for table in LOOKUPS]
    assert len(FILES) == 78
    for table in LOOKUPS:
        assert FILES[table.name]
        assert {len(row) for row in FILES[table.name]} == {len(table.columns)}
        assert not any(b"\t" in field or b"\n" in field for r in FILES[table.name] for field in r)


@pytest.mark.parametrize("table", LOOKUPS, ids=lambda table: table.name)
def test_values_are_of_their_types(table) -> None:  # type: ignore[no-untyped-def]
    shapes = {
        "integer": r"\d+",
        "flag": "[01]",
        "datetime": r"(\d{4}-\d\d-\d\d 00:00:00\.000)?",
        "date": r"\d{4}-\d\d-\d\d 00:00:00\.000",
    }
    for row in FILES[table.name]:
        for column, value in zip(table.columns, row, strict=True):
            assert re.fullmatch(shapes.get(column.type, ".*"), value.decode()), (column, value)
            assert column.type != "datetime" or value[:10].decode() < "2012"


def test_a_clean_release_says_no_code_twice() -> None:
    for table in LOOKUPS:
        if table.code is None:
            continue
        names = [column.name for column in table.columns]
        place = [names.index(table.code)]
        if table.name == "tblLookupCourtDecision":
            place += [names.index("strCaseType"), names.index("strDecType")]
        seen = Counter(tuple(row[at].rstrip() for at in place) for row in FILES[table.name])
        assert max(seen.values()) == 1, (table.name, seen.most_common(3))


def test_a_release_with_defects_says_some_codes_twice() -> None:
    spoilt = dict(lookups.lookup_files(defects=1.0))
    assert lookups.doubled()
    for table, line, code in lookups.doubled():
        assert len(spoilt[table]) > len(FILES[table])
        assert code.encode() in spoilt[table][line - 2]
        assert sum(code.encode() in row for row in spoilt[table]) > 1


def test_the_codes_that_main_columns_need_are_there() -> None:
    for table in tables().values():
        for column in table.columns:
            for lookup in column.lookup:
                assert lookups.codes_of(lookup), (table.name, column.name)


def test_decisions_are_told_apart_by_case_type_and_kind() -> None:
    assert lookups.decisions("RMV", "C")["X"] == "Remove"
    assert lookups.decisions("RMV", "O")["X"] == "ZERO BOND"
    assert lookups.decisions("CFR", "C")["A"] != lookups.decisions("CFR", "O")["A"]
    for case_type in ("RMV", "DEP", "EXC", "WHO", "RFR", "AOC", "CFR", "CSR"):
        assert lookups.decisions(case_type, "C")
        assert {"C", "T"} <= lookups.decisions(case_type, "O").keys()


def test_judges_are_invented() -> None:
    invented = re.compile(
        r"JUDGE EXAMPLE \d{3}( \(LEFT\))?|VISITING JUDGE (\d+|TEN)|ALL JUDGES|CLERK"
        r"|DETAIL JUDGE( IAD)?"
    )
    files = dict(lookups.lookup_files(defects=1.0))
    for name in ("tblLookupJudge", "tblLookupJudgeBaseCity"):
        place = [column.name for column in tables()[name].columns].index("JUDGE_NAME")
        for row in files[name]:
            assert invented.fullmatch(row[place].decode()), row[place]
    assert not set(lookups.codes_of("tblLookupJudge")) & set(lookups.PLACEHOLDER_JUDGES)


def test_every_court_has_judges_and_a_place_to_sit() -> None:
    for city in lookups.codes_of("tblLookupBaseCity"):
        assert lookups.hearing_locations_of(city)[0] == city
        if city not in ("BIA", "CIJ", "HDQ", "FCI"):  # headquarters and the Board
            assert len(lookups.judges_of(city)) >= 2


def test_planted_codes_are_known_or_unknown_as_the_truth_says() -> None:
    checked = 0
    for planting in plantings():
        for table in planting.rates:
            for place in planting.columns if planting.edit in ("value", "undecided") else ():
                column = tables()[table].column(place)
                known = {*(column.codes or ()), *(c for name in column.lookup for c in codes(name))}
                if not known or "quarantined" in planting.expect:
                    continue
                words = {value.decode() for value in planting.values}
                if column.fold:
                    words, known = {w.lower() for w in words}, {w.lower() for w in known}
                checked += 1
                if planting.expect == "noted:unknown_code":
                    assert not words & known, (table, place, words & known)
                else:
                    assert words <= known, (table, place, words - known)
    assert checked > 10


def codes(lookup: str) -> list[str]:
    """All codes of a lookup, the placeholders too."""
    extra = lookups.PLACEHOLDER_JUDGES if lookup == "tblLookupJudge" else ()
    return [*lookups.codes_of(lookup), *extra]


def test_the_files_stay_small() -> None:
    folder = resources.files("asylumatlas.synthetic").joinpath("lookups")
    assert sum(len(file.read_bytes()) for file in folder.iterdir()) < 300_000
