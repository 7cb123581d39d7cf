"""A text of somebody unknown reads no file, and cannot make the program work for long."""

import builtins
import io
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from asylumatlas.evidence.suggestion import did_you_mean
from asylumatlas.scenario import FOLDER, ScenarioError, load_scenario, names
from asylumatlas.scenario.reading import MOST_PEOPLE, people, read_scenario

CARAVAN = 'extends = "caravan-2018"\n'
COURTS = 'extends = "us-courts"\nscale = 0.05\n'
LONGEST = 3.0  # seconds, on a busy machine; most take a hundredth


@pytest.fixture(scope="module", autouse=True)
def warm() -> None:
    """What is read once and kept is read before the watch starts."""
    read_scenario(COURTS)


def refused(text: str) -> str:
    """The fault of a text, told within a moment."""
    started = time.monotonic()
    with pytest.raises(ScenarioError) as caught:
        read_scenario(text, "mine")
    assert time.monotonic() - started < LONGEST
    lines = str(caught.value).splitlines()
    assert len(lines) <= 300
    assert all(line.startswith("mine.toml: ") for line in lines)
    return str(caught.value)


@pytest.mark.parametrize("name", [n for n in names() if not n.startswith("us-")])
def test_what_ships_can_be_extended(name: str) -> None:
    assert people(load_scenario(name).model) > 0
    found = read_scenario(f'extends = "{name}"\nscale = 0.2', "mine")
    assert found.fingerprint == load_scenario(name, {"scale": "0.2"}).fingerprint
    assert found.name == "mine"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('extends = "../secret"', "extends: no scenario"),
        ('extends = "/etc/passwd"', "extends: no scenario"),
        ('extends = ["caravan-2018"]', "extends: no scenario"),
        ('extends = "caravan2018"', 'Did you mean "caravan-2018"?'),
        (COURTS + 'draws.table = "/etc/passwd.csv"', "is no name"),
        (COURTS + 'draws.table = "us-courts-fitted.csv"', "is no name"),
        (COURTS + 'draws.table = ["a"]', "is no name"),
        (COURTS + 'groups.x.table = "../../evidence/court_points"', "no table"),
        (CARAVAN + "base_only = true", "base_only"),
        ("title = ", "cannot be read"),
        ("x = " + "[" * 5_000, "nested too deep"),
        (CARAVAN + "a." * 50 + "b = 1", "too many parts"),
        (CARAVAN + "caveats = [" + '"x",' * 500 + "]", "at most 200"),
        (CARAVAN + "caveats = " + "[" * 60 + "]" * 60, "nest deeper"),
        ("#" * 200_000, "128,000 characters"),
        (CARAVAN + f"places.{'a' * 121} = 'x'", "a key of over 120"),
        (CARAVAN + "feeds.list_newcomers.per_day = 1e8", f"at most {MOST_PEOPLE:,}"),
        (CARAVAN + "to = 2999-01-01", "over 8,189 days"),
        (CARAVAN + "x = [" + "1," * 50_000 + "]", "values; leave some out"),
    ],
)
def test_each_way_out_is_closed(text: str, said: str) -> None:
    assert said in refused(text)


@pytest.mark.parametrize(
    "text",
    [
        # groups within groups multiply
        COURTS + '[measures."a_{court}"]\neach = "courts"\nplus = ["master_hearing@@courts"]\n'
        'q = { "@courts" = { "@courts" = { "@courts" = { "@courts" = 1 } } } }',
        COURTS + '[measures."a_{court}"]\neach = "courts"\nlabel = "' + "{name}" * 15_000 + '"',
        # names are compared with each other
        CARAVAN + "\n".join(f"stations.port_intake.k{i}x = 1" for i in range(3_000)),
        CARAVAN
        + "\n".join(f"feeds.caravan.mix.nationality.{'a' * 100}{i} = 1" for i in range(700)),
        CARAVAN + f'crews.x = {{ place = "{"a" * 50_000}", servers = "{"b" * 50_000}" }}',
        CARAVAN + "\n".join(f'crews.c{i} = {{ place = "sanysidro" }}' for i in range(500)),
        # each share is checked on every date
        CARAVAN
        + "stations.matias_romero.outcomes = ["
        + "{ to = 'guadalajara', events = ['place_reached'], share = 0.0001 }," * 1_001
        + "]",
        CARAVAN
        + "stations.matias_romero.outcomes = [{ share = ["
        + "{ from = 2018-04-01, is = 0.1 }," * 400
        + "] }, {}]",
    ],
    ids=["groups", "texts", "keys", "long-keys", "long-words", "places", "outcomes", "dates"],
)
def test_no_small_text_makes_long_work(text: str) -> None:
    refused(text)


def test_only_shipped_files_are_opened(monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[Path] = []
    real = io.open

    def watch(file: Any, *args: Any, **options: Any) -> Any:
        opened.append(Path(file))
        return real(file, *args, **options)

    monkeypatch.setattr(io, "open", watch)
    monkeypatch.setattr(builtins, "open", watch)
    read_scenario(COURTS)
    assert opened, "nothing was watched"
    assert all(FOLDER in path.parents for path in opened)


@settings(max_examples=150, deadline=None)
@given(st.text(max_size=400), st.sampled_from(["", CARAVAN]))
def test_any_text_is_read_or_refused(text: str, start: str) -> None:
    with suppress(ScenarioError):
        read_scenario(start + text, "mine")


def test_a_long_word_is_not_compared() -> None:
    started = time.monotonic()
    assert did_you_mean("ab" * 50_000, ["ab" * 49_999]) == ""
    assert time.monotonic() - started < 0.5
