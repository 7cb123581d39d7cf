"""Every example in the README and the documentation runs as it is printed.

A page is one story: its blocks run in order, share one folder and one Python namespace.

    ```python     runs; lines that start with >>> are checked against the output below them
    ```console    each line that starts with $ runs; output printed below it is compared, where
                  ... stands for anything

An HTML comment on the line before a block changes that, and says why:

    <!-- not run: takes an hour -->
    <!-- exit 2: the words are wrong on purpose -->       for a console block
"""

import doctest
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
BLOCK = re.compile(
    r"^(?:<!--[ ]*(?P<mark>not run|exit (?P<exit>\d+)):(?P<why>[^>]*)-->\n+)?"
    r"^```(?P<language>python|console)\n(?P<text>.*?)^```$",
    re.M | re.S,
)
PROGRAMS = {"asylumatlas", "python"}  # what an example may call
COMPARE = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE


@dataclass(frozen=True)
class Block:
    """One fenced example."""

    language: str
    text: str
    line: int
    exit: int


def blocks(text: str) -> list[Block]:
    """The examples of a page that are to run.

    Raises:
        ValueError: a block is left out without a reason.
    """
    found = []
    for match in BLOCK.finditer(text):
        line = text.count("\n", 0, match.start("text")) + 1
        if match["mark"] and not match["why"].strip():
            raise ValueError(f"line {line}: say why after {match['mark']!r}")
        if match["mark"] != "not run":
            found.append(Block(match["language"], match["text"], line, int(match["exit"] or 0)))
    return found


def commands(text: str) -> list[tuple[str, str]]:
    """The commands of a console block, each with the output printed below it."""
    parts = re.split(r"^\$ ", text, flags=re.M)
    assert not parts[0].strip(), "a console block starts with a line that starts with $"
    pairs = []
    for part in parts[1:]:
        head = re.match(r"(?:[^\n]*\\\n)*[^\n]*\n", part)  # a backslash continues the line
        assert head is not None
        pairs.append((head[0].strip(), part[head.end() :]))
    return pairs


def run_console(block: Block, folder: Path) -> None:
    """Run a console block and compare what is printed."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    for command, expected in commands(block.text):
        program = command.split()[0]
        assert program in PROGRAMS, f"examples call {sorted(PROGRAMS)}, not {program}"
        done = subprocess.run(
            command,
            shell=True,
            cwd=folder,
            env={**os.environ, "PATH": path, "COLUMNS": "100", "NO_COLOR": "1"},
            capture_output=True,
            text=True,
        )
        said = done.stdout + done.stderr
        assert done.returncode == block.exit, f"$ {command}\nexit {done.returncode}\n{said}"
        if expected.strip():
            same = doctest.OutputChecker().check_output(expected, said, COMPARE)
            assert same, f"$ {command}\nprinted:\n{expected}\nsays now:\n{said}"


def run_python(block: Block, name: str, scope: dict[str, object]) -> None:
    """Run a Python block in the page's namespace."""
    if ">>>" not in block.text:
        exec(compile(block.text, f"{name}:{block.line}", "exec"), scope)
        return
    parsed = doctest.DocTestParser().get_doctest(block.text, scope, name, name, block.line)
    failures: list[str] = []
    runner = doctest.DocTestRunner(optionflags=COMPARE)
    runner.run(parsed, out=failures.append, clear_globs=False)
    scope.update(parsed.globs)
    assert not failures, "".join(failures)


PAGES = [
    path
    for path in [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted(ROOT.glob("docs/**/*.md"))]
    if "_build" not in path.parts
]


@pytest.mark.parametrize("page", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_examples_run(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    scope: dict[str, object] = {"__name__": "example"}
    for block in blocks(page.read_text()):
        if block.language == "console":
            run_console(block, tmp_path)
        else:
            run_python(block, page.name, scope)


def test_no_page_hides_an_example() -> None:
    """A fence this file does not understand is not an example nobody runs."""
    for page in PAGES:
        fences = re.findall(r"^[ ]*(?:```|~~~)[ ]*\{?(\w*)", page.read_text(), re.M)
        unknown = {"py", "python3", "pycon", "bash", "sh", "shell"} & set(fences)
        assert not unknown, f"{page.name}: write python or console, not {sorted(unknown)}"


STORY = """
```python
x = 1
```

<!-- not run: needs a machine nobody has -->
```console
$ launch
```

```console
$ python -c "print('a');
print('b 12')"
```
"""


def test_the_page_reader() -> None:
    assert [(b.language, b.line) for b in blocks(STORY)] == [("python", 3), ("console", 12)]
    assert commands("$ python a \\\n  b\nout 1\nout 2\n$ python c\n") == [
        ("python a \\\n  b", "out 1\nout 2\n"),
        ("python c", ""),
    ]
    with pytest.raises(ValueError, match="say why"):
        blocks("<!-- not run: -->\n```python\n1\n```\n")


@pytest.mark.parametrize(
    ("text", "code", "fits"),
    [
        ("$ python -c \"print('2 people')\"\n2 people\n", 0, True),
        ("$ python -c \"print('2 people')\"\n3 people\n", 0, False),
        ("$ python -c \"print('2 people')\"\n... people\n", 0, True),
        ('$ python -c "exit(2)"\n', 0, False),
        ('$ python -c "exit(2)"\n', 2, True),
        ("$ rm -r nothing\n", 0, False),
    ],
)
def test_the_console_runner(text: str, code: int, fits: bool, tmp_path: Path) -> None:
    block = Block("console", text, 1, code)
    if fits:
        run_console(block, tmp_path)
    else:
        with pytest.raises(AssertionError):
            run_console(block, tmp_path)


def test_the_python_runner() -> None:
    scope: dict[str, object] = {}
    run_python(Block("python", "people = 2\n", 1, 0), "page", scope)
    run_python(Block("python", ">>> people + 1\n3\n>>> more = 5\n", 1, 0), "page", scope)
    run_python(Block("python", "assert more == 5\n", 1, 0), "page", scope)
    with pytest.raises(AssertionError):
        run_python(Block("python", ">>> people + 1\n4\n", 1, 0), "page", scope)
