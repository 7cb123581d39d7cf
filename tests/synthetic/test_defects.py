"""What is planted in a release is what the truth says, and nothing else is touched."""

from datetime import date
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from asylumatlas.records.reasons import COUNTED, NOTED, UNREAD
from asylumatlas.records.registry import Table, tables
from asylumatlas.synthetic import edits
from asylumatlas.synthetic.defects import (
    MOST,
    Bytes,
    DefectError,
    Offsets,
    Plan,
    _check,
    deflated,
    doubled_codes,
    miscount,
    plantings,
    ragged,
    rate,
    spoil,
)
from asylumatlas.synthetic.months import months_back
from asylumatlas.synthetic.truth import TruthRow, TruthWriter, read_truth
from asylumatlas.synthetic.withheld import Gone, vanish

from .small_tables import small

MAIN = [table for table in tables().values() if table.kind == "main"]
SPOILT = {
    table.name: (small(table, 2000), Plan(seed=3, factor=1e9)) for table in MAIN
}  # every form, as often as it may come


def lines_of(data: Bytes, offsets: Offsets) -> list[bytes]:
    """The lines with their ends."""
    return [data[a:b].tobytes() for a, b in pairwise(offsets)]


def planted(
    table: Table, first_line: int = 2
) -> tuple[list[bytes], list[bytes], list[TruthRow], int]:
    """Lines before, lines after, truth and added lines of a much spoilt table."""
    (data, offsets), plan = SPOILT[table.name]
    spoilt, rows, added = spoil(table, data, offsets, 2, plan, 0)
    after = spoilt.tobytes().split(b"\n")
    assert after.pop() == b""
    return lines_of(data, offsets), [line + b"\n" for line in after], rows, added


def test_the_plantings_speak_the_words_of_the_ledger() -> None:
    words = {f"unread:{word}" for word in UNREAD} | {f"noted:{word}" for word in NOTED}
    words |= {f"counted:{word}" for word in COUNTED} | {"quarantined", "repaired", "kept"}
    for planting in plantings():
        assert set(planting.expect.split("|")) <= words
        assert planting.source
        assert all(0 < often < 0.05 for often in planting.rates.values())
    seen = {planting.defect for planting in plantings()}
    in_lines = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 14, 15, 16, 22, 25}
    assert seen == {f"D{number}" for number in in_lines}


@pytest.mark.parametrize(
    "wrong",
    [
        {"edit": "melt", "rates": {"A_TblCase": 0.1}},
        {"edit": "cut", "rates": {"A_TblCases": 0.1}},
        {"edit": "value", "rates": {"A_TblCase": 0.1}, "columns": ("COMP_DATE",)},
    ],
)
def test_a_planting_that_names_what_does_not_exist_is_refused(wrong) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(DefectError, match=r"defects\.toml: D2: "):
        _check(edits.Planting(**wrong, defect="D2", expect="kept", source="a test"))


@pytest.mark.parametrize("table", MAIN, ids=lambda table: table.name)
def test_the_truth_says_where_everything_is(table: Table) -> None:
    before, after, rows, added = planted(table)
    assert rows
    assert len(after) == len(before) + added
    names = [column.name for column in table.columns]
    for row in rows:
        line = after[row.line - 2].rstrip(b"\r\n")
        if row.column:
            assert line.split(b"\t")[names.index(row.column)] == row.written
        else:
            assert line == row.written
        assert row.written != row.original or row.added


@pytest.mark.parametrize("table", MAIN, ids=lambda table: table.name)
def test_taking_the_defects_back_gives_the_clean_table(table: Table) -> None:
    before, after, rows, _ = planted(table)
    truth = {row.line: row for row in rows}
    assert len(truth) == len(rows)  # one defect for a line at most
    names = [column.name for column in table.columns]
    mended = []
    for number, line in enumerate(after, start=2):
        row = truth.get(number)
        if row is None:
            mended.append(line)
        elif row.form == "swap":
            mended.append(_unswapped(table, line))
        elif row.column and not row.added:
            fields = line.rstrip(b"\r\n").split(b"\t")
            fields[names.index(row.column)] = row.original
            mended.append(b"\t".join(fields) + b"\r\n")
        elif not row.added:
            mended.append(row.original + b"\r\n")
    assert mended == before


def _unswapped(table: Table, line: bytes) -> bytes:
    """A line with its two dates the right way round again."""
    fields = line.rstrip(b"\r\n").split(b"\t")
    names = [column.name for column in table.columns]
    for pair in table.order:
        first, second = map(names.index, pair)
        fields[first], fields[second] = sorted((fields[first], fields[second]))
    return b"\t".join(fields) + b"\r\n"


