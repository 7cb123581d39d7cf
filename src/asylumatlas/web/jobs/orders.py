"""What a reader can ask to be run: read strictly, stored as JSON, and named by what it says."""

from __future__ import annotations

import hashlib
import json
import re
import shlex
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING

from asylumatlas import __version__
from asylumatlas.evidence.suggestion import did_you_mean
from asylumatlas.web.faults import WebError

if TYPE_CHECKING:
    from asylumatlas.scenario import Scenario

KINDS = ("run",)
NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,59}")  # of a scenario that a reader wrote
SEEDS = 2**31  # the first seed that is refused
REPLICATIONS = 20  # where a reader gives no number
MOST_TEXT = 128_000  # characters of a scenario
MOST_LETTERS = {"title": 160, "question": 600}  # of what stands on pages that everybody reads
MOST_SETTINGS = 100
MOST_VALUE = 400  # characters of one value
# Tables whose keys may name a file or grow without bound, so they are not for readers.
CLOSED = ("draws", "groups", "extends", "drop", "base_only")


class OrderError(WebError):
    """Something that cannot be run as asked; one line with the field and the remedy."""


@dataclass(frozen=True)
class RunOrder:
    """A run asked for, with everything that is needed to do it again.

    Attributes:
        scenario: a shipped scenario's name; "" where there is a text.
        toml: a scenario's own text; "" where there is a name.
        name: what the scenario of a text is called.
        set: key paths to values as TOML has them, on top of a shipped scenario.
        replications: how many times the span is simulated.
        seed: where the random numbers start.
        base: a shipped scenario to be run too, for comparison; "" for none.
    """

    scenario: str = ""
    toml: str = ""
    name: str = "scenario"
    set: Mapping[str, str] = field(default_factory=dict)
    replications: int = REPLICATIONS
    seed: int = 1
    base: str = ""

    @classmethod
    def read(cls, what: Mapping[str, object], most: int) -> RunOrder:
        """Read what a reader sent.

        Args:
            what: the fields by name; whole numbers may be text.
            most: the most replications.

        Raises:
            OrderError: an unknown field, or one that cannot be used.

        Example:
            >>> RunOrder.read({"scenario": "caravan-2018", "replications": "4"}, 200).replications
            4
            >>> RunOrder.read({"scenario": "caravan-2018", "sed": 4}, 200)
            Traceback (most recent call last):
            asylumatlas.web.jobs.orders.OrderError: sed: no such field. Did you mean "seed"?
        """
        known = cls.__dataclass_fields__
        for key in what:
            if key not in known:
                shown = " ".join(key[:60].split())
                raise OrderError(f"{shown}: no such field.{did_you_mean(shown, known)}")
        texts = {key: _text(what, key) for key in ("scenario", "toml", "name", "base")}
        if bool(texts["scenario"]) == bool(texts["toml"].strip()):
            told = "scenario: give the name of a scenario, or a text of one as toml"
            raise OrderError(f"{told}; one of the two.", where="scenario")
        if len(texts["toml"]) > MOST_TEXT:
            raise OrderError(f"toml: over {MOST_TEXT:,} characters. Send less.", where="toml")
        texts["name"] = texts["name"] or "scenario"
        if not NAME.fullmatch(texts["name"]):
            told = f"name: {texts['name'][:60]!r} is no name"
            raise OrderError(f'{told}. Use small letters, digits, "-" and "_".', where="name")
        if texts["toml"] and what.get("set"):
            raise OrderError("set: change the text itself, or name a scenario.", where="set")
        return cls(
            **texts,
            set=_settings(what.get("set")),
            replications=_whole(what, "replications", REPLICATIONS, 1, most),
            seed=_whole(what, "seed", 1, 0, SEEDS - 1),
        )

    @classmethod
    def of(cls, text: str) -> RunOrder:
        """Return an order from how `to_text` stored it."""
        return cls(**json.loads(text))

    def to_text(self) -> str:
        """Return the order as it is stored."""
        return json.dumps(asdict(self), sort_keys=True)

    def load(self) -> Scenario:
        """Return the scenario that is to be run.

        Raises:
            ScenarioError: it cannot be used; one line for each fault.
        """
        if self.toml:
            from asylumatlas.scenario.reading import read_scenario

            found = read_scenario(self.toml, self.name)
            for key, most in MOST_LETTERS.items():
                _check_words(key, getattr(found.model, key), most)
            return found
        return _shipped(self.scenario, self.set)

    def for_base(self, scenario: Scenario) -> RunOrder | None:
        """Return the order of the run to compare with, ``None`` for none.

        It has the span and the scale of the run asked for: others cannot be compared with it.

        Args:
            scenario: what this order runs.

        Raises:
            ScenarioError: there is no such scenario, or it cannot have that span.
        """
        if not self.base:
            return None
        from asylumatlas.scenario.variants import original

        # Its own scale may be too large to run here, so its size is not checked.
        plain, model = original(self.base).scenario.model, scenario.model
        settings = {
            key: said
            for key, has, wants, said in (
                ("from", plain.start, model.start, model.start.isoformat()),
                ("to", plain.to, model.to, model.to.isoformat()),
                ("scale", plain.scale, model.scale, repr(model.scale)),
            )
            if has != wants
        }
        return RunOrder(self.base, set=settings, replications=self.replications, seed=self.seed)

    def key(self, scenario: Scenario) -> str:
        """Return the id that the run is stored under: 16 hexadecimal digits.

        Equal for what gives the same run, however it was asked for.
        """
        words = [__version__, scenario.fingerprint, self.replications, self.seed]
        return hashlib.blake2b(json.dumps(words).encode(), digest_size=8).hexdigest()

    def command(self) -> str:
        """Return the command line that makes the same run.

        Example:
            >>> RunOrder("caravan-2018", set={"scale": "0.1"}, replications=4).command()
            'asylumatlas run caravan-2018 --replications=4 --seed=1 --set=scale=0.1'
        """
        options = [f"--replications={self.replications}", f"--seed={self.seed}"]
        options += [f"--set={key}={value}" for key, value in self.set.items()]
        what = f"{self.name}.toml" if self.toml else self.scenario
        return shlex.join(["asylumatlas", "run", what, *options])


