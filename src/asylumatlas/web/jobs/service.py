"""Who begins, watches and ends the runs that readers ask for.

One thread of one server looks after them. Of two servers with the same folder the one that holds
``jobs.lock`` does; the other takes orders and shows what the table says. A run holds the lock too,
so a server that follows a killed one begins only when the last of its runs has gone.
"""

from __future__ import annotations

import logging
import os
import secrets
import signal
import sqlite3
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path

from asylumatlas.web.faults import NotFoundError, WebError
from asylumatlas.web.jobs.folders import KEY, Results
from asylumatlas.web.jobs.orders import KINDS, OrderError, RunOrder
from asylumatlas.web.jobs.processes import Process
from asylumatlas.web.jobs.store import Job, Store
from asylumatlas.web.settings import Settings
from asylumatlas.web.shelf import LONGEST_TITLE, RUN, Shelf, in_one_line

LOGGER = logging.getLogger("asylumatlas.web")
BUSY, IDLE = 0.1, 0.5  # seconds between two looks, with and without a run
ATTEMPTS = 3  # after which a run that never ends well is given up
LEAST_FREE = 200_000_000  # bytes of the disk that stay free
LEAST_MEMORY = 2_000_000_000  # bytes
LOOKS = 20  # at the processes, for one at the bytes that they have written
SHARED_FROM = 40  # replications from which several processes are worth their start

Begin = Callable[..., Process]
Wanted = tuple[str, RunOrder, str, str | None, bool]  # what `Store.add` takes


