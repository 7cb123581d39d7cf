"""The table of jobs: what was asked, how far it is, how it ended. It outlives the server.

Every change of a state is one statement that says which state it leaves, so that a reader who
cancels and a run that ends at the same time cannot both win.
"""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from asylumatlas.web.jobs.orders import RunOrder

STATES = ("waiting", "running", "done", "failed", "cancelled", "removed")
ACTIVE = ("waiting", "running")
PHASES = ("", "starting", "simulating", "counting")
LAYOUT = 1  # of the table; it rises when an older program could not read it
KEPT_ROWS = 500  # jobs without a result that are remembered
_TABLE = """
create table if not exists jobs (
  id text primary key,
  kind text not null,
  asked text not null,
  title text not null,
  state text not null
    check (state in ('waiting', 'running', 'done', 'failed', 'cancelled', 'removed')),
  phase text not null default '',
  done integer not null default 0,
  total integer not null default 0,
  message text not null default '',
  made real not null,
  started real,
  ended real,
  attempts integer not null default 0,
  base text,
  direct integer not null default 1
) strict
"""
_AGAIN = "state in ('failed', 'cancelled', 'removed')"


@dataclass(frozen=True)
class Job:
    """One run asked for.

    Attributes:
        id: 16 hexadecimal digits, made of what was asked.
        kind: ``run``.
        asked: the order, as JSON.
        title: the scenario's own.
        state: one of `STATES`; ``removed`` is a result that made room for others.
        phase: while it runs, one of `PHASES`.
        done: replications done, about.
        total: replications in all.
        message: why it failed; one line.
        made: when it was asked for, in seconds since 1970; so are the others.
        started: when it was begun last.
        ended: when it ended.
        attempts: how often it was begun.
        base: id of the run to compare with.
        direct: whether a reader asked for it, and not only for another that is compared with it.
    """

    id: str
    kind: str
    asked: str
    title: str
    state: str
    phase: str
    done: int
    total: int
    message: str
    made: float
    started: float | None
    ended: float | None
    attempts: int
    base: str | None
    direct: int

    @property
    def order(self) -> RunOrder:
        """What was asked."""
        return RunOrder.of(self.asked)

    @property
    def is_active(self) -> bool:
        """Whether it waits or runs."""
        return self.state in ACTIVE

    @property
    def log(self) -> str | None:
        """The name of its log on the shelf, once there is one."""
        return f"run-{self.id}" if self.state == "done" else None

    @property
    def seconds(self) -> float | None:
        """How long it has run or ran, in seconds."""
        if self.started is None:
            return None
        return max((self.ended or time.time()) - self.started, 0.0)

    def to_dict(self) -> dict[str, Any]:
        """Return the job as JSON-ready values."""
        order = self.order
        return {
            "id": self.id,
            "kind": self.kind,
            "state": self.state,
            "phase": self.phase if self.state == "running" else "",
            "title": self.title,
            "scenario": order.scenario or order.name,
            "set": dict(order.set),
            "is_text": bool(order.toml),
            "replications": order.replications,
            "seed": order.seed,
            "done": self.done,
            "total": self.total,
            "message": self.message,
            "made": _moment(self.made),
            "started": _moment(self.started),
            "ended": _moment(self.ended),
            "base": self.base,
            "log": self.log,
            "command": order.command(),
        }


_COLUMNS = tuple(each.name for each in fields(Job))


