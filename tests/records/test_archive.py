"""Zips: what is taken, what is refused and in which words, and the stream that reads ahead."""

import io
import random
import struct
import subprocess
import sys
import threading
import time
import zipfile
import zlib
from pathlib import Path

import inflate64
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from asylumatlas.records.files.archive import ReleaseError, entries, pieces
from asylumatlas.records.files.prefetch import Prefetched

NAME = "EOIR Case Data 2026-0401/A_TblCase.csv"
_DRAWN = random.Random(1)
TEXT = b"".join(b"%d\tLOS\t\t%d\r\n" % (n, _DRAWN.randrange(10**9)) for n in range(60_000))


def deflate64(text: bytes) -> bytes:
    packer = inflate64.Deflater()
    return bytes(packer.deflate(text) + packer.flush())


def deflate(text: bytes) -> bytes:
    packer = zlib.compressobj(6, zlib.DEFLATED, -15)
    return packer.compress(text) + packer.flush()


def write_zip(
    path: Path,
    members: list[tuple[str, int, bytes, bytes]],
    *,
    size: int | None = None,
    crc: int | None = None,
    flags: int = 0,
) -> Path:
    """A zip written byte by byte: name, method, packed and unpacked bytes of each member."""
    body, directory = io.BytesIO(), io.BytesIO()
    for name, method, packed, text in members:
        raw = name.encode()
        facts = (
            *(flags, method, 0, (2026 - 1980) << 9 | 4 << 5 | 3),
            *(zlib.crc32(text) if crc is None else crc, len(packed)),
            *(len(text) if size is None else size, len(raw)),
        )
        at = body.tell()
        body.write(struct.pack("<4sHHHHHIIIHH", b"PK\3\4", 20, *facts, 0) + raw + packed)
        entry = struct.pack("<4sHHHHHHIIIHHHHHII", b"PK\1\2", 20, 20, *facts, 0, 0, 0, 0, 0, at)
        directory.write(entry + raw)
    count, start = len(members), body.tell()
    end = struct.pack("<4sHHHHIIH", b"PK\5\6", 0, 0, count, count, directory.tell(), start, 0)
    path.write_bytes(body.getvalue() + directory.getvalue() + end)
    return path


def read(path: Path, which: int = 0) -> bytes:
    return b"".join(pieces(path, entries(path)[which]))


PACKERS = {"stored": (0, bytes), "deflate": (8, deflate), "deflate64": (9, deflate64)}


@pytest.mark.parametrize("method", PACKERS)
@pytest.mark.parametrize("text", [TEXT, b"", b"x"], ids=["long", "empty", "short"])
def test_every_method_is_unpacked(tmp_path: Path, method: str, text: bytes) -> None:
    number, pack = PACKERS[method]
    path = write_zip(tmp_path / "a.zip", [(NAME, number, pack(text), text)])
    (entry,) = entries(path)
    assert (entry.name, entry.size, entry.method) == (NAME, len(text), method)
    assert read(path) == text


def test_what_only_deflate64_can_say_is_unpacked(tmp_path: Path) -> None:
    # A stored block, then one match of 65,538 bytes (code 285: 16 bits more) from 60,000 bytes
    # back (code 31: 14 bits more). Deflate ends at 258 bytes from 32,768 back.
    start = random.Random(2).randbytes(60_000)
    bits = [(1, 1), (1, 2), *((int(bit), 1) for bit in "11000101"), (65_538 - 3, 16)]
    bits += [*((int(bit), 1) for bit in "11111"), (60_000 - 49_153, 14), (0, 7)]
    number = place = 0
    for value, width in bits:
        number |= value << place
        place += width
    packed = struct.pack("<BHH", 0, 60_000, 60_000 ^ 0xFFFF) + start + number.to_bytes(7, "little")
    text = start + (start + start)[:65_538]
    assert read(write_zip(tmp_path / "a.zip", [(NAME, 9, packed, text)])) == text


