"""What the judge's decision was: the code of the proceeding and its applications together."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
from numpy.typing import NDArray

from asylumatlas import process
from asylumatlas.records.link.codes import CLASSES, codes
from asylumatlas.records.link.reductions import ASYLUM, WITHHOLDING
from asylumatlas.records.link.shard import Table, is_in, row_key

Array = NDArray[Any]

NONE = -1


@functools.cache
def outcome_code(name: str) -> int:
    """Return the code of an outcome."""
    return process.outcome_codes().index(name)


def class_code(name: str) -> int:
    """Return the code of a class of results."""
    return CLASSES.index(name)


def _ranks(names: list[str]) -> Array:
    """Return which ranks of an application's decision are among those named."""
    order = codes()["applications"]["order"]
    return np.array([*(code in names for code in order), False, False, False])


def _by_rank() -> Array:
    """Return the outcome of an order of removal by rank of the decision on asylum."""
    rules = codes()["applications"]
    names = [rules["ordered"].get(code, "removal_not_adjudicated") for code in rules["order"]]
    other = ["removal_not_adjudicated"] * 3  # unknown, blank, no application
    return np.array([outcome_code(name) for name in (*names, *other)], np.int16)


def best_asylum_decision(proceedings: Table, applications: Table) -> Array:
    """Return the rank of the best decision on asylum in each proceeding, `NONE` without one."""
    asylum = applications.where(applications["kind"] == ASYLUM)
    keys = row_key(asylum.at, asylum["proceeding"])
    decision = asylum["decision"].astype(np.int16)
    order = np.lexsort((decision, keys))
    keys, decision = keys[order], decision[order]
    first = np.ones(len(keys), np.bool_)
    first[1:] = keys[1:] != keys[:-1]
    keys, decision = keys[first], decision[first]
    wanted = row_key(proceedings.at, proceedings["key"])
    met = is_in(wanted, keys)
    best = np.full(len(wanted), NONE, np.int16)
    best[met] = decision[np.searchsorted(keys, wanted[met])]
    return best


def decided(proceedings: Table, result: Array, applications: Table, cases: int) -> Array:
    """Return the outcome code of each proceeding, as if it were a decision.

    An order of removal that decides no asylum application is one after an application left
    undecided if the case had one by then; one received later was not before the judge.

    Args:
        proceedings: the proceedings, shape (proceedings,).
        result: the class of each, by position in `CLASSES`.
        applications: the applications for asylum and withholding.
        cases: how many cases the shard has.
    """
    rules = codes()["applications"]
    best = best_asylum_decision(proceedings, applications)
    asylum = applications.where(applications["kind"] == ASYLUM)
    received = np.full(cases, np.iinfo(np.int32).max, np.int32)
    np.minimum.at(received, asylum.at, asylum["date"])  # without a date it counts as there
    applied = received[proceedings.at] <= proceedings["completed"]
    outcome = np.full(len(proceedings), outcome_code("not_recorded"), np.int16)
    for name in _OWN_NAMES:
        outcome[result == class_code(name)] = outcome_code(name)
    outcome[result == class_code("withholding")] = outcome_code("withholding_granted")

    ordered = is_order(result)
    without = np.where(
        applied,
        outcome_code("removal_not_adjudicated"),
        outcome_code("removal_no_application"),
    )
    told = _by_rank()[best]
    told = np.where(told == outcome_code("removal_not_adjudicated"), without, told)
    told = np.where(proceedings["absent"] == 1, outcome_code("removal_in_absentia"), told)
    outcome[ordered] = told[ordered]

    for name, otherwise in _RELIEF.items():
        outcome[result == class_code(name)] = outcome_code(otherwise)
    relief = np.isin(result, [class_code(name) for name in _RELIEF])
    granted = applications.where(
        (applications["kind"] == WITHHOLDING)
        & _ranks(rules["withholding_granted"])[applications["decision"]]
    )
    withheld = is_in(
        row_key(proceedings.at, proceedings["key"]),
        np.unique(row_key(granted.at, granted["proceeding"])),
    )
    outcome[relief & withheld] = outcome_code("withholding_granted")
    outcome[relief & _ranks(rules["asylum_granted"])[best]] = outcome_code("asylum_granted")
    return outcome


_OWN_NAMES = (
    *("terminated", "withdrawn", "abandoned", "voluntary_departure"),
    "administratively_closed",
)
_RELIEF = {
    "relief_asylum": "asylum_granted",
    "relief_withholding": "withholding_granted",
    "relief": "other_relief",
}


def is_order(result: Array) -> Array:
    """Return which results are orders of removal."""
    return (result == class_code("removal")) | (result == class_code("denied"))


def may_become_final(result: Array, outcome: Array) -> Array:
    """Return which decisions end in a final order of removal if nothing follows."""
    listed = np.isin(outcome, [outcome_code(name) for name in _ORDERS])
    return listed | ((outcome == outcome_code("withdrawn")) & is_order(result))


_ORDERS = (
    *("asylum_denied", "removal_in_absentia", "removal_no_application"),
    *("removal_not_adjudicated", "abandoned"),
)
