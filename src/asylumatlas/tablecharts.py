"""Table -> chart: which picture a table gets, and the words that stand in for it."""

from collections.abc import Sequence
from typing import Any

from asylumatlas.pictures import Chart, PictureError
from asylumatlas.pictures.curves import curves
from asylumatlas.pictures.dots import dots, is_dodged
from asylumatlas.pictures.flows import flows
from asylumatlas.pictures.heat import heat
from asylumatlas.pictures.ranks import ranks
from asylumatlas.pictures.reading import GIVEN_ORDER, Reading, Stand, read, shape, source_line
from asylumatlas.pictures.style import INK, PAPER, WIDTH, frame
from asylumatlas.pictures.telling import NO_VALUE, TITLE, alt, subtitle, title, twin
from asylumatlas.pictures.trends import trends
from asylumatlas.pictures.words import clean, finite, lines, reach_said, value_said

__all__ = ["Chart", "PictureError", "chart"]

FORMS = ("auto", "curve")
Spec = dict[str, Any]


def chart(table: Any, form: str = "auto") -> Chart:
    """Return the chart of a table: its kind and its groups decide which.

    Args:
        table: an `asylumatlas.stats.Table`, or anything of that shape.
        form: "auto", or "curve" for the share that has ended by day, where the table has curves.

    Raises:
        PictureError: the form is unknown, or the table has no curves.

    Example:
        >>> from types import SimpleNamespace
        >>> row = {"value": 0.57, "low95": 0.56, "high95": 0.58, "flag": ""}
        >>> made = chart(SimpleNamespace(
        ...     statistic="rate", label="Denial rate", question="What share?", kind="share",
        ...     unit="share of decisions", definition="trac", definition_label="denied / both",
        ...     by=(), columns=(), rows=(row,), sources=(), caveats=(), reason=""))
        >>> made.title.split()[:4]
        ['Denial', 'rate:', '57.0', '%']
    """
    if form not in FORMS:
        raise PictureError(f'form: "{form}" is not one of {", ".join(FORMS)}.')
    told = read(table)
    words = alt(told)
    valued = any(row["value"] is not None for row in told.rows)
    if not valued and not (told.rows and bool(getattr(table, "curves", ()))):
        return _finish(told, [_nothing(table)], {"rows": [{"said": ""}]}, words)
    if form == "curve" or (form == "auto" and _wants_curve(table, valued)):
        return _curved(table, told, words)
    reading = told.again()
    if table.kind == "total":
        parts = _by_unit(reading)
        views = [dots(part) for part in parts]
        reading.notes += [note for part in parts for note in part.notes]
        return _finish(reading, views, {part.name: part.rows for part in parts}, words)
    views = [_view(reading)]
    datasets = {reading.name: reading.rows}
    apart = _differences(table)
    if apart:
        views.append(_headed(_view(apart), apart.unit))
        datasets[apart.name] = apart.rows
        words += f" {_tell_difference(apart)}"
    return _finish(reading, views, datasets, words)


def _view(reading: Reading) -> Spec:
    if shape(reading.table) == "flow":
        return flows(reading)
    if shape(reading.table) == "judges":
        return ranks(reading)
    if "period" in reading.keys:
        return trends(reading)
    crossed = reading.keys.get("series") not in (None, *GIVEN_ORDER)
    return heat(reading) if crossed and not is_dodged(reading) else dots(reading)


def _wants_curve(table: Any, valued: bool) -> bool:
    """A time without groups is best told by its curve; one whose median lies ahead, only by it."""
    return bool(getattr(table, "curves", ())) and (len(table.rows) == 1 or not valued)


def _curved(table: Any, told: Reading, words: str) -> Chart:
    if not getattr(table, "curves", ()):
        raise PictureError("form: this table has no curves; leave form out.")
    # A key that is the same everywhere tells no curve apart.
    apart = [key for key in GIVEN_ORDER if len({row.get(key) for row in table.curves}) > 1]
    keys = [key for key in dict.fromkeys((*table.by, *apart)) if key in table.curves[0]]
    seen = read(Stand(table, table.curves, by=keys, kind="share", unit="share"))
    for row, raw in zip(seen.rows, table.curves, strict=True):
        names = (row["panel"], row["series"], row["group"], row["period"])
        row["series"] = ", ".join(filter(None, names))
        row["days"] = finite(raw.get("days")) or 0.0
    view = curves(seen)
    if not any(row["value"] is not None for row in told.rows):
        words = f"{words.replace(NO_VALUE, '').strip()} {_tell_ends(seen)}"
    told.notes += [note for note in seen.notes if note.startswith("Shown")]
    return _finish(told, [view], {"curves": seen.rows}, words)


