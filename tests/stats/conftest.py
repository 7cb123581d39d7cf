"""Small facts made by hand, and the engines on which every count must be the same.

The PostgreSQL here is a real one, started for the session in a folder of its own: no port, no
password, gone at the end. ASYLUMATLAS_SKIP_POSTGRES=1 leaves its tests out.
"""

import itertools
import os
import pwd
import shutil
import subprocess
import tempfile
import time
from collections import Counter
from datetime import date
from pathlib import Path

import pg8000
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from asylumatlas.stats.counts import Connection, DuckDB, load_postgres
from asylumatlas.stats.facts.columns import TABLES, arrow_schema
from asylumatlas.stats.facts.storage import Facts

AS_OF = date(2018, 6, 30)
PLAIN = {
    "replication": 0,
    "nationality": "HND",
    "kind": "family",
    "entry_route": "between_ports",
    "claim": True,
    "event": "court_decision",
    "date": date(2016, 1, 15),
    "nth": 1,
    "last": True,
    "case_known": True,
    "spell": "court_active",
    "start": date(2016, 1, 15),
    "days": 10,
    "known_start": True,
    "stage": "court",
    "from_entry_in": 0,
    "from_entry_out": 10,
    "meter": "beds",
    "unit": "days",
    "amount": 1.0,
}


def find_server():
    """The folder of PostgreSQL's programs, or None; Debian keeps them out of the PATH."""
    debian = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda p: -float(p.parts[-2]))
    found = shutil.which("initdb")
    for folder in [*([Path(found).parent] if found else []), *debian]:
        if (folder / "initdb").exists() and (folder / "postgres").exists():
            return folder
    return None


def unprivileged():
    """Who runs the server: PostgreSQL refuses root. None for the person who runs the tests."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise RuntimeError("root cannot run PostgreSQL, and there is no user postgres or nobody")


def connect(socket):
    return pg8000.connect(user="atlas", database="postgres", unix_sock=str(socket))


def wait_for(server, socket, log):
    """Return once the server answers; fail with its own last words if it ends instead."""
    for _ in range(600):
        if server.poll() is not None:
            break
        try:
            connect(socket).close()
        except (OSError, pg8000.exceptions.Error):
            time.sleep(0.05)
        else:
            return
    raise RuntimeError(f"PostgreSQL did not start: {log.read_text()[-500:]}")


@pytest.fixture(scope="session")
def postgres():
    """Connections to a PostgreSQL of this session's own; each worker of xdist has one."""
    if os.environ.get("ASYLUMATLAS_SKIP_POSTGRES") == "1":
        pytest.skip("ASYLUMATLAS_SKIP_POSTGRES=1")
    programs = find_server()
    if programs is None:
        pytest.fail("no PostgreSQL: apt-get install postgresql, or ASYLUMATLAS_SKIP_POSTGRES=1")
    owner = unprivileged()
    folder = Path(tempfile.mkdtemp(prefix="pg-"))  # short: a socket's path has at most 107 bytes
    who = {}
    if owner:
        os.chown(folder, owner.pw_uid, owner.pw_gid)
        who = {"user": owner.pw_uid, "group": owner.pw_gid, "extra_groups": []}
    data, log = folder / "data", folder / "server.log"
    init = [programs / "initdb", "-D", data, "-U", "atlas", "-A", "trust", "--no-sync"]
    made = subprocess.run(
        [*init, "-E", "UTF8", "--locale=C"], cwd=folder, capture_output=True, text=True, **who
    )
    assert made.returncode == 0, made.stderr
    command = [programs / "postgres", "-D", data, "-k", folder, "-c", "listen_addresses=", "-F"]
    socket = folder / ".s.PGSQL.5432"
    with log.open("wb") as written:
        server = subprocess.Popen(command, cwd=folder, stdout=written, stderr=written, **who)
    opened = []

    def connection():
        opened.append(connect(socket))
        return opened[-1]

    try:
        wait_for(server, socket, log)
        yield connection
    finally:
        for each in opened:
            each.close()
        server.terminate()
        try:
            server.wait(20)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()
        shutil.rmtree(folder, ignore_errors=True)


class Engines:
    """Makes engines of one kind for facts, and clears up after each."""

    def __init__(self, connection=None):
        self.connection = connection
        self.numbers = itertools.count()
        self.opened = []

    def __call__(self, facts):
        if self.connection is None:
            self.opened.append(DuckDB(facts, threads=2))
            return self.opened[-1]
        prefix = f"t{next(self.numbers)}_"
        load_postgres(facts, self.connection, prefix)
        self.opened.append(prefix)
        return Connection(self.connection, prefix=prefix)

    def clear(self):
        for each in self.opened:
            if self.connection is None:
                each.close()
            else:
                cursor = self.connection.cursor()
                for table in TABLES:
                    cursor.execute(f'DROP TABLE "{each}{table}"')
                self.connection.commit()
                cursor.close()
        self.opened.clear()


@pytest.fixture(scope="session", params=["duckdb", "postgres"])
def engine(request):
    """Every engine in turn: a function from facts to what counts them."""
    connection = request.getfixturevalue("postgres")() if request.param == "postgres" else None
    engines = Engines(connection)
    yield engines
    engines.clear()


@pytest.fixture(scope="session")
def facts_of(tmp_path_factory):
    """A function that writes rows as facts: `facts_of(moments=[{...}], parts=2)`.

    `lacking` names columns that the log is to be without.
    """
    numbers = itertools.count()
    base = tmp_path_factory.mktemp("facts")

    def make(*, parts=1, log=None, as_of=AS_OF, replications=(0, 1), lacking=(), **tables):
        number = next(numbers)
        folder = base / str(number)
        rows = {}
        for table, columns in TABLES.items():
            (folder / table).mkdir(parents=True)
            names = [column.name for column in columns]
            rows[table] = [
                {name: row.get(name, PLAIN.get(name)) for name in names}
                for row in tables.get(table, [])
            ]
            many = 1 if table == "meters" else parts
            for part in range(many):
                share = rows[table][part::many]
                written = pa.Table.from_pylist(share, schema=arrow_schema(table))
                pq.write_table(written, folder / table / f"part-{part:05}.parquet")
        return Facts(
            folder=folder,
            log=log or f"{number:064x}",
            as_of=as_of,
            fingerprint=str(number),
            replications=tuple(replications),
            draws={number: number for number in replications},
            words=words_of(rows),
            columns={c.name: int(c.name not in lacking) for c in TABLES["moments"]},
            events=Counter(row["event"] for row in rows["moments"]),
            spells=Counter(row["spell"] for row in rows["spells"]),
            rows={table: len(found) for table, found in rows.items()},
            left_out={},
        )

    return make


def words_of(rows):
    words = {}
    for table, columns in TABLES.items():
        for column in columns:
            if column.type == "text":
                found = (row[column.name] for row in rows[table] if row[column.name] is not None)
                words.setdefault(column.name, Counter()).update(found)
    return words