@pytest.mark.parametrize("table", MAIN, ids=lambda table: table.name)
def test_no_more_than_a_fifth_is_spoilt(table: Table) -> None:
    before, _, rows, _ = planted(table)
    assert len({row.line for row in rows if not row.added}) <= MOST * len(before) * 1.15
    forms = [one for one in plantings() if table.name in one.rates]
    assert sum(rate(one, table.name, 1e9) for one in forms) <= MOST * (1 + 1e-9)


@pytest.mark.parametrize("table", MAIN, ids=lambda table: table.name)
def test_short_lines_can_be_told_from_whole_ones(table: Table) -> None:
    _, after, rows, _ = planted(table)
    for row in rows:
        tabs = after[row.line - 2].count(b"\t")
        if row.form in ("cut", "broken"):
            assert tabs < len(table.columns) - 1
        elif row.form in ("tab", "tabs", "spare_tabs"):
            assert tabs > len(table.columns) - 1
        else:
            assert tabs == len(table.columns) - 1


def test_every_form_of_every_defect_is_planted_somewhere() -> None:
    found = set()
    for table in MAIN:
        found |= {(table.name, row.defect, row.form, row.expect) for row in planted(table)[2]}
    for one in plantings():
        for table in one.rates:
            assert (table, one.defect, one.edit, one.expect) in found, (table, one)


def test_letter_case_is_changed_and_nothing_else() -> None:
    _, _, rows, _ = planted(tables()["tbl_RepsAssigned"])
    changed = [row for row in rows if row.form == "case"]
    assert changed
    assert all(row.written.lower() == row.original for row in changed)
    assert {row.expect for row in changed} == {"counted:letter_case"}


def test_lookups_and_members_are_in_the_truth_too() -> None:
    assert {row.table for row in doubled_codes(Plan())} >= {"tblLookupCourtDecision"}
    assert all(row.line > 1 for row in doubled_codes(Plan()))
    assert [row.table for row in deflated(["tbl_schedule"], Plan())] == ["tbl_schedule"]
    assert doubled_codes(Plan(factor=0)) == deflated(["tbl_schedule"], Plan(factor=0)) == []


def test_new_keys_are_new_and_orphans_have_no_parent() -> None:
    before, after, rows, _ = planted(tables()["B_TblProceedCharges"])
    old = {int(line.split(b"\t")[0]) for line in before}
    new = [int(r.written.split(b"\t")[0]) for r in rows if r.form == "repeat"]
    assert len(set(new)) == len(new) > 50
    assert not old & set(new)
    assert all(key < edits.ORPHAN_KEYS for key in new)
    for row in rows:
        if row.form == "orphan":
            assert edits.ORPHAN_KEYS <= int(row.written) < 2**31 - 1
        if row.form == "repeat":
            assert after[row.line - 3].split(b"\t")[1:] == after[row.line - 2].split(b"\t")[1:]


def test_swapped_dates_are_out_of_order() -> None:
    for name in ("D_TblAssociatedBond", "tbl_CustodyHistory"):
        rows = [row for row in planted(tables()[name])[2] if row.form == "swap"]
        assert rows
        assert all(row.written < row.original for row in rows)


def test_single_bytes_of_windows_1252_are_no_utf8() -> None:
    rows = planted(tables()["A_TblCase"])[2]
    foreign = [row for row in rows if row.form == "cp1252"]
    assert foreign
    for row in foreign:
        with pytest.raises(UnicodeDecodeError):
            row.written.decode("utf-8")
        assert row.original.isascii()
    assert all("Ñ" in row.written.decode("utf-8") for row in rows if row.form == "utf8")


def test_factor_zero_plants_nothing() -> None:
    table = tables()["A_TblCase"]
    data, offsets = small(table, 500)
    spoilt, rows, added = spoil(table, data, offsets, 2, Plan(factor=0), 0)
    assert spoilt is data
    assert (rows, added) == ([], 0)
    assert ragged(tables()["tbl_Court_Motions"], b"A\tB", Plan(factor=0)) == (b"A\tB", [])
    assert miscount({"A_TblCase": 10_000}, Plan(factor=0)) == ({"A_TblCase": 10_000}, [])


def test_rates_are_kept() -> None:
    table = tables()["tbl_Court_Appln"]
    data, offsets = small(table, 20_000)
    chunks = 10
    count = sum(
        row.defect == "D12" and row.column == "APPL_CODE"
        for chunk in range(chunks)
        for row in spoil(table, data, offsets, 2, Plan(seed=5), chunk)[1]
    )
    expected = 4.5e-3 * 20_000 * chunks  # 900, with a standard deviation of 30
    assert abs(count - expected) < 5 * expected**0.5


def test_the_seed_draws_and_the_first_line_only_counts() -> None:
    table = tables()["B_TblProceeding"]
    data, offsets = small(table, 3000)

    def draw(seed: int, first: int = 2) -> list[tuple[int, bytes]]:
        rows = spoil(table, data, offsets, first, Plan(seed, 50), 0)[1]
        return [(row.line - first, row.written) for row in rows]

    assert draw(1) == draw(1, first=1_000_000)
    assert draw(1) != draw(2)


