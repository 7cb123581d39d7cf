"""The stats command: the catalogue, or one question answered."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from asylumatlas.cli import DONE, UsageError
from asylumatlas.cli.commands import _option, _print_json

if TYPE_CHECKING:
    from asylumatlas.stats import Table

FORMATS = ("table", "csv", "json", "parquet")


def stats(
    name: str = "",
    /,
    *logs: str,
    by: Annotated[str, Parameter(metavar="A,B")] = "",
    where: Annotated[tuple[str, ...], _option("--where", "KEY=VALUE,...")] = (),
    from_: Annotated[str, _option("--from", "PERIOD")] = "",
    to: Annotated[str, _option("--to", "PERIOD")] = "",
    definition: Annotated[str, Parameter(metavar="D")] = "",
    replications: Annotated[str, Parameter(metavar="bands|pool|N")] = "bands",
    small: Annotated[int, Parameter(metavar="N")] = 25,
    suppress: Annotated[int | None, Parameter(metavar="N")] = None,
    published: Annotated[bool, _option("--published")] = False,
    add: Annotated[bool, _option("--add")] = False,
    format: Annotated[str, Parameter(metavar="|".join(FORMATS))] = "table",
    out: Annotated[Path | None, Parameter(metavar="FILE")] = None,
    chart: Annotated[Path | None, Parameter(metavar="FILE")] = None,
    sql: Annotated[str, _option("--sql", "DIALECT")] = "",
    counts: Annotated[Path | None, Parameter(metavar="FILE")] = None,
    cite: Annotated[bool, _option("--cite")] = False,
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
        format: table, csv, json or parquet.
        out: write to this file instead of the screen.
        chart: also draw it, as .png, .svg, .html or .json (Vega-Lite).
        sql: print the query in a dialect, such as duckdb, postgres or snowflake, instead.
        counts: write the counts of one log to this file instead, to be added to those of others.
        cite: print how to cite the table, instead of it.
    """
    from asylumatlas.cli import catalogue_tables

    _require(format, FORMATS, "--format")
    if format == "parquet" and out is None:
        raise UsageError("asylumatlas stats: --format parquet is no text. Name a file: --out FILE")
    if not name:
        return catalogue_tables.print_catalogue(as_json=format == "json")
    if sql and not logs:
        print(_query(name, definition, by, where, from_, to, sql))
        return DONE
    if not logs:
        return catalogue_tables.print_statistic(name, as_json=format == "json")
    from asylumatlas import stats as statistics
    from asylumatlas.cli.facts_progress import FactsBar

    if counts is not None:
        if len(logs) > 1:
            raise UsageError("asylumatlas stats: --counts: name one log, or one shard")
        found = statistics.count(
            name,
            logs[0],
            by=by,
            where=list(where) or None,
            start=from_ or None,
            end=to or None,
            definition=definition or None,
        )
        found.to_parquet(counts)
        print(f"{counts}: {len(found):,} rows of counts, to be added with --add", file=sys.stderr)
        return DONE
    with FactsBar() as progress:
        table = statistics.ask(
            name,
            logs,
            by=by,
            where=list(where) or None,
            start=from_ or None,
            end=to or None,
            definition=definition or None,
            replications=replications,
            small=small,
            suppress=suppress,
            published=published,
            add=add,
            progress=progress,
        )
    if chart is not None:
        _draw(table, chart)
    if sql:
        print(table.query(sql))
    elif cite:
        print(table.cite())
        for source in table.cite_as:
            print(source)
    else:
        _print(table, format, out)
    return DONE


def _require(word: str, known: tuple[str, ...], option: str) -> None:
    from asylumatlas.stats.errors import suggestion

    if word not in known:
        raise UsageError(f'asylumatlas stats: {option}: "{word}".{suggestion(word, known)}')


def _query(
    name: str, definition: str, by: str, where: tuple[str, ...], start: str, end: str, dialect: str
) -> str:
    """The query of a statistic without any log at hand."""
    from asylumatlas.stats.catalogue import statistic
    from asylumatlas.stats.counts import sql
    from asylumatlas.stats.question import Question

    known = statistic(name)
    question = Question.of(by, list(where) or None, start or None, end or None)
    one = known.definition(definition or None)
    return sql(one, known.kind, question, dialect, statistic=known.name)


def _draw(table: Table, path: Path) -> None:
    picture = table.chart()
    writers: dict[str, Any] = {
        ".png": picture.to_png,
        ".svg": picture.to_svg,
        ".html": picture.to_html,
        ".json": lambda where: where.write_text(json.dumps(picture.spec, indent=1) + "\n"),
    }
    if path.suffix not in writers:
        raise UsageError(
            f"asylumatlas stats: --chart {path}: write .png, .svg, .html or .json as its ending"
        )
    writers[path.suffix](path)
    print(f"{path}: {picture.alt}", file=sys.stderr)


def _print(table: Table, format: str, out: Path | None) -> None:
    """Print a table, or write it to a file."""
    from asylumatlas.cli import statistic_tables

    if format == "parquet":
        assert out is not None
        table.to_parquet(out)
        print(out, file=sys.stderr)
    elif format == "csv":
        text = table.to_csv(out)
        if out is None:
            sys.stdout.write(text.replace("\r\n", "\n"))
    elif format == "json":
        if out is None:
            _print_json(table.to_dict())
        else:
            out.write_text(json.dumps(table.to_dict(), indent=1) + "\n", "utf-8")
    else:
        statistic_tables.print_table(table)
