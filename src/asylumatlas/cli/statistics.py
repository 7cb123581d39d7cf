"""The stats command: the catalogue, or one question answered."""

from __future__ import annotations

import contextlib
import io
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from asylumatlas.cli import DONE
from asylumatlas.cli.options import option
from asylumatlas.cli.screen import print_json
from asylumatlas.cli.statistic_options import (
    FORMATS,
    check,
    check_files,
    check_name,
    chosen_format,
    metadata_file,
    written,
)

if TYPE_CHECKING:
    from asylumatlas.stats import Table

SMALL = 25
BANDS = "bands"


def stats(
    name: str = "",
    /,
    *logs: str,
    by: Annotated[str, Parameter(metavar="A,B")] = "",
    where: Annotated[tuple[str, ...], option("--where", "KEY=VALUE,...")] = (),
    from_: Annotated[str, option("--from", "PERIOD")] = "",
    to: Annotated[str, option("--to", "PERIOD")] = "",
    definition: Annotated[str, Parameter(metavar="D")] = "",
    replications: Annotated[str, Parameter(metavar="bands|pool|N")] = BANDS,
    small: Annotated[int, Parameter(metavar="N")] = SMALL,
    suppress: Annotated[int | None, Parameter(metavar="N")] = None,
    published: Annotated[bool, option("--published")] = False,
    add: Annotated[bool, option("--add")] = False,
    format: Annotated[str, option("--format", "|".join(FORMATS))] = "",
    out: Annotated[Path | None, Parameter(metavar="FILE")] = None,
    chart: Annotated[Path | None, Parameter(metavar="FILE")] = None,
    sql: Annotated[str, option("--sql", "DIALECT")] = "",
    counts: Annotated[Path | None, Parameter(metavar="FILE")] = None,
    cite: Annotated[bool, option("--cite")] = False,
    replace: Annotated[bool, option("--replace")] = False,
) -> int:
    """List the statistics, or answer one from a log, its definition stated.

    Args:
        name: of the statistic; without one, the catalogue is listed.
        logs: folders of runs or of imported records; several are compared with the first.
        by: at most two groups, such as fiscal_year,nationality.
        where: only rows with these values; may be repeated.
        from_: first period: FY2016, FY2016Q3, 2016, 2016-10 or 2016-10-01.
        to: last period, written the same way.
        definition: whose; "all" sets every one offered side by side.
        replications: bands over the simulated worlds, pool of all, or the number of one.
        small: flag cells with fewer cases.
        suppress: withhold cells with fewer cases, and what would give them away.
        published: set published figures of the same thing beside the rows.
        add: the logs are shards of one log; add their counts.
        format: table, csv, json or parquet; by default what the name of --out ends in, else table.
        out: write to this file instead of the screen; beside .csv, what its columns mean as JSON.
        chart: also draw it, as .png, .svg, .html or .json (Vega-Lite).
        sql: print the query in a dialect, such as duckdb, postgres or snowflake, instead.
        counts: write the counts of one log to this file instead, to be added to those of others.
        cite: print how to cite the table, instead of it.
        replace: replace files that are there.
    """
    form = chosen_format(format, out)
    given = _given(
        by=by,
        where=where,
        **{"from": from_},
        to=to,
        definition=definition,
        replications=replications if replications != BANDS else "",
        small=small if small != SMALL else "",
        suppress=suppress,
        published=published,
        add=add,
        format=format,
        out=out,
        chart=chart,
        sql=sql,
        counts=counts,
        cite=cite,
        replace=replace,
    )
    check(name, logs, given)
    check_name(name, logs)
    check_files(written(form, out, chart, counts), replace)
    asked = {
        "by": by,
        "where": list(where) or None,
        "start": from_ or None,
        "end": to or None,
        "definition": definition or None,
    }
    if not logs:
        return _without_logs(name, asked, sql, as_json=form == "json")
    if counts is not None:
        return _count(name, logs[0], asked, counts)
    answering = {
        "replications": replications,
        "small": small,
        "suppress": suppress,
        "published": published,
        "add": add,
    }
    table = _ask(name, logs, asked | answering)
    if chart is not None:
        _draw(table, chart)
    if sql:
        print(table.query(sql))
    elif cite:
        print("\n".join([table.cite(), *table.cite_as]))
    else:
        _print(table, form, out)
    return DONE


