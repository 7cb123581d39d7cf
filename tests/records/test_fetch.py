"""The download, against a server in this process that misbehaves in one way at a time."""

import contextlib
import hashlib
import http.server
import io
import json
import random
import shutil
import threading
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from asylumatlas.cli import main
from asylumatlas.records.fetching import download, partial, server
from asylumatlas.records.fetching.download import FetchError, fetch
from asylumatlas.records.files.archive import entries

DATE, LATER = "Wed, 01 Apr 2026 06:00:00 GMT", "Fri, 01 May 2026 06:00:00 GMT"


def zipped(seed: int, size: int = 400_000) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("2026-0401/A_TblCase.csv", random.Random(seed).randbytes(size))
    return file.getvalue()


OLD, NEW = zipped(1), zipped(2, 410_000)


class Handler(http.server.BaseHTTPRequestHandler):
    """Serves `self.server.site`, and what a test puts into its way."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        site = self.server.site  # type: ignore[attr-defined]
        site.asked.append((self.path, dict(self.headers)))
        turn = len(site.asked)
        for trick in site.tricks:
            if trick(self, turn):
                self.close_connection = True
                return
        self.serve()

    def serve(
        self,
        *,
        drop: int | None = None,
        ranges: bool = True,
        say_length: int | None = None,
        say_start: int | None = None,
        validators: bool = True,
    ) -> None:
        """Answer as a good server would, but for what is asked."""
        site = self.server.site  # type: ignore[attr-defined]
        content, start = site.content, 0
        headers = {}
        if validators:
            headers = {"ETag": site.etag, "Last-Modified": site.modified}
        if site.etag.removeprefix("W/") in self.headers.get("If-None-Match", ""):
            self.answer(304, headers)
            return
        total = len(content) if say_length is None else say_length
        if ranges and "Range" in self.headers:
            start = int(self.headers["Range"].removeprefix("bytes=").removesuffix("-"))
            if start >= len(content):
                self.answer(416, {**headers, "Content-Range": f"bytes */{len(content)}"})
                return
            said = start if say_start is None else say_start
            headers["Content-Range"] = f"bytes {said}-{total - 1}/{total}"
        headers["Content-Length"] = str(total - start)
        body = content[start:] if drop is None else content[start : start + drop]
        self.answer(206 if start or "Content-Range" in headers else 200, headers, body)

    def answer(self, status: int, headers: dict[str, str], body: bytes = b"") -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        if "Content-Length" not in headers and "Transfer-Encoding" not in headers:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        with contextlib.suppress(OSError):  # the client may not want the rest
            self.wfile.write(body)
        self.close_connection = True

    def log_message(self, *_: object) -> None:
        pass


Trick = Callable[[Handler, int], bool]


@pytest.fixture
def site() -> Iterator[SimpleNamespace]:
    """A server; `tricks` are tried in turn with the number of the request, from 1."""
    web = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    url = f"http://127.0.0.1:{web.server_address[1]}/a.zip"
    web.site = SimpleNamespace(  # type: ignore[attr-defined]
        url=url, content=OLD, etag='"one"', modified=DATE, asked=[], tricks=[]
    )
    thread = threading.Thread(target=web.serve_forever, args=(0.01,))
    thread.start()
    yield web.site  # type: ignore[attr-defined]
    web.shutdown()
    web.server_close()
    thread.join()


@pytest.fixture(autouse=True)
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The waits between tries, in seconds; nobody waits."""
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    found: list[float] = []
    monkeypatch.setattr(download, "_sleep", found.append)
    return found


