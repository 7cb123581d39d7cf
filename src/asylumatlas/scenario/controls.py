"""What can be changed in a scenario: each number with its words, unit, range and origin.

A control is one number that a run uses: a parameter, or a number written in the scenario itself.
Its key is what `--set` takes; `KEY@DATE` is the value of a dated parameter from that date on.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import product

from asylumatlas import parameters
from asylumatlas.scenario import Scenario, wording
from asylumatlas.scenario.amounts import Ranged
from asylumatlas.scenario.model import ScenarioModel
from asylumatlas.scenario.sites import Path, Site, sites

__all__ = ["GROUPS", "Control", "Step", "controls"]

# In the order of a reader's interest: what somebody decides, what is there, what happens to people.
GROUPS = (
    *("decisions", "staff", "capacity", "room", "people", "shares", "delays", "work"),
    *("where", "mix", "cost"),
)
PLAIN = "as written in the scenario"
FARTHEST = 10.0  # a value may be as many times beyond its range


@dataclass(frozen=True, slots=True)
class Step:
    """What a number is from a date on.

    Attributes:
        start: the first day; ``None`` for always.
        value: in the control's unit.
        low: least value in the range.
        high: greatest value in the range.
        source: id in `evidence`; "" if assumed.
        note: what its source says of it; "" for nothing.
        late: why it is hindsight for this scenario; "" if it was known in time.
    """

    start: date | None
    value: float
    low: float
    high: float
    source: str
    note: str = ""
    late: str = ""


@dataclass(frozen=True, slots=True)
class Control:
    """One number of a scenario that can be changed.

    Attributes:
        key: what names it in links and for `--set`.
        label: what it is, in words.
        group: one of `GROUPS`.
        unit: in words.
        steps: its values within the run in order of date, at least one.
        assumed: why its range was chosen, where no source gives it; "" otherwise.
        note: what a reader must know to use it; "" for nothing.
        path: where it stands in the file; ``None`` for a parameter.
        uses: labels of the places that use it, for a parameter.
    """

    key: str
    label: str
    group: str
    unit: str
    steps: tuple[Step, ...]
    assumed: str = ""
    note: str = ""
    path: Path | None = None
    uses: tuple[str, ...] = ()

    @property
    def value(self) -> float:
        """Value on the run's first day."""
        return self.steps[0].value

    @property
    def low(self) -> float:
        """Least value of any step's range."""
        return min(step.low for step in self.steps)

    @property
    def high(self) -> float:
        """Greatest value of any step's range."""
        return max(step.high for step in self.steps)

    @property
    def bounds(self) -> tuple[float, float]:
        """Least and greatest value that may be set: ten times beyond the range, and no less.

        Example:
            >>> one = Step(None, 50.0, 40.0, 60.0, "HT0420")
            >>> Control("feeds.a.size", "A: size", "people", "people", (one,)).bounds
            (0.0, 600.0)
        """
        if self.is_share:
            return 0.0, 1.0
        most = max(self.high, self.value)
        return 0.0, FARTHEST * most if most > 0 else 1_000.0

    @property
    def is_share(self) -> bool:
        """Whether it lies between 0 and 1."""
        return self.unit.startswith("share")

    @property
    def is_uncertain(self) -> bool:
        """Whether a range is known, so that draws differ."""
        return any(step.high > step.low for step in self.steps)

    @property
    def is_structure(self) -> bool:
        """Whether it is a bare number: neither range nor source nor reason."""
        return self.assumed == PLAIN and not self.is_uncertain

    @property
    def late(self) -> str:
        """Why some of it is hindsight; "" if all was known in time."""
        return next((step.late for step in self.steps if step.late), "")


def controls(scenario: Scenario) -> list[Control]:
    """Every number that a run of a scenario may use, each once, by group and then as in the file.

    Raises:
        ScenarioError: never of a loaded scenario.

    Example:
        >>> from asylumatlas.scenario import load_scenario
        >>> found = {each.key: each for each in controls(load_scenario("caravan-2018"))}
        >>> size = found["feeds.advance_group.size"]
        >>> size.value, size.unit, size.steps[0].source
        (50.0, 'people', 'HT0420')
    """
    model = scenario.model
    found: dict[str, Control] = {}
    places: dict[str, list[Site]] = {}
    for site in sites(model):
        if isinstance(site.quantity, str):
            for name in _names(model, site.quantity):
                places.setdefault(name, []).append(site)
        elif isinstance(site.quantity, Ranged):
            control = _written(model, site, site.quantity)
            found.setdefault(control.key, control)
    for name, used in places.items():
        found[name] = _parameter(model, name, used)
    order = {group: place for place, group in enumerate(GROUPS)}
    return sorted(found.values(), key=lambda control: order[control.group])


