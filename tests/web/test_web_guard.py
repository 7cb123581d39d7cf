"""Who may ask, how often, and what every answer carries."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.testclient import TestClient

from asylumatlas.web import Settings, SettingsError, make_app
from asylumatlas.web.guard import COOKIE, Buckets, key
from asylumatlas.web.settings import Limits

LOCAL = "http://127.0.0.1"
TOKEN = "a-token-of-the-tests"


async def crash(_: Request) -> Response:
    raise RuntimeError("Maria Example asked for something private")


async def framed(_: Request) -> Response:
    return Response("framed")


def bare(home: Path, **changes: Any) -> TestClient:
    """An app without logs, with a page that fails and one that others may frame."""
    app = make_app(Settings(home=home, demo=False, **changes))
    extra = [Route("/crash", crash), Route("/embed/x", framed), Route("/api/crash", crash)]
    app.app.router.routes += extra  # type: ignore[attr-defined]
    return TestClient(app, base_url=LOCAL, raise_server_exceptions=False, follow_redirects=False)


@pytest.fixture
def plain(tmp_path: Path) -> Iterator[TestClient]:
    with bare(tmp_path / "home") as client:
        yield client


@pytest.mark.parametrize("path", ["/", "/healthz", "/nothing", "/crash", "/static/x/site.css"])
def test_every_answer_is_protected(plain: TestClient, path: str) -> None:
    found = plain.get(path).headers
    policy = found["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert found["x-content-type-options"] == "nosniff"
    assert found["referrer-policy"] == "no-referrer"
    assert found["x-frame-options"] == "DENY"


def test_refusals_are_protected_too(plain: TestClient) -> None:
    answer = plain.get("/", headers={"host": "evil.example"})
    assert answer.status_code == 400
    assert "default-src 'none'" in answer.headers["content-security-policy"]


@pytest.mark.parametrize("path", ["/embed/x", "/es/embed/x"])
def test_only_embedded_pages_may_be_framed(plain: TestClient, path: str) -> None:
    found = plain.get(path).headers
    assert "frame-ancestors *" in found["content-security-policy"]
    assert "x-frame-options" not in found


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("127.0.0.1", 200),
        ("127.0.0.1:8000", 200),
        ("localhost:1", 200),
        ("[::1]:8000", 200),
        ("localhost.evil.example", 400),
        ("127.0.0.1.evil.example", 400),
        ("evil.example:8000", 400),
        ("", 400),
    ],
)
def test_foreign_names_are_refused(plain: TestClient, host: str, status: int) -> None:
    assert plain.get("/", headers={"host": host}).status_code == status


@pytest.mark.parametrize(
    ("headers", "allowed"),
    [
        ({"sec-fetch-site": "same-origin"}, True),
        ({"sec-fetch-site": "none"}, True),
        ({"sec-fetch-site": "cross-site"}, False),
        ({"sec-fetch-site": "same-site"}, False),
        ({"origin": LOCAL}, True),
        ({"origin": "http://evil.example"}, False),
        ({"origin": "null"}, False),
        ({"content-type": "application/json"}, True),
        ({"content-type": "text/plain"}, False),
        ({}, False),
        ({"sec-fetch-site": "cross-site", "content-type": "application/json"}, False),
    ],
)
def test_what_other_sites_send_is_refused(
    plain: TestClient, headers: dict[str, str], allowed: bool
) -> None:
    answer = plain.post("/healthz", headers=headers, content=b"x")
    assert answer.status_code == (405 if allowed else 403)


def test_the_language_is_in_the_path(plain: TestClient) -> None:
    assert '<html lang="en">' in plain.get("/").text
    spanish = plain.get("/es/").text
    assert '<html lang="es-US">' in spanish
    assert 'href="/es/statistics"' in spanish
    assert plain.get("/es").status_code == 200
    assert "no hay ninguna página" in plain.get("/es/nada").text.lower()
    assert plain.get("/fr/").status_code == 404
    assert plain.get("/en/").status_code == 404  # English has one address


def test_faults_are_json_for_programs(plain: TestClient) -> None:
    for path in ("/api/nothing", "/nothing.json"):
        answer = plain.get(path)
        assert answer.status_code == 404
        assert answer.json()["error"].startswith("There is no page")
    assert "<h1>" in plain.get("/nothing").text


def test_a_crash_tells_a_number_and_nothing_else(
    plain: TestClient, caplog: pytest.LogCaptureFixture
) -> None:
    answer = plain.get("/crash?name=Maria")
    assert answer.status_code == 500
    assert "Traceback" not in answer.text
    assert "Maria" not in answer.text.split("<main")[1].split("</main>")[0]
    said = [record.getMessage() for record in caplog.records if record.name == "asylumatlas.web"]
    assert len(said) == 1
    assert "RuntimeError" in said[0]
    assert "Maria" not in said[0]
    number = said[0].split()[1].rstrip(":")
    assert number in answer.text
    assert plain.get("/api/crash").json()["error"].startswith("The program failed")


def test_long_links_and_large_bodies_are_refused(plain: TestClient) -> None:
    assert plain.get("/healthz?x=" + "y" * 2_100).status_code == 414
    headers = {"content-type": "application/json"}
    assert plain.post("/healthz", content=b"x" * 300_001, headers=headers).status_code == 413


def test_many_requests_have_to_wait(tmp_path: Path) -> None:
    limits = replace(Limits(), rate=0.5, burst=3)
    with bare(tmp_path / "home", limits=limits) as client:
        codes = [client.get("/").status_code for _ in range(4)]
        assert codes == [200, 200, 200, 429]
        late = client.get("/")
        assert late.headers["retry-after"] in ("1", "2")
        assert client.get("/healthz").status_code == 200  # costs nothing


def test_buckets_fill_again_and_forget() -> None:
    buckets = Buckets(rate=2.0, burst=2)
    assert [buckets.wait("a", 0.0) for _ in range(3)] == [0, 0, 1]
    assert buckets.wait("b", 0.0) == 0, "another address has a bucket of its own"
    assert buckets.wait("a", 0.5) == 0
    assert [buckets.wait("a", 100.0) for _ in range(3)] == [0, 0, 1], "it holds no more than that"
    for number in range(10_050):
        buckets.wait(str(number), 200.0)
    assert len(buckets.kept) == 10_000


@pytest.fixture
def guarded(tmp_path: Path) -> Iterator[TestClient]:
    with bare(tmp_path / "home", host="0.0.0.0", token=TOKEN) as client:
        yield client


def test_a_token_is_asked_for(guarded: TestClient) -> None:
    answer = guarded.get("/")
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == "Bearer"
    assert guarded.get("/", headers={"authorization": f"Bearer {TOKEN}x"}).status_code == 401
    assert guarded.get("/?token=wrong").status_code == 401
    assert guarded.get("/", headers={"cookie": f"{COOKIE}={TOKEN}"}).status_code == 401
    assert guarded.get("/", headers={"authorization": f"Bearer {TOKEN}"}).status_code == 200
    assert guarded.get("/", headers={"host": "atlas.example"}).status_code == 401
    assert guarded.get("/healthz").status_code == 200


def test_a_link_with_the_token_becomes_a_cookie(guarded: TestClient) -> None:
    answer = guarded.get(f"/es/statistics?by=court&token={TOKEN}")
    assert answer.status_code == 303
    assert answer.headers["location"] == "/es/statistics?by=court"
    cookie = answer.headers["set-cookie"]
    assert TOKEN not in cookie
    assert "httponly" in cookie.lower()
    assert "samesite=strict" in cookie.lower()
    assert guarded.get("/").status_code == 200  # the client has kept it
    assert guarded.cookies[COOKIE] == key(TOKEN)


def test_the_redirect_stays_on_this_server(guarded: TestClient) -> None:
    answer = guarded.get(f"{LOCAL}//evil.example/?token={TOKEN}")
    assert answer.status_code == 303
    assert answer.headers["location"] == "/evil.example/"


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"host": "0.0.0.0"}, "needs a token"),
        ({"host": "::"}, "needs a token"),
        ({"host": "atlas.example"}, "needs a token"),
        ({"token": "short"}, "can be guessed"),
        ({"token": "with a blank in the middle"}, "without blanks"),
        ({"port": 70_000}, "not a port"),
        ({"logs": (("Up Per", Path("x")),)}, "no name for a link"),
        ({"logs": (("run-1", Path("x")),)}, "no name for a link"),
        ({"logs": (("a", Path("x")), ("a", Path("y")))}, "given twice"),
    ],
)
def test_settings_that_cannot_be(changes: dict[str, Any], said: str) -> None:
    with pytest.raises(SettingsError, match=said) as caught:
        Settings(**changes)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("host", ["127.0.0.1", "127.9.9.9", "::1", "localhost"])
def test_addresses_of_this_machine_need_no_token(host: str) -> None:
    assert Settings(host=host).is_local


def test_a_page_is_sent_once(plain: TestClient) -> None:
    first = plain.get("/")
    tag = first.headers["etag"]
    again = plain.get("/", headers={"if-none-match": f'W/{tag}, "other"'})
    assert again.status_code == 304
    assert again.content == b""
    assert again.headers["etag"] == tag
    assert plain.get("/", headers={"if-none-match": '"other"'}).status_code == 200


def test_static_files_are_kept_for_good_under_their_digest(plain: TestClient) -> None:
    from asylumatlas.web.assets import address, assets

    for name, asset in assets().items():
        answer = plain.get(address(name))
        assert answer.content == asset.body
        assert "immutable" in answer.headers["cache-control"]
    assert "immutable" not in plain.get("/static/0000/site.css").headers["cache-control"]
    for name in ("..%2fsettings.py", "%2e%2e/settings.py", "settings.py", "VENDORED.toml"):
        assert plain.get(f"/static/0000/{name}").status_code == 404


def test_no_page_has_a_script_or_a_style_of_its_own() -> None:
    """The policy would silence it."""
    import re
    from importlib.resources import files

    folder = Path(str(files("asylumatlas.web") / "templates"))
    for template in folder.rglob("*.html"):
        text = template.read_text(encoding="utf-8")
        assert not re.search(r"\sstyle=", text), template.name
        assert "<style" not in text, template.name
        assert not re.search(r"\son[a-z]+=", text), template.name
        for tag in re.findall(r"<script[^>]*>", text):
            assert "src=" in tag or "application/json" in tag, f"{template.name}: {tag}"
        assert not re.search(r"(?:href|src)=\"(?:https?:)?//", text), template.name
