"""Calibration: which values of the unknowns the published figures allow.

Generic: it is given a cheap model, ranges and targets, and knows nothing of what they mean.
History matching rules values out, Markov chains weigh the rest, and a discrepancy learnt from runs
of the full model keeps the cheap one honest. What the targets cannot tell is part of the answer.
"""

from asylumatlas.calibrate.discrepancy import Discrepancy, train_discrepancy
from asylumatlas.calibrate.fitting import fit
from asylumatlas.calibrate.problem import CalibrationError, Model, Prior, Problem, Targets
from asylumatlas.calibrate.profiles import Profile, identifiability, profile, profiles
from asylumatlas.calibrate.ranks import Ranks, Synthetic, ranks
from asylumatlas.calibrate.result import Fit

__all__ = [
    "CalibrationError",
    "Discrepancy",
    "Fit",
    "Model",
    "Prior",
    "Problem",
    "Profile",
    "Ranks",
    "Synthetic",
    "Targets",
    "fit",
    "identifiability",
    "profile",
    "profiles",
    "ranks",
    "train_discrepancy",
]