def files(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def drops(size: int, *, turns: int = 99, **how: Any) -> Trick:
    """Drop the connection after some bytes, in the first turns."""

    def trick(handler: Handler, turn: int) -> bool:
        if turn <= turns:
            handler.serve(drop=size, **how)
        return turn <= turns

    return trick


def asked_ranges(site: SimpleNamespace) -> list[str | None]:
    return [headers.get("Range") for _, headers in site.asked]


def test_a_file_is_fetched_whole(site: SimpleNamespace, tmp_path: Path) -> None:
    steps: list[tuple[int, int | None]] = []
    found = fetch(site.url, tmp_path / "a.zip", lambda *step: steps.append(step))
    assert (tmp_path / "a.zip").read_bytes() == OLD
    assert (found.bytes, found.etag, found.last_modified) == (len(OLD), '"one"', DATE)
    assert found.sha256 == hashlib.sha256(OLD).hexdigest()
    assert (found.resumed_from, found.unchanged, found.kept, found.notes) == (0, False, None, ())
    assert steps[-1] == (len(OLD), len(OLD))
    assert steps == sorted(steps)
    assert files(tmp_path) == ["a.zip", "a.zip.json"]
    about = json.loads((tmp_path / "a.zip.json").read_text())
    assert (about["url"], about["sha256"]) == (site.url, found.sha256)
    assert about["fetched_at"].startswith("20")
    assert site.asked[0][1]["Accept-Encoding"] == "identity"


def test_a_second_fetch_does_nothing(site: SimpleNamespace, tmp_path: Path) -> None:
    first = fetch(site.url, tmp_path / "a.zip")
    before = (tmp_path / "a.zip").stat()
    second = fetch(site.url, tmp_path / "a.zip")
    assert second.unchanged
    assert (second.sha256, second.bytes) == (first.sha256, first.bytes)
    assert (tmp_path / "a.zip").stat() == before
    assert len(site.asked) == 2


@pytest.mark.parametrize("condition_ignored", [False, True])
def test_the_form_of_the_etag_does_not_matter(
    site: SimpleNamespace, tmp_path: Path, condition_ignored: bool
) -> None:
    fetch(site.url, tmp_path / "a.zip")
    site.etag = 'W/"one"'
    if condition_ignored:
        site.tricks.append(
            lambda handler, _: (
                handler.answer(200, {"ETag": site.etag, "Content-Length": str(len(OLD))}),
                True,
            )[1]
        )
    assert fetch(site.url, tmp_path / "a.zip").unchanged


def test_a_newer_file_replaces_ours_and_the_old_one_is_kept(
    site: SimpleNamespace, tmp_path: Path
) -> None:
    fetch(site.url, tmp_path / "a.zip")
    site.content, site.etag, site.modified = NEW, '"two"', LATER
    found = fetch(site.url, tmp_path / "a.zip")
    assert (tmp_path / "a.zip").read_bytes() == NEW
    assert found.kept == tmp_path / "a 2026-0401.zip"
    assert found.kept.read_bytes() == OLD
    kept = ["a 2026-0401.zip", "a 2026-0401.zip.json"]
    assert files(tmp_path) == [*kept, "a.zip", "a.zip.json"]


@pytest.mark.parametrize("with_record", [False, True])
def test_a_file_that_is_not_ours_is_left_alone(
    site: SimpleNamespace, tmp_path: Path, with_record: bool
) -> None:
    if with_record:
        fetch(site.url, tmp_path / "a.zip")
    (tmp_path / "a.zip").write_bytes(b"mine")
    asked = len(site.asked)
    with pytest.raises(FetchError, match="move it away"):
        fetch(site.url, tmp_path / "a.zip")
    assert (tmp_path / "a.zip").read_bytes() == b"mine"
    assert len(site.asked) == asked


def test_dropped_connections_are_taken_up(
    site: SimpleNamespace, tmp_path: Path, waits: list[float]
) -> None:
    site.tricks.append(drops(60_000))
    found = fetch(site.url, tmp_path / "a.zip", retries=2)
    assert (tmp_path / "a.zip").read_bytes() == OLD
    starts = range(60_000, len(OLD), 60_000)
    assert asked_ranges(site) == [None, *(f"bytes={start}-" for start in starts)]
    assert found.notes == ()
    assert len(waits) == len(starts)


def test_a_later_call_goes_on_where_the_first_gave_up(
    site: SimpleNamespace, tmp_path: Path
) -> None:
    def dead_after_the_first(handler: Handler, turn: int) -> bool:
        if turn == 1:
            handler.serve(drop=100_000)
        elif turn <= 4:
            handler.connection.close()
        return turn <= 4

    site.tricks.append(dead_after_the_first)
    with pytest.raises(FetchError, match=r"gave up after 3 tries.*; 100,000 bytes are kept"):
        fetch(site.url, tmp_path / "a.zip", retries=2)
    assert files(tmp_path) == ["a.zip.part", "a.zip.part.json"]
    found = fetch(site.url, tmp_path / "a.zip")
    assert (tmp_path / "a.zip").read_bytes() == OLD
    assert found.resumed_from == 100_000
    assert asked_ranges(site)[-1] == "bytes=100000-"


def test_an_etag_that_flips_midway_costs_nothing(site: SimpleNamespace, tmp_path: Path) -> None:
    def flip(handler: Handler, turn: int) -> bool:
        site.etag = '"one"' if turn % 2 else 'W/"one"'
        handler.serve(drop=150_000)
        return True

    site.tricks.append(flip)
    assert fetch(site.url, tmp_path / "a.zip").notes == ()
    assert (tmp_path / "a.zip").read_bytes() == OLD
    assert len(site.asked) == 3


@pytest.mark.parametrize("ranges", [True, False])
@pytest.mark.parametrize("etag", [True, False])
def test_a_file_that_changes_midway_is_started_again(
    site: SimpleNamespace, tmp_path: Path, ranges: bool, etag: bool
) -> None:
    def change(handler: Handler, turn: int) -> bool:
        if turn == 1:
            handler.serve(drop=100_000)
            return True
        site.content, site.modified = NEW, LATER
        site.etag = '"two"' if etag else site.etag
        handler.serve(ranges=ranges)
        return True

    site.tricks.append(change)
    said: list[str] = []
    found = fetch(site.url, tmp_path / "a.zip", say=said.append)
    assert (tmp_path / "a.zip").read_bytes() == NEW
    assert (found.last_modified, found.bytes) == (LATER, len(NEW))
    assert found.notes == (
        "the file at the server has changed: started again, 100,000 bytes dropped",
    )
    assert said == list(found.notes)


def test_a_file_that_never_stops_changing_is_given_up(
    site: SimpleNamespace, tmp_path: Path
) -> None:
    def change(handler: Handler, turn: int) -> bool:
        site.etag = f'"{turn}"'
        handler.serve(drop=1000)
        return True

    site.tricks.append(change)
    with pytest.raises(FetchError, match="changes faster"):
        fetch(site.url, tmp_path / "a.zip")
    assert "a.zip" not in files(tmp_path)


def test_a_server_without_ranges_is_borne(site: SimpleNamespace, tmp_path: Path) -> None:
    site.tricks += [drops(100_000, turns=1), lambda handler, _: handler.serve(ranges=False) or True]
    found = fetch(site.url, tmp_path / "a.zip")
    assert (tmp_path / "a.zip").read_bytes() == OLD
    assert "does not go on in the middle" in found.notes[0]


def test_a_server_that_always_drops_at_one_place_is_given_up(
    site: SimpleNamespace, tmp_path: Path, waits: list[float]
) -> None:
    site.tricks.append(drops(100_000, ranges=False))
    with pytest.raises(FetchError, match="gave up after 4 tries without progress"):
        fetch(site.url, tmp_path / "a.zip", retries=3)
    assert len(site.asked) == 5
    assert waits == sorted(waits)


def test_other_bytes_than_asked_for_are_not_taken(site: SimpleNamespace, tmp_path: Path) -> None:
    def shifted(handler: Handler, turn: int) -> bool:
        if turn == 2:
            handler.serve(say_start=7)
        return turn == 2

    site.tricks += [drops(100_000, turns=1), shifted]
    found = fetch(site.url, tmp_path / "a.zip")
    assert (tmp_path / "a.zip").read_bytes() == OLD
    assert "other bytes" in found.notes[0]
    assert asked_ranges(site) == [None, "bytes=100000-", None]


def test_without_validators_nothing_is_pieced_together(
    site: SimpleNamespace, tmp_path: Path
) -> None:
    def bare(handler: Handler, turn: int) -> bool:
        site.content = (OLD, NEW[: len(OLD)], NEW)[turn - 1]
        handler.serve(drop=100_000 if turn == 1 else None, validators=False)
        return True

    site.tricks.append(bare)
    found = fetch(site.url, tmp_path / "a.zip")
    assert (tmp_path / "a.zip").read_bytes() == NEW
    assert "does not say which version" in found.notes[0]


def test_a_length_that_is_too_long_is_seen_through(site: SimpleNamespace, tmp_path: Path) -> None:
    site.tricks.append(
        lambda handler, turn: turn == 1 and (handler.serve(say_length=len(OLD) + 999) or True)
    )
    assert fetch(site.url, tmp_path / "a.zip").bytes == len(OLD)
    assert (tmp_path / "a.zip").read_bytes() == OLD


def test_a_length_that_is_too_short_is_told(site: SimpleNamespace, tmp_path: Path) -> None:
    site.tricks.append(lambda handler, _: handler.serve(say_length=len(OLD) - 999) or True)
    with pytest.raises(FetchError, match=r"says that its [\d,]+ bytes are all, but .*cut short"):
        fetch(site.url, tmp_path / "a.zip")
    assert files(tmp_path) == []


def test_a_body_of_unsaid_length_is_taken(site: SimpleNamespace, tmp_path: Path) -> None:
    def chunked(handler: Handler, _: int) -> bool:
        body = b"%x\r\n%b\r\n0\r\n\r\n" % (len(OLD), OLD)
        handler.answer(200, {"Transfer-Encoding": "chunked"}, body)
        return True

    site.tricks.append(chunked)
    assert fetch(site.url, tmp_path / "a.zip").bytes == len(OLD)


@pytest.mark.parametrize("retry_after", ["7", None])
def test_a_busy_server_is_asked_again(
    site: SimpleNamespace, tmp_path: Path, waits: list[float], retry_after: str | None
) -> None:
    def busy(handler: Handler, turn: int) -> bool:
        if turn <= 2:
            handler.answer(503, {"Retry-After": retry_after} if retry_after else {}, b"busy")
        return turn <= 2

    site.tricks.append(busy)
    fetch(site.url, tmp_path / "a.zip")
    assert (tmp_path / "a.zip").read_bytes() == OLD
    expected = [(7, 7), (7, 7)] if retry_after else [(0.5, 1), (1, 2)]
    assert all(low <= wait <= high for (low, high), wait in zip(expected, waits, strict=True))


@pytest.mark.parametrize(
    ("status", "body", "words"),
    [
        (200, b"<!DOCTYPE html><p>Sorry", "sends a web page, not a zip"),
        (200, b'{"error": 1}', "sends something else"),
        (404, b"", "says 404 Not Found; find the new address"),
        (403, b"", "says 403"),
        (204, b"", "answers with 204"),
    ],
)
@pytest.mark.parametrize("started", [False, True])
def test_what_no_later_try_would_change_ends_it(
    site: SimpleNamespace, tmp_path: Path, status: int, body: bytes, words: str, started: bool
) -> None:
    def trick(handler: Handler, turn: int) -> bool:
        if started and turn == 1:
            handler.serve(drop=1000)
        else:
            handler.answer(status, {}, body)
        return True

    site.tricks.append(trick)
    with pytest.raises(FetchError, match=words) as caught:
        fetch(site.url, tmp_path / "a.zip")
    assert "\n" not in str(caught.value)
    assert files(tmp_path) == (["a.zip.part", "a.zip.part.json"] if started else [])


def redirecting(to: str) -> Trick:
    def trick(handler: Handler, _: int) -> bool:
        if handler.path == "/a.zip":
            handler.answer(302, {"Location": to})
        return handler.path == "/a.zip"

    return trick


def test_redirects_are_followed(site: SimpleNamespace, tmp_path: Path) -> None:
    site.tricks += [redirecting("/b.zip"), drops(250_000)]
    fetch(site.url, tmp_path / "a.zip")
    assert (tmp_path / "a.zip").read_bytes() == OLD
    assert site.asked[-1][0] == "/b.zip"
    assert site.asked[-1][1]["Range"] == "bytes=250000-"


@pytest.mark.parametrize("to", ["file:///etc/passwd", "ftp://127.0.0.1/a", "/a.zip"])
def test_redirects_elsewhere_are_not(site: SimpleNamespace, tmp_path: Path, to: str) -> None:
    site.tricks.append(redirecting(to))
    with pytest.raises(FetchError, match="redirects to nowhere"):
        fetch(site.url, tmp_path / "a.zip")


def test_redirects_from_https_to_http_are_not() -> None:
    request = server.urllib.request.Request("https://example.org/a.zip")
    with pytest.raises(FetchError, match="not https"):
        server._Redirects().redirect_request(
            request, io.BytesIO(), 302, "Found", {}, "http://example.org/a.zip"
        )


@pytest.mark.parametrize("url", ["a.zip", "ftp://x/a", "file:///a.zip", "http://", "http://a b"])
def test_what_is_no_address_is_refused(tmp_path: Path, url: str) -> None:
    with pytest.raises(FetchError, match="is no address"):
        fetch(url, tmp_path / "a.zip")


def test_a_server_that_is_not_there_is_told(tmp_path: Path, waits: list[float]) -> None:
    with pytest.raises(FetchError, match="refused; gave up after 3 tries"):
        fetch("http://127.0.0.1:9/a.zip", tmp_path / "a.zip", retries=2)
    assert files(tmp_path) == []
    assert len(waits) == 2


def test_a_server_that_says_nothing_is_told(site: SimpleNamespace, tmp_path: Path) -> None:
    stop = threading.Event()
    site.tricks.append(lambda *_: stop.wait(5))
    with pytest.raises(FetchError, match="does not answer; gave up"):
        fetch(site.url, tmp_path / "a.zip", timeout=0.05, retries=1)
    stop.set()


def test_a_disk_too_small_is_told_before(
    site: SimpleNamespace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=1000))
    with pytest.raises(FetchError, match="the disk has 1,000 free; make room"):
        fetch(site.url, tmp_path / "a.zip")
    assert files(tmp_path) == []


