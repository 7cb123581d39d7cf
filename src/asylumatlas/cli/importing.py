"""`asylumatlas import`: a release of the court records into a dataset."""

from __future__ import annotations

import json as json_text
import sys
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter, Token

from asylumatlas.cli import DONE, FAILED, STOPPED, UsageError

if TYPE_CHECKING:
    from asylumatlas.records.importing import Imported

MOST_WORKERS = 64


def _day(_: object, tokens: Sequence[Token]) -> date:
    """A converter that takes days of the calendar."""
    text = tokens[0].value
    try:
        if len(text) != len("YYYY-MM-DD"):
            raise ValueError(text)
        return date.fromisoformat(text)
    except ValueError:
        raise ValueError(f"{text!r} is not a day written YYYY-MM-DD.") from None


def _workers(_: object, tokens: Sequence[Token]) -> int:
    """A converter that takes a number of threads."""
    text = tokens[0].value
    if not (text.isascii() and text.isdigit() and 1 <= int(text[:9]) <= MOST_WORKERS):
        raise ValueError(f"{text!r} is not a whole number from 1 to {MOST_WORKERS}.")
    return int(text)


def import_(
    release: Path,
    /,
    *,
    out: Annotated[Path, Parameter(metavar="DIR")],
    tables: Annotated[str | None, Parameter(metavar="A,B")] = None,
    as_of: Annotated[date | None, Parameter(converter=_day, metavar="DATE")] = None,
    workers: Annotated[int, Parameter(converter=_workers, metavar="N")] = 2,
    json: Annotated[bool, Parameter(negative="", show_default=False)] = False,
) -> int:
    """Read a release of the court records, every row accounted for.

    Stopped at any moment, the same command goes on where it stopped; where all is done it does
    nothing.

    Args:
        release: the release: a zip file, or a folder.
        out: the dataset's folder: new, empty, or begun from the same release.
        tables: read only these, with commas between them, and the lookups; a later call may add
            others.
        as_of: the day of the release, YYYY-MM-DD, if its name does not tell it.
        workers: threads that share the work; the result does not depend on it.
        json: print one JSON object instead of tables.
    """
    from asylumatlas.cli.import_progress import ImportBar
    from asylumatlas.records.importing import import_release

    names = _names(tables)
    try:
        with ImportBar() as progress:
            found = import_release(
                release, out, tables=names, as_of=as_of, workers=workers, progress=progress
            )
    except KeyboardInterrupt:
        if not out.is_dir():  # nothing was done yet that is worth keeping
            raise
        print(f"{out}: stopped; the same command goes on where it stopped", file=sys.stderr)
        return STOPPED
    if json:
        print(json_text.dumps(_object(found, out), indent=1, ensure_ascii=True))
    else:
        from asylumatlas.cli.import_tables import print_import

        print_import(found, str(out))
    if faults := list(found.ledger.faults()):
        print(
            f"{out}: rows are missing from the ledger; do not use it: {faults[0]}", file=sys.stderr
        )
        return FAILED
    return DONE


def _names(words: str | None) -> list[str] | None:
    """The tables named in `--tables`.

    Raises:
        UsageError: a word is no table, or there is none.
    """
    if words is None:
        return None
    from asylumatlas.records.plan import table_names
    from asylumatlas.records.storage import DatasetError

    chosen = [word for word in words.split(",") if word.strip()]
    if not chosen:
        raise UsageError("--tables: name tables, for example --tables A_TblCase,B_TblProceeding")
    try:
        return table_names(chosen)
    except DatasetError as error:
        raise UsageError(f"--tables: {error}") from error


def _object(found: Imported, out: Path) -> dict[str, Any]:
    """What `--json` prints."""
    ledger = found.ledger
    return {
        "dataset": str(out),
        "did": found.did,
        "read": list(found.read),
        "release": dict(found.dataset.release),
        "as_of": found.dataset.as_of.isoformat(),
        "fingerprint": found.dataset.fingerprint,
        "closes": ledger.closes(),
        "totals": ledger.totals,
        "reasons": ledger.reasons(),
        "not_in_release": list(ledger.not_in_release),
        "not_known": list(ledger.not_known),
        "links": found.links,
        "files": [dict(file) for file in ledger.files],
    }
