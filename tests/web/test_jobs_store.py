"""The table of jobs: states change only as they may, and it outlives what happens to it."""

import sqlite3
import threading
from pathlib import Path

import pytest

from asylumatlas.web.jobs.orders import RunOrder
from asylumatlas.web.jobs.store import Job, Store

ORDER = RunOrder("caravan-2018", replications=10)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "jobs.sqlite")


def add(store: Store, *keys: str, base: str | None = None, direct: bool = True) -> None:
    for key in keys:
        store.add(key, ORDER, f"title of {key}", base, direct)


def job(store: Store, key: str) -> Job:
    found = store.get(key)
    assert found is not None
    return found


def test_those_who_waited_longest_go_first(store: Store) -> None:
    add(store, "a", "b", "c")
    add(store, "a")  # asked for twice: stored once, in its place
    assert [each.id for each in store.active()] == ["a", "b", "c"]
    assert [store.claim().id for _ in range(3)] == ["a", "b", "c"]  # type: ignore[union-attr]
    assert store.claim() is None


def test_a_state_is_left_once(store: Store) -> None:
    add(store, "a")
    store.claim()
    assert store.end("a", "cancelled")
    assert not store.end("a", "done")  # it ended in the same moment, but the reader was first
    store.progress("a", "simulating", 5)
    assert (job(store, "a").state, job(store, "a").done) == ("cancelled", 0)
    assert not store.remove("a")


def test_what_ended_badly_can_be_asked_again(store: Store) -> None:
    add(store, "a")
    store.claim()
    store.progress("a", "simulating", 5)
    store.end("a", "failed", "why")
    add(store, "a")
    again = job(store, "a")
    assert (again.state, again.message, again.done, again.attempts) == ("waiting", "", 0, 0)
    store.claim()
    store.end("a", "done")
    add(store, "a")
    assert (job(store, "a").state, job(store, "a").done) == ("done", 10)


def test_what_was_done_stays_done(store: Store) -> None:
    add(store, "a")
    store.claim()
    store.progress("a", "simulating", 7)
    store.put_back()
    assert (store.claim(), job(store, "a").attempts)[1] == 2
    store.progress("a", "simulating", 0)  # a new process has not said yet what it found
    assert job(store, "a").done == 7
    store.put_back("a", counted=False)
    assert job(store, "a").attempts == 1


def test_a_base_that_a_reader_asks_for_is_a_run_of_its_own(store: Store) -> None:
    add(store, "a", direct=False)
    assert not job(store, "a").direct
    add(store, "a")
    assert job(store, "a").direct
    add(store, "a", direct=False)
    assert job(store, "a").direct


def test_it_outlives_the_program(store: Store) -> None:
    add(store, "a", "b")
    store.close()
    other = Store(store.path)
    assert [each.id for each in other.all()] == ["b", "a"]
    other.close()


@pytest.mark.parametrize("content", [b"no table at all, but a text" * 50, b"SQLite format 3\0junk"])
def test_a_damaged_table_is_put_aside(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "jobs.sqlite"
    path.write_bytes(content)
    store = Store(path)
    assert store.all() == []
    add(store, "a")
    assert (tmp_path / "jobs.damaged").read_bytes() == content
    store.close()


def test_a_table_of_a_later_program_is_put_aside(tmp_path: Path) -> None:
    path = tmp_path / "jobs.sqlite"
    with sqlite3.connect(path) as database:
        database.execute("pragma user_version = 99")
        database.execute("create table jobs (something_else text)")
    database.close()
    store = Store(path)
    assert store.all() == []
    store.close()


def test_two_servers_take_each_job_once(store: Store) -> None:
    other = Store(store.path)
    add(store, *(f"{number:02}" for number in range(40)))
    taken: list[str] = []

    def take(one: Store) -> None:
        while found := one.claim():
            taken.append(found.id)

    threads = [threading.Thread(target=take, args=(one,)) for one in (store, other, store, other)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(taken) == [f"{number:02}" for number in range(40)]
    store.close()
    other.close()


def test_old_ones_without_a_result_are_forgotten(store: Store) -> None:
    def many() -> None:
        for number in range(510):
            add(store, f"{number:03}")
            store.end(f"{number:03}", "cancelled")

    store.together(many)
    add(store, "done")
    store.end("done", "done")
    store.forget_old()
    left = [each.id for each in store.all()]
    assert len(left) == 501
    assert "done" in left
    assert "509" in left
    assert "000" not in left
    store.close()
