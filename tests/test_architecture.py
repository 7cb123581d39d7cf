"""The house keeps its shape: who imports whom, how long a module is, what an import costs."""

import ast
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

import asylumatlas

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "src" / "asylumatlas"
LONGEST_MODULE = 450  # lines

# Room -> the rooms it may import, itself aside. A room is a folder of the package or a module with
# the modules that PART_OF counts to it.
MAY_IMPORT: dict[str, set[str]] = {
    "disk": set(),  # files and folders that are whole or absent
    "process": set(),
    "evidence": set(),
    "parameters": {"evidence"},
    "events": {"process", "disk", "version"},
    "scenario": {"process", "parameters", "evidence", "version"},
    "ensembles": {
        "disk",
        "version",
    },  # work in pieces, anywhere; knows nothing of what the pieces do
    "sim": {
        *("scenario", "process", "parameters", "evidence", "events", "ensembles"),
        *("disk", "version"),
    },
    "calibrate": {"ensembles", "charts", "pictures", "report", "disk", "version"},  # knows no court
    "national": {"evidence", "parameters", "calibrate", "scenario", "sim", "ensembles", "disk"},
    "backtest": {
        *("national", "calibrate", "ensembles", "evidence", "charts", "pictures", "report"),
        *("scenario", "sim", "disk", "version"),  # forecasts by simulated people, to check the twin
    },
    "plan": {
        *("national", "scenario", "sim", "ensembles", "parameters", "evidence"),
        *("charts", "pictures", "report", "disk", "version"),
    },
    "records": {"process", "events", "disk", "version"},
    "synthetic": {"records", "sim", "scenario", "process", "events", "version"},
    "charts": {"process", "evidence"},
    "pictures": {"charts", "report", "process", "disk"},
    "stats": {
        "events",
        "process",
        "evidence",
        "pictures",
        "disk",
        "version",
    },  # a Table draws itself
    "exports": {"events", "process", "version"},
    "report": {"charts", "process", "evidence", "disk", "version"},
    "runs": {"sim", "report", "scenario", "version"},  # a run with its pages
}
ANYTHING = {"cli", "web"}  # the top of the house: may import all, and nobody imports them
PART_OF = {
    "__main__": "cli",
    "sankey": "charts",
    "fans": "charts",
    "tablecharts": "pictures",
    "findings": "report",
    "markup": "report",
    "summary": "report",
}
KERNELS = {
    "sim.engine",
    "sim.buckets",
    "sim.tokens",
    "sim.moves",
    "sim.books",
    "sim.compilation",
    "sim.continuous",
    "sim.continuous_kernel",
    "sim.durations",
    "sim.observation",
    "sim.tables",
    "sim.tallies",
    "sim.randomness",
}  # know no immigration word
HEAVY = {
    *("numba", "llvmlite", "scipy", "pyarrow", "duckdb", "ibis", "sqlglot", "pandas"),
    *("dask", "distributed", "emcee", "sklearn"),
    *("starlette", "uvicorn", "jinja2", "anyio"),
}
LIGHT_ROOMS = [
    *("process", "evidence", "parameters", "scenario", "events", "charts", "report", "records"),
    *("synthetic", "stats", "exports", "pictures", "ensembles", "calibrate", "national"),
    *("backtest", "plan", "disk", "web"),
]
# a dependency's other names
PARTS = {"pydantic_core": "pydantic", "ibis": "ibis-framework", "markdown_it": "markdown-it-py"}
# extras, imported inside functions only
OPTIONAL = {"vl_convert", "scipy", "emcee", "sklearn", "dask", "distributed"}
COPYLEFT = {"pm4py", "sksurv"}  # licences that would bind everyone who installs this

PUBLIC = [
    *("compare", "evidence", "export", "load_scenario", "open", "parameters", "process"),
    *("records", "run", "stats", "synthesize"),
]


class Import(NamedTuple):
    """One import statement's target, and where it stands."""

    importer: str  # module, without the package's own name; "" is the package itself
    target: str  # full dotted name
    at_top: bool  # runs when the module is imported
    where: str  # file:line, for the message


def module_name(path: Path) -> str:
    """The dotted name of a file, without the package's own name."""
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {module_name(path): path for path in sorted(PACKAGE.rglob("*.py"))}


