"""The command line: words in, a table or one JSON object out.

Thin on purpose. `commands` calls the library, `tables` and `listings` set what it returns in text.
Exit codes: 0 done; 1 the work failed; 2 the words were wrong; 130 stopped by Ctrl-C. A failure is
one line on standard error. Only a fault of this program itself shows a traceback.

Nothing heavy is imported before a command needs it: `asylumatlas --help` must stay quick.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cyclopts import App
    from cyclopts.exceptions import CycloptsError

__all__ = ["COMMANDS", "UsageError", "application", "main"]

DONE, FAILED, WRONG_WORDS, STOPPED = 0, 1, 2, 130

HELP = """A simulator of the United States asylum process, beside the published record.

The people it simulates are made up; nothing here says what will happen to a real one.
"""
# Command -> (module:function, imported when the command is called; its line in --help).
COMMANDS = {
    "run": ("commands:run", "Simulate a scenario, and print what was reported beside it."),
    "scenarios": ("commands:scenarios", "List the scenarios that ship with this program."),
    "show": ("commands:show", "Show what a scenario says and every number it rests on."),
    "check": ("commands:check", "Read a scenario file and name every fault in it."),
    "compare": ("commands:compare", "Compare two runs, replication by replication."),
    "sweep": (
        "sweeping:sweep",
        "Simulate a scenario at several values of something, as one table.",
    ),
    "policies": (
        "policies:policies",
        "Compare policies with their base: same people, same luck.",
    ),
    "import": (
        "importing:import_",
        "Read a release of the court records, every row accounted for.",
    ),
    "diff": ("differing:diff", "Show what a newer release added, removed and changed."),
    "synthesize": ("synthesis:synthesize", "Write a made-up release, to try everything on."),
    "stats": (
        "statistics:stats",
        "List the statistics, or answer one from a log, its definition stated.",
    ),
    "calibrate": (
        "calibrating:calibrate",
        "Fit a model to published figures, and say what they cannot tell.",
    ),
    "plan": (
        "planning:plan",
        "Find the least-cost judges, attorneys and officers that meet a goal.",
    ),
    "backtest": (
        "backtesting:backtest",
        "Forecast past years from what was known then; score that.",
    ),
    "export": (
        "exporting:export",
        "Write a log for process-mining tools, or as open data.",
    ),
    "fetch": ("fetching:fetch", "Download the court records as they are published."),
    "serve": ("serving:serve", "Show everything in a browser: statistics, what-ifs, maps."),
}


class UsageError(ValueError):
    """The words of a command line that cannot be obeyed, in one line."""


def application() -> App:
    """The commands and their options; the commands themselves are not imported yet."""
    from cyclopts import App

    from asylumatlas import __version__

    app = App(
        name="asylumatlas",
        help=HELP,
        help_epilogue="Exit codes: 0 done, 1 the work failed, 2 the words were wrong.",
        help_format="plaintext",
        help_formatter="plain",
        version=__version__,
        suppress_keyboard_interrupt=False,
    )
    for name, (function, summary) in COMMANDS.items():
        app.command(f"asylumatlas.cli.{function}", name=name, help=summary)
    return app


def main(words: Sequence[str] | None = None) -> int:
    """Obey one command line and return its exit code.

    Args:
        words: the words after the program's name; those it was called with if not given.

    Example:
        >>> main(["--version"])
        0.1.0
        0
    """
    if sys.stdout is None:  # closed by who called
        sys.stdout = open(os.devnull, "w")  # noqa: SIM115 - for as long as the program runs
    try:
        code = _obey(list(sys.argv[1:] if words is None else words))
        sys.stdout.flush()
        return code
    except KeyboardInterrupt as stopped:  # a command that keeps something says where
        left = str(stopped) or "what was not finished has been removed"
        return _end(f"asylumatlas: stopped; {left}", STOPPED)
    except BrokenPipeError:
        return _reader_left()
    except OSError as error:
        what = ": ".join(str(part) for part in (error.filename, error.strerror or error) if part)
        return _end(f"asylumatlas: {what}", FAILED)
    except ValueError as error:
        return _end(str(error), _code_of(error))


def _obey(words: list[str]) -> int:
    """Parse the words and call the command; its exit code."""
    from cyclopts.exceptions import CycloptsError

    for word in words:
        if "\n" in word or "\r" in word:
            raise UsageError(f"asylumatlas: {word!r}: a line break inside a word")
    try:
        found = application()(
            words, exit_on_error=False, print_error=False, result_action="return_value"
        )
    except CycloptsError as error:
        raise UsageError(f"asylumatlas: {_in_house_style(error)}") from error
    return found if isinstance(found, int) else DONE


def _in_house_style(error: CycloptsError) -> str:
    """The parser's message, with the suggestion written as everywhere else: Did you mean "x"?"""
    import re
    from difflib import get_close_matches

    message = " ".join(str(error).split())
    message = re.sub(r"Did you mean (-\S+)\?", r'Did you mean "\1"?', message)
    message = message.replace("Unused Tokens: [", "Too many words: [")
    words = error.unused_tokens or [""]
    close = get_close_matches(words[0], ["--help", "--version"], n=1)
    if close and "Did you mean" not in message:
        message += f' Did you mean "{close[0]}"?'
    return message


def _code_of(error: ValueError) -> int:
    """The exit code of an error of ours; any other ValueError is a fault of this program.

    Raises:
        ValueError: the error given, where it is not ours.
    """
    if not type(error).__module__.startswith("asylumatlas."):
        raise error
    wrong = type(error).__name__ in ("UsageError", "ScenarioError", "StatsError", "BacktestError")
    return WRONG_WORDS if wrong else FAILED


def _end(message: str, code: int) -> int:
    """Say in one line on standard error why it ends; the exit code."""
    first, *more = [line.strip() for line in message.splitlines() if line.strip()] or ["failed"]
    rest = f" (and {len(more)} more; `asylumatlas check` names all)" if more else ""
    with suppress(OSError):  # nobody reads standard error: the exit code still tells
        print(f"{first}{rest}", file=sys.stderr, flush=True)
    _hush(sys.stdout)
    return code


def _reader_left() -> int:
    """The reader of a pipe has seen enough, as in `| head`: no reason to complain."""
    _hush(sys.stdout)
    _hush(sys.stderr)
    return DONE


def _hush(stream: object) -> None:
    """Let the interpreter's last flush of a broken or full stream go nowhere."""
    try:
        stream.flush()  # type: ignore[attr-defined]
    except (OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())  # type: ignore[attr-defined]
        os.close(nowhere)