class Store:
    """The table, in one file.

    Args:
        path: of the file; made if there is none. One that is damaged is put aside.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.RLock()
        self._open: sqlite3.Connection | None = None

    @property
    def _database(self) -> sqlite3.Connection:
        """The open table; it is opened when it is first asked."""
        if self._open is None:
            self._open = _opened_or_anew(self.path)
        return self._open

    def close(self) -> None:
        """Let go of the file until something is asked again."""
        with self._lock:
            if self._open is not None:
                self._open.close()
                self._open = None

    def get(self, key: str) -> Job | None:
        """Return a job, ``None`` if there is none of that id."""
        found = self._jobs("where id = ?", (key,))
        return found[0] if found else None

    def all(self) -> list[Job]:
        """Return all jobs, those asked for last first."""
        return self._jobs("order by made desc, rowid desc")

    def active(self) -> list[Job]:
        """Return those that run or wait, in the order in which they are done."""
        return self._jobs(f"where state in {ACTIVE} order by state = 'waiting', made, rowid")

    def add(self, key: str, order: RunOrder, title: str, base: str | None, direct: bool) -> None:
        """Let a job wait, unless it does already, runs, or is done."""
        now = time.time()
        self._do(
            "insert into jobs (id, kind, asked, title, state, total, made, base, direct) "
            "values (?, 'run', ?, ?, 'waiting', ?, ?, ?, ?) on conflict (id) do update set "
            "direct = max(direct, excluded.direct), base = coalesce(excluded.base, base), "
            "asked = case when excluded.base is null then asked else excluded.asked end",
            (key, order.to_text(), title, order.replications, now, base, int(direct)),
        )
        self._do(
            "update jobs set state = 'waiting', message = '', phase = '', done = 0, attempts = 0, "
            f"made = ?, started = null, ended = null, direct = ? where id = ? and {_AGAIN}",
            (now, int(direct), key),
        )

    def claim(self) -> Job | None:
        """Take the job that has waited longest, ``None`` if none waits."""
        with self._lock:
            row = self._database.execute(
                "update jobs set state = 'running', phase = 'starting', started = ?, "
                "attempts = attempts + 1 where id = (select id from jobs where state = 'waiting' "
                f"order by made, rowid limit 1) returning {', '.join(_COLUMNS)}",
                (time.time(),),
            ).fetchone()
        return Job(*row) if row else None

    def progress(self, key: str, phase: str, done: int) -> None:
        """Note how far a job is; what was done once stays done."""
        self._do(
            "update jobs set phase = ?, done = max(done, ?) where id = ? and state = 'running'",
            (phase, done, key),
        )

    def end(self, key: str, state: str, message: str = "") -> bool:
        """Note that an active job has ended; False if it had ended before."""
        changed = self._do(
            "update jobs set state = ?, message = ?, ended = ?, phase = '', "
            "done = case when ? = 'done' then total else done end "
            f"where id = ? and state in {ACTIVE}",
            (state, message, time.time(), state, key),
        )
        return changed > 0

    def put_back(self, key: str | None = None, counted: bool = True) -> None:
        """Let running jobs wait again: one, or all that a server left when it ended.

        Args:
            key: of the job; ``None`` for all.
            counted: whether it counts as an attempt.
        """
        self._do(
            "update jobs set state = 'waiting', phase = '', attempts = attempts - ? "
            "where state = 'running' and (? is null or id = ?)",
            (0 if counted else 1, key, key),
        )

    def remove(self, key: str) -> bool:
        """Note that a result has made room; False if there was none."""
        changed = self._do(
            "update jobs set state = 'removed' where id = ? and state = 'done'", (key,)
        )
        return changed > 0

    def forget_old(self) -> None:
        """Forget the oldest jobs without a result where there are very many."""
        self._do(
            f"delete from jobs where {_AGAIN} and id not in "
            f"(select id from jobs where {_AGAIN} order by made desc limit {KEPT_ROWS})"
        )

    def _do(self, statement: str, values: tuple[object, ...] = ()) -> int:
        """Change something; how many rows it was."""
        with self._lock:
            return self._database.execute(statement, values).rowcount

    def _jobs(self, rest: str, values: tuple[object, ...] = ()) -> list[Job]:
        with self._lock:
            rows = self._database.execute(f"select {', '.join(_COLUMNS)} from jobs {rest}", values)
            return [Job(*row) for row in rows]

    def together(self, work: Callable[[], None]) -> None:
        """Do several changes as one, or none."""
        with self._lock:
            self._database.execute("begin immediate")
            try:
                work()
            except BaseException:
                self._database.execute("rollback")
                raise
            self._database.execute("commit")


def _opened_or_anew(path: Path) -> sqlite3.Connection:
    """Open the table; a file that is none is put aside for a new one."""
    try:
        return _opened(path)
    except sqlite3.OperationalError:  # locked, or a disk that is full: the file itself is sound
        raise
    except sqlite3.DatabaseError:
        for end in ("-wal", "-shm"):
            Path(f"{path}{end}").unlink(missing_ok=True)
        path.replace(path.with_suffix(".damaged"))
        return _opened(path)


def _opened(path: Path) -> sqlite3.Connection:
    database = sqlite3.connect(path, isolation_level=None, timeout=5, check_same_thread=False)
    try:
        database.executescript(
            "pragma journal_mode = wal; pragma synchronous = normal; pragma busy_timeout = 5000;"
        )
        layout = database.execute("pragma user_version").fetchone()[0]
        if layout not in (0, LAYOUT):
            raise sqlite3.DatabaseError("another layout")
        database.execute(_TABLE)
        database.execute(f"pragma user_version = {LAYOUT}")
        database.execute("select count(*) from jobs").fetchone()
    except BaseException:
        with suppress(sqlite3.Error):
            database.close()
        raise
    return database


def _moment(seconds: float | None) -> str | None:
    """A moment as text, ISO 8601 in universal time."""
    if seconds is None:
        return None
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
