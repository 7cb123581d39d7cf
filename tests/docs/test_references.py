"""The documentation's links lead somewhere, and its numbers are those of the data files."""

import importlib.util
import re
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

from asylumatlas import parameters
from asylumatlas.scenario.variants import original
from asylumatlas.web.settings import REMOTE, Limits
from asylumatlas.web.statistics import link as statistics_link
from asylumatlas.web.whatif import link as whatif_link

ROOT = Path(__file__).parent.parent.parent
PAGES = [
    path
    for path in [ROOT / "README.md", *sorted(ROOT.glob("docs/**/*.md"))]
    if "_build" not in path.parts
]
LINK = re.compile(r"\]\((?!https?:|mailto:|#)([^)#\s]+)(?:#[^)\s]*)?\)")
APP_LINK = re.compile(r"^    /(statistics|what-if)/([a-z0-9_-]+)(?:\?(\S*))?$", re.M)
NAMES = re.compile(r"`([a-z_]+\.[a-z_]+(?:\.[A-Za-z_]+)*)`")


def tool() -> ModuleType:
    """The program that writes the reference of parameters and sources."""
    path = ROOT / "tools" / "parameter_reference.py"
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_numbers_are_those_of_the_files() -> None:
    for path, text in tool().pages().items():
        assert path.read_text("utf-8") == text, f"{path.name}: run tools/parameter_reference.py"


def test_every_parameter_and_source_is_in_the_reference() -> None:
    text = (ROOT / "docs/reference/parameters.md").read_text("utf-8")
    missing = [name for name in parameters.load() if f"`{name}`" not in text]
    assert not missing
    rules = text.count("\n| --- | --- | ---: | --- | --- |\n")  # without one, a table is no table
    assert rules == text.count("\n## ")
    cited = set(re.findall(r"\]\(#(source-[a-z0-9-]+)\)", text))
    targets = re.findall(
        r"^\((source-[a-z0-9-]+)\)=$", (ROOT / "docs/reference/sources.md").read_text(), re.M
    )
    assert cited
    assert not cited - set(targets)
    assert len(targets) == len(set(targets)), "two sources share a target"


def test_a_table_of_numbers() -> None:
    page = "a\n<!-- numbers: appeal.days -->\nOLD ROW\n<!-- end of numbers -->\nz\n"
    found = tool().with_tables(page, "page.md")
    assert "OLD ROW" not in found
    assert found.startswith("a\n")
    assert found.endswith("-->\nz\n")
    assert "| `appeal.days`<br>days |  | 480 | 100 to 1,000 | assumed: " in found
    assert tool().with_tables(found, "page.md") == found
    with pytest.raises(ValueError, match=r"page.md: appeal.dais fits no parameter"):
        tool().with_tables(page.replace("appeal.days", "appeal.dais"), "page.md")


@pytest.mark.parametrize("page", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_between_pages_lead_somewhere(page: Path) -> None:
    for target in LINK.findall(page.read_text("utf-8")):
        assert (page.parent / target).exists(), f"{page.name}: {target} is not there"


def test_parameters_named_on_method_pages_exist() -> None:
    known, subjects = set(parameters.load()), {n.split(".")[0] for n in parameters.load()}
    seen = set()
    for page in (ROOT / "docs/method").glob("*.md"):
        for name in NAMES.findall(page.read_text("utf-8")):
            if name.split(".")[0] in subjects and not name.endswith((".py", ".toml", ".table")):
                seen.add(name)
                prefix = any(each.startswith(f"{name}.") for each in known)
                assert name in known or prefix, f"{page.name}: no parameter {name}"
    assert len(seen) > 50


def test_links_into_the_app_are_the_lasting_ones() -> None:
    """A link that the documentation prints is read by the app, and is the form that stays."""
    found = [match for page in PAGES for match in APP_LINK.findall(page.read_text("utf-8"))]
    assert {section for section, _, _ in found} == {"statistics", "what-if"}
    for section, name, query in found:
        if section == "statistics":
            assert statistics_link.read(name, query).query() == query
        else:
            pairs = [tuple(part.split("=", 1)) for part in query.split("&")]
            asked = whatif_link.read(original(name), pairs, 200)
            assert not asked.faults
            assert len(asked.values) == len(pairs)


def test_the_limits_of_the_app_are_as_told() -> None:
    text = (ROOT / "docs/how-to/show-to-others.md").read_text("utf-8")
    limits: list[tuple[str, Callable[[Limits], str]]] = [
        ("requests a second, one address", lambda one: f"{one.rate:.0f}"),
        ("runs that one address may have waiting", lambda one: f"{one.own}"),
        ("runs at once, all together", lambda one: f"{one.running}"),
        ("replications of one run", lambda one: f"{one.replications}"),
        ("minutes a run may take", lambda one: f"{one.seconds / 60:.0f}"),
        ("disk for results, the oldest go first", lambda one: f"{one.disk / 1e9:.0f} GB"),
    ]
    for words, told in limits:
        assert f"| {words} | {told(Limits())} | {told(REMOTE)} |" in text
