"""What the columns of a table mean, by kind of statistic."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from asylumatlas.stats.answers.durations import WITHIN
from asylumatlas.stats.table import Column

KEYS = {
    "fiscal_year": "federal fiscal year, 1 October to 30 September, named for its September",
    "calendar_year": "calendar year",
    "quarter": "quarter of the fiscal year; the first is October to December",
    "month": "calendar month",
    "nationality": "ISO 3166-1 alpha-3 code of the nationality; OTH where a source groups others",
    "court": "immigration court, by the log's own code",
    "judge": "immigration judge, by the log's own code",
    "kind": "single adult, family or unaccompanied child",
    "representation": "whether an attorney or representative had entered an appearance by then",
    "custody": "detained, released after custody, or never detained, by then",
    "case_type": "the source's type of case",
    "entry_route": "how the case entered the process",
    "sex": "as the source gives it",
    "language": "as the source gives it",
    "feed": "where a simulated case came from, as the scenario names it",
    "claim": "whether an asylum application had been filed by then",
    "outcome": "how the event came out, in the words of the glossary",
    "party": "who asked for or caused the postponement, by the adjournment code",
    "place": "port, facility or court",
    "ended": "how the span of time ended",
    "meter": "what is metered",
    "unit": "unit of the amount",
    "stage": "stage of the process",
}


def columns(
    kind: str, by: Sequence[str], unit: str, *, many: bool, definitions: bool, logs: bool
) -> Iterator[Column]:
    """Yield the columns of a table, in order, those of comparisons and figures aside.

    Args:
        kind: of the statistic.
        by: keys of the groups.
        unit: of the value.
        many: whether there are bands over several worlds.
        definitions: whether there are several definitions.
        logs: whether there are several logs.
    """
    if definitions:
        yield Column("definition", "text", "", "definition of the statistic")
    if logs:
        yield Column("log", "text", "", "the log it was counted from")
    for key in by:
        yield Column(key, "text", "", f"{KEYS.get(key, key)}; empty where not known")
    yield from _OWN[kind](unit, many)
    if many:
        yield Column("low80", "number", unit, "a tenth of the simulated worlds are below")
        yield Column("high80", "number", unit, "a tenth of the simulated worlds are above")
        yield Column("worlds", "integer", "worlds", "simulated worlds in which the value exists")
        meaning = "share of the variance over worlds that is due to what is not known about the "
        meaning += "parameters; the rest is chance"
        yield Column("parameter_share", "number", "share", meaning)
    meaning = "small: few cases; partial: a period the log or the question covers in part; "
    meaning += "suppressed: withheld on request; sampled: of some of the people, as the caveats say"
    yield Column("flag", "text", "", meaning)


def comparison() -> Iterator[Column]:
    """Yield the columns that say how a log differs from the first."""
    yield Column("difference", "number", "", "value less that of the first log, in its unit")
    yield Column("difference_low95", "number", "", "lower end of the 95 % interval of it")
    yield Column("difference_high95", "number", "", "upper end of the 95 % interval of it")
    meaning = "whether world was compared with world, each pair with the same random numbers"
    yield Column("paired", "flag", "", meaning)


def published(unit: str) -> Iterator[Column]:
    """Yield the columns of published figures."""
    yield Column("published", "number", unit, "figure published for the same thing, see the source")
    yield Column("published_source", "text", "", "its source, and what others say")


def _value(unit: str, many: bool, kind: str = "number") -> Iterator[Column]:
    if many:
        yield Column("value", "number", unit, "median over the simulated worlds")
        yield Column("low95", "number", unit, "a fortieth of the simulated worlds are below")
        yield Column("high95", "number", unit, "a fortieth of the simulated worlds are above")
    else:
        yield Column("value", kind, unit, "the figure asked for")
        yield Column("low95", "number", unit, "lower end of its 95 % interval, empty: counted")
        yield Column("high95", "number", unit, "upper end of its 95 % interval, empty: counted")


def _count(unit: str, many: bool) -> Iterator[Column]:
    yield from _value(unit, many, "integer")


def _share(unit: str, many: bool) -> Iterator[Column]:
    kind = "number" if many else "integer"
    over = ", median over worlds" if many else ""
    yield Column("numerator", kind, "", f"number counted{over}")
    yield Column("denominator", kind, "", f"number it is a share of{over}")
    yield from _value(unit, many)


def _stock(unit: str, many: bool) -> Iterator[Column]:
    yield from _value(unit, many, "integer")
    yield Column("date", "date", "", "the day on whose evening it is counted")


def _duration(unit: str, many: bool) -> Iterator[Column]:
    kind = "number" if many else "integer"
    yield Column("started", kind, "spells", "spells that began")
    yield Column("ended", kind, "spells", "of them, ended by the event asked for")
    yield Column("ended_otherwise", kind, "spells", "of them, ended in another way first")
    yield Column("open", kind, "spells", "of them, not ended when the log ends")
    yield Column("value", "number", unit, "days until half of all that began have ended")
    yield Column("low95", "number", unit, "lower end of its interval; empty: not reached")
    yield Column("high95", "number", unit, "upper end of its interval; empty: not reached")
    for name, part in (("p25", "a quarter"), ("p75", "three quarters"), ("p90", "nine tenths")):
        yield Column(name, "number", unit, f"days until {part} have ended; empty: not reached")
    for days in WITHIN:
        meaning = f"estimated share ended within {days} days, of all that began"
        yield Column(f"within_{days}", "number", "share", meaning)


def _flow(unit: str, many: bool) -> Iterator[Column]:
    yield Column("after_days", "integer", "days", "days since the origin")
    yield Column("stage", "text", "", KEYS["stage"])
    yield Column("cases", "number" if many else "integer", "cases", "cases in the cohort")
    yield from _value(unit, many)


def _variation(unit: str, many: bool) -> Iterator[Column]:
    yield Column("judges", "integer", "judges", "judges with a decision")
    yield Column("decisions", "integer", "decisions", "their decisions")
    yield Column("pooled", "number", "share", "share over all their decisions together")
    yield from _value(unit, many)
    meaning = "of the judges' shares in the fitted distribution, chance in few decisions removed"
    yield Column("fitted_p05", "number", "share", f"twentieth {meaning}")
    yield Column("fitted_p95", "number", "share", f"nineteen twentieths {meaning}")
    yield Column("p_value", "number", "", "of the hypothesis that all judges have one share")
    yield Column("trac_judges", "integer", "judges", "judges whom TRAC's rule would report")
    yield Column("trac_low", "number", "share", "lowest observed share among those")
    yield Column("trac_p25", "number", "share", "lower quartile of the observed shares of those")
    yield Column("trac_p75", "number", "share", "upper quartile of the observed shares of those")
    yield Column("trac_high", "number", "share", "highest observed share among those")


def _judges(unit: str, many: bool) -> Iterator[Column]:
    yield from _share(unit, many)
    yield Column("shrunken", "number", "share", "share drawn towards all judges' by what is chance")
    yield Column("shrunken_low95", "number", "share", "lower end of its 95 % interval")
    yield Column("shrunken_high95", "number", "share", "upper end of its 95 % interval")
    yield Column("reported_by_trac", "flag", "", "whether TRAC's rule would report this judge")


def _total(unit: str, many: bool) -> Iterator[Column]:
    yield Column("meter", "text", "", KEYS["meter"])
    yield Column("unit", "text", "", KEYS["unit"])
    yield from _value("", many)


_OWN = {
    "count": _count,
    "share": _share,
    "stock": _stock,
    "duration": _duration,
    "flow": _flow,
    "variation": _variation,
    "judges": _judges,
    "total": _total,
}
