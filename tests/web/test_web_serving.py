"""`asylumatlas serve` as a process: its first line, its end, and what it refuses."""

from __future__ import annotations

import os
import signal
import socket
import stat
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from asylumatlas.cli import main
from asylumatlas.cli.serving import named

COMMAND = [sys.executable, "-m", "asylumatlas", "serve"]


@contextmanager
def running(*words: object) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A server and the address that its first line gives."""
    command = [*COMMAND, *map(str, words)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        yield process, process.stdout.readline().strip()
    finally:
        process.kill()
        process.communicate()


def status_of(address: str) -> int:
    """The status of an answer that is a refusal."""
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(address, timeout=10)
    with caught.value as refusal:
        return refusal.code


def test_it_answers_and_ends(tmp_path: Path) -> None:
    home = tmp_path / "home"
    with running("--port", 0, "--home", home, "--no-demo") as (process, address):
        assert address.startswith("http://127.0.0.1:")
        with urllib.request.urlopen(f"{address}healthz", timeout=10) as answer:
            assert answer.read() == b"ok\n"
            assert "server" not in answer.headers
        assert stat.S_IMODE(home.stat().st_mode) == 0o700
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=20)
        assert process.returncode == 130
        assert out == ""
        assert err.strip().splitlines()[-1].startswith("asylumatlas: stopped; ")
        assert "Traceback" not in err


def test_the_log_holds_nothing_of_what_was_asked(tmp_path: Path) -> None:
    with running("--port", 0, "--home", tmp_path, "--no-demo") as (process, address):
        for path in ("nothing?name=Maria", "statistics/x?where=Maria"):
            assert status_of(address + path) == 404
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=20)
        assert "Maria" not in out + err
        assert "127.0.0.1" not in out + err


def test_a_taken_port_is_told_in_one_line(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert main(["serve", "--port", str(port), "--home", str(tmp_path), "--no-demo"]) == 1
    said = capfd.readouterr().err.strip().splitlines()
    assert len(said) == 1
    assert f"--port {port}" in said[0]
    assert "--port 0" in said[0]


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["--host", "0.0.0.0"], 2, "needs a token"),
        (["--host", "0.0.0.0", "--token", "short"], 2, "can be guessed"),
        (["--token", "a" * 20, "--token-file", "x"], 2, "give one of them"),
        (["--log", "a="], 2, "--log NAME=DIR"),
        (["--log", "A B=x"], 2, "no name for a link"),
        (["--port", "x"], 2, "not a whole number"),
        (["--log", "a=missing"], 1, "no such folder"),
        (["--token-file", "missing"], 1, "No such file"),
    ],
)
def test_words_that_cannot_be_obeyed(
    words: list[str], code: int, said: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert main(["serve", "--home", str(tmp_path), "--no-demo", *words]) == code
    lines = capfd.readouterr().err.strip().splitlines()
    assert len(lines) == 1
    assert said in lines[0]


def test_a_home_that_cannot_be_made(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").touch()
    assert main(["serve", "--home", str(tmp_path / "file" / "in"), "--no-demo"]) == 1
    assert "--home" in capfd.readouterr().err


def test_a_token_file(tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text("a-token-of-the-tests\n")
    options = ["--port", 0, "--home", tmp_path, "--no-demo", "--token-file", file]
    with running(*options) as (_, address):
        assert status_of(address) == 401
        asked = urllib.request.Request(
            address, headers={"Authorization": "Bearer a-token-of-the-tests"}
        )
        with urllib.request.urlopen(asked, timeout=10) as answer:
            assert answer.status == 200


def test_names_of_logs() -> None:
    assert named("records=court/log") == ("records", Path("court/log"))
    assert named("runs/Caravan 2018")[0] == "caravan-2018"
    assert named(os.curdir)[0]


def test_the_server_loads_no_compiler() -> None:
    """numba stays in the processes that simulate: it costs memory and a second."""
    code = (
        "import sys, tempfile\n"
        "from asylumatlas.web import Settings, make_app\n"
        "make_app(Settings(home=tempfile.mkdtemp()))\n"
        "print(sorted({m.split('.')[0] for m in sys.modules} & {'numba', 'scipy', 'dask'}))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout.strip() == "[]", done.stdout + done.stderr
