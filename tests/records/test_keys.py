"""Keys that come twice or are missing, as sets would tell."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from asylumatlas.records.reading import keys as module
from asylumatlas.records.reading.keys import Bitmap, KeyStore, NumberSet

KEYS = st.one_of(st.integers(1, 300), st.integers(1, 2**31 - 1))
NUMBERS = st.one_of(st.integers(0, 300), st.integers(0, 2**64 - 1))


def expected(parts):
    seen, again = set(), []
    for part in parts:
        again.append([value in seen or seen.add(value) is not None for value in part])
    return seen, again


@settings(deadline=None)
@given(st.lists(st.lists(KEYS, max_size=50), max_size=5), st.lists(KEYS, max_size=50))
def test_bitmap_is_a_set(parts, asked):
    seen, again = expected(parts)
    bitmap = Bitmap()
    assert [bitmap.add(np.array(part, np.int32)).tolist() for part in parts] == again
    missing = Bitmap.of(bitmap.parts()).missing(np.array(asked, np.int32)).tolist()
    assert missing == [key not in seen for key in asked]


@settings(deadline=None)
@given(st.lists(st.lists(NUMBERS, max_size=50), max_size=5), st.lists(NUMBERS, max_size=50))
def test_number_set_is_a_set(parts, asked):
    # 0 is the empty slot, so 0 and 1 stand for one number.
    parts = [[max(number, 1) for number in part] for part in parts]
    seen, again = expected(parts)
    numbers = NumberSet(size=16)
    assert [numbers.add(np.array(part, np.uint64)).tolist() for part in parts] == again
    missing = numbers.missing(np.array(asked, np.uint64)).tolist()
    assert missing == [max(number, 1) not in seen for number in asked]


def test_a_large_number_set_lies_in_a_file(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "LARGEST", 10_000)
    numbers = NumberSet(tmp_path / "numbers")
    values = np.arange(1, 50_001, dtype=np.uint64) * np.uint64(7919)
    assert not numbers.add(values).any()
    assert isinstance(numbers.slots, np.memmap)
    assert numbers.add(values).all()
    assert list(tmp_path.iterdir()) == []  # the name is gone; the pages go with the table


def test_keys_are_found_again_by_the_next_call(tmp_path):
    first = KeyStore(tmp_path)
    first.add("A_TblCase", np.array([5, 9], np.int32))
    first.finish("A_TblCase")
    second = KeyStore(tmp_path)
    assert second.missing("A_TblCase", np.array([5, 6], np.int32)).tolist() == [False, True]
    assert second.missing("B_TblProceeding", np.array([5], np.int32)) is None
    second.begin("A_TblCase")
    assert second.missing("A_TblCase", np.array([5], np.int32)) is None


def test_a_table_without_rows_has_no_keys(tmp_path):
    keys = KeyStore(tmp_path)
    keys.finish("A_TblCase")
    assert KeyStore(tmp_path).missing("A_TblCase", np.array([5], np.int32)).tolist() == [True]


def test_an_identifier_is_no_key_of_a_table_without_rows(tmp_path):
    keys = KeyStore(tmp_path)
    keys.finish("tbl_EOIR_Attorney")  # its keys are identifiers
    asked = np.array([2**64 - 1, 2**40, 1], np.uint64)
    for store in (keys, KeyStore(tmp_path)):
        assert store.missing("tbl_EOIR_Attorney", asked).tolist() == [True] * 3


def test_what_can_be_no_key_is_missing_and_cannot_be_added():
    bitmap = Bitmap()
    bitmap.add(np.array([1, 2**31 - 1]))
    for odd in (0, -1, -(2**40), 2**31, 2**62):
        assert bitmap.missing(np.array([odd, 1])).tolist() == [True, False]
        with pytest.raises(ValueError, match="keys must be"):
            bitmap.add(np.array([1, odd]))
    assert bitmap.missing(np.array([2**64 - 1, 1], np.uint64)).tolist() == [True, False]


def test_keys_nobody_refers_to_are_let_go(tmp_path):
    keys = KeyStore(tmp_path)
    keys.add("tbl_CustodyHistory", np.array([1], np.int32))
    keys.finish("tbl_CustodyHistory")
    assert not keys.known("tbl_CustodyHistory")
    assert list(tmp_path.iterdir()) == []