def test_zip64_is_unpacked(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        with archive.open(zipfile.ZipInfo(NAME), "w", force_zip64=True) as member:
            member.write(TEXT)
        archive.writestr("second.csv", b"2")
    assert read(tmp_path / "a.zip") == TEXT
    assert read(tmp_path / "a.zip", 1) == b"2"


@pytest.mark.parametrize("method", PACKERS)
def test_damage_inside_a_member_is_found_when_it_is_read(tmp_path: Path, method: str) -> None:
    number, pack = PACKERS[method]
    path = write_zip(tmp_path / "a.zip", [(NAME, number, pack(TEXT), TEXT)])
    raw = bytearray(path.read_bytes())
    raw[len(raw) // 2] ^= 0x55
    path.write_bytes(raw)
    with pytest.raises(ReleaseError, match=r'A_TblCase\.csv" (is|ends).*fetch the zip again'):
        read(path)


@pytest.mark.parametrize("method", PACKERS)
def test_a_member_cut_short_is_found_when_it_is_read(tmp_path: Path, method: str) -> None:
    number, pack = PACKERS[method]
    packed = pack(TEXT)[: 300_000 // (1 + number)]
    size = len(packed) if method == "stored" else len(TEXT)
    path = write_zip(tmp_path / "a.zip", [(NAME, number, packed, TEXT)], size=size)
    with pytest.raises(ReleaseError, match="damaged"):
        read(path)


@pytest.mark.parametrize("method", ["deflate", "deflate64"])
@pytest.mark.parametrize(("off", "words"), [(-1, "is longer than"), (1, "ends after")])
def test_a_member_of_another_length_is_found(
    tmp_path: Path, method: str, off: int, words: str
) -> None:
    number, pack = PACKERS[method]
    members = [(NAME, number, pack(TEXT), TEXT)]
    path = write_zip(tmp_path / "a.zip", members, size=len(TEXT) + off)
    with pytest.raises(ReleaseError, match=words):
        read(path)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("/etc/A_TblCase.csv", "an absolute name"),
        ("C:/A_TblCase.csv", "an absolute name"),
        ("a/../../A_TblCase.csv", "leads out of its folder"),
        ("a\\A_TblCase.csv", "backslashes"),
        ("a\nb/A_TblCase.csv", "control characters"),
        ("A_TblCase.csv\0.txt", "control characters"),
        ("../", "leads out of its folder"),
    ],
)
def test_names_that_reach_outside_are_refused(tmp_path: Path, name: str, words: str) -> None:
    path = write_zip(tmp_path / "a.zip", [(name, 0, b"", b"")])
    with pytest.raises(ReleaseError, match=words) as caught:
        entries(path)
    assert "\n" not in str(caught.value)


def test_a_symbolic_link_is_refused(tmp_path: Path) -> None:
    info = zipfile.ZipInfo(NAME)
    info.external_attr = 0o120777 << 16
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr(info, "/etc/passwd")
    with pytest.raises(ReleaseError, match="symbolic link"):
        entries(tmp_path / "a.zip")


def test_an_encrypted_member_is_refused(tmp_path: Path) -> None:
    path = write_zip(tmp_path / "a.zip", [(NAME, 0, b"x", b"x")], flags=1)
    with pytest.raises(ReleaseError, match="encrypted"):
        entries(path)


@pytest.mark.parametrize(("method", "words"), [(14, "lzma"), (77, "method 77")])
def test_an_unknown_method_is_refused(tmp_path: Path, method: int, words: str) -> None:
    path = write_zip(tmp_path / "a.zip", [(NAME, method, b"x", b"x")])
    with pytest.raises(ReleaseError, match=f"packed by {words}; unzip it first"):
        entries(path)


def test_a_bomb_is_refused_before_it_is_unpacked(tmp_path: Path) -> None:
    path = write_zip(tmp_path / "a.zip", [(NAME, 8, b"x" * 100, b"")], size=4_000_000_000)
    with pytest.raises(ReleaseError, match="zip bomb"):
        entries(path)


def test_a_bomb_that_hides_its_size_is_stopped(tmp_path: Path) -> None:
    packed = deflate(bytes(300_000_000))
    path = write_zip(tmp_path / "a.zip", [(NAME, 8, packed, b"")], size=1000)
    started = time.perf_counter()
    with pytest.raises(ReleaseError, match="longer than its 1,000 bytes"):
        read(path)
    assert time.perf_counter() - started < 1


def test_the_total_is_limited(tmp_path: Path) -> None:
    path = write_zip(tmp_path / "a.zip", [("a", 0, b"xy", b"xy"), ("b", 0, b"xy", b"xy")])
    assert len(entries(path, max_bytes=4)) == 2
    with pytest.raises(ReleaseError, match=r"4 bytes, more than the limit of 3;.*unzip it"):
        entries(path, max_bytes=3)


def test_a_name_twice_is_refused(tmp_path: Path) -> None:
    path = write_zip(tmp_path / "a.zip", [(NAME, 0, b"x", b"x"), (NAME, 0, b"y", b"y")])
    with pytest.raises(ReleaseError, match="twice"):
        entries(path)


def test_members_that_share_bytes_are_refused(tmp_path: Path) -> None:
    path = write_zip(tmp_path / "a.zip", [("a", 0, b"x" * 99, b"x" * 99), ("b", 0, b"", b"")])
    raw = path.read_bytes()
    at = raw.rindex(b"PK\1\2") + 42
    path.write_bytes(raw[:at] + struct.pack("<I", 0) + raw[at + 4 :])
    with pytest.raises(ReleaseError, match="overlap"):
        entries(path)


def test_a_local_header_that_says_otherwise_is_refused(tmp_path: Path) -> None:
    path = write_zip(tmp_path / "a.zip", [("abc", 0, b"x", b"x")])
    path.write_bytes(path.read_bytes().replace(b"abc", b"xyz", 1))
    with pytest.raises(ReleaseError, match="not where the zip's directory says"):
        read(path)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "is empty"),
        (b"PK\3\4 and so on", "cut short"),
        (b"<!DOCTYPE html>", "web page"),
        (b"IDNCASE\tNAT\r\n", "is not a zip"),
    ],
)
def test_what_is_no_zip_is_told_apart(tmp_path: Path, content: bytes, words: str) -> None:
    (tmp_path / "a.zip").write_bytes(content)
    with pytest.raises(ReleaseError, match=words):
        entries(tmp_path / "a.zip")


