"""Quantiles and tails against an independent library, over sixteen orders of magnitude."""

from importlib import import_module

import numpy as np
import pytest

from asylumatlas.stats.estimate import distributions

special = import_module("scipy.special")
stats = import_module("scipy.stats")
PARAMETERS = 10 ** np.random.default_rng(11).uniform(-2, 8, (2, 400))
EDGES = np.array([[1, 1e8], [1e8, 1], [1e8, 1e8], [0.5, 5e7], [4999, 1e8], [5000, 5000]]).T
P = (1e-6, 0.005, 0.025, 0.3, 0.5, 0.8, 0.975, 0.999)


@pytest.mark.parametrize("p", P)
def test_beta_quantiles_agree_with_scipy(p):
    a, b = np.concatenate((PARAMETERS, EDGES), axis=1)
    ours = distributions.beta_quantile(p, a, b)
    np.testing.assert_allclose(ours, special.betaincinv(a, b, p), rtol=1e-10, atol=1e-290)


@pytest.mark.parametrize("p", P)
def test_gamma_quantiles_agree_with_scipy(p):
    a = np.concatenate((PARAMETERS[0], [1, 299, 300, 1e8]))
    if p < 0.005:
        a = a[a < 1e4]  # beyond, scipy has 5 digits: see the next test
    np.testing.assert_allclose(
        distributions.gamma_quantile(p, a), special.gammaincinv(a, p), rtol=1e-10, atol=1e-290
    )


def test_gamma_quantiles_of_a_hundred_million():
    # the density integrated with 40 digits from far below to each of these gives p to 12 digits
    found = [distributions.gamma_quantile(1e-6, 1e8), distributions.gamma_quantile(1e-6, 1e7)]
    assert np.array(found) == pytest.approx([99952472.95505339, 9984975.55019509], rel=1e-14)


@pytest.mark.parametrize("z", [-6.0, -2.0, -0.3, 0.0, 0.4, 3.0, 7.0])
def test_tails_agree_with_scipy(z):
    a, b = PARAMETERS
    x = special.expit(np.log(a / b) + z * np.sqrt(1 / a + 1 / b))
    inner = (x > 0) & (x < 1 - 1e-6)  # nearer to 1, x itself has lost the digits
    a, b, x = a[inner], b[inner], x[inner]
    np.testing.assert_allclose(
        distributions.beta_below(x, a, b), special.betainc(a, b, x), rtol=1e-8, atol=1e-12
    )
    a = a[a < 1e4]
    y = np.maximum(a + z * np.sqrt(a), 1e-6 * a)
    below, above = distributions.gamma_below(y, a), distributions.chi_square_above(2 * y, 2 * a)
    np.testing.assert_allclose(below, special.gammainc(a, y), rtol=1e-8, atol=1e-13)
    np.testing.assert_allclose(above, special.gammaincc(a, y), rtol=1e-8, atol=1e-300)


def test_the_ends_of_the_range():
    assert distributions.beta_below([0.0, 1.0], 3, 4).tolist() == [0.0, 1.0]
    assert distributions.gamma_below(0.0, 3) == 0.0
    assert distributions.chi_square_above(0.0, 3) == 1.0
    assert distributions.chi_square_above(2e4, 100) < 1e-300


@pytest.mark.parametrize("p", [0.001, 0.025, 0.4, 0.5, 0.9, 0.975, 0.9995])
def test_student_quantiles_agree_with_scipy(p):
    degrees = np.array([0.5, 1, 2, 3, 9, 30, 399, 1e6])
    np.testing.assert_allclose(
        distributions.student_quantile(p, degrees), stats.t.ppf(p, degrees), rtol=1e-8, atol=1e-12
    )