def test_a_row_gets_the_same_defect_wherever_it_stands() -> None:
    table = tables()["tbl_Court_Appln"]
    data, offsets = small(table, 4000)
    part = data[offsets[1000] : offsets[3000]]
    middle = (offsets[1000:3001] - offsets[1000]).astype(np.int64)
    alone = {row.key: row for row in spoil(table, part, middle, 2, Plan(7, 5), 1)[1]}
    within = {row.key: row for row in spoil(table, data, offsets, 2, Plan(7, 5), 0)[1]}
    last = 64 * 2900  # a defect that the row drawn cannot have goes to one of the next rows
    both = {key for key in alone if 64 * 1100 < key < last}
    assert len(both) > 20
    for key in both:
        assert within[key]._replace(line=0) == alone[key]._replace(line=0)


@settings(max_examples=30, deadline=None)
@given(
    factor=st.floats(0, 1e6),
    seed=st.integers(0, 2**32),
    rows=st.integers(0, 60),
    name=st.sampled_from([table.name for table in MAIN]),
)
def test_untouched_lines_stay_as_they_are(factor: float, seed: int, rows: int, name: str) -> None:
    table = tables()[name]
    data, offsets = small(table, rows)
    spoilt, truth, added = spoil(table, data, offsets, 2, Plan(seed, factor), 0)
    after = [line + b"\n" for line in spoilt.tobytes().split(b"\n")[:-1]]
    assert len(after) == rows + added
    touched = {row.line for row in truth}
    kept = [line for number, line in enumerate(after, start=2) if number not in touched]
    spoilt_rows = len({row.line for row in truth if not row.added})
    assert len(kept) == rows - spoilt_rows
    assert set(kept) <= set(lines_of(data, offsets))


def test_count_txt_is_off_where_the_truth_says() -> None:
    counts = {table.name: 5000 + number for number, table in enumerate(MAIN)} | {"tblPanels": 4}
    said, rows = miscount(counts, Plan(seed=2))
    wrong = {table for table in counts if said[table] != counts[table]}
    assert wrong == {row.table for row in rows}
    assert 0 < len(wrong) < len(MAIN)
    assert all(0 < abs(said[table] - counts[table]) < 10 for table in wrong)


def test_motions_have_a_ragged_header_in_some_releases() -> None:
    motions = tables()["tbl_Court_Motions"]
    header, rows = ragged(motions, b"IDNMOTION\tstrDJScenario", Plan(factor=10))
    assert header == b"IDNMOTION\tstrDJScenario\t\t"
    assert [row.defect for row in rows] == ["D25"]
    assert ragged(tables()["A_TblCase"], b"IDNCASE", Plan(factor=10)) == (b"IDNCASE", [])
    with_tabs = sum(bool(ragged(motions, b"IDNMOTION", Plan(seed))[1]) for seed in range(300))
    assert 15 <= with_tabs <= 50  # one in ten


def test_the_truth_file_has_its_name_only_when_it_is_whole(tmp_path) -> None:  # type: ignore[no-untyped-def]
    path = tmp_path / "truth.parquet"
    row = TruthRow("D2", "cut", "A_TblCase", 7, "", 3, b"3\tA\xd1", b"3\tA", "quarantined", True)
    failing = TruthWriter(path, "a release")
    failing.add([row])
    failing.close(keep=False)
    assert not [*tmp_path.iterdir()]
    with TruthWriter(path, "a release") as writer:
        writer.add([row] * 3)
        assert not path.exists()
    assert read_truth(path) == [row] * 3
    assert writer.planted == 3


def test_a_block_vanishes_and_only_its_rows_when_they_are_named() -> None:
    table = tables()["tbl_Court_Appln"]
    lines = [b"%d\t%d\t%d\tASYL\t2020-01-02 00:00:00.000\t\r\n" % (n, n, n) for n in range(1, 401)]
    data = np.frombuffer(b"".join(lines), np.uint8)
    offsets = np.append(0, np.cumsum([len(line) for line in lines])).astype(np.int64)
    block = Gone(table.name, 101, 300, defect="D19")
    named = Gone(table.name, 101, 300, keys=frozenset({7, 150, 200}))
    for gone, keys in ((block, range(101, 301)), (named, (150, 200))):
        left, ends, rows = vanish(table, data, offsets, [gone])
        assert [row.key for row in rows] == (list(keys) if gone.defect else [])
        assert lines_of(left, ends) == [line for n, line in enumerate(lines, 1) if n not in keys]
    assert vanish(tables()["A_TblCase"], data, offsets, [block])[2] == []


def test_months_go_back_from_a_day() -> None:
    assert months_back(date(2026, 1, 31), 2) == [date(2025, 12, 1), date(2026, 1, 1)]
