"""The logs that the app shows: those it was given, the built-in ones, and results of runs.

A log's facts are what statistics count in; they are made in the background when the server
starts, so that a page of a log not ready yet can say so at once.
"""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from asylumatlas.events import Log, LogError, open_log
from asylumatlas.stats.errors import suggestion
from asylumatlas.web import demo
from asylumatlas.web.faults import NotFoundError
from asylumatlas.web.settings import Settings, SettingsError

RUN = "run-"  # what names of results begin with
LOOKED = 1.0  # seconds for which results are not looked for again
LONGEST_TITLE, LONGEST_NOTE = 160, 600  # letters; other people's words stand on every page
_KEY = re.compile(r"[0-9a-f]{16}")


@dataclass(frozen=True)
class ShelfLog:
    """One log as the pages name it.

    Attributes:
        name: what it is called in links.
        title: what readers call it.
        note: what the log says of itself, such as that its people are made up; "" for nothing.
        log: the opened log.
        source: what kind of source the log says it is, such as ``simulation`` or ``records``.
        built_in: whether it came with the program.
    """

    name: str
    title: str
    note: str
    log: Log
    source: str
    built_in: bool = False

    @property
    def folder(self) -> Path:
        """Where the log lies."""
        return self.log.folder

    @property
    def root(self) -> Path:
        """The folder around the log: of the dataset or the run that it belongs to."""
        above = self.log.folder.parent
        return above if (above / "dataset.json").is_file() else self.log.folder

    @property
    def fingerprint(self) -> str:
        """What to cite, and what its answers are kept by."""
        return self.log.fingerprint

    @property
    def as_of(self) -> str:
        """Its last day, ISO 8601."""
        return self.log.as_of.isoformat()

    @property
    def caveats(self) -> tuple[str, ...]:
        """What the log's maker warns of."""
        return tuple(str(each) for each in self.log.manifest.details.get("caveats", ()))


class Stopped(ValueError):
    """The server ends while a log is being made ready."""