def targets(node: ast.AST, importer: str, is_package: bool) -> list[str]:
    """The full dotted names one statement imports; import_module("a.b") counts too."""
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom):
        base = node.module or ""
        if node.level:
            here = ["asylumatlas", *filter(None, importer.split("."))]
            up = node.level - 1 if is_package else node.level
            base = ".".join([*here[: len(here) - up], *filter(None, [node.module])])
        return [f"{base}.{alias.name}" for alias in node.names]
    if isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant):
        name = getattr(node.func, "attr", getattr(node.func, "id", ""))
        if name in ("import_module", "__import__"):
            return [str(node.args[0].value)]
    return []


def walk(node: ast.AST, at_top: bool = True) -> Iterator[tuple[ast.AST, bool]]:
    """Every node, and whether it runs on import: not in a function, not for the type checker."""
    for child in ast.iter_child_nodes(node):
        inside = isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
        typing_only = isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test)
        yield child, at_top
        yield from walk(child, at_top and not inside and not typing_only)


def imports_of(source: str, importer: str, path: Path, is_package: bool) -> list[Import]:
    """All imports in a module's text, those inside functions too."""
    return [
        Import(importer, target, at_top, f"{path.name}:{getattr(node, 'lineno', 0)}")
        for node, at_top in walk(ast.parse(source))
        for target in targets(node, importer, is_package)
    ]


ROOMS = MAY_IMPORT.keys() | ANYTHING
IMPORTS = [
    found
    for name, path in MODULES.items()
    for found in imports_of(path.read_text(), name, path, path.name == "__init__.py")
]


def room_of(name: str) -> str:
    """The room of a module, or of a name in one."""
    first = name.split(".")[0]
    return PART_OF.get(first, first)


def room(target: str) -> str | None:
    """The room a dotted name lies in; None when it is not ours.

    `asylumatlas.__version__` is the room "version"; the public names of the package are the room
    "public", which nobody inside may import: inside, a name is imported from its own room.
    """
    first, *rest = target.split(".")
    if first != "asylumatlas":
        return None
    if rest[:1] == ["__version__"]:
        return "version"
    if not rest or room_of(rest[0]) not in ROOMS:
        return "public"
    return room_of(rest[0])


def breach(found: Import) -> str | None:
    """What is wrong with one import, in one line; None when nothing is."""
    to = room(found.target)
    if to is None or found.importer == "":  # the package itself only names its rooms, lazily
        return None
    own = room_of(found.importer)
    told = f"{found.where}: {found.importer} imports {found.target}"
    if own == "web" and to == "cli":
        return f"{told}, but pages and commands both stand on the library, not on each other"
    if own in ANYTHING:
        return None
    if own not in MAY_IMPORT:
        return f"{told}, but room {own} has no line in MAY_IMPORT"
    if found.importer in KERNELS:
        inner = found.target.removeprefix("asylumatlas.")
        kernel = inner == "sim" or any(f"{inner}.".startswith(f"{name}.") for name in KERNELS)
        return None if kernel else f"{told}, but a kernel imports only kernels"
    if to == own or to in MAY_IMPORT[own]:
        return None
    return f"{told}, but {own} may import only {sorted(MAY_IMPORT[own]) or 'nothing of ours'}"


@pytest.mark.parametrize("name", MODULES)
def test_imports_follow_the_arrows(name: str) -> None:
    breaches = [line for found in IMPORTS if found.importer == name if (line := breach(found))]
    assert not breaches, "\n".join(breaches)


@pytest.mark.parametrize(
    ("importer", "source", "allowed"),
    [
        ("process.replay", "import asylumatlas.process.vocabulary", True),
        ("process", "from asylumatlas.evidence import sources", False),
        ("process", "from asylumatlas import __version__", False),
        ("parameters", "from asylumatlas import evidence", True),
        ("evidence", "from asylumatlas import parameters", False),
        ("events", "from .process import load", True),
        ("scenario", "from asylumatlas.sim.run import run", False),
        ("scenario", "from asylumatlas.scenario.model import Model", True),
        ("scenario.model", "from asylumatlas import parameters", True),
        ("scenario.model", "from asylumatlas import events", False),
        ("charts", "from asylumatlas.sankey import flow_svg", True),
        ("sankey", "from asylumatlas.markup import table", False),
        ("sim.run", "def f():\n    from asylumatlas.report import write", False),
        ("sim.run", "from . import engine", True),
        ("sim.engine", "from asylumatlas.sim.tables import draw", True),
        ("sim.engine", "from asylumatlas.sim import tables", True),
        ("sim.engine", "from .rules import table", False),
        ("sim.engine", "from asylumatlas import process", False),
        ("charts", "import importlib\nimportlib.import_module('asylumatlas.sim.run')", False),
        ("report", "from asylumatlas import cli", False),
        ("report", "from asylumatlas import run", False),
        ("sim.run", "from asylumatlas.sim import run", True),
        ("process.replay", "from ..evidence import sources", False),
        ("cli", "from asylumatlas.sim.run import run", True),
        ("cli.serving", "from asylumatlas.web import serve", True),
        ("web.whatif", "from asylumatlas.scenario import load_scenario", True),
        ("web.whatif", "from asylumatlas.cli.listings import quantities", False),
        ("report", "from asylumatlas.web import charts", False),
        ("attic", "from asylumatlas import process", False),
    ],
)
def test_the_rule_itself(importer: str, source: str, allowed: bool) -> None:
    """The arrows catch what they should, whether or not the house holds such a line today."""
    found = imports_of(source, importer, Path(f"{importer}.py"), is_package=False)
    assert all(breach(one) is None for one in found) == allowed