def _tell_ends(reading: Reading) -> str:
    """What the curves reach, where no median can be told."""
    last = {row["series"]: row for row in reading.rows if row["value"] is not None}
    said = [
        f"{name + ': ' if name else ''}{row['words']} had ended after {row['days']:,.0f} days"
        for name, row in list(last.items())[:7]
    ]
    return f"{'; '.join(said)}." if said else ""


def _by_unit(reading: Reading) -> list[Reading]:
    """Amounts in different units never share an axis: one reading for each unit."""
    raw = reading.table.rows
    units = list(dict.fromkeys(clean(row.get("unit") or reading.table.unit or "") for row in raw))
    if "period" in reading.keys or len(reading.rows) != len(raw):
        units = units[:1]
    parts = []
    for place, unit in enumerate(units):
        rows = [row for row in raw if clean(row.get("unit") or reading.table.unit or "") == unit]
        by = [*reading.table.by, *(["meter"] if any("meter" in row for row in rows) else [])]
        by = list(dict.fromkeys(by))
        part = read(Stand(reading.table, rows, by=by, kind="total", unit=unit))
        part.name = f"rows{place or ''}"
        parts.append(part)
    return parts


def _differences(table: Any) -> Reading | None:
    """The rows of a comparison read once more, for the difference from the first dataset."""
    share = str(table.unit or "").startswith("share")
    unit = "percentage points" if share else table.unit
    fields = {"value": "difference", "low95": "difference_low95", "high95": "difference_high95"}
    empty: Spec = {"low80": None, "high80": None, "published": None}
    rows = [
        {**row, **empty, **{to: _scaled(row.get(own), share) for to, own in fields.items()}}
        for row in table.rows
        if finite(row.get("difference")) is not None
    ]
    if not rows:
        return None
    by = [*table.by, *(key for key in GIVEN_ORDER if key in rows[0] and key not in table.by)]
    made = read(Stand(table, rows, by=by, kind="count", unit=unit))
    made.name = "differences"
    return made


def _scaled(value: object, share: bool) -> float | None:
    number = finite(value)
    return number if number is None or not share else 100 * number


def _headed(view: Spec, unit: str) -> Spec:
    said = f"Difference from the first dataset ({unit})"
    return {**view, "title": {"text": said, "anchor": "start", "fontSize": 13, "color": INK}}


def _tell_difference(reading: Reading) -> str:
    most = max(reading.rows, key=lambda row: abs(row["value"]))
    names = ", ".join(filter(None, (most["group"], most["series"], most["period"])))
    said = value_said(most["value"], reading.unit)
    reach = reach_said(most["low95"], most["high95"], reading.unit)
    return f"Largest difference from the first dataset: {names}, {said}" + (
        f" (95 % interval {reach})." if reach else "."
    )


def _nothing(table: Any) -> Spec:
    """A plain sheet that says why there is no picture."""
    reason = clean(table.reason) or "Every value of this table is suppressed or not known."
    text = {"type": "text", "align": "left", "baseline": "top", "fontSize": 15, "color": INK}
    said = ["Nothing to show.", *lines(reason, 88, 6)]
    return {
        "width": WIDTH - 40,
        "height": 24 * len(said),
        "data": {"name": "rows"},
        "layer": [
            {
                "name": "reason",
                "mark": {**text, "text": said, "lineHeight": 21},
                "encoding": {"x": {"value": 0}, "y": {"value": 6}},
            }
        ],
        "view": {"fill": PAPER},
    }


def _finish(reading: Reading, views: list[Spec], datasets: Spec, words: str) -> Chart:
    """Put title, subtitle, source line and the table's twin to the views."""
    table = reading.table
    said, below, end = title(reading), subtitle(reading), source_line(table)
    flat = {name: _flat(rows) for name, rows in datasets.items()}
    spec = frame(views, flat, lines(said, TITLE, 2), below, end, beside=False)
    spec["description"] = words
    head, rows, numeric = twin(table)
    return Chart(
        spec=spec,
        alt=words,
        title=said,
        subtitle=tuple(below),
        source=end,
        view=views[0] if len(views) == 1 and "facet" not in views[0] else None,
        head=head,
        rows=rows,
        numeric=numeric,
        caption=", ".join(
            filter(
                None,
                (clean(table.label), clean(table.unit), f"definition {clean(table.definition)}"),
            )
        ),
        caveats=tuple(clean(each) for each in table.caveats),
    )


def _flat(rows: Sequence[Spec]) -> list[Spec]:
    """Rows of plain values, all with the same names, in one order."""
    names = list(
        dict.fromkeys(
            name
            for row in rows
            for name, value in row.items()
            if name not in ("own", "raw", "weight") and not isinstance(value, dict)
        )
    )
    return [{name: row.get(name) for name in names} for row in rows]
