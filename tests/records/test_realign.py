"""A shifted line comes back only where its columns leave one answer."""

import time
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from asylumatlas.records import reasons
from asylumatlas.records.lookups import Entry, Lookups
from asylumatlas.records.reading.realign import MOST_EXTRA, Rules, mend
from asylumatlas.records.registry import Column, bind, tables

AS_OF = date(2026, 4, 1)
DAY = b"2019-05-01 00:00:00.000"
LATER = b"2019-06-07 00:00:00.000"
CODES = {
    "tblLookupState": ["CA", "TX", "NY"],
    "tblLookupNationality": ["MX", "GT", "NA"],
    "tblLanguage": ["SP", "ENG"],
    "tblLookupCustodyStatus": ["N", "D", "R"],
    "tblLookupCaseType": ["RMV", "AOC"],
    "tblLookupBaseCity": ["LOS", "NYC"],
    "tbllookupCal_Type": ["M", "I"],
    "tblLookupSex": ["M", "F"],
    "tblLookup_CasePriority": ["N/A", "UC"],
}
LOOKUPS = Lookups(
    [Entry(name, code, "", "", code, True, 2) for name, codes in CODES.items() for code in codes],
    CODES,
)


def rules_of(table, names=None, lookups=LOOKUPS):
    found = tables()[table]
    return Rules(bind(found, names or [c.name for c in found.columns]), lookups, AS_OF)


CASE = tables()["A_TblCase"]
CASE_RULES = rules_of("A_TblCase")


def case(**values):
    row = dict.fromkeys((c.name for c in CASE.columns), b"")
    row |= {
        **{"IDNCASE": b"4521", "ALIEN_CITY": b"LOS ANGELES", "ALIEN_STATE": b"CA"},
        **{"ALIEN_ZIPCODE": b"90012", "NAT": b"GT", "LANG": b"SP ", "CUSTODY": b"N"},
        **{"SITE_TYPE": b"M", "E_28_DATE": DAY, "CASE_TYPE": b"RMV", "UPDATE_SITE": b"LOS"},
        **{"LATEST_HEARING": LATER, "LATEST_TIME": b"0830", "LATEST_CAL_TYPE": b"M"},
        **{"C_BIRTHDATE": b"4/1974", "LPR": b"0", "CASEPRIORITY_CODE": b"N/A"},
    }
    return list((row | values).values())


def test_the_published_kind_of_defect_a_tab_after_the_city_is_put_back():
    good = case()
    mended = mend([*good[:2], b"", *good[2:]], CASE_RULES)
    assert (mended.fields, mended.reason) == (good, "shifted")


def test_a_tab_inside_a_text_stays_in_the_text():
    good = case()
    line = [good[0], b"LOS", b"ANGELES", *good[2:]]
    assert mend(line, CASE_RULES).fields == [good[0], b"LOS\tANGELES", *good[2:]]


@pytest.mark.parametrize("extra", [1, 2])
def test_several_tabs_after_the_city_are_taken_out(extra):
    good = case()
    mended = mend([*good[:2], *[b""] * extra, *good[2:]], CASE_RULES)
    assert (mended.fields, mended.reason) == (good, "shifted")


def test_a_last_column_left_blank_gives_dropping_no_right_of_way():
    # The line fits its columns as it stands if only its last field is dropped: the day would be
    # that of detention. It fits as well with the day one column on.
    rules = rules_of("tbl_CustodyHistory")
    assert mend([b"7", b"9", b"N", b"", DAY, b""], rules).reason == "several_alignments"


def test_empty_fields_past_the_last_column_are_dropped_when_nothing_else_fits():
    good = [b"7", b"9", b"N", DAY, LATER]
    mended = mend([*good, b"", b""], rules_of("tbl_CustodyHistory"))
    assert (mended.fields, mended.reason) == (good, "spare_tabs")


