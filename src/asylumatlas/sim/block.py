"""Blocks of replications: what is sent to a worker, wherever it is, and what comes back.

A worker that sees the run's folder writes its parts of the log there. One that does not, on another
machine, sends the files with its answer, and they are written here: the same bytes either way.
"""

from __future__ import annotations

import hashlib
import secrets
import threading
from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from asylumatlas import __version__
from asylumatlas.disk import store_whole
from asylumatlas.ensembles import EnsembleError, Journal, pieces
from asylumatlas.ensembles.journal import MISSING
from asylumatlas.events.columns import TABLES
from asylumatlas.scenario import Scenario
from asylumatlas.sim.folder import BLOCKS
from asylumatlas.sim.replication import Replication, RunError, Worker

Progress = Callable[[int, int], None]
HERE = ".here-"  # begins the name of the file by which a worker knows the run's folder


@dataclass
class Block:
    """Some replications, and their parts of the log.

    Attributes:
        replications: in order.
        parts: what `write_part` returned for each part.
        files: content of the parts' files by name, where they are not in the run's folder yet.
    """

    replications: list[Replication]
    parts: list[dict[str, Any]]
    files: dict[str, bytes] = field(default_factory=dict)

    def land(self, folder: Path) -> None:
        """Write the files that came along."""
        for name in list(self.files):
            store_whole(folder / name, self.files[name])
            del self.files[name]


@dataclass(frozen=True)
class Order:
    """What all blocks of a run share, as it is sent to the workers.

    Attributes:
        scenario, seed, replications: the run.
        folder: where the log goes, `None` without a log.
        token: names the run among all that ever were.
    """

    scenario: Scenario
    seed: int
    replications: int
    folder: str | None
    token: str = field(default_factory=lambda: secrets.token_hex(8))

    def mark(self) -> Path:
        """The file by which a worker knows that it sees the run's folder and no other."""
        assert self.folder is not None
        return Path(self.folder) / f"{HERE}{self.token}"

    def sees_folder(self) -> bool:
        """Whether this process sees the run's folder."""
        return self.mark().is_file()


_own = threading.local()


def _worker(order: Order) -> Worker:
    """This thread's worker for a run, kept until another run's block comes."""
    if getattr(_own, "token", None) != order.token:
        _own.worker = Worker(order.scenario, order.seed, order.replications)
        _own.token = order.token
    worker: Worker = _own.worker
    return worker


def forget() -> None:
    """Let go of this thread's worker, and of the memory it has."""
    _own.__dict__.clear()


def do_block(order: Order, numbers: range) -> Block:
    """Some replications, here: a pure function, but for the files it writes."""
    worker = _worker(order)
    if order.folder is None:
        return Block(worker.block(numbers, None)[0], [])
    if order.sees_folder():
        return Block(*worker.block(numbers, Path(order.folder)))
    with TemporaryDirectory(prefix="asylumatlas-") as name:
        folder = Path(name)
        done, parts = worker.block(numbers, folder)
        files = [part[table]["file"] for part in parts for table in TABLES]
        return Block(done, parts, {file: (folder / file).read_bytes() for file in files})


class BlockJournal(Journal):
    """Finished blocks; their parts of the log lie in the run's folder, not in the journal."""

    def __init__(self, folder: Path, key: str) -> None:
        super().__init__(folder / BLOCKS, key)
        self.run_folder = folder

    def store(self, number: int, result: Any) -> None:
        """Keep a block, its files first."""
        result.land(self.run_folder)
        super().store(number, result)

    def load(self, number: int) -> Any:
        """A block whose files are all there and whole, else `MISSING`."""
        block = super().load(number)
        if block is MISSING:
            return MISSING
        for part in block.parts:
            for table in TABLES:
                if not _is_whole(self.run_folder / part[table]["file"], part[table]):
                    return MISSING
        return block


def _is_whole(path: Path, entry: dict[str, Any]) -> bool:
    try:
        if path.stat().st_size != entry["bytes"]:
            return False
        with path.open("rb") as file:
            return bool(hashlib.file_digest(file, "sha256").hexdigest() == entry["sha256"])
    except OSError:
        return False


def key_of(scenario: Scenario, seed: int, replications: int, log: bool) -> str:
    """All that a run's blocks depend on, this program's own text included."""
    from importlib.metadata import version

    digest = hashlib.sha256()
    package = Path(__file__).parents[1]
    for room in ("events", "process", "scenario", "parameters", "sim"):
        for path in sorted((package / room).rglob("*.py")):
            digest.update(path.name.encode() + path.read_bytes())
    libraries = [f"{name} {version(name)}" for name in ("numpy", "pyarrow")]
    words = [scenario.name, scenario.fingerprint, seed, replications, log, *libraries]
    return " ".join(map(str, [__version__, digest.hexdigest(), *words]))


@dataclass(frozen=True)
class Hands:
    """Who does the work: `workers` processes, unless an executor or a Dask scheduler is named."""

    workers: int = 1
    executor: Executor | None = None
    scheduler: str | None = None


def replicate(
    worker: Worker, work: Path, log: bool, hands: Hands, key: str, progress: Progress | None
) -> list[Block]:
    """All replications of a run, in order.

    Args:
        worker: says how the replications are cut into blocks.
        work: the run's folder; it must exist.
        log: whether parts of the log are written there.
        hands: who does the work.
        key: under which finished blocks are kept in the folder, "" for not at all.
        progress: called with (replications done, replications in all).

    Raises:
        RunError: workers that keep dying, a scheduler that does not answer or has gone.
    """
    rules, total = worker.rules, worker.replications
    cut = worker.blocks()
    folder = str(work.absolute()) if log else None
    order = Order(rules.scenario, rules.seed, total, folder)

    def tell(done: int, _: int) -> None:
        if progress:
            progress(min(done * len(cut[0]), total), total)

    blocks: list[Block] = []
    try:
        if log:
            order.mark().touch()
        for block in pieces(
            do_block,
            cut,
            workers=hands.workers,
            executor=hands.executor,
            scheduler=hands.scheduler,
            journal=BlockJournal(work, key) if key else None,
            progress=tell,
            common=(order,),
        ):
            block.land(work)
            blocks.append(block)
    except EnsembleError as error:
        raise RunError(f"{rules.scenario.name}: {error.reason}{_kept(error, bool(key))}") from error
    finally:
        forget()
        if log:
            order.mark().unlink(missing_ok=True)
    return blocks


def _kept(error: EnsembleError, is_kept: bool) -> str:
    """What of the run was saved, and how to go on."""
    if not error.total:  # it never began
        return ""
    if not is_kept:
        return "; nothing was saved, as resume was not on"
    share = f"{error.saved} of {error.total} blocks of replications are saved"
    return f"; {share}: the same run with resume goes on from them"
