"""What no court record tells, in two made-up worlds small enough to count by hand."""

from __future__ import annotations

from pathlib import Path

import pytest

from asylumatlas.events import open_log, validate
from asylumatlas.stats import ask

from .golden_answers import Hand, agree, hands
from .people_stories import people, write_log

HANDS = hands("worlds.toml")


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The golden log."""
    return write_log(tmp_path_factory.mktemp("golden") / "log", people())


def test_every_history_could_have_happened(log: Path) -> None:
    assert validate(open_log(log)).ok


@pytest.mark.parametrize("world", [0, 1])
@pytest.mark.parametrize("hand", HANDS, ids=str)
def test_hand_counted(log: Path, hand: Hand, world: int) -> None:
    table = ask(hand.statistic, log, definition=hand.definition, replications=world, **hand.asked)
    agree(hand.kind, hand.told[f"world{world}"], table)


def test_a_band_lies_over_both_worlds(log: Path) -> None:
    (row,) = ask("asylum_denial_rate", log).rows
    assert (row["low95"], row["high95"], row["worlds"]) == (0, 0.5, 2)
    assert row["value"] in (0, 0.5)  # a value that occurs
    (row,) = ask("waiting_list_length", log, end="2018-05").rows
    assert (row["low95"], row["high95"]) == (1, 2)


def test_pooled_worlds_are_counted_together(log: Path) -> None:
    (row,) = ask("asylum_denial_rate", log, replications="pool").rows
    assert (row["numerator"], row["denominator"]) == (1, 3)


def test_cost_is_what_the_meters_say(log: Path) -> None:
    values = [ask("cost", log, replications=n).rows[0]["value"] for n in (0, 1)]
    assert values == [1500.0, 2500.5]
    assert ask("cost", log, replications="pool").rows[0]["value"] == 4000.5


def test_what_a_log_does_not_record_is_no_zero(log: Path) -> None:
    """Four people came to the port in each world, and being turned back is nowhere recorded."""
    table = ask("turned_back_share", log)
    assert not table.rows
    assert "holds no port_turned_back: it is not recorded there" in table.reason
