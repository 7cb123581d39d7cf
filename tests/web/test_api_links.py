"""Whatever a link or a form says, the app answers: no fault of its own, and always protected."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from starlette.routing import Route
from starlette.testclient import TestClient

from asylumatlas.web import Settings, make_app
from asylumatlas.web.app import routes
from asylumatlas.web.settings import Limits

LOCAL = "http://127.0.0.1"
LIMITS = Limits(rate=1e6, burst=10**6, running=0, waiting=10**6, own=10**6)
QUIET: dict[str, Any] = {
    "deadline": None,
    "derandomize": True,
    "database": None,
    "suppress_health_check": list(HealthCheck),
}
# Words that mean something to some page; where a page does not know one, it says so.
KNOWN = (
    *("caravan-2018", "made-up-records", "stock-flow", "us-courts", "run-0123456789abcdef"),
    *("pending", "asylum_denial_rate", "asylum_denial_rate.csv", "pending.json", "pending.svg"),
    *("court.denied_share.HND", "TRAC617", "0123456789abcdef", "0123456789abcdef.json"),
    *("en", "es", "caravan-2018.toml", "caravan-2018.json", "map.csv", "1", "0", "2018-05-04"),
)
KEYS = (
    *("by", "from", "to", "definition", "log", "published", "replications", "small", "suppress"),
    *("where.nationality", "where.court", "dialect", "q", "day", "case", "seed", "a", "b", "play"),
    *("set.spaces.family_beds.room", "scale", "show", "find", "refresh", "active", "replication"),
    *("place", "group", "kind", "statistic", "measure", "series", "lang", "token"),
)
VALUES = (
    *("court", "fiscal_year", "nationality", "FY2016", "2018-05-04", "all", "trac", "bands"),
    *("made-up-records", "caravan-2018", "HND", "1", "0", "-1", "1e309", "nan", "500", "duckdb"),
    *("9" * 400, "' OR 1=1 --", "../../etc/passwd", "{{7*7}}", "%", "\x00", "\u202e", "é" * 30),
)
odd = st.text(st.characters(exclude_categories=("Cs",)), max_size=12)
words = st.one_of(st.sampled_from(KNOWN), odd)
pairs = st.lists(
    st.tuples(st.one_of(st.sampled_from(KEYS), odd), st.one_of(st.sampled_from(VALUES), words)),
    max_size=4,
)
PAGES = [one for one in routes() if isinstance(one, Route)]


@pytest.fixture(scope="module")
def app(web_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    """Asks an app whose runs never begin; its faults come as answers."""
    home = tmp_path_factory.mktemp("links")
    (home / "demo").symlink_to(web_home / "demo")
    made = make_app(Settings(home=home, limits=LIMITS))
    with TestClient(made, base_url=LOCAL, raise_server_exceptions=False) as asking:
        made.app.state.site.shelf.wait()  # type: ignore[attr-defined]
        yield asking


def sound(answer: Any, path: str) -> None:
    """The answer is no fault of ours, and has the headers of every answer."""
    whole = f"{path}: {answer.status_code} {answer.text[:200]}"
    assert answer.status_code < 500 or "retry-after" in answer.headers, whole
    headers = answer.headers
    assert "default-src 'none'" in headers["content-security-policy"], whole
    assert "unsafe" not in headers["content-security-policy"], whole
    assert headers["x-content-type-options"] == "nosniff", whole
    assert headers["referrer-policy"] == "no-referrer", whole
    framed = path.removeprefix("/es").startswith("/embed/")
    assert headers.get("x-frame-options") == (None if framed else "DENY"), whole
    assert "set-cookie" not in headers, whole
    if "html" in headers.get("content-type", ""):
        inside = re.findall(
            r"<script(?![^>]*\bsrc=)(?![^>]*application/json)|\bon\w+=|style=", answer.text
        )
        assert not inside or ("style=" in inside and "<svg" in answer.text), whole


def filled(route: Route, parts: list[str]) -> str:
    """The path of a route with words in place of its parts."""
    left = iter(parts)
    return re.sub(r"\{[^}]+\}", lambda _: quote(next(left), safe=".-_"), route.path)


@given(
    route=st.sampled_from([one for one in PAGES if "GET" in (one.methods or ())]),
    parts=st.lists(words, min_size=4, max_size=4),
    query=pairs,
    start=st.sampled_from(["", "/es"]),
)
@settings(max_examples=100, **QUIET)
def test_any_link_is_answered(
    app: TestClient, route: Route, parts: list[str], query: list[tuple[str, str]], start: str
) -> None:
    path = start + filled(route, parts)
    assume("//" not in path)
    sound(app.get(path, params=query, follow_redirects=False), path)


@pytest.mark.parametrize("route", [one for one in PAGES if "GET" in (one.methods or ())], ids=str)
def test_every_page_answers_the_words_it_knows(app: TestClient, route: Route) -> None:
    """Each route once with each known word, so that none is left to chance."""
    if "{" not in route.path:
        sound(app.get(route.path, follow_redirects=False), route.path)
        return
    for word in ("caravan-2018", "pending", "0123456789abcdef", "TRAC617"):
        path = filled(route, [word] * 4)
        sound(app.get(path, follow_redirects=False), path)


@given(
    route=st.sampled_from([one for one in PAGES if "POST" in (one.methods or ())]),
    parts=st.lists(words, min_size=4, max_size=4),
    form=st.one_of(
        st.binary(max_size=60),
        pairs.map(lambda found: dict(found)),
        st.just({"scenario": "stock-flow", "seed": "\ud800"}),
    ),
    kind=st.sampled_from(["application/x-www-form-urlencoded", "application/json", "text/plain"]),
)
@settings(max_examples=50, **QUIET)
def test_anything_sent_is_answered(
    app: TestClient, route: Route, parts: list[str], form: Any, kind: str
) -> None:
    import json

    path = filled(route, parts)
    assume("//" not in path)
    body = form if isinstance(form, bytes) else json.dumps(form).encode()
    if isinstance(form, dict) and "form" in kind:
        body = "&".join(
            f"{quote(key, errors='replace')}={quote(value, errors='replace')}"
            for key, value in form.items()
        ).encode()
    headers = {"Content-Type": kind, "Sec-Fetch-Site": "same-origin"}
    sound(app.post(path, content=body, headers=headers, follow_redirects=False), path)
