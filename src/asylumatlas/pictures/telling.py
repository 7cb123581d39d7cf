"""What a picture says in words: title, subtitle, the text in its place, and its numbers."""

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import parse_qsl

from asylumatlas.pictures.reading import Reading, Row, shape
from asylumatlas.pictures.words import (
    clean,
    finite,
    key_name,
    label,
    lines,
    listing,
    reach_said,
    value_said,
)

TITLE, SUBTITLE = 80, 118  # letters in a line
NO_VALUE = "There is no value to show."
NOTHING = "\u2013"  # in a cell of the table
MOST_TOLD = 7  # series whose ends are told one by one


def title(reading: Reading) -> str:
    """Return the finding where there is one number, else the question."""
    table = reading.table
    if len(reading.rows) == 1 and reading.rows[0]["value"] is not None and not reading.keys:
        unit = "" if reading.share else f" {reading.unit}"
        unit += f" {_some(table)}" if _some(table) else ""
        said = reading.rows[0]["words"] + unit
        middle = ", median" if table.kind == "duration" else ""
        reach = reading.rows[0]["reach"]
        reach = f" (95 % interval {reach})" if reach else ""
        return f"{clean(table.label)}{middle}: {said}{reach}"
    return clean(table.question or table.label)


def subtitle(reading: Reading) -> list[str]:
    """Return lines: what is counted, by which definition, and what is not drawn."""
    table = reading.table
    unit = clean(table.unit)
    label_ = clean(table.label)
    definition = clean(table.definition_label)
    parts = [f"{label_}{', ' + unit if unit else ''}"]
    if ", " in table.definition:
        parts.append(f"Definitions side by side: {clean(table.definition)}")
    else:
        if clean(getattr(table, "denominator", "")) not in ("", "none"):
            parts[0] += f": {clean(table.numerator)}, of {clean(table.denominator)}"
        parts.append(f"Definition {clean(table.definition)}: {definition}")
    asked = _asked(getattr(table, "asked", {}) or {})
    if asked:
        parts[-1] += f". Only {asked}"
    if _some(table):
        parts.append(f"Numbers are {_some(table)} of the whole system.")
    if any("are not effects" in caveat for caveat in getattr(table, "caveats", ())):
        parts.append("Groups as at the end of the span: differences are not effects.")
    return [line for part in [*parts, *reading.notes] for line in lines(part, SUBTITLE, 2)]


def _some(table: Any) -> str:
    """Of how many people each one counted is one; nothing where all are."""
    return clean(getattr(table, "sampling", ""))


def _asked(asked: Mapping[str, Any]) -> str:
    """The filters of the question, in words."""
    where = dict(asked.get("where") or {})
    if isinstance(asked.get("question"), str):  # "from=2011-10-01&where.nationality=GTM,HND"
        asked = dict(parse_qsl(asked["question"]))
        where = {key[6:]: word.split(",") for key, word in asked.items() if key[:6] == "where."}
    parts = [
        f"{key_name(key)} "
        + listing(
            [label(key, word) for word in (words if isinstance(words, list | tuple) else [words])]
        )
        for key, words in where.items()
    ]
    start, end = asked.get("from", asked.get("start")), asked.get("to", asked.get("end"))
    if start or end:
        parts.append(
            " ".join(f"{word} {clean(day)}" for word, day in (("from", start), ("to", end)) if day)
        )
    return ", ".join(parts)


def alt(reading: Reading) -> str:
    """Return a few sentences with the numbers that matter: first, last, highest, lowest."""
    table = reading.table
    by = " and ".join(key_name(key) for key in reading.keys.values())
    unit = clean(table.unit)
    some = f" {_some(table)}" if _some(table) else ""
    unit = f", {unit}" if unit or some else ""
    said = f"{clean(table.label)}{unit}{some}{', by ' + by if by else ''}. "
    known = [row for row in reading.rows if row["value"] is not None]
    if not known:
        return f"{said}{clean(table.reason) or NO_VALUE}"
    tell = {"flow": _tell_flow, "judges": _tell_variation}.get(shape(table))
    if tell:
        told = tell(known, reading)
    elif "period" in reading.keys:
        told = _tell_periods(known)
    else:
        told = _tell_groups(known)
    rest = [note for note in reading.notes if not note.startswith(("Shown", "Line", "Dot"))]
    return " ".join(filter(None, [said.strip(), told, _tell_published(known), *rest])).strip()


def _one(row: Row) -> str:
    reach = f" (95 % interval {row['reach']})" if row["reach"] else ""
    return f"{row['words']}{reach}"


def _name(row: Row) -> str:
    return ", ".join(filter(None, (row["panel"], row["group"], row["series"], row["period"])))