class Jobs:
    """The runs asked for.

    Args:
        settings: where the app's folder is, and how much may be asked for.
        shelf: where finished runs are put.
        begin: starts a process; for tests.
    """

    def __init__(self, settings: Settings, shelf: Shelf, begin: Begin = Process) -> None:
        self.bounds = settings.bounds
        self.shelf = shelf
        self.store = Store(settings.folder / "jobs.sqlite")
        self.results = Results(settings.folder / "results")
        self._begin = begin
        self._lock_path = settings.folder / "jobs.lock"
        self._held = -1
        self._live: dict[str, Process] = {}
        self._askers: dict[str, set[str]] = {}  # in memory only: addresses are kept nowhere
        self._asking = threading.Lock()
        self._wake, self._over = threading.Event(), threading.Event()
        self._thread: threading.Thread | None = None
        self._looks = 0

    # ---- what the pages call

    def ask(self, kind: str, what: Mapping[str, object], client: str = "") -> str:
        """Ask for a run; the same is done once, whoever asks for it.

        Takes about 0.2 s, because the scenario is read: call it in a thread.

        Args:
            kind: one of `KINDS`.
            what: the fields of `RunOrder` by name.
            client: who asks, to hold each to a number; "" for nobody.

        Returns:
            The job's id.

        Raises:
            OrderError: a field that cannot be used.
            ScenarioError: a scenario that cannot be used; one line for each fault.
            WebError: too many wait; status 429.
        """
        if kind not in KINDS:
            raise OrderError(f"kind: must be one of {', '.join(KINDS)}.", where="kind")
        order = RunOrder.read(what, self.bounds.replications)
        scenario = order.load()
        if scenario.model.base_only:
            raise OrderError(f"{scenario.name}: is a base for other scenarios.", where="scenario")
        key, base = order.key(scenario), None
        wanted: list[Wanted] = []
        if (other := order.for_base(scenario)) is not None:
            below = other.load()
            base = other.key(below)
            wanted.append((base, other, _title(below.model.title), None, False))
        if base == key:
            base, wanted = None, []
        wanted.append((key, order, _title(scenario.model.title), base, True))
        with self._asking:
            self._refuse_too_many([each[0] for each in wanted], key, client)
            self.store.together(lambda: self._add(wanted))
            if client:
                self._askers.setdefault(key, set()).add(client)
        self._wake.set()
        return key

    def get(self, key: str) -> Job:
        """Return a job.

        Raises:
            NotFoundError: there is none of that id.
        """
        found = self.store.get(key) if KEY.fullmatch(key) else None
        if found is None:
            raise NotFoundError("jobs: there is no run of that number. /jobs lists all.", "id")
        return found

    def all(self) -> list[Job]:
        """Return all jobs, those asked for last first."""
        return self.store.all()

    def place(self, key: str) -> int:
        """Return how many come before a job that waits."""
        keys = [job.id for job in self.store.active()]
        return keys.index(key) if key in keys else 0

    def cancel(self, key: str, client: str = "") -> Job:
        """Take back what one reader asked for; the run ends unless others asked for it too.

        Args:
            key: the job's id.
            client: who asked; "" ends it for all.

        Returns:
            The job as it is now; still active where others wait for it.

        Raises:
            NotFoundError: there is none of that id.
        """
        job = self.get(key)
        with self._asking:
            askers = self._askers.get(key, set())
            askers.discard(client)
            if not (client and askers) and self.store.end(key, "cancelled"):
                self._askers.pop(key, None)
                self._cancel_base(job)
                if job.state == "waiting":  # put back by a server that ended
                    self.results.remove_unfinished(key)
        self._wake.set()
        return self.get(key)

    def folder(self, key: str) -> Path:
        """Return the run folder of a job that is done.

        Raises:
            NotFoundError: there is no such job, or no result of it.
        """
        job = self.get(key)
        if job.state != "done" or not self.results.is_whole(key):
            told = f"jobs: there is no result of this run, it is {job.state}"
            raise NotFoundError(f"{told}. See /jobs/{key}.", "id")
        return self.results.of(key)

    # ---- begin and end

    def start(self) -> None:
        """Look after the runs from now on, those that an earlier server left among them."""
        self._over.clear()
        self._thread = threading.Thread(target=self._tend, name="jobs", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Put the runs aside; the next server goes on with them."""
        self._over.set()
        self._wake.set()
        if self._thread is not None:
            self._thread.join()
        for key, process in self._live.items():
            process.end()
            self.store.put_back(key, counted=False)
        self._live.clear()
        self.store.close()
        if self._held >= 0:
            os.close(self._held)
            self._held = -1

    # ---- the thread that looks after them

    def _tend(self) -> None:
        last = ""
        while not self._over.is_set():
            try:
                self.look()
                last = ""
            except (OSError, sqlite3.Error) as error:  # a full disk, a locked table: later again
                said = getattr(error, "strerror", None) or str(error)
                if said != last:  # once, and not twice a second for as long as it lasts
                    LOGGER.error("jobs: %s", said)
                last = said
            self._wake.wait(BUSY if self._live else IDLE)
            self._wake.clear()

    def look(self) -> None:
        """Look once: note how far the runs are, end what is to end, begin what waits."""
        if self._leads():
            self._watch()
            self._begin_next()

    def _leads(self) -> bool:
        """Whether this server is the one that looks after the runs; it may just have become so."""
        if self._held >= 0:
            return True
        held = os.open(self._lock_path, os.O_RDWR | os.O_CREAT, 0o600)
        if not _lock(held):
            os.close(held)
            return False
        self._held = held
        self.store.put_back()
        jobs, whole = self.store.all(), set(self.results.whole())
        done = {job.id for job in jobs if job.state == "done"}
        for key in done - whole:
            self.store.remove(key)
        self.results.sweep(done & whole, {job.id for job in jobs if job.is_active})
        return True

    def _watch(self) -> None:
        self._looks += 1
        for key, process in list(self._live.items()):
            job = self.store.get(key)
            if job is None or job.state != "running":  # cancelled, by whichever server
                process.end()
                self._drop(key)
            elif not process.is_alive:
                self._finish(key, process)
            elif process.seconds > self.bounds.seconds:
                self._fail(key, f"took longer than {self.bounds.seconds} s; ask for less")
            elif self._looks % LOOKS == 0 and self.results.size(key) > self.bounds.disk:
                self._fail(key, f"wrote more than {self.bounds.disk / 1e9:.1f} GB; ask for less")
            elif (job.phase, job.done) != (process.phase, process.done):
                self.store.progress(key, process.phase, process.done)

    def _finish(self, key: str, process: Process) -> None:
        """A process has ended by itself: well, or with a word, or without."""
        code = process.close()
        if code == 0 and self.results.is_whole(key):
            del self._live[key]
            if self.store.end(key, "done"):
                self._show(key)
                self._make_room()
            else:
                self.results.remove(key)  # cancelled in the last moment
            return
        self._fail(key, process.told or _reason(code, process.fault))

    def _fail(self, key: str, message: str) -> None:
        self._live[key].end()
        self.store.end(key, "failed", message)
        self._drop(key)

    def _drop(self, key: str) -> None:
        """Clean up after a run that has not come to its end."""
        self._live.pop(key).close()
        self.results.remove(key)

    def _begin_next(self) -> None:
        while len(self._live) < self.bounds.running and (job := self.store.claim()):
            if job.attempts > ATTEMPTS:
                self.store.end(job.id, "failed", f"begun {ATTEMPTS} times and never ended well")
                self.results.remove(job.id)
            elif self._has_room():
                self.results.folder.mkdir(parents=True, exist_ok=True)
                folder, bounds = self.results.of(job.id), self._bounds(job)
                self._live[job.id] = self._begin(folder, job.asked, job.id, bounds, self._held)
            else:
                self.store.end(job.id, "failed", "the disk is full; free some, then ask again")

    def _bounds(self, job: Job) -> dict[str, int]:
        """What one run may use."""
        workers = min((os.cpu_count() or 1) // 2, 4) if job.total >= SHARED_FROM else 1
        memory = max(_memory() * 3 // 4, LEAST_MEMORY)
        kept = {"seconds": self.bounds.seconds, "disk": self.bounds.disk, "bytes": memory}
        return {**kept, "workers": max(workers, 1)}

    # ---- results

    def _show(self, key: str) -> None:
        """Put a result on the shelf; its statistics were made ready in its own process."""

        def prepare() -> None:
            with suppress(OSError, ValueError):
                self.shelf.prepare(f"{RUN}{key}")

        threading.Thread(target=prepare, name="facts of a run", daemon=True).start()

    def _has_room(self) -> bool:
        if self.results.free() < LEAST_FREE:
            self._make_room(everything=True)
        return self.results.free() >= LEAST_FREE

    def _make_room(self, everything: bool = False) -> None:
        """Take away the oldest results that nobody needs until the others fit.

        Args:
            everything: until the disk has room, however few they are.
        """
        jobs = self.store.all()
        done = sorted((job for job in jobs if job.state == "done"), key=lambda job: job.ended or 0)
        sizes = {job.id: self.results.size(job.id) for job in done}
        kept = {job.id for job in done}
        for job in done[:-1]:  # the newest stays, whatever its size
            fits = sum(sizes[key] for key in kept) <= self.bounds.disk
            if fits and not (everything and self.results.free() < LEAST_FREE):
                break
            needed = {other.base for other in jobs if other.is_active or other.id in kept}
            if job.id not in needed and self.store.remove(job.id):
                self.shelf.forget(f"{RUN}{job.id}")
                self.results.remove(job.id)
                kept.discard(job.id)
        self.store.forget_old()

    # ---- limits

    def _add(self, wanted: list[Wanted]) -> None:
        for each in wanted:
            self.store.add(*each)

    def _refuse_too_many(self, keys: list[str], key: str, client: str) -> None:
        """Refuse what would wait too long, or what one reader has enough of.

        Raises:
            WebError: status 429.
        """
        states = {job.id: job.state for job in self.store.active()}
        active = states.keys()
        self._askers = {each: who for each, who in self._askers.items() if each in active}
        new = [each for each in keys if each not in active and not self.results.is_whole(each)]
        if not new:
            return
        waiting = sum(state == "waiting" for state in states.values())
        if waiting + len(new) > self.bounds.waiting:
            told = f"jobs: {waiting} runs wait already. Try again in a few minutes."
            raise WebError(told, 429, headers={"Retry-After": "120"})
        own = [each for each in active if client and client in self._askers.get(each, ())]
        if key not in own and len(own) >= self.bounds.own:
            told = f"jobs: you have asked for {len(own)} runs that are not done. Wait for one"
            raise WebError(f"{told}, or cancel one.", 429, headers={"Retry-After": "60"})

    def _cancel_base(self, job: Job) -> None:
        """Take back the run to compare with, where only this one wanted it."""
        others = [each for each in self.store.active() if each.base == job.base]
        base = self.store.get(job.base) if job.base else None
        if base is not None and not base.direct and not others:
            self.store.end(base.id, "cancelled")


def _title(text: str) -> str:
    """A scenario's title as the list of all runs shows it, which everybody reads."""
    return in_one_line(text, LONGEST_TITLE) or "-"


def _lock(held: int) -> bool:
    """Lock a file for as long as it is open anywhere; False if another has it."""
    import fcntl

    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def _memory() -> int:
    """Bytes of memory that this machine has; 0 where it does not tell."""
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError):
        return 0


def _reason(code: int, fault: str) -> str:
    """What to tell of a process that ended without a word for readers."""
    number = secrets.token_hex(4)
    LOGGER.error("fault %s: run ended with %s %s", number, code, fault)
    if code == -signal.SIGXCPU:
        return f"took too much of the processor's time ({number}); ask for less"
    if code in (-signal.SIGKILL, -signal.SIGABRT):
        return f"was ended by the system, perhaps for want of memory ({number}); ask for less"
    return f"a fault of this program ended it; tell those who run it this number: {number}"