def test_a_zip_cut_short_anywhere_is_refused(tmp_path: Path) -> None:
    whole = write_zip(tmp_path / "a.zip", [(NAME, 8, deflate(b"text" * 20), b"text" * 20)])
    raw = whole.read_bytes()
    for length in range(len(raw)):
        whole.write_bytes(raw[:length])
        with pytest.raises(ReleaseError):
            entries(whole)


def test_desktop_files_and_folders_are_left_out(tmp_path: Path) -> None:
    names = ["a/", "a/.DS_Store", "__MACOSX/a/._A_TblCase.csv", "a/A_TblCase.csv"]
    path = write_zip(tmp_path / "a.zip", [(name, 0, b"", b"") for name in names])
    assert [entry.name for entry in entries(path)] == ["a/A_TblCase.csv"]


SOUND = [("a/A_TblCase.csv", 8, deflate(b"IDNCASE\r\n"), b"IDNCASE\r\n")]
SOUND += [("a/b.csv", 9, deflate64(b"text" * 9), b"text" * 9), ("Count.txt", 0, b"x", b"x")]


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    noise=st.binary(max_size=300),
    changes=st.lists(st.tuples(st.integers(0, 600), st.integers(0, 255)), max_size=6),
)
def test_noise_never_ends_in_another_error(
    tmp_path: Path, noise: bytes, changes: list[tuple[int, int]]
) -> None:
    raw = bytearray(write_zip(tmp_path / "a.zip", SOUND).read_bytes())
    for at, value in changes:
        raw[at % len(raw)] = value
    for content in (noise, b"PK\3\4" + noise, bytes(raw), noise + bytes(raw)):
        (tmp_path / "a.zip").write_bytes(content)
        try:
            for entry in entries(tmp_path / "a.zip"):
                for piece in pieces(tmp_path / "a.zip", entry):
                    assert len(piece) <= entry.size
        except ReleaseError as error:
            told = str(error)
            assert "\n" not in told


