"""Write docs/reference/cli.md from the help of the commands themselves.

Run `python tools/cli_reference.py` after changing a command; a test fails while they differ.
`--check` writes nothing and fails if they differ.
"""

import io
import sys
from pathlib import Path

from rich.console import Console

from asylumatlas.cli import COMMANDS, application

PAGE = Path(__file__).resolve().parents[1] / "docs" / "reference" / "cli.md"
WIDTH = 96  # columns; fits a code block without scrolling

HEAD = """\
<!-- Written by tools/cli_reference.py from the commands' help. Do not edit. -->

# The command line

`asylumatlas COMMAND --help` prints what stands here.

With `--json` a command prints one JSON object on standard output and nothing else there. Progress
and errors go to standard error. An error is one line.

| exit code | means |
| --- | --- |
| 0 | done |
| 1 | the work failed: a file or folder that is not what was asked for, no room on the disk |
| 2 | the words were wrong: an unknown command, option, scenario, key or value |
| 130 | stopped by Ctrl-C; the unfinished is removed, but `import` and `fetch` can go on |
"""


def help_of(*command: str) -> str:
    """The help of a command, or of the program."""
    buffer = io.StringIO()
    application().help_print(list(command), console=Console(file=buffer, width=WIDTH))
    lines = [line.rstrip() for line in buffer.getvalue().splitlines()]
    return "\n".join(lines).strip()


def page() -> str:
    """The whole page."""
    parts = [HEAD, f"```text\n{help_of()}\n```\n"]
    for name in COMMANDS:
        parts.append(f"## {name}\n\n```text\n{help_of(name)}\n```\n")
    return "\n".join(parts)


if __name__ == "__main__":
    if sys.argv[1:] == ["--check"]:
        sys.exit(None if PAGE.read_text("utf-8") == page() else f"{PAGE.name} differs; run me")
    PAGE.write_text(page(), "utf-8")
