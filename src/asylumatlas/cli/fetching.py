"""`asylumatlas fetch`: the court records as they are published, onto this disk."""

from __future__ import annotations

import json as json_text
import os
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from asylumatlas.cli import DONE, STOPPED, UsageError

if TYPE_CHECKING:
    from asylumatlas.records.fetching.download import Fetched

# As in records.fetching.download, which --help must not import; a test holds the two together.
URL = "https://fileshare.eoir.justice.gov/EOIR%20Case%20Data.zip"


def fetch(
    *,
    out: Annotated[Path, Parameter(metavar="FILE")] = Path("EOIR Case Data.zip"),
    url: Annotated[str, Parameter(metavar="URL")] = URL,
    json: Annotated[bool, Parameter(negative="", show_default=False)] = False,
) -> int:
    """Download the court records as they are published.

    One zip of about 4.5 GB, replaced about monthly; the court system keeps no old ones. Stopped
    at any moment, the same command goes on where it stopped. Where the file is there and the
    server has no other, it does nothing; where it has, the file there is kept under a name with
    its date.

    Args:
        out: the file to write.
        url: where to download from, http or https.
        json: print one JSON object instead of text.
    """
    from asylumatlas.cli.fetch_progress import DownloadBar
    from asylumatlas.records.fetching.download import fetch as fetch_file
    from asylumatlas.records.fetching.server import FetchError, check_url

    try:
        check_url(url)
    except FetchError as error:
        raise UsageError(f"--url: {error}") from error
    if out.is_dir() or not out.name:
        raise UsageError(f"--out {out}: is a folder; name the file to write in it")
    try:
        with DownloadBar() as progress:
            found = fetch_file(url, out, progress, say=progress.say)
    except KeyboardInterrupt:
        part = out.with_name(f"{out.name}.part")
        if not part.is_file():  # nothing was fetched yet
            raise
        print(
            f"{part}: stopped; its {part.stat().st_size:,} bytes are kept, the same command goes "
            "on where it stopped",
            file=sys.stderr,
        )
        return STOPPED
    if json:
        print(json_text.dumps({"url": url, **asdict(found)}, indent=1, default=os.fspath))
    else:
        _print(found)
    return DONE


def _print(found: Fetched) -> None:
    """What was done, in words."""
    if found.unchanged:
        print(f"{found.path}: unchanged at the server; nothing was fetched")
        return
    date = f", published {found.last_modified}" if found.last_modified else ""
    print(f"{found.path}: {found.bytes:,} bytes{date}")
    print(f"sha256 {found.sha256}")
    if found.resumed_from:
        print(f"{found.resumed_from:,} bytes were there from an earlier fetch")
    if found.kept:
        print(f"the file that was there is now {found.kept}")