def test_a_disk_that_fills_up_keeps_what_there_is(
    site: SimpleNamespace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Full(partial.FileIO):
        def write(self, piece: Any) -> int:
            room = 300_000 - self.tell()
            if not room:
                raise OSError(28, "No space left on device")
            return super().write(piece[:room])

    with monkeypatch.context() as full:
        full.setattr(partial, "FileIO", Full)
        with pytest.raises(FetchError, match=r"the disk is full; 300,000 bytes are kept"):
            fetch(site.url, tmp_path / "a.zip")
    assert fetch(site.url, tmp_path / "a.zip").resumed_from == 300_000
    assert (tmp_path / "a.zip").read_bytes() == OLD


def test_two_fetches_of_one_file_do_not_meet(site: SimpleNamespace, tmp_path: Path) -> None:
    with (
        partial.Part(tmp_path / "a.zip", site.url),
        pytest.raises(FetchError, match="another fetch"),
    ):
        fetch(site.url, tmp_path / "a.zip")
    fetch(site.url, tmp_path / "a.zip")


def test_a_part_of_another_address_is_not_gone_on_with(
    site: SimpleNamespace, tmp_path: Path
) -> None:
    site.tricks.append(drops(1000, turns=1))
    with pytest.raises(FetchError):
        fetch(site.url, tmp_path / "a.zip", retries=-1)
    found = fetch(site.url.replace("a.zip", "b.zip"), tmp_path / "a.zip")
    assert found.resumed_from == 0
    assert asked_ranges(site) == [None, None]


@pytest.mark.parametrize("stop_at", [1, 2, 3, 4])
def test_stopped_between_its_last_steps_it_is_finished_by_the_next_call(
    site: SimpleNamespace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stop_at: int
) -> None:
    fetch(site.url, tmp_path / "a.zip")
    site.content, site.etag, site.modified = NEW, '"two"', LATER
    replace, calls = download.os.replace, []

    def stopping(*names: Any) -> None:
        if not str(names[0]).endswith("a.zip.json") or "2026" in str(names[1]):
            calls.append(names)
            if len(calls) == stop_at:
                raise KeyboardInterrupt
        replace(*names)

    with monkeypatch.context() as stopped:
        stopped.setattr(download, "os", SimpleNamespace(replace=stopping, open=None))
        with pytest.raises(KeyboardInterrupt):
            fetch(site.url, tmp_path / "a.zip")
    fetch(site.url, tmp_path / "a.zip")
    assert (tmp_path / "a.zip").read_bytes() == NEW
    assert (tmp_path / "a 2026-0401.zip").read_bytes() == OLD
    assert fetch(site.url, tmp_path / "a.zip").unchanged
    assert not [name for name in files(tmp_path) if "part" in name]


def test_the_command_fetches_then_says_unchanged(
    site: SimpleNamespace, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "a.zip"
    assert main(["fetch", "--url", site.url, "--out", str(out), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["path"], told["bytes"], told["unchanged"]) == (str(out), len(OLD), False)
    assert main(["fetch", "--url", site.url, "--out", str(out)]) == 0
    assert capsys.readouterr() == (f"{out}: unchanged at the server; nothing was fetched\n", "")
    assert [entry.name for entry in entries(out)] == ["2026-0401/A_TblCase.csv"]


def test_the_command_stopped_says_what_is_kept(
    site: SimpleNamespace,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def interrupt(_: float) -> None:
        raise KeyboardInterrupt

    site.tricks.append(drops(100_000, turns=1))
    monkeypatch.setattr(download, "_sleep", interrupt)
    words = ["fetch", "--url", site.url, "--out", str(tmp_path / "a.zip")]
    assert main(words) == 130
    told = capsys.readouterr()
    assert told.out == ""
    assert "stopped; its 100,000 bytes are kept" in told.err
    assert main(words) == 0
    assert "100,000 bytes were there from an earlier fetch" in capsys.readouterr().out


def test_the_command_takes_only_addresses_and_files(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["fetch", "--url", "ftp://x/a.zip", "--out", str(tmp_path / "a")]) == 2
    assert main(["fetch", "--out", str(tmp_path)]) == 2
    assert main(["fetch", "--url", "http://127.0.0.1:9/", "--out", str(tmp_path / "no" / "a")]) == 1
    assert capsys.readouterr().err.count("\n") == 3


def test_the_command_and_the_library_agree_on_the_address() -> None:
    from asylumatlas.cli.fetching import URL

    assert download.URL == URL