def test_which_of_two_code_columns_holds_a_value_is_not_guessed():
    names = ["IDNCASE", "LANG", "UP_BOND_RSN", "INMATE_HOUSING", "LPR"]
    rules = rules_of("A_TblCase", names)
    assert mend([b"7", b"SP", b"", b"A1", b"", b"1"], rules).reason == "several_alignments"


def test_blank_columns_beside_each_other_are_one_answer():
    good = [b"7", b"9", b"N", b"", b""]
    assert mend([*good, b""], rules_of("tbl_CustodyHistory")).fields == good


def test_an_unknown_code_leaves_no_alignment():
    good = case(CASE_TYPE=b"QQQ")
    assert mend([*good[:2], b"", *good[2:]], CASE_RULES).reason == "no_alignment"


def test_an_unknown_code_does_not_pass_for_the_next_columns():
    # A charge "S" that no lookup has, with a tab before it, would fit as the charge's status.
    lookups = Lookups(
        [Entry("tbllookupCharges", "212a06Ai", "", "", "", True, 2)], ["tbllookupCharges"]
    )
    rules = rules_of("B_TblProceedCharges", lookups=lookups)
    line = [b"7", b"8", b"9", b"", b"S", b""]
    assert mend(line, rules).reason == "several_alignments"
    known = [b"7", b"8", b"9", b"212a06Ai", b"S"]
    assert mend([*known[:3], b"", *known[3:]], rules).fields == known


def test_a_run_of_other_values_is_never_swallowed_by_a_text():
    # Only the city could take these up; it would be a city called "CA 90012 90013 ...".
    good = case()
    line = [*good[:2], b"90012", b"90013", b"90014", b"90015", *good[2:]]
    assert mend(line, CASE_RULES).reason == "no_alignment"
    assert mend([good[0], b"LOS", b"A", b"N", b"G", *good[2:]], CASE_RULES).fields is None


def test_a_line_with_too_few_fields_is_never_filled_up():
    assert mend(case()[:-1], CASE_RULES).reason == "too_few_fields"


def test_a_line_of_the_right_length_is_left_alone():
    assert mend(case(), CASE_RULES).fields == case()
    assert mend(case(), CASE_RULES).reason == ""


def test_a_required_value_is_never_blank():
    rules = rules_of("tbl_CustodyHistory")
    assert mend([b"", b"9", b"N", DAY, LATER, b""], rules).reason == "no_alignment"


def test_a_header_with_nameless_fields_has_them_empty_in_the_row():
    names = [c.name for c in tables()["tbl_CustodyHistory"].columns]
    rules = rules_of("tbl_CustodyHistory", [*names, "", ""])
    good = [b"7", b"9", b"N", DAY, LATER]
    shifted = mend([b"7", b"", b"9", b"N", DAY, LATER, b"", b""], rules)
    assert (shifted.fields, shifted.reason) == ([*good, b"", b""], "shifted")
    assert mend(good, rules).fields == [*good, b"", b""]


def test_a_line_of_thousands_of_fields_is_refused_at_once():
    begun = time.perf_counter()
    assert mend([b"1"] * 100_000, CASE_RULES).reason == "no_alignment"
    crowded = [b"7", *[b""] * (MOST_EXTRA + len(CASE.columns) - 1)]
    assert mend(crowded, CASE_RULES).fields is not None
    assert time.perf_counter() - begun < 1


def test_a_city_that_could_be_another_columns_values_competes():
    # "CA", a tab and "90012" could be pasted into the second city, and the first be without either.
    good = case()
    line = [*good[:2], *[b""] * 7, *good[2:]]
    assert mend(line, CASE_RULES).reason == "several_alignments"