def _given(**options: object) -> dict[str, object]:
    """The options that were given, as they are written: --name -> value."""
    said = {f"--{name}": value for name, value in options.items()}
    return {name: value for name, value in said.items() if value not in ("", (), None, False)}


def _without_logs(name: str, asked: dict[str, Any], sql: str, as_json: bool) -> int:
    """The catalogue, one entry of it, or a query."""
    from asylumatlas.cli import catalogue_tables

    if not name:
        return catalogue_tables.print_catalogue(as_json=as_json)
    if not sql:
        return catalogue_tables.print_statistic(name, as_json=as_json)
    print(_query(name, asked, sql))
    return DONE


def _query(name: str, asked: dict[str, Any], dialect: str) -> str:
    """The query of a statistic without any log at hand, one after the other for several."""
    from asylumatlas.stats.catalogue import ALL, statistic
    from asylumatlas.stats.counts import sql
    from asylumatlas.stats.question import Question

    known = statistic(name)
    wanted = asked["definition"]
    names = list(known.definitions) if wanted == ALL else (wanted or known.default).split(",")
    question = Question.of(asked["by"], asked["where"], asked["start"], asked["end"])
    return "\n\n".join(
        sql(known.definition(one.strip()), known.kind, question, dialect, statistic=known.name)
        for one in names
    )


def _count(name: str, log: str, asked: dict[str, Any], path: Path) -> int:
    """Write the counts of one log."""
    from asylumatlas import stats

    found = stats.count(name, log, **asked)
    found.to_parquet(path)
    print(f"{path}: {len(found):,} rows of counts, to be added with --add", file=sys.stderr)
    return DONE


def _ask(name: str, logs: tuple[str, ...], asked: dict[str, Any]) -> Table:
    from asylumatlas import stats
    from asylumatlas.cli.facts_progress import FactsBar

    with FactsBar() as progress:
        return stats.ask(name, logs, progress=progress, **asked)


def _draw(table: Table, path: Path) -> None:
    picture = table.chart()
    writers: dict[str, Any] = {
        ".png": picture.to_png,
        ".svg": picture.to_svg,
        ".html": picture.to_html,
        ".json": lambda where: _store(where, json.dumps(picture.spec, indent=1) + "\n"),
    }
    writers[path.suffix](path)
    print(f"{path}: {picture.alt}", file=sys.stderr)


def _print(table: Table, format: str, out: Path | None) -> None:
    """Print a table, or write it to a file."""
    if format == "parquet":
        assert out is not None
        table.to_parquet(out)
    elif format == "csv":
        text = table.to_csv(out)
        if out is None:
            sys.stdout.write(text.replace("\r\n", "\n"))
    elif format == "json" and out is None:
        print_json(table.to_dict())
    elif out is None:
        _print_text(table)
    else:
        _store(out, _text(table) if format == "table" else json.dumps(table.to_dict(), indent=1))
    if out is not None:
        print(f"{out}: {len(table):,} rows", file=sys.stderr)
    if out is not None and format == "csv":
        _describe(table, metadata_file(out))


def _describe(table: Table, path: Path) -> None:
    """Write what CSV has no room for."""
    about = {key: value for key, value in table.to_dict().items() if key != "rows"}
    _store(path, json.dumps(about, indent=1))
    print(f"{path}: what was asked, what the columns mean, where it is from", file=sys.stderr)


def _print_text(table: Table) -> None:
    from asylumatlas.cli import statistic_tables

    statistic_tables.print_table(table)


def _text(table: Table) -> str:
    """What the screen would show."""
    paper = io.StringIO()
    with contextlib.redirect_stdout(paper):
        _print_text(table)
    return paper.getvalue().lstrip("\n")


def _store(path: Path, text: str) -> None:
    from asylumatlas.disk import store_whole

    store_whole(path, (text.rstrip("\n") + "\n").encode())
