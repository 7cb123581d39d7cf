"""The link of a variant: which numbers are set, how often and at what scale it is run.

``/what-if/NAME?set.KEY=VALUE&...&replications=&seed=&scale=``. A link says only what differs from
the scenario as it ships, keys in order of the alphabet, so two equal variants have one link.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from asylumatlas.evidence.suggestion import did_you_mean
from asylumatlas.scenario import Scenario
from asylumatlas.scenario.reading import people
from asylumatlas.scenario.variants import Original, VariantError, text, vary
from asylumatlas.web.faults import WebError

SET = "set."
REPLICATIONS, SEED = 20, 1
SEEDS = 2**31  # the first seed that is refused
SCALES = (1.0, 0.5, 0.2, 0.1, 0.05, 0.02, 0.01)
ENOUGH = 2_000_000  # people of one replication, above which a scenario is run at a smaller scale
LONGEST = 40  # characters of one value
MOST = 60  # numbers set in one link
PLAIN = ("replications", "seed", "scale", "show", "find")


@dataclass
class Asked:
    """A variant as a link asks for it.

    Attributes:
        base: the scenario that is changed.
        texts: what was written, by control key; only what differs from the base.
        values: the numbers among them.
        replications: how often the span is simulated.
        seed: where the random numbers start.
        scale: the part of the people that is simulated.
        faults: what is wrong, by control key or field; "" for no single one.
        show: the group of controls that is open.
        find: words that controls are sought by.
    """

    base: Original
    texts: dict[str, str] = field(default_factory=dict)
    values: dict[str, float] = field(default_factory=dict)
    replications: int = REPLICATIONS
    seed: int = SEED
    scale: float = 1.0
    faults: dict[str, str] = field(default_factory=dict)
    show: str = ""
    find: str = ""

    @property
    def changes(self) -> dict[str, float]:
        """What `vary` is to set: the numbers, and the scale where it is not the file's own."""
        own = self.base.scenario.model.scale
        return self.values | ({"scale": self.scale} if self.scale != own else {})

    def query(self, **others: object) -> dict[str, object]:
        """Return what follows the path in the link of this variant.

        Args:
            others: more keys, or others of the same name; ``None`` leaves one out.
        """
        found: dict[str, object] = {f"{SET}{key}": self.texts[key] for key in sorted(self.texts)}
        if self.replications != REPLICATIONS:
            found["replications"] = self.replications
        if self.seed != SEED:
            found["seed"] = self.seed
        if self.scale != usual_scale(self.base):
            found["scale"] = f"{self.scale:g}"
        return found | {"show": self.show or None, "find": self.find or None} | others

    def scenario(self) -> Scenario | None:
        """Return the variant; ``None`` where it has faults, which are then among `faults`."""
        if self.faults:
            return None
        try:
            return vary(self.base, self.changes)
        except VariantError as error:
            self.faults |= error.faults
            return None

    def toml(self) -> str:
        """Return the variant as a file that extends its base."""
        return text(self.base, self.changes)


def read(base: Original, pairs: Iterable[tuple[str, str]], most: int) -> Asked:
    """Read a link's query, or the fields of the form.

    A field that is empty or has the base's own number changes nothing.

    Args:
        base: the scenario that is changed.
        pairs: keys and values as they were sent.
        most: the most replications.

    Raises:
        WebError: an unknown key, one given twice, or too many; faults of single values are kept
            in `Asked.faults` instead.
    """
    asked = Asked(base, scale=usual_scale(base))
    seen: set[str] = set()
    for key, value in pairs:
        if key in seen:
            raise WebError(f"{key[:80]}: given twice. Keep one.", where=key)
        seen.add(key)
        value = value.strip()
        if key == f"{SET}scale":  # as the jobs write it
            _plain(asked, "scale", value, most)
        elif key.startswith(SET):
            _set(asked, key.removeprefix(SET), value)
        elif key in PLAIN:
            _plain(asked, key, value, most)
        else:
            hint = did_you_mean(key, [*PLAIN, *(f"{SET}{each}" for each in base.controls)])
            raise WebError(f"{key[:80]}: no such part of a link.{hint}", where=key)
    if len(asked.texts) > MOST:
        raise WebError(f"{len(asked.texts)} numbers are set, at most {MOST} fit. Use a TOML file.")
    return asked


def usual_scale(base: Original) -> float:
    """Return the part of the people that is simulated unless a reader asks for another.

    Example:
        >>> from asylumatlas.scenario.variants import original
        >>> usual_scale(original("caravan-2018")), usual_scale(original("us-courts"))
        (1.0, 0.05)
    """
    own = base.scenario.model.scale
    whole = people(base.scenario.model) / own
    if whole * own <= ENOUGH:
        return own
    return next((scale for scale in SCALES if whole * scale <= ENOUGH), SCALES[-1])


def order(asked: Asked) -> Mapping[str, object]:
    """Return what the jobs are asked for: the variant, and its base to compare it with."""
    what: dict[str, object] = {"replications": asked.replications, "seed": asked.seed}
    if asked.values:
        what["base"] = asked.base.name
    if any("@" in key or not _is_settable(asked.base, key) for key in asked.values):
        return what | {"toml": asked.toml(), "name": asked.base.name}
    settings = {key: repr(value) for key, value in asked.changes.items()}
    return what | {"scenario": asked.base.name, "set": settings}


def _is_settable(base: Original, key: str) -> bool:
    """Whether `--set` names the same number: a parameter, or a path through tables alone."""
    path = base.controls[key].path or ()
    in_list = any(isinstance(part, int) or "." in str(part) for part in path)
    return not in_list and path[-1:] != ("days",)


def _set(asked: Asked, key: str, value: str) -> None:
    try:
        control, day = asked.base.control(key)
    except VariantError as error:
        raise WebError(f"{SET}{key[:80]}: {error.faults[key]}", where=f"{SET}{key}") from error
    if not value:
        return
    if len(value) > LONGEST:
        raise WebError(f"{SET}{key}: over {LONGEST} characters. Give a number.", where=key)
    number = _number(value)
    start = asked.base.scenario.model.start
    own = next((s.value for s in control.steps if day and (s.start or start) == day), control.value)
    is_own = number == own and (day is not None or len(control.steps) == 1)
    if number is not None and is_own:
        return
    asked.texts[key] = value if number is None else f"{number:.12g}"
    if number is None:
        asked.faults[key] = "must be a number, such as 12 or 0.5"
    else:
        asked.values[key] = number


def _number(value: str) -> float | None:
    """A number as readers write it: 1,200 and 1200 are the same, 45 % is 0.45."""
    share = value.endswith("%")
    try:
        found = float(value.removesuffix("%").replace(",", "").replace(" ", "").replace("_", ""))
    except ValueError:
        return None
    return (found / 100 if share else found) if math.isfinite(found) else None


def _plain(asked: Asked, key: str, value: str, most: int) -> None:
    if key in ("show", "find"):
        setattr(asked, key, value[:80])
    elif not value:
        return
    elif key == "scale":
        number = _number(value)
        if number is None or not 0.0001 <= number <= 1:
            asked.faults[key] = "must be a number from 0.0001 to 1"
        else:
            asked.scale = number
    else:
        low, high = (1, most) if key == "replications" else (0, SEEDS - 1)
        is_whole = value.isascii() and value.isdigit() and len(value) < 12
        if is_whole and low <= int(value) <= high:
            setattr(asked, key, int(value))
        else:
            asked.faults[key] = f"must be a whole number from {low} to {high:,}"
