"""The tour of the documentation: every stop can be taken, and the page shows all of them."""

from __future__ import annotations

import importlib.util
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
SKIPPED = os.environ.get("ASYLUMATLAS_SKIP_BROWSER") == "1"


def tour() -> Any:
    spec = importlib.util.spec_from_file_location("web_tour", ROOT / "tools" / "web_tour.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["web_tour"] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


@pytest.mark.skipif(SKIPPED, reason="ASYLUMATLAS_SKIP_BROWSER=1")
def test_every_stop_can_be_taken(tmp_path: Path) -> None:
    from PIL import Image

    guide = tour()
    program = ROOT / "tools" / "web_tour.py"
    # in a process of its own: another test's browser may have a loop running in this one
    subprocess.run([sys.executable, str(program), str(tmp_path)], check=True, timeout=300)
    assert (tmp_path / "tour.md").read_text("utf-8") == guide.page()
    for stop in guide.STOPS:
        path = tmp_path / "tour" / f"{stop.name}.png"
        with Image.open(path) as picture:
            assert picture.size == (guide.PHONE if stop.phone else (guide.WIDE, guide.HIGH))
            assert len(picture.convert("RGB").getcolors(1 << 24) or []) > 20, "an empty picture"
        assert path.stat().st_size < 150_000


def test_the_page_shows_every_stop() -> None:
    guide = tour()
    page = (ROOT / "docs" / "tour.md").read_text("utf-8")
    assert page == guide.page(), "made anew by: python tools/web_tour.py"
    shown = re.findall(r"\(tour/([a-z-]+)\.png\)", page)
    assert shown == [stop.name for stop in guide.STOPS]
    kept = {path.stem for path in (ROOT / "docs" / "tour").glob("*.png")}
    assert kept == set(shown)
