"""Every link of the app leads somewhere, and every page has the same bones."""

from __future__ import annotations

import re
from html import unescape
from urllib.parse import urljoin, urlsplit

import pytest
from starlette.testclient import TestClient

from asylumatlas.web.app import PAGES
from asylumatlas.web.rendering import SECTIONS

MOST = 90  # pages followed from the first one, nearest first
HREF = re.compile(r'<(?:a|link|form|script|img)\b[^>]*?\b(?:href|src|action)="([^"]*)"')


def test_every_page_of_the_list_is_there() -> None:
    from importlib import import_module

    for name in PAGES:
        assert import_module(f"asylumatlas.web.{name}").ROUTES, name


@pytest.mark.parametrize("start", ["/", "/es/"])
def test_every_link_leads_somewhere(client: TestClient, start: str) -> None:
    waiting, seen, broken = [(start, "")], {start}, []
    while waiting and len(seen) - len(waiting) < MOST:
        path, source = waiting.pop(0)
        answer = client.get(path)
        if answer.status_code >= 400:
            broken.append(f"{path} ({answer.status_code}), linked from {source}")
            continue
        if not answer.headers["content-type"].startswith("text/html"):
            continue
        for found in links(answer.text):
            there = urlsplit(urljoin(path, found))
            link = there.path + (f"?{there.query}" if there.query else "")
            if there.scheme or there.netloc or link in seen:
                continue
            seen.add(link)
            waiting.append((link, path))
    assert not broken, "\n".join(broken)


@pytest.mark.parametrize("path", ["/", *(href for href, _ in SECTIONS), "/jobs", "/api"])
@pytest.mark.parametrize("language", ["", "/es"])
def test_every_page_has_the_same_bones(client: TestClient, path: str, language: str) -> None:
    answer = client.get(f"{language}{path}")
    assert answer.status_code == 200
    text = answer.text
    assert len(re.findall(r"<h1[ >]", text)) == 1
    assert re.search(r"<title>[^<]+</title>", text)
    assert f'<html lang="{"es-US" if language else "en"}">' in text
    assert '<main id="main"' in text
    assert len(text.encode()) < 300_000
    if language:
        inside = [link for link in links(text) if link.startswith("/") and "/static/" not in link]
        here = path.rstrip("/") or "/"
        english = [link for link in inside if not link.startswith("/es/") and link != here]
        assert not [link for link in english if not link.startswith(("/api", "/openapi"))]


def links(text: str) -> list[str]:
    """Addresses in a page, without places inside pages."""
    return [
        unescape(link).partition("#")[0] for link in HREF.findall(text) if not link.startswith("#")
    ]
