import numpy as np
import pytest

from asylumatlas.calibrate import Ranks, Synthetic, ranks
from asylumatlas.calibrate.ranks import _chi_square_tail

QUICK = {"ensembles": 2, "walkers": 8, "steps": 80, "stride": 80, "enough": 0, "waves": 3}


def test_a_right_fit_finds_the_truth_as_often_as_it_says(boxed) -> None:
    found = ranks(boxed, 40, seed=4, **QUICK)
    assert found.uniform, found.verdict()
    low, high = found.band()
    assert np.all((found.counts() >= low) & (found.counts() <= high))


def test_too_narrow_an_error_is_caught(boxed) -> None:
    """A planted fault: errors are made three times as wide as the fit is told."""
    found = ranks(Synthetic(boxed, noise=3.0), 40, seed=4, like=boxed, **QUICK)
    assert not found.uniform
    assert "too sure" in found.verdict()


def test_the_work_may_be_shared_and_kept(boxed, tmp_path) -> None:
    few = {**QUICK, "steps": 20}
    alone = ranks(boxed, 3, seed=1, **few)
    shared = ranks(boxed, 3, seed=1, workers=2, journal=tmp_path, **few)
    kept = ranks(boxed, 3, seed=1, journal=tmp_path, **few)
    assert alone.ranks.tolist() == shared.ranks.tolist() == kept.ranks.tolist()
    assert alone.unsure == 3  # 20 steps are too few, and it says so


def test_ranks_of_known_shapes_are_told() -> None:
    rng = np.random.default_rng(1)
    even = Ranks(("a", "b"), rng.integers(0, 100, (200, 2)), 99, 10)
    assert even.uniform
    sure = Ranks(("a",), np.repeat([[0], [99]], 50, axis=0), 99, 10)
    assert "too sure" in sure.verdict()
    unsure = Ranks(("a",), np.full((100, 1), 50), 99, 10)
    assert "too unsure" in unsure.verdict()
    assert even.counts().sum() == 400


@pytest.mark.parametrize(("value", "degrees"), [(3.0, 4), (9.0, 9), (21.7, 9), (30.0, 19)])
def test_the_tail_is_that_of_a_chi_square(value, degrees) -> None:
    from scipy.stats import chi2

    assert _chi_square_tail(value, degrees) == pytest.approx(chi2.sf(value, degrees), abs=0.003)


def test_the_band_holds_as_often_as_it_says() -> None:
    low, high = Ranks(("a",), np.zeros((100, 1), int), 99, 10).band(0.95)
    drawn = np.random.default_rng(2).binomial(100, 0.1, 20000)
    assert np.mean((drawn >= low) & (drawn <= high)) > 0.95