def alive() -> int:
    return threading.active_count()


def test_the_stream_reads_exactly_what_is_asked() -> None:
    whole = random.Random(3).randbytes(10_000)
    cuts = [b"", whole[:1], whole[1:5000], b"", whole[5000:], b""]
    with Prefetched(iter(cuts)) as stream:
        parts = [stream.read(999) for _ in range(11)]
    assert [len(part) for part in parts] == [999] * 10 + [10]
    assert b"".join(parts) == whole
    with Prefetched(iter(cuts)) as stream:
        buffer = bytearray(10_001)
        assert (stream.readinto(buffer), buffer[:-1]) == (10_000, whole)
    with Prefetched(iter(cuts)) as stream:
        assert (stream.read1(7), stream.read1(), stream.read(), stream.read1()) == (
            *(whole[:1], whole[1:5000], whole[5000:], b""),
        )


def test_an_error_arrives_where_the_bytes_are_missing() -> None:
    def broken():
        yield b"abc"
        raise ReleaseError("broken")

    with Prefetched(broken()) as stream:
        assert stream.read(3) == b"abc"
        for _ in range(2):
            with pytest.raises(ReleaseError, match="broken"):
                stream.read(1)


@pytest.mark.parametrize("taken", [0, 1, 9, 30])
def test_a_stream_closed_early_leaves_no_thread(taken: int) -> None:
    before, left = alive(), []

    def endless():
        try:
            while True:
                yield b"x"
        finally:
            left.append(True)

    stream = Prefetched(endless())
    stream.read(taken)
    stream.close()
    stream.close()
    assert alive() == before
    assert left == [True] or taken == 0
    with pytest.raises(ValueError, match="closed"):
        stream.read(1)


def test_a_forgotten_stream_leaves_no_thread() -> None:
    before = alive()
    stream = Prefetched(iter(lambda: b"x", b""))
    assert stream.read(1) == b"x"
    del stream
    assert alive() == before


def test_the_thread_stays_only_so_far_ahead() -> None:
    made = []

    def counted():
        for _ in range(1000):
            made.append(1)
            yield b"x"

    with Prefetched(counted(), ahead=4) as stream:
        time.sleep(0.05)
        assert len(made) == 5  # four wait, one stands at the door
        assert len(stream.read()) == 1000


def test_what_is_unpacked_does_not_stay_in_memory(tmp_path: Path) -> None:
    """The library that unpacks Deflate64 keeps a reference to everything it is fed."""
    text = random.Random(4).randbytes(24_000_000).hex().encode()
    packer = zlib.compressobj(1, zlib.DEFLATED, -15, 9, zlib.Z_HUFFMAN_ONLY)  # no matches: either
    packed = packer.compress(text) + packer.flush()
    path = write_zip(tmp_path / "a.zip", [(NAME, 9, packed, text)])
    script = f"""
import resource
from pathlib import Path
from asylumatlas.records.files.archive import entries, pieces
path = Path({str(path)!r})
size = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
next(iter(pieces(path, entries(path)[0])))
before, read = size(), sum(len(piece) for piece in pieces(path, entries(path)[0]))
assert read == {len(text)}, read
assert size() - before < 12_000, size() - before  # KiB; {len(packed)} bytes went in
"""
    subprocess.run([sys.executable, "-c", script], check=True)
