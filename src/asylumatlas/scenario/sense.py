"""Whether a scenario whose names are right makes sense: nobody left out, probabilities, loans."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import product

from asylumatlas.scenario import quantities
from asylumatlas.scenario.loans import check_loans
from asylumatlas.scenario.model import Filter, Outcome, ScenarioModel, Station
from asylumatlas.scenario.quantities import Faults

Classes = list[tuple[dict[str, str], bool]]


def check_sense(model: ScenarioModel) -> list[str]:
    """Faults of a scenario that has passed `check_names`, as "key path: what is wrong" lines."""
    faults: list[str] = []
    classes = _all_classes(model)
    for name, station in model.stations.items():
        left_out = list(_nobody_left_out(station, f"stations.{name}", classes))
        faults += left_out or _odds(model, station, f"stations.{name}", classes)
    for name, feed in model.feeds.items():
        key, everything = f"feeds.{name}.starts", range(len(feed.starts))
        faults += quantities.probabilities(model, feed.starts, everything, {}, key)
    return [*faults, *check_loans(model), *_reserved(model)]


def _reserved(model: ScenarioModel) -> Faults:
    """That no more than all the time of a crew that carries is kept for stations of their own."""
    kept: dict[str, float] = {}
    for name, station in model.stations.items():
        for k, need in enumerate(station.crews):
            if need.share is None:
                continue
            most = quantities.highest(model, need.share, drawn=True)
            for crew in dict.fromkeys(need.crew.replace("{place}", p) for p in station.at):
                kept[crew] = kept.get(crew, 0.0) + most
                if model.crews[crew].carries and kept[crew] > 1 + quantities.CLOSE:
                    yield (
                        f"stations.{name}.crews.{k}.share: with it {kept[crew]:g} of the time of "
                        f"{crew} is kept for stations, more than all of it"
                    )
                    return


def _all_classes(model: ScenarioModel) -> Classes:
    """Every class, in custody or not."""
    words = [
        dict(zip(model.classes, values, strict=True)) for values in product(*model.classes.values())
    ]
    return [(each, held) for each in words for held in (False, True)]


def _nobody_left_out(station: Station, key: str, classes: Classes) -> Faults:
    """Every class must find a line and an outcome, in custody or not."""
    filters = {
        "outcomes": [outcome.where for outcome in station.outcomes],
        "lines": [line.where for line in station.lines],
        "leave": [outcome.where for outcome in station.leave] or [{}],
    }
    for what, wheres in filters.items():
        for words, held in classes:
            if what == "leave" and not fits_class(station.impatient, words, held):
                continue
            if not any(fits_class(where, words, held) for where in wheres):
                who = ", ".join(f"{n} {v}" for n, v in words.items())
                custody = "in custody" if held else "not in custody"
                yield f"{key}.{what}: nothing is said for {who}, {custody}"
                break


def _odds(model: ScenarioModel, station: Station, key: str, classes: Classes) -> Faults:
    """The probabilities of what may happen to each class; the first fault of each kind."""
    for kind in ("outcomes", "when_full", "leave"):
        outcomes: list[Outcome] = getattr(station, kind)
        for chosen, words in _rows(outcomes, classes):
            found = list(quantities.probabilities(model, outcomes, chosen, words, f"{key}.{kind}"))
            if found:
                yield found[0]
                break


def _rows(
    outcomes: Sequence[Outcome], classes: Classes
) -> Iterator[tuple[tuple[int, ...], dict[str, str]]]:
    """The outcomes that may happen to a class, and the class, once for all with the same odds."""
    seen = set()
    for words, held in classes:
        chosen = tuple(k for k, o in enumerate(outcomes) if fits_class(o.where, words, held))
        shares = " ".join(f"{outcomes[k].share} {outcomes[k].of_rest}" for k in chosen)
        used = tuple(word for name, word in words.items() if "{" + name + "}" in shares)
        if chosen and (chosen, used) not in seen:
            seen.add((chosen, used))
            yield chosen, words


def fits_class(condition: Filter, words: dict[str, str], held: bool) -> bool:
    """Whether a class (and being in custody or not) fits a `where`."""
    for name, wanted in condition.items():
        have: object = held if name == "held" else words.get(name)
        if have not in (wanted if isinstance(wanted, list) else [wanted]):
            return False
    return True