@pytest.mark.parametrize(
    ("type_", "good", "bad"),
    [
        ("key", [b"1", b"2147483647"], [b"0", b"2147483648", b"01", b"1.0", b"-1", b" 1"]),
        ("integer", [b"-12", b"099"], [b"1e3", b"12345678901"]),
        ("date", [DAY, b"1900-01-01 00:00:00.000"], [b"2019-05-01", b"2019-02-30 00:00:00.000"]),
        ("date", [b"2026-04-02 00:00:00.000"], [b"2026-04-03 00:00:00.000", b"0019-05-01"]),
        ("date", [], [b"2019-05-01 08:30:00.000", b"1949-12-31 00:00:00.000", b"10/1993"]),
        ("datetime", [b"2019-05-01 08:30:00.123"], [b"2019-05-01 24:30:00.123"]),
        ("month", [b"4/1974", b"12/2000"], [b"04/1974", b"13/1974", b"4/74", b"5/2026"]),
        ("time", [b"0830", b"0130"], [b"830", b"2400", b"0", b"0860"]),
        ("money", [b"0000001500", b"1500.50"], [b"-5", b"1,500"]),
        ("flag", [b"0", b"1"], [b"2", b"Y", b"00"]),
        ("code", [b"A", b"NA  ", b"N/A", b"1234"], [b"12345", b"\x80", b"A\x01"]),
        ("text", [b"LOS ANGELES", b"\xd1"], [b"A\x00", DAY, b"A\x7f"]),
        ("guid", [b"0" * 8 + b"-0000" * 3 + b"-" + b"A" * 12], [b"0" * 36]),
    ],
)
def test_what_a_column_takes(type_, good, bad):
    bound = bind(CASE, ["x"])
    rules = Rules(type(bound)(CASE, (Column("x", type_),), (), (), {}), Lookups.empty(), AS_OF)
    assert [value for value in good if not rules.accepts(0, value)] == []
    assert [value for value in bad if rules.accepts(0, value)] == []
    assert rules.accepts(0, b"")


def test_letter_case_counts_except_where_a_column_folds_it():
    rules = rules_of("tbl_RepsAssigned", ["PARENT_TABLE", "STRATTYLEVEL"])
    assert rules.accepts(0, b"A_TBLCASE")
    assert rules.accepts(0, b"a_tblCase")
    assert not rules.accepts(1, b"court")


def alignments(fields, rules, i=0):
    """Every row, by trying every way to give each column one or more fields."""
    if i == len(rules.columns):
        return set() if fields else {()}
    found = set()
    for taken in range(1, len(fields) - (len(rules.columns) - i) + 2):
        value = rules.joined(i, fields[:taken])
        if value is not None and rules.accepts(i, value):
            found |= {(value, *rest) for rest in alignments(fields[taken:], rules, i + 1)}
    return found


SMALL = rules_of("A_TblCase", ["IDNCASE", "ALIEN_CITY", "LANG", "E_28_DATE", "LPR", "UPDATED_CITY"])


@settings(max_examples=150, deadline=None)
@given(
    st.lists(st.sampled_from([b"", b"", b"7", b"1", b"SP", b"LOS", DAY]), min_size=6, max_size=9)
)
def test_a_row_is_accepted_exactly_when_trying_everything_finds_one(fields):
    rows = alignments(fields, SMALL)
    mended = mend(fields, SMALL)
    if len(fields) == len(SMALL.columns):
        assert mended.fields == fields
    elif mended.fields is not None:
        assert rows == {tuple(mended.fields)}
        assert mended.reason in reasons.REPAIRED
    else:
        assert mended.reason in reasons.QUARANTINED
        assert len(rows) < 2 or mended.reason == "several_alignments"
        assert rows or mended.reason == "no_alignment"


@settings(max_examples=100, deadline=None)
@given(st.lists(st.binary(max_size=6).map(lambda raw: raw.replace(b"\t", b"")), max_size=40))
def test_noise_is_mended_or_refused_and_never_crashes(fields):
    mended = mend(fields, SMALL)
    assert mended.fields is None or len(mended.fields) == len(SMALL.columns)


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 37), st.integers(1, 3))
def test_a_tab_too_many_anywhere_comes_back_right_or_not_at_all(at, tabs):
    good = case(UPDATED_CITY=b"MIAMI", DATE_DETAINED=DAY, C_ASY_TYPE=b"E")
    mended = mend([*good[: at + 1], *[b""] * tabs, *good[at + 1 :]], CASE_RULES)
    assert mended.fields in (good, None)
