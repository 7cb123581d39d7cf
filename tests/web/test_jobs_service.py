"""Who begins, watches and ends runs: with processes that only pretend, one look at a time."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from asylumatlas.web.faults import NotFoundError, WebError
from asylumatlas.web.jobs.service import ATTEMPTS, Jobs
from asylumatlas.web.settings import Limits, Settings
from asylumatlas.web.shelf import Shelf

WHAT = {"scenario": "caravan-2018", "replications": 10}
SMALL = {"running": 1, "waiting": 4, "own": 2, "disk": 10_000}


@dataclass
class Pretended:
    """A process that does what a test says."""

    folder: Path
    key: str
    phase: str = "starting"
    done: int = 0
    told: str = ""
    fault: str = ""
    seconds: float = 0.0
    is_alive: bool = True
    code: int = 0
    ended: bool = False

    def __post_init__(self) -> None:
        self.folder.mkdir(exist_ok=True)
        (self.folder.parent / f".{self.key}.kept-0").mkdir(exist_ok=True)

    def succeed(self, size: int = 100) -> None:
        (self.folder.parent / f".{self.key}.kept-0").rmdir()
        (self.folder / "log.json").write_bytes(b"x" * size)
        self.is_alive = False

    def fail(self, told: str = "", code: int = 1) -> None:
        self.is_alive, self.told, self.code = False, told, code

    def end(self) -> None:
        self.ended, self.is_alive = True, False

    def close(self) -> int:
        return self.code


@dataclass
class Stage:
    """A service whose processes are pretended."""

    home: Path
    limits: dict[str, Any] = field(default_factory=lambda: dict(SMALL))
    begun: list[Pretended] = field(default_factory=list)

    def __post_init__(self) -> None:
        bounds = Limits(**self.limits)
        settings = Settings(home=self.home, demo=False, limits=bounds)

        def begin(folder: Path, asked: str, key: str, *_: object) -> Any:
            self.begun.append(Pretended(folder, key))
            return self.begun[-1]

        self.jobs = Jobs(settings, Shelf.of(settings), begin)
        self.jobs._show = lambda key: None  # type: ignore[method-assign]

    def ask(self, seed: int = 1, client: str = "", **more: object) -> str:
        return self.jobs.ask("run", WHAT | {"seed": seed} | more, client)

    def state(self, key: str) -> str:
        return self.jobs.get(key).state

    def do(self, seed: int, size: int = 100) -> str:
        key = self.ask(seed)
        self.jobs.look()
        self.begun[-1].succeed(size)
        self.jobs.look()
        assert self.state(key) == "done"
        return key

    def left(self) -> list[str]:
        folder = self.home / "results"
        return sorted(each.name for each in folder.iterdir()) if folder.is_dir() else []


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    made = Stage(tmp_path)
    yield made
    made.jobs.close()


def test_a_run_from_asking_to_done(stage: Stage) -> None:
    key = stage.ask()
    assert stage.state(key) == "waiting"
    with pytest.raises(NotFoundError, match="no result of this run, it is waiting"):
        stage.jobs.folder(key)
    stage.jobs.look()
    process = stage.begun[0]
    process.phase, process.done = "simulating", 4
    stage.jobs.look()
    job = stage.jobs.get(key)
    assert (job.state, job.phase, job.done, job.total) == ("running", "simulating", 4, 10)
    process.succeed()
    stage.jobs.look()
    assert stage.state(key) == "done"
    assert stage.jobs.folder(key) == stage.home / "results" / key
    assert stage.ask() == key  # stored once
    stage.jobs.look()
    assert len(stage.begun) == 1


def test_one_at_a_time_in_order(stage: Stage) -> None:
    keys = [stage.ask(seed) for seed in (1, 2, 3)]
    stage.jobs.look()
    stage.jobs.look()
    assert [each.key for each in stage.begun] == keys[:1]
    assert [stage.jobs.place(key) for key in keys] == [0, 1, 2]
    stage.begun[0].succeed()
    stage.jobs.look()
    assert [each.key for each in stage.begun] == keys[:2]


@pytest.mark.parametrize(
    ("code", "told", "said"),
    [
        (1, "the parameters make no sense", "the parameters make no sense"),
        (-9, "", "ended by the system, perhaps for want of memory"),
        (-24, "", "too much of the processor's time"),
        (1, "", "a fault of this program ended it"),
        (0, "", "a fault of this program ended it"),  # it says all is well, but there is no log
    ],
)
def test_a_run_that_fails_says_why_and_leaves_nothing(
    stage: Stage, code: int, told: str, said: str
) -> None:
    key = stage.ask()
    stage.jobs.look()
    stage.begun[0].fail(told, code)
    stage.jobs.look()
    job = stage.jobs.get(key)
    assert job.state == "failed"
    assert said in job.message
    assert stage.left() == []


def test_cancelling_ends_the_process_and_leaves_nothing(stage: Stage) -> None:
    key, other = stage.ask(), stage.ask(2)
    stage.jobs.look()
    assert stage.jobs.cancel(other).state == "cancelled"
    assert stage.jobs.cancel(key).state == "cancelled"
    stage.jobs.look()
    assert stage.begun[0].ended
    assert stage.left() == []
    stage.ask()  # and once more
    stage.jobs.look()
    assert len(stage.begun) == 2
    assert stage.state(key) == "running"


def test_asking_again_while_a_cancelled_run_still_ends(stage: Stage) -> None:
    key = stage.ask()
    stage.jobs.look()
    stage.jobs.cancel(key)
    stage.ask()
    stage.jobs.look()
    assert stage.begun[0].ended
    assert not stage.begun[1].ended
    assert stage.state(key) == "running"


def test_a_run_that_others_wait_for_goes_on(stage: Stage) -> None:
    key = stage.ask(client="one")
    stage.ask(client="two")
    assert stage.jobs.cancel(key, "one").state == "waiting"
    assert stage.jobs.cancel(key, "three").state == "waiting"
    assert stage.jobs.cancel(key, "two").state == "cancelled"


def test_too_long_and_too_large(stage: Stage) -> None:
    key = stage.ask()
    stage.jobs.look()
    stage.begun[0].seconds = 1_801
    stage.jobs.look()
    assert "longer than 1800 s" in stage.jobs.get(key).message
    assert stage.begun[0].ended
    key = stage.ask(2)
    stage.jobs.look()
    (stage.begun[1].folder / "big").write_bytes(b"x" * 20_000)
    for _ in range(25):
        stage.jobs.look()
    assert "wrote more than" in stage.jobs.get(key).message
    assert stage.left() == []


def test_too_many_wait(stage: Stage) -> None:
    for seed in range(4):
        stage.ask(seed)
    with pytest.raises(WebError, match="4 runs wait already") as error:
        stage.ask(9)
    assert (error.value.status, error.value.headers) == (429, {"Retry-After": "120"})
    stage.ask(3)  # asked for already: it does not count
    stage.jobs.look()
    stage.ask(9)  # one has begun


def test_one_reader_has_enough(stage: Stage) -> None:
    keys = [stage.ask(seed, "one") for seed in (1, 2)]
    with pytest.raises(WebError, match="you have asked for 2 runs") as error:
        stage.ask(3, "one")
    assert error.value.status == 429
    stage.ask(3, "two")
    stage.jobs.cancel(keys[0], "one")
    stage.ask(4, "one")


def test_addresses_are_not_stored(stage: Stage) -> None:
    stage.ask(client="192.0.2.77")
    stage.jobs.store.close()
    for path in stage.home.iterdir():
        assert not path.is_file() or b"192.0.2.77" not in path.read_bytes()


def test_a_base_is_run_first_and_goes_with_the_last_that_wants_it(stage: Stage) -> None:
    changed = {"port.san_ysidro.holding_capacity": "400"}
    key = stage.ask(set=changed, base="caravan-2018")
    base = stage.jobs.get(key).base
    assert base is not None
    assert [each.id for each in stage.jobs.store.active()] == [base, key]
    assert stage.ask() == base  # the same as asking for the base itself
    stage.jobs.cancel(base)
    other = stage.ask(set={"port.san_ysidro.holding_capacity": "500"}, base="caravan-2018")
    assert stage.jobs.get(other).base == base
    assert stage.state(base) == "waiting"
    stage.jobs.cancel(key)
    assert stage.state(base) == "waiting"  # the other one still wants it
    stage.jobs.cancel(other)
    assert stage.state(base) == "cancelled"


def test_a_scenario_is_not_compared_with_itself(stage: Stage) -> None:
    key = stage.ask(base="caravan-2018")
    assert stage.jobs.get(key).base is None
    assert len(stage.jobs.all()) == 1


def test_old_results_make_room_whole(stage: Stage) -> None:
    first, second = stage.do(1, 6_000), stage.do(2, 3_000)
    assert stage.left() == sorted([first, second])
    third = stage.do(3, 3_000)
    assert stage.state(first) == "removed"
    assert stage.left() == sorted([second, third])
    assert stage.ask(1) == first  # once more
    assert stage.state(first) == "waiting"


def test_results_in_use_do_not_make_room(stage: Stage) -> None:
    base = stage.do(1, 4_000)
    key = stage.ask(1, set={"port.san_ysidro.holding_capacity": "400"}, base="caravan-2018")
    stage.jobs.look()
    stage.begun[-1].succeed(1_000)
    stage.jobs.look()
    third = stage.do(3, 6_000)  # 11 kB: the base is the oldest, but the second needs it
    assert [stage.state(each) for each in (base, key, third)] == ["done", "removed", "done"]


def test_the_newest_result_stays_however_large(stage: Stage) -> None:
    first, second = stage.do(1), stage.do(2, 50_000)
    assert [stage.state(first), stage.state(second)] == ["removed", "done"]


def test_the_next_server_goes_on(stage: Stage) -> None:
    key = stage.ask()
    stage.jobs.look()
    stage.begun[0].phase, stage.begun[0].done = "simulating", 6
    stage.jobs.look()
    stage.jobs.close()
    assert stage.begun[0].ended
    other = Stage(stage.home)
    assert (other.state(key), other.jobs.get(key).attempts) == ("waiting", 0)
    other.jobs.look()
    assert (other.state(key), other.jobs.get(key).done) == ("running", 6)
    assert f".{key}.kept-0" in other.left()  # what the first one had finished
    other.jobs.close()


def killed(stage: Stage) -> Stage:
    """The service after a kill: nothing is noted, the lock is free, files lie about."""
    import os

    os.close(stage.jobs._held)
    stage.jobs._held = -1
    stage.jobs._live.clear()
    stage.jobs.store.close()
    return Stage(stage.home)


def test_a_run_that_kills_each_server_is_given_up(stage: Stage) -> None:
    key, at = stage.ask(), stage
    for _ in range(ATTEMPTS):
        at.jobs.look()
        assert at.state(key) == "running"
        at = killed(at)
    at.jobs.look()
    assert at.state(key) == "failed"
    assert "begun 3 times" in at.jobs.get(key).message
    assert at.left() == []
    at.jobs.close()


def test_what_a_killed_server_left_is_swept_away(stage: Stage) -> None:
    done, lost = stage.do(1), stage.do(2)
    key = stage.ask(3)
    stage.jobs.look()
    results = stage.home / "results"
    (results / lost / "log.json").unlink()
    (results / "0123456789abcdef").mkdir()
    (results / ".0123456789abcdef.kept-9").mkdir()
    (results / f".{done}.kept-1").mkdir()
    (results / "something").write_text("x")
    other = killed(stage)
    other.jobs.look()
    assert [other.state(each) for each in (done, lost, key)] == ["done", "removed", "running"]
    assert other.left() == sorted([done, key, f".{key}.kept-0"])
    other.jobs.close()


def test_of_two_servers_one_looks_after_the_runs(stage: Stage) -> None:
    stage.jobs.look()
    other = Stage(stage.home)
    key = other.ask()
    other.jobs.look()
    assert other.begun == []
    stage.jobs.look()
    assert other.state(key) == "running"
    other.jobs.cancel(key)
    stage.jobs.look()
    assert stage.begun[0].ended
    again = other.ask(2)
    stage.jobs.close()
    other.jobs.look()  # it takes over
    assert other.state(again) == "running"
    other.jobs.close()


def test_a_full_disk_is_told(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    first = stage.do(1)
    second = stage.do(2)
    monkeypatch.setattr(type(stage.jobs.results), "free", lambda self: 1_000)
    key = stage.ask(3)
    stage.jobs.look()
    assert stage.jobs.get(key).message == "the disk is full; free some, then ask again"
    assert [stage.state(first), stage.state(second)] == ["removed", "done"]


@pytest.mark.parametrize("key", ["", "x", "0123456789abcdef", "../../etc/passwd", "0" * 17])
def test_an_unknown_number(stage: Stage, key: str) -> None:
    for call in (stage.jobs.get, stage.jobs.cancel, stage.jobs.folder):
        asked: Callable[[str], object] = call
        with pytest.raises(NotFoundError, match="there is no run of that number"):
            asked(key)


def test_another_kind_is_refused(stage: Stage) -> None:
    with pytest.raises(WebError, match="kind: must be one of run"):
        stage.jobs.ask("plan", WHAT)
