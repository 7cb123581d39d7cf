"""`asylumatlas export`: a log for process-mining tools, or as open data."""

from __future__ import annotations

import json as json_text
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter, Token

from asylumatlas.cli import DONE, UsageError

if TYPE_CHECKING:
    from asylumatlas.events import Log
    from asylumatlas.exports import Written

FORMATS = "ocel|ocel-sqlite|xes|csv|parquet|package"  # exports.FORMATS, unimported
MOST_REPLICATIONS = 32767  # the event log numbers them in 16 bits
_FLAG = Parameter(negative="", show_default=False)


def _format(_: object, tokens: Sequence[Token]) -> str:
    """A converter that takes the name of a format."""
    from asylumatlas.exports import check_format

    check_format(tokens[0].value)
    return tokens[0].value


def _number(_: object, tokens: Sequence[Token]) -> int:
    """A converter that takes the number of a replication."""
    text = tokens[0].value
    if not (text.isascii() and text.isdigit() and int(text[:9]) <= MOST_REPLICATIONS):
        raise ValueError(f"{text!r} is not a whole number from 0 to {MOST_REPLICATIONS}.")
    return int(text)


def export(
    log: Path,
    /,
    *,
    format: Annotated[str, Parameter(converter=_format, metavar=FORMATS)] = "ocel",
    out: Annotated[Path | None, Parameter(metavar="PATH")] = None,
    replication: Annotated[int | None, Parameter(converter=_number, metavar="N")] = None,
    where: Annotated[
        tuple[str, ...],
        Parameter(name="--where", metavar="KEY=VALUE", negative="", show_default=False),
    ] = (),
    spread: Annotated[bool, _FLAG] = False,
    replace: Annotated[bool, _FLAG] = False,
    json: Annotated[bool, _FLAG] = False,
) -> int:
    """Write a log for process-mining tools, or as open data.

    Args:
        log: the log's folder, a run's, or a dataset's.
        format: ocel and ocel-sqlite are OCEL 2.0; xes is IEEE 1849; csv and parquet are two plain
            tables; package is a Frictionless data package with its data dictionary.
        out: the file or folder to write; in the current folder, named after the log, if not given.
            A name in .gz is compressed (ocel, xes), one in .zip is a zip (csv, package).
        replication: the simulated world to write, the first if not given.
        where: write only cases with this value of a column, for example nationality=HND; the same
            column given twice means either value.
        spread: put events of one case on one day a second apart, in their order, for tools that
            know the order by time alone, such as PM4Py reading ocel-sqlite.
        replace: replace an export that lies there.
        json: print one JSON object instead of text.
    """
    from asylumatlas import exports
    from asylumatlas.cli.export_progress import EventBar
    from asylumatlas.events import open_log

    opened = open_log(log)
    known = opened.replications
    number = replication if replication is not None else known[0] if known else 0
    path = out or Path(exports.default_name(opened, format))
    with EventBar() as progress:
        written = exports.write(
            opened,
            path,
            format,
            number,
            _conditions(where, opened),
            progress,
            replace=replace,
            spread=spread,
        )
    if json:
        print(json_text.dumps(_object(written, opened), indent=1, ensure_ascii=True))
    else:
        print(f"{written.path}: {written.cases:,} cases, {written.events:,} events")
    if replication is None and len(known) > 1:
        print(
            f"{opened.folder}: has {len(known)} replications; this is replication {number}. "
            "Choose another with --replication.",
            file=sys.stderr,
        )
    if written.replaced:
        print(
            f"{written.path}: {written.replaced:,} control characters that XML cannot hold "
            "were replaced by U+FFFD",
            file=sys.stderr,
        )
    return DONE


def _conditions(words: Sequence[str], log: Log) -> dict[str, Any]:
    """KEY=VALUE words as column -> values, each of the column's type.

    Raises:
        UsageError: a word without "=", or a value that is not of the column's type.
    """
    from asylumatlas.events import CASE_COLUMNS

    types: dict[str, str] = {column.name: column.type for column in CASE_COLUMNS}
    types |= dict(log.manifest.extra)
    found: dict[str, list[Any]] = {}
    for word in words:
        key, equals, value = word.partition("=")
        if not equals or not key.strip() or not value.strip():
            raise UsageError(
                f"--where {word}: write --where KEY=VALUE, for example --where nationality=HND"
            )
        key, value = key.strip(), value.strip()
        found.setdefault(key, []).append(_value(key, value, types.get(key, "text")))
    return found


def _value(key: str, text: str, kind: str) -> Any:
    from datetime import date

    try:
        if kind == "date":
            return date.fromisoformat(text)
        return int(text) if kind.startswith("int") else text
    except ValueError:
        wanted = "a day written YYYY-MM-DD" if kind == "date" else "a whole number"
        raise UsageError(f"--where {key}={text}: {text!r} is not {wanted}.") from None


def _object(written: Written, log: Log) -> dict[str, Any]:
    """What `--json` prints."""
    return {
        "path": str(written.path),
        "format": written.format,
        "replication": written.replication,
        "cases": written.cases,
        "events": written.events,
        "replaced": written.replaced,
        "fingerprint": log.fingerprint,
    }
