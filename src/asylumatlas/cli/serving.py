"""`asylumatlas serve`: the web app on this machine."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from asylumatlas.cli import UsageError
from asylumatlas.cli.options import option, whole_number

DEFAULT_PORT = 8000


def serve(
    *,
    log: Annotated[tuple[str, ...], option("--log", "NAME=DIR")] = (),
    host: Annotated[str, Parameter(metavar="ADDRESS")] = "127.0.0.1",
    port: Annotated[
        int | None, Parameter(converter=whole_number(0, 65_535), metavar="P", show_default=False)
    ] = None,
    token_file: Annotated[Path | None, Parameter(metavar="FILE")] = None,
    token: Annotated[str | None, Parameter(metavar="TOKEN")] = None,
    home: Annotated[Path | None, Parameter(metavar="DIR")] = None,
    no_demo: Annotated[bool, option("--no-demo")] = False,
) -> None:
    """Show everything in a browser: statistics, what-ifs, maps.

    The first line printed is the address to open. Ctrl-C ends it; runs that were asked for go on
    when it is started again.

    Args:
        log: a log to show, the folder of a run or of imported records, with the name it has in
            links; may be repeated. Without NAME= the folder's own name.
        host: the address to listen on; one that others can reach needs a token.
        port: the port, 8000 if it is free, else any; 0 takes any.
        token_file: a file with the token that readers must bring: ADDRESS?token=TOKEN, once.
        token: the token itself; other users of the machine can read it while the program runs.
        home: the folder for runs, results and prepared statistics; by default asylumatlas in the
            user's data folder.
        no_demo: leave the built-in logs out.
    """
    from asylumatlas.web.server import PortError, serve
    from asylumatlas.web.settings import Settings, SettingsError, default_home

    if token is not None and token_file is not None:
        raise UsageError("--token and --token-file: give one of them")
    try:
        settings = Settings(
            logs=tuple(named(word) for word in log),
            home=home if home is not None else default_home(),
            host=host,
            port=DEFAULT_PORT if port is None else port,
            token=token if token_file is None else _read(token_file),
            demo=not no_demo,
        )
    except SettingsError as error:
        raise UsageError(str(error)) from error
    try:
        try:
            serve(settings, _announce)
        except PortError:
            if port is not None:
                raise
            from dataclasses import replace

            serve(replace(settings, port=0), _announce)
    except KeyboardInterrupt:
        raise KeyboardInterrupt("runs not yet finished go on when it is started again") from None


def named(word: str) -> tuple[str, Path]:
    """Return a log's name and folder from NAME=DIR, or from DIR alone.

    Raises:
        UsageError: the folder is missing from the word.

    Example:
        >>> named("court=runs/a")[0], named("Runs/My Run")[0]
        ('court', 'my-run')
    """
    name, equals, folder = word.partition("=")
    if not equals:
        name, folder = "", word
    if not folder.strip():
        raise UsageError(f"--log {word}: write --log NAME=DIR, for example --log records=court")
    path = Path(folder)
    if not equals:
        name = re.sub("[^a-z0-9._-]+", "-", path.resolve().name.lower()).strip("-._") or "log"
    return name, path


def _read(file: Path) -> str:
    lines = file.read_text(encoding="utf-8", errors="replace").split()
    if len(lines) != 1:
        raise UsageError(f"--token-file {file}: holds {len(lines)} words; it is to hold the token")
    return lines[0]


def _announce(address: str) -> None:
    print(address, flush=True)
    print("Open that address in a browser. Ctrl-C ends it.", file=sys.stderr, flush=True)
