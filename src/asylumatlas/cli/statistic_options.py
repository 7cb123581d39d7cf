"""The words of the stats command that do not go together, refused before any work is done."""

from __future__ import annotations

import shlex
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

from asylumatlas.cli import UsageError

FORMATS = ("table", "csv", "json", "parquet")
ENDINGS = {".csv": "csv", ".json": "json", ".parquet": "parquet", ".txt": "table"}
PICTURES = (".png", ".svg", ".html", ".json")

_INSTEAD = ("--sql", "--counts", "--cite")
"""Options that give something else than the table."""

_IDLE = {
    "--sql": ("--format", "--out", "--suppress", "--published", "--add", "--replace"),
    "--cite": ("--format", "--out"),
    "--counts": (
        *("--format", "--out", "--suppress", "--published", "--add", "--chart", "--replications"),
        "--small",
    ),
}
"""Options that would do nothing beside one of those."""


class OutputError(ValueError):
    """A file that cannot be written where it was asked for; one line with the remedy."""


def check(name: str, logs: Collection[str], given: Mapping[str, object]) -> None:
    """Refuse options that make no sense together.

    Args:
        name: of the statistic, "" for none.
        logs: the logs named.
        given: option -> what it was given, only those that were given.

    Raises:
        UsageError: in one line with the remedy.
    """
    if not name or not logs:
        _check_listing(name, given)
    instead = [option for option in _INSTEAD if option in given]
    if len(instead) > 1:
        raise _refusal(f"{' and '.join(instead)}: ask for one at a time")
    for option in instead:
        idle = [other for other in _IDLE[option] if other in given]
        if idle:
            raise _refusal(f"{idle[0]} changes nothing of {option}; leave it out")
    if "--counts" in given and len(logs) > 1:
        raise _refusal("--counts: name one log, or one shard")
    if given.get("--format") == "parquet" and "--out" not in given:
        raise _refusal("--format parquet is no text. Name a file: --out FILE")
    chart = given.get("--chart")
    if isinstance(chart, Path) and chart.suffix not in PICTURES:
        raise _refusal(f"--chart {chart}: write .png, .svg, .html or .json as its ending")
    files = [option for option in ("--out", "--chart", "--counts") if option in given]
    if "--replace" in given and not files:
        raise _refusal("--replace: nothing is written. Name a file with --out, --chart or --counts")
    if given.get("--out") is not None and given.get("--out") == chart:
        raise _refusal(f"--chart {chart}: is the file of --out too. Name two files")


def _check_listing(name: str, given: Mapping[str, object]) -> None:
    """Without a log there is the catalogue to list, one entry of it, or a query to print."""
    allowed = {"--format"}
    if name and "--sql" in given:
        allowed |= {"--sql", "--by", "--where", "--from", "--to", "--definition"}
    for option in given:
        if option not in allowed:
            missing = "a log" if name else "a statistic and a log"
            raise _refusal(f"{option}: name {missing} first, as in stats NAME LOG {option} ...")
    if given.get("--format") in ("csv", "parquet"):
        raise _refusal("--format: the catalogue is printed as table or json; name a log for others")


def chosen_format(format: str, out: Path | None) -> str:
    """Return the format asked for: by its name, or by the ending of the file's name.

    Raises:
        UsageError: the format is unknown, or the ending is none of `ENDINGS`.

    Example:
        >>> chosen_format("", Path("rates.csv")), chosen_format("", None)
        ('csv', 'table')
    """
    from asylumatlas.stats.errors import suggestion

    if not format and out:
        ending = out.suffix.lower()
        if ending not in ENDINGS and not out.is_dir():
            raise _refusal(
                f"--out {out}: write .csv (spreadsheets open it), .json, .parquet or .txt"
            )
        return ENDINGS.get(ending, "table")
    if not format:
        return "table"
    if format not in FORMATS:
        raise _refusal(f'--format: "{format}".{suggestion(format, FORMATS)}')
    return format


def check_name(name: str, logs: Sequence[str]) -> None:
    """Refuse a word that is no statistic, above all where it was exchanged with the log's folder.

    Raises:
        UsageError: in one line with the remedy.
    """
    from asylumatlas.process.vocabulary import suggestion
    from asylumatlas.stats.catalogue import statistics

    known = statistics()
    if not name or name in known:
        return
    exchanged = bool(logs) and logs[0] in known
    if exchanged or (Path(name).exists() and not suggestion(name, known)):
        first, *others = logs or ["STATISTIC"]
        words = [first, name, *others] if exchanged else ["STATISTIC", name, *logs]
        raise _refusal(f"the statistic comes first: asylumatlas stats {shlex.join(words)}")
    near = suggestion(name, known) or " `asylumatlas stats` lists them."
    raise _refusal(f'unknown statistic "{name}".{near}')


def metadata_file(path: Path) -> Path:
    """Return the file beside a CSV file that says what its columns mean and where they are from.

    Example:
        >>> metadata_file(Path("rates.csv")).name
        'rates.metadata.json'
    """
    return path.with_suffix(".metadata.json")


def written(form: str, out: Path | None, *others: Path | None) -> list[Path]:
    """Return every file that will be written.

    Raises:
        UsageError: two of them are the same.
    """
    files = [path for path in (out, *others) if path]
    if form == "csv" and out:
        beside = metadata_file(out)
        if beside in files:
            raise _refusal(f"{beside}: is written beside the CSV file. Name another")
        files.append(beside)
    return files


def check_files(paths: Collection[Path], replace: bool) -> None:
    """Refuse files that cannot be written, or that are there and are not to be replaced.

    Raises:
        OutputError: a file's folder is missing, it is a folder itself, or it is there.
    """
    for path in paths:
        if not path.parent.is_dir():
            raise OutputError(f"{path}: no such folder: {path.parent}. Make it first.")
        if path.is_dir():
            raise OutputError(f"{path}: is a folder. Name the file to write in it.")
        if path.exists() and not path.is_file():
            raise OutputError(f"{path}: is no regular file. Name another.")
        if path.exists() and not replace:
            raise OutputError(
                f"{path}: exists already. Name another file, or replace it: --replace."
            )


def _refusal(words: str) -> UsageError:
    return UsageError(f"asylumatlas stats: {words}")