@dataclass
class Shelf:
    """The logs by name, in the order in which pages offer them.

    Attributes:
        settings: which logs there are.
        logs: what is open.
        failed: name -> why its facts cannot be made, in one line.
    """

    settings: Settings
    logs: dict[str, ShelfLog] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)
    _ready: set[str] = field(default_factory=set)
    _found: tuple[str, ...] = ()  # results, oldest first
    _looked: tuple[float, int] = (-LOOKED, 0)  # when, and the state of their folder then
    _looking: threading.RLock = field(default_factory=threading.RLock)
    _stopped: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    @classmethod
    def of(cls, settings: Settings) -> Shelf:
        """Return a shelf with the logs given and, unless told otherwise, the built-in ones.

        Raises:
            SettingsError: a folder is no log; one line with the remedy.
        """
        made = cls(settings)
        for name, folder in settings.logs:
            try:
                made.logs[name] = describe(name, open_log(folder))
            except LogError as error:
                raise SettingsError(f"--log {name}: {error}") from error
        if settings.demo:
            for name, folder in demo.unpacked(settings.folder):
                title = str(demo.book()[name]["title"])
                made.logs.setdefault(name, describe(name, open_log(folder), title, built_in=True))
        return made

    def names(self) -> list[str]:
        """Return the names of all logs: those given, the built-in ones, results of runs."""
        found = self._results()
        return [*(name for name in self.logs if not name.startswith(RUN)), *found]

    def all(self) -> list[ShelfLog]:
        """Return all logs, in the order of `names`."""
        names, logs = self.names(), self.logs
        return [logs[name] for name in names if name in logs]

    def get(self, name: str | None = None) -> ShelfLog:
        """Return a log by its name, the first one by default.

        Raises:
            NotFoundError: there is no log of that name.
        """
        known = self.names()
        if name is None and known:
            name = known[0]
        if name is None:
            raise NotFoundError("log: this server shows none. Start it with --log NAME=DIR.", "log")
        if name not in known and self._is_new(name):
            known = [*known, *self._results(anew=True)]
        found = self.logs.get(name) if name in known else None
        if found is None:
            raise NotFoundError(f'log: no log "{name}" here.{suggestion(name, known)}', "log")
        return found

    def forget(self, name: str) -> None:
        """Take a result off the shelf, because its folder goes."""
        with self._looking:
            self._found = tuple(each for each in self._found if each != name)
            self.logs = {each: log for each, log in self.logs.items() if each != name}
            self.failed.pop(name, None)
            self._ready.discard(name)

    def ready(self, name: str) -> bool:
        """Whether a log can be asked without first being made ready."""
        return name in self._ready

    def prepare(self, name: str) -> None:
        """Make a log's facts, or find them made.

        Raises:
            ValueError: they cannot be made; one line, kept in `failed` too.
        """
        from asylumatlas import stats

        def told(*_: object) -> None:
            if self._stopped.is_set():
                raise Stopped("stopped before the facts were made")

        try:
            stats.prepare(self.get(name).log, progress=told)
        except Stopped:
            raise
        except ValueError as error:
            self.failed[name] = str(error)
            raise
        self._ready.add(name)

    def start(self) -> threading.Thread:
        """Make every log ready, one after the other, in a thread of their own."""
        self._thread = threading.Thread(target=self._prepare_all, name="facts", daemon=True)
        self._thread.start()
        return self._thread

    def wait(self, seconds: float = 60.0) -> bool:
        """Wait until every log has been made ready; whether none is left to do."""
        if self._thread is not None:
            self._thread.join(seconds)
        return self._thread is None or not self._thread.is_alive()

    def stop(self) -> None:
        """Begin no further log."""
        self._stopped.set()

    def _prepare_all(self) -> None:
        for name in self.names():
            if self._stopped.is_set():
                return
            try:
                self.prepare(name)
            except (OSError, ValueError) as error:
                self.failed[name] = str(error).splitlines()[0]

    def _results(self, anew: bool = False) -> tuple[str, ...]:
        """Results of runs by name, oldest first, as they were a moment ago.

        They may be many hundreds, and every page asks for them.
        """
        with self._looking:
            when, state = self._looked
            if anew or time.monotonic() - when >= LOOKED or state != self._state():
                self._looked = (time.monotonic(), self._state())
                self._look()
            return self._found

    def _state(self) -> int:
        """What changes when a result comes or goes."""
        try:
            return (self.settings.folder / "results").stat().st_mtime_ns
        except OSError:
            return 0

    def _look(self) -> None:
        """Open results that are new; what is gone or damaged is not on the shelf."""
        there = self._folders()
        for name in [name for name in self._found if name not in there]:
            self.forget(name)  # another server has taken it away
        new = {}
        for name, folder in there.items():
            if name not in self.logs:
                try:
                    new[name] = describe(name, open_log(folder))
                except (LogError, OSError):
                    self.failed[name] = "this result is damaged or of another version"
        self.logs = {**self.logs, **new}
        self._found = tuple(name for name in there if name in self.logs)

    def _folders(self) -> dict[str, Path]:
        """Folders of results by name, oldest first: those whose log is whole."""
        folder = self.settings.folder / "results"
        if not folder.is_dir():
            return {}
        found = []
        for each in folder.iterdir():
            try:
                found.append(((each / "log.json").stat().st_mtime, each.name, each))
            except OSError:  # not yet whole, or just taken away
                continue
        return {f"{RUN}{name}": each for _, name, each in sorted(found) if name[0] != "."}

    def _is_new(self, name: str) -> bool:
        """Whether a name is that of a result which came after the last look."""
        key = name.removeprefix(RUN)
        if key == name or not _KEY.fullmatch(key):
            return False
        return (self.settings.folder / "results" / key / "log.json").is_file()


def describe(name: str, log: Log, title: str = "", built_in: bool = False) -> ShelfLog:
    """Return a log as the pages name it: its own title and note, where it gives them.

    Args:
        name: what it is called in links.
        log: the opened log.
        title: what readers call it, instead of its own title.
        built_in: whether it came with the program.
    """
    details = log.manifest.details
    scenario = details.get("scenario")
    told = scenario.get("title") if isinstance(scenario, Mapping) else None
    title = title or str(details.get("title") or told or details.get("release") or name)
    note = str(details.get("note") or "")
    if not note and details.get("synthetic"):  # the first caveat of made-up records says so
        note = str([*details.get("caveats", ()), "Synthetic: nobody in it exists."][0])
    title, note = in_one_line(title, LONGEST_TITLE) or name, in_one_line(note, LONGEST_NOTE)
    return ShelfLog(name, title, note, log, str(log.manifest.source), built_in)


def in_one_line(text: str, most: int) -> str:
    r"""Return somebody else's words as a heading: one line, nothing that cannot be seen.

    Args:
        text: as it was written.
        most: letters, after which it is cut.

    Example:
        >>> in_one_line("What if\n\x00\u202eevery seat is filled?", 60)
        'What if every seat is filled?'
        >>> in_one_line("a long title", 8)
        'a long…'
    """
    seen = "".join(sign if sign.isprintable() else " " for sign in text[: 4 * most])
    line = " ".join(seen.split())
    return line if len(line) <= most else line[: most - 1].rstrip() + "…"
