from functools import partial

import numpy as np
import pytest

from asylumatlas.calibrate import Model, Prior, Targets

SUM = np.array([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]])


def linear(matrix: np.ndarray, low: float, high: float, values: list, sd: list, **more) -> Model:
    """Targets that are linear in the unknowns: the posterior is known by algebra."""
    unknowns = tuple("abcdefgh"[: matrix.shape[1]])
    prior = Prior(unknowns, np.full(len(unknowns), low), np.full(len(unknowns), high))
    names = tuple(f"t{k}" for k in range(len(values)))
    targets = Targets(names, np.array(values), np.array(sd), **more)
    return Model(prior, targets, partial(np.einsum, "ka,na->nk", matrix))


@pytest.fixture(scope="session")
def gauss() -> Model:
    """Two unknowns far from the ends of their ranges: a Gaussian posterior."""
    return linear(SUM, -10.0, 10.0, [1.0, 2.0, 3.3], [0.5, 0.5, 0.2])


@pytest.fixture(scope="session")
def boxed() -> Model:
    """Two unknowns whose ranges matter."""
    return linear(SUM, 0.0, 1.0, [0.4, 0.5, 1.0], [0.2, 0.2, 0.1])


@pytest.fixture(scope="session")
def exact(gauss: Model) -> tuple[np.ndarray, np.ndarray]:
    """Mean and covariance of the posterior of `gauss`."""
    weight = np.diag(1 / gauss.targets.sd**2)
    covariance = np.linalg.inv(SUM.T @ weight @ SUM)
    return covariance @ SUM.T @ weight @ gauss.targets.values, covariance


@pytest.fixture(scope="session")
def make():
    return linear