def _written(model: ScenarioModel, site: Site, number: Ranged) -> Control:
    """The control of a number that stands in the scenario itself."""
    low, high = number.bounds
    late = wording.late(site.start, number.source, model.input_until)
    step = Step(site.start, number.value, low, high, number.source, "", late)
    assumed = number.assumed or ("" if number.source else PLAIN)
    label = _label(model, site)
    key = ".".join(map(str, site.path))
    return Control(key, label, site.group, site.unit, (step,), assumed, "", site.path)


def _label(model: ScenarioModel, site: Site) -> str:
    """A number's words; of what a change sets or adds, the words of that thing."""
    if site.path[0] == "change" and site.path[2] in ("set", "add"):
        what = model.change[int(site.path[1])].what
        return f"{what}: {wording.label(model, str(site.path[3]))}"
    return wording.label(model, site.name)


def _use(model: ScenarioModel, site: Site) -> str:
    """What uses a parameter, in words; a decision is named once, however much it changes."""
    is_change = site.path[0] == "change"
    return model.change[int(site.path[1])].what if is_change else wording.label(model, site.name)


def _parameter(model: ScenarioModel, name: str, used: Sequence[Site]) -> Control:
    """The control of a parameter, with the places that use it."""
    known = parameters.load()[name]
    group = min((site.group for site in used), key=GROUPS.index)
    steps, assumed = _steps(model, known)
    where = tuple(dict.fromkeys(_use(model, site) for site in used))
    label = wording.label(model, name)
    return Control(name, label, group, known.unit, tuple(steps), assumed, known.note, None, where)


def _steps(model: ScenarioModel, known: parameters.Parameter) -> tuple[list[Step], str]:
    """A parameter's values within the run, as the scenario has it, and why it is assumed."""
    own = model.parameters.get(known.name)
    if own is not None:
        items = [(item.start, item.is_) for item in own] if isinstance(own, list) else [(None, own)]
        steps = [_step(model, start, number) for start, number in items]
        reasons = [n.assumed or ("" if n.source else PLAIN) for _, n in items]
        return _within(model, steps), next(filter(None, reasons), "")
    if model.draws is not None and known.name in model.draws.columns:
        table = model.draws
        steps = [
            Step(_start(step.start), step.value, step.bounds[0], step.bounds[2], "")
            for step in table.steps[known.name]
        ]
        return _within(model, steps), table.why
    steps = [
        Step(
            _start(entry.start), entry.value, entry.low, entry.high, entry.source or "", entry.note,
            wording.late(_start(entry.start), entry.source or "", model.input_until),
        )
        for entry in known.values
    ]  # fmt: skip
    return _within(model, steps), known.assumed or ""


def _step(model: ScenarioModel, start: date | None, number: Ranged) -> Step:
    low, high = number.bounds
    late = wording.late(start, number.source, model.input_until)
    return Step(start, number.value, low, high, number.source, "", late)


def _start(day: date) -> date | None:
    return day if day > date.min else None


def _within(model: ScenarioModel, steps: list[Step]) -> list[Step]:
    """The step that holds on the run's first day, and those that begin within the run."""
    first = steps[0]
    for step in steps[1:]:
        first = step if step.start is not None and step.start <= model.start else first
    later = [s for s in steps if s.start and model.start < s.start <= model.to and s is not first]
    return [first, *later]


def _names(model: ScenarioModel, text: str) -> Iterator[str]:
    """The parameters that a text such as "court.denied_share.{nationality}|court.x" names."""
    known = parameters.load()
    asked = [
        name for name in dict.fromkeys(re.findall(r"\{(\w+)\}", text)) if name in model.classes
    ]
    for words in product(*(model.classes[name] for name in asked)):
        options = text
        for name, word in zip(asked, words, strict=True):
            options = options.replace("{" + name + "}", word)
        yield from _first(options.split("|"), known)


def _first(names: Iterable[str], known: Iterable[str]) -> Iterator[str]:
    found = next((name for name in names if name in known), None)
    if found is not None:
        yield found
