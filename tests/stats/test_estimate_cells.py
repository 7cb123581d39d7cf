"""Small cells: flagged, withheld, and not to be had back from a shown total."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from asylumatlas.stats.estimate.cells import flag, suppress
from asylumatlas.stats.estimate.checks import EstimateError


def test_flags():
    assert flag([[0, 24], [25, 26]]).tolist() == [[True, True], [False, False]]
    assert flag([9, 10], small=10).tolist() == [True, False]


def test_without_totals_only_small_cells_go():
    found = suppress([0.1, 0.2, np.nan, 0.4], [9, 10, 0, 11], below=10)
    np.testing.assert_array_equal(found.values, [np.nan, 0.2, np.nan, 0.4])
    assert found.withheld.tolist() == [True, False, False, False]


def test_rows_and_columns_by_hand():
    # rows of three; the small cell takes the smallest of its row and of its column along, and those
    # two take their corner
    cases = [3, 50, 90, 60, 70, 80, 99, 95, 98]
    rows, columns = np.repeat([0, 1, 2], 3), np.tile([0, 1, 2], 3)
    found = suppress(np.arange(9.0), cases, 10, totals=[rows, columns])
    assert found.small.nonzero()[0].tolist() == [0]
    assert found.complementary.nonzero()[0].tolist() == [1, 3, 4]
    assert [exposed.tolist() for exposed in found.exposed] == [[], []]


def test_a_total_that_cannot_be_shown_is_named():
    alone = suppress([0.5, 0.7], [4, 80], 10, totals=[[0, 1]])
    assert [exposed.tolist() for exposed in alone.exposed] == [[0]]
    few = suppress([0.5, 0.7], [4, 5], 10, totals=[[6, 6]])  # together fewer than 10
    assert [exposed.tolist() for exposed in few.exposed] == [[6]]


@given(
    st.lists(st.tuples(st.integers(0, 60), st.integers(0, 3), st.integers(0, 3)), max_size=30),
    st.integers(0, 20),
)
def test_every_total_not_named_hides_enough(cells, below):
    cases, rows, columns = np.array(cells, np.int64).reshape(-1, 3).T
    found = suppress(np.ones(len(cases)), cases, below, totals=[rows, columns])
    assert np.array_equal(found.small, (cases > 0) & (cases < below))
    assert np.array_equal(np.isnan(found.values), found.withheld)
    assert not (found.withheld & (cases == 0)).any()
    for labels, exposed in zip((rows, columns), found.exposed, strict=True):
        for label in set(labels[found.withheld]) - set(exposed):
            hidden = found.withheld & (labels == label)
            assert hidden.sum() >= 2
            assert cases[hidden].sum() >= below


def test_lengths_must_agree():
    with pytest.raises(EstimateError, match="one denominator and label per cell"):
        suppress([1.0, 2.0], [3])
