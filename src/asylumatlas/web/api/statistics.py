"""The interface's statistics: the catalogue, one of them, its answer from a log, the query."""

from __future__ import annotations

from typing import Any

from asylumatlas.stats.catalogue import statistics
from asylumatlas.stats.description import described
from asylumatlas.stats.periods import UNITS
from asylumatlas.stats.support import columns
from asylumatlas.web.api.models import Answer, Catalogue, StatisticShape
from asylumatlas.web.api.operations import (
    Asked,
    Operation,
    Parameter,
    Schema,
    known,
    one_of,
    words,
)
from asylumatlas.web.rendering import data
from asylumatlas.web.statistics.answer import KINDS, twin
from asylumatlas.web.statistics.link import MOST_LOGS, read

GROUP = "statistics"
EXAMPLE = "asylum_denial_rate"
FORMATS = ("json", "csv", "parquet", "sql")


def _statistic_name() -> Parameter:
    return Parameter(
        "name",
        "Name of a statistic of the catalogue.",
        one_of(list(statistics())),
        EXAMPLE,
        in_path=True,
        required=True,
    )


def _columns() -> list[str]:
    """Everything that some statistic can be filtered by."""
    found = {
        name
        for one in statistics().values()
        for definition in one.definitions.values()
        for name in columns(definition.facts, one.kind)
    }
    return sorted(found - set(UNITS))


def _period(name: str, meaning: str) -> Parameter:
    form = "FY2016, FY2016Q3, 2016, 2016-10 or 2016-10-01"
    return Parameter(name, f"{meaning}: {form}.", words("^[0-9FYQ-]{4,10}$", 10))


def _question() -> tuple[Parameter, ...]:
    """The parameters of a question: the same words as in a link of the page."""
    values: Schema = {"type": "string", "minLength": 1, "maxLength": 400}
    logs: Schema = {"type": "array", "items": words("^[a-z0-9._-]{1,60}$", 60), "maxItems": 4}
    numbers = {"type": "integer", "minimum": 0, "maximum": 1_000_000}
    return (
        Parameter(
            "log",
            f"Name of a log; up to {MOST_LOGS}, each compared with the first. Without one, the "
            "first that can answer.",
            logs,
            "made-up-records",
        ),
        Parameter(
            "by",
            "At most two groups, with a comma between them.",
            words("^[a-z_]{1,40}(,[a-z_]{1,40})?$", 81),
            "fiscal_year",
        ),
        _period("from", "First period counted"),
        _period("to", "Last period counted"),
        Parameter(
            "definition",
            'Whose; several with commas, or "all" for every one side by side.',
            words("^[a-z0-9_]{1,60}(,[a-z0-9_]{1,60}){0,11}$"),
        ),
        Parameter("published", "1 sets published figures beside the rows.", one_of(["0", "1"])),
        Parameter(
            "replications",
            "bands over the simulated worlds, pool of all, or the number of one.",
            words("^(bands|pool|[0-9]{1,5})$", 5),
        ),
        Parameter("small", "Cells with fewer cases are flagged; 25 by default.", numbers),
        Parameter("suppress", "Cells with fewer cases are withheld.", numbers),
        *(
            Parameter(
                f"where.{name}",
                f"Only rows whose {name.replace('_', ' ')} is this, or one of these with commas.",
                values,
            )
            for name in _columns()
        ),
    )


# ---- handlers


async def catalogue(asked: Asked) -> Any:
    """Return every statistic, or those whose words hold all that is sought."""
    sought = asked.text("q").casefold().split()
    subject = asked.text("subject")
    found = [
        described(one)
        for one in statistics().values()
        if (not subject or one.subject == subject)
        and all(word in f"{one.name} {one.label} {one.question}".casefold() for word in sought)
    ]
    return {"statistics": found}


async def statistic(asked: Asked) -> Any:
    """Return one statistic with its definitions."""
    return described(
        statistics()[known(asked.text("name"), list(statistics()), "statistic", "name")]
    )


async def answer(asked: Asked) -> Any:
    """Return the table that answers a question: the bytes that the command line writes."""
    ending = asked.text("format") or "json"
    link = read(asked.text("name"), _without(asked, "format"))
    body = await twin(asked.site, link, ending)
    named = f"{link.name}.{ending}" if ending != "json" else None
    return data(asked.request, body, KINDS[ending], named)


def _without(asked: Asked, name: str) -> str:
    """The query without one part, still quoted."""
    parts = asked.request.url.query.split("&")
    return "&".join(part for part in parts if part.partition("=")[0] != name)


def operations() -> tuple[Operation, ...]:
    """Return the operations of this part."""
    from asylumatlas.stats.queries import DIALECTS

    question = _question()
    subjects = sorted({one.subject for one in statistics().values()})
    example = {"log": "made-up-records", "by": "fiscal_year", "from": "FY2014", "to": "FY2018"}
    return (
        Operation(
            "list_statistics",
            "/statistics",
            GROUP,
            "List the statistics, each with its definitions.",
            Catalogue,
            catalogue,
            (
                Parameter("q", "Only those whose name or question has all these words."),
                Parameter("subject", "Only those of one subject.", one_of(subjects)),
            ),
            command="asylumatlas stats --format json",
        ),
        Operation(
            "get_statistic",
            "/statistics/{name}",
            GROUP,
            "Tell what one statistic is: its question, its definitions, what it can be grouped by.",
            StatisticShape,
            statistic,
            (_statistic_name(),),
            faults=(404, 422),
            command=f"asylumatlas stats {EXAMPLE} --format json",
        ),
        Operation(
            "ask_statistic",
            "/statistics/{name}/answer",
            GROUP,
            "Answer a statistic from a log, with its definition, intervals and caveats.",
            Answer,
            answer,
            (
                _statistic_name(),
                *question,
                Parameter(
                    "format",
                    "json by default; csv and parquet hold the rows, sql the query behind them.",
                    one_of(FORMATS),
                ),
                Parameter("dialect", "Of the query; duckdb by default.", one_of(DIALECTS)),
            ),
            example,
            faults=(404, 422, 503),
            command=f"asylumatlas stats {EXAMPLE} LOG --by fiscal_year --from FY2014 --to FY2018 "
            "--format json",
            kinds=("text/csv", KINDS["parquet"], "text/plain"),
            details="The query is that of a link to the page of the statistic. A column the log "
            "does not have, or a group the definition does not know, is answered with 422. SQL is "
            "shown, never taken.",
        ),
    )