def test_every_room_is_built_or_dropped() -> None:
    """A room named in the rules exists, and a room that exists is named in the rules."""
    assert {room_of(name) for name in MODULES if name} == ROOMS


@pytest.mark.parametrize("name", MODULES)
def test_modules_are_short_nouns(name: str) -> None:
    lines = len(MODULES[name].read_text().splitlines())
    assert lines <= LONGEST_MODULE, f"{name} has {lines} lines"
    assert MODULES[name].stem not in {"utils", "util", "helpers", "common", "misc"}


def test_third_party_imports_are_declared() -> None:
    """Inside the package only core dependencies are imported, or extras inside functions."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    core = {line.split(">")[0].strip() for line in project["dependencies"]}
    ours = sys.stdlib_module_names | core | {"asylumatlas"}
    for found in IMPORTS:
        top = found.target.split(".")[0]
        top = PARTS.get(top, top)
        assert top not in COPYLEFT, found
        assert top in ours or (top in OPTIONAL and not found.at_top), found


def loaded_by(code: str) -> set[str]:
    """The top-level modules a fresh interpreter holds after running some code."""
    probe = f"import sys\n{code}\nprint('\\nLOADED', *{{m.split('.')[0] for m in sys.modules}})"
    done = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return set(done.stdout.rsplit("LOADED", 1)[1].split())


def test_import_is_cheap() -> None:
    loaded = loaded_by("import asylumatlas; dir(asylumatlas); asylumatlas.__version__")
    assert not loaded & (HEAVY | {"numpy", "pydantic", "cyclopts", "rich"})


@pytest.mark.parametrize("name", LIGHT_ROOMS)
def test_a_light_room_is_cheap(name: str) -> None:
    assert not loaded_by(f"import asylumatlas.{name}") & HEAVY


def test_help_is_cheap() -> None:
    code = (
        "from asylumatlas.cli import main\n"
        "sys.argv = ['asylumatlas', '--help']\n"
        "try:\n    main()\nexcept SystemExit as end:\n    assert not end.code, end.code"
    )
    assert not loaded_by(code) & HEAVY


def test_the_probe_sees_a_heavy_import() -> None:
    """Else the tests above could pass for nothing."""
    assert "pyarrow" in loaded_by("import pyarrow")


def test_public_names() -> None:
    assert asylumatlas.__all__ == sorted(PUBLIC)
    assert set(dir(asylumatlas)) == {*PUBLIC, "__version__"}
    assert len(PUBLIC) <= 20


@pytest.mark.parametrize("name", PUBLIC)
def test_a_public_name_is_found(name: str) -> None:
    assert getattr(asylumatlas, name).__doc__, f"{name} says nothing about itself"


def test_an_unknown_public_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'runn'"):
        _ = asylumatlas.runn


def test_the_version_is_told_once() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert project["version"] == asylumatlas.__version__
    assert f'version: "{asylumatlas.__version__}"' in (ROOT / "CITATION.cff").read_text()
    assert f"## {asylumatlas.__version__}" in (ROOT / "CHANGELOG.md").read_text()


def test_constraints_hold_names_and_versions_only() -> None:
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    pins = [line for line in lines if line and not line.startswith("#")]
    assert pins == sorted(pins, key=lambda pin: pin.split("==")[0])
    for pin in pins:
        name, _, version = pin.partition("==")
        assert name.replace("-", "").isalnum(), pin
        assert version[:1].isdigit(), pin
        assert not set(version) & set("/:@"), pin