def _shipped(name: str, settings: Mapping[str, str]) -> Scenario:
    """Load a scenario that came with the program; no other file is ever read."""
    from asylumatlas.scenario import load_scenario, names
    from asylumatlas.scenario.reading import check_size

    if name not in names():
        told = f"scenario: there is no {name[:60]!r}.{did_you_mean(name, names())}"
        raise OrderError(f"{told} `asylumatlas scenarios` lists them.", where="scenario")
    found = load_scenario(name, dict(settings))
    check_size(found.model, found.name)
    return found


def _check_words(key: str, text: str, most: int) -> None:
    """Refuse a heading that cannot be shown: too long, or with signs that cannot be seen."""
    if len(text) > most:
        raise OrderError(f"toml: {key}: over {most} letters. Write less.", where="toml")
    if any(not sign.isprintable() and sign not in "\n\xa0" for sign in text):
        told = f"toml: {key}: holds signs that cannot be seen"
        raise OrderError(f"{told}. Write it as plain text.", where="toml")


def _text(what: Mapping[str, object], key: str) -> str:
    value = what.get(key)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise OrderError(f"{key}: must be text.", where=key)
    return value if key == "toml" else value.strip()


def _whole(what: Mapping[str, object], key: str, default: int, low: int, high: int) -> int:
    value = what.get(key)
    if value is None or value == "":
        return default
    text = str(value).strip() if isinstance(value, int | str) else ""
    digits = text.isascii() and text.isdigit() and len(text) < 19
    if isinstance(value, bool) or not digits or not low <= int(text) <= high:
        raise OrderError(f"{key}: must be a whole number from {low} to {high:,}.", where=key)
    return int(text)


def _settings(value: object) -> dict[str, str]:
    if value is None:
        return {}
    if not isinstance(value, Mapping) or len(value) > MOST_SETTINGS:
        told = "set: must be a table of key paths and values"
        raise OrderError(f"{told}, at most {MOST_SETTINGS}.", where="set")
    found = {}
    for key, text in value.items():
        if not isinstance(key, str) or not isinstance(text, str) or len(text) > MOST_VALUE:
            told = "set: each value must be text as TOML has it"
            raise OrderError(f"{told}, at most {MOST_VALUE} characters.", where="set")
        if key.strip().partition(".")[0].strip() in CLOSED:
            raise OrderError(
                f"set.{key.strip()}: cannot be set here. Use the command line.", where="set"
            )
        found[key.strip()] = text.strip()
    return found