def _tell_groups(rows: Sequence[Row]) -> str:
    if len(rows) == 1:
        name = _name(rows[0])
        return f"{name + ': ' if name else ''}{_one(rows[0])}."
    ordered = sorted(rows, key=lambda row: -row["value"])
    if len(rows) <= 4:
        return "; ".join(f"{_name(row)} {_one(row)}" for row in ordered) + "."
    high, low = ordered[0], ordered[-1]
    return (
        f"{len(rows):,} values. Highest: {_name(high)}, {_one(high)}. "
        f"Lowest: {_name(low)}, {_one(low)}."
    )


def _tell_periods(rows: Sequence[Row]) -> str:
    series: dict[str, list[Row]] = {}
    for row in rows:
        name = ", ".join(filter(None, (row["panel"], row["series"])))
        series.setdefault(name, []).append(row)
    told = []
    for name, each in series.items():
        ordered = sorted(each, key=lambda row: row["at"])
        first, last = ordered[0], ordered[-1]
        head = f"{name}: " if name else ""
        told.append(
            f"{head}{first['words']} in {first['period']}, {last['words']} in "
            f"{last['period']}"
            + (f" (95 % interval {last['reach']})" if last["reach"] and len(series) == 1 else "")
        )
    high, low = max(rows, key=_value), min(rows, key=_value)
    ends = f"Highest: {high['words']} ({_name(high)}). Lowest: {low['words']} ({_name(low)})."
    more = len(told) - MOST_TOLD
    left = f" {more} further lines are in the table." if more > 0 else ""
    return f"{'. '.join(told[:MOST_TOLD])}. {ends}{left}"


def _value(row: Row) -> float:
    return float(row["value"])


def _tell_flow(rows: Sequence[Row], reading: Reading) -> str:
    last = max(row["own"]["after_days"] for row in rows)
    by_name: dict[str, list[Row]] = {}
    for row in rows:
        own = by_name.setdefault(", ".join(filter(None, (row["panel"], row["series"]))), [])
        if row["own"]["after_days"] == last:
            own.append(row)
    told = []
    for name, own in by_name.items():
        own.sort(key=lambda row: -row["value"])
        stages = "; ".join(f"{row['own']['stage']} {row['words']}" for row in own[:4])
        told.append(f"{name + ': ' if name else ''}{stages}")
    return f"After {last:,} days: {'. '.join(told[:MOST_TOLD])}."


def _tell_variation(rows: Sequence[Row], reading: Reading) -> str:
    ordered = sorted(rows, key=_value)
    middles = [finite(row["raw"].get("shrunken")) for row in rows]
    shrunken = [value for value in middles if value is not None]
    reported = sum(bool(row["raw"].get("reported_by_trac")) for row in rows)
    told = (
        f"{len(rows):,} judges, {reported:,} of them reported under TRAC's rule. Observed rates "
        f"run from {ordered[0]['words']} to {ordered[-1]['words']}"
    )
    if shrunken:
        told += f", shrunken ones from {reach_said(min(shrunken), max(shrunken), reading.unit)}"
    return told + "."


def _tell_published(rows: Sequence[Row]) -> str:
    marked = [row for row in rows if row["published"] is not None]
    if not marked:
        return ""
    if len(marked) == 1:
        return f"Published: {marked[0]['published_words']}."
    return f"{len(marked):,} published figures are marked."


def twin(table: Any) -> tuple[tuple[str, ...], tuple[tuple[str, ...], ...], tuple[int, ...]]:
    """Return the table itself as text: head, rows, and the places of its columns of numbers."""
    columns = [(c.name, c.type, clean(c.unit or "")) for c in table.columns]
    if not columns:
        names = dict.fromkeys(name for row in table.rows for name in row)
        columns = [(name, "", _unit(name, table)) for name in names]
    labels = getattr(table, "labels", None)
    rows = tuple(
        tuple(_cell(name, row.get(name), unit or "", labels) for name, _, unit in columns)
        for row in table.rows
    )
    head = tuple(
        key_name(name) + (f" ({unit})" if unit and not unit.startswith("share") else "")
        for name, _, unit in columns
    )
    numeric = tuple(
        place
        for place, (name, _, _) in enumerate(columns)
        if any(finite(row.get(name)) is not None for row in table.rows)
    )
    return head, rows, numeric


def _unit(name: str, table: Any) -> str:
    same = ("value", "low95", "high95", "low80", "high80", "published", "shrunken", "difference")
    return clean(table.unit or "") if name.startswith(same) else ""


def _cell(name: str, value: object, unit: str, labels: Any) -> str:
    number = finite(value)
    if number is not None and not isinstance(value, bool) and "year" not in name:
        return value_said(number, unit)
    if value is None or value == "":
        return NOTHING
    return label(name, value, labels)
