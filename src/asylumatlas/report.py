"""Write a run's report: one HTML file that opens offline and asks nothing of any network.

The page carries its own style, charting code and numbers. Its policy (a meta tag) lets only
the two scripts it was written with run, by their checksums, and forbids every request. With
scripts off, only the drawn charts are missing: their numbers stand in tables.
"""

import base64
import hashlib
import os
import tempfile
from collections.abc import Mapping, Sequence
from functools import cache
from html import escape
from importlib.resources import files
from pathlib import Path
from typing import Any

from asylumatlas import charts
from asylumatlas.findings import findings
from asylumatlas.markup import (
    MISSING,
    Citations,
    Markup,
    day,
    figure,
    number,
    percent,
    spread,
    table,
)
from asylumatlas.summary import check, named, source_ids

Row = Mapping[str, Any]
Rows = Sequence[Row]

LONGEST_TABLE = 60  # rows printed beside a fan chart; the run's folder holds every day


def write(summary: Mapping[str, Any], path: Path) -> None:
    """Write the report of a run to `path`; the file is whole or not there.

    Args:
        summary: the summary of a run, as `asylumatlas.summary.check` describes it.
        path: where the HTML file goes; its folder must exist.

    Raises:
        SummaryError: a key is missing or wrong; nothing is written.
        OSError: the folder cannot be written to.
    """
    text = render(summary)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as file:
            file.write(text)
        Path(temporary).chmod(0o644)
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def render(summary: Mapping[str, Any]) -> str:
    """Return the report of a run as one HTML page.

    Raises:
        SummaryError: a key is missing or wrong.
    """
    check(summary)
    summary = named(summary)
    citations = Citations(summary["sources"])
    sections = [
        ("findings", "What the run says", _findings(summary)),
        ("reported", "Reported counts beside the simulation", _reported(summary, citations)),
        ("over-time", "Over time", _series(summary, citations)),
        ("people", "What became of the people", _people(summary)),
        ("uncertainty", "Where the uncertainty comes from", _uncertainty(summary)),
        ("meters", "Work and cost", _meters(summary, citations)),
        ("assumptions", "Assumptions", _assumptions(summary, citations)),
        ("caveats", "What this cannot say", _caveats(summary)),
        ("reproduce", "How to get these numbers again", _reproduce(summary)),
        ("sources", "Sources", citations.listing()),
    ]
    parts = [(key, title, body) for key, title, body in sections if body]
    contents = "".join(f'<li><a href="#{key}">{title}</a></li>' for key, title, _ in parts)
    body = "".join(
        f'<section aria-labelledby="{key}"><h2 id="{key}">{title}</h2>{body}</section>'
        for key, title, body in parts
    )
    return _page(summary, contents, body)


@cache
def _static(name: str) -> str:
    return (files("asylumatlas") / "static" / name).read_text("utf-8")


@cache
def _policy() -> str:
    """Content policy: the page's two scripts by checksum, its style, and nothing else."""
    sums = (hashlib.sha256(_static(name).encode()).digest() for name in ("vega.js", "report.js"))
    allowed = " ".join(f"'sha256-{base64.b64encode(each).decode()}'" for each in sums)
    return (
        f"default-src 'none'; script-src {allowed}; style-src 'unsafe-inline'; "
        "base-uri 'none'; form-action 'none'"
    )


def _notice() -> str:
    import tomllib

    vega = tomllib.loads(_static("VENDORED.toml"))["vega"]
    # A comment may not hold two hyphens in a row.
    return f"{vega['contains']}\n{vega['notice']}\n{vega['terms']}".replace("--", "- -")


def _page(summary: Row, contents: str, body: str) -> str:
    title, question = escape(summary["title"]), escape(summary["question"])
    period = f"{day(summary['from'])} to {day(summary['to'])}"
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{_policy()}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<title>{title} · Asylum Atlas</title>
<style>{_static("report.css")}</style>
</head>
<body>
<a class="skip" href="#main">Skip to the report</a>
<header>
<p class="quiet">Asylum Atlas · simulation report · {period} · \
{number(summary["replications"])} replications</p>
<h1>{title}</h1>
<p class="standfirst">{question}</p>
<p class="banner">{escape(summary["synthetic_note"])}</p>
<nav aria-label="Contents"><ul>{contents}</ul></nav>
<noscript><p class="note">Scripts are off: charts are not drawn, and the numbers of each chart \
stand in the table beneath it.</p></noscript>
</header>
<main id="main">
{body}
</main>
<footer class="quiet">Run {escape(summary["run"])}, fingerprint \
<code>{escape(summary["fingerprint"])}</code>, written {escape(summary["created"])}. \
This page asks nothing of any network.</footer>
<!--
{_notice()}
-->
<script>{_static("vega.js")}</script>
<script>{_static("report.js")}</script>
</body>
</html>
"""


# --- Findings ---------------------------------------------------------------------------------


def _findings(summary: Row) -> str:
    items = "".join(f"<li>{_kept(sentence)}</li>" for sentence in findings(summary))
    return f'{_books(summary)}<ol class="findings">{items}</ol>'


def _kept(sentence: str) -> str:
    """Escape a sentence, and keep each per-cent sign on the line of its number."""
    return escape(sentence).replace(" %", "\u00a0%")


def _books(summary: Row) -> str:
    books = summary["conservation"]
    if books.get("ok") is True:
        return ""
    return (
        '<p class="alarm" role="alert">The books of this run do not balance: people in differ from '
        "people out plus people inside. Do not use its numbers.</p>"
    )


# --- Reported counts --------------------------------------------------------------------------


def _verdict(row: Row) -> Markup:
    if row["reported"] is None:
        return Markup(MISSING)
    if row["inside80"]:
        said = "✓ inside 80 %"
    elif row["inside95"]:
        said = "≈ inside 95 % only"
    else:
        said = "✗ above 95 %" if row["reported"] > row["high95"] else "✗ below 95 %"
    return Markup(f'<span class="verdict">{said}</span>')


def _reported(summary: Row, citations: Citations) -> str:
    intro = (
        "<p>Each count keeps its outlet. A count used as <em>input</em> was open to the model; a "
        "<em>prediction</em> is compared with a count the model never saw. In the strips, the thin "
        "bar is the 95 % interval, the thick bar the 80 % interval, the upright line the median; "
        f"{_key('input')} is a count used as input, {_key('prediction')} one never shown. Each "
        "strip has its own scale.</p>"
    )
    body = ""
    titles = (("prediction", "Counts never shown to the model"), ("input", "Counts used as input"))
    for role, title in titles:
        rows = [row for row in summary["reported"] if row["role"] == role]
        if rows:
            body += f"<h3>{title}</h3>{_reported_table(title, rows, citations)}"
    return intro + body if body else ""


def _reported_table(title: str, rows: Rows, citations: Citations) -> str:
    head = ("Count, date and outlet", "Reported", "Simulated median", "80 % interval")
    return table(
        f"{title}, beside the simulation",
        (*head, "95 % interval", "Strip", "Verdict"),
        [
            (
                Markup(_what(row, citations)),
                row["reported"],
                row["median"],
                f"{number(row['low80'])} to {number(row['high80'])}",
                f"{number(row['low95'])} to {number(row['high95'])}",
                Markup(charts.interval_strip(row)),
                _verdict(row),
            )
            for row in rows
        ],
        numeric=(1, 2, 3, 4),
        kind="cards",
    )


def _what(row: Row, citations: Citations) -> str:
    note = f"; {escape(row['note'])}" if row.get("note") else ""
    cited = citations.cite(row["source"], row["outlet"])
    return (
        f"{escape(row['label'])}, {escape(row['place'])} ({escape(row['unit'])})<br>"
        f'<span class="quiet">{day(row["date"])}, {cited}{note}</span>'
    )


def _key(role: str) -> str:
    return (
        '<svg class="key" viewBox="0 0 14 14" width="14" height="14" aria-hidden="true">'
        f'<circle class="reported {role}" cx="7" cy="7" r="4.5"/></svg>'
    )


# --- Charts -----------------------------------------------------------------------------------


def _series(summary: Row, citations: Citations) -> str:
    return "".join(_fan(series, citations) for series in summary["series"])


def _fan(series: Row, citations: Citations) -> str:
    points = [point for point in series["points"] if point["value"] is not None]
    roles = [role for role in ("input", "prediction") if any(p["role"] == role for p in points)]
    names = {"input": "reported, used as input", "prediction": "reported, never shown to the model"}
    keys = "".join(f";{_key(role)}{names[role]}" for role in roles)
    cited: dict[str | None, list[str]] = {}
    for point in points:
        ids = cited.setdefault(point["outlet"], [])
        ids += [each for each in source_ids(point["source"]) if each not in ids]
    said = "; ".join(citations.cite(ids, outlet) for outlet, ids in cited.items())
    sources = f" Reports: {said}." if said else ""
    caption = f"Line: median; dark band: 80 % of runs; light band: 95 %{keys}.{sources}"
    heading = f"<h3>{escape(series['label'])}, {escape(series['place'])}</h3>"
    unit = f'<p class="quiet">{escape(series["unit"])}</p>'
    drawn = figure(charts.fan(series), caption, _fan_table(series, citations))
    return f'<div class="series">{heading}{unit}{drawn}</div>'


def _fan_table(series: Row, citations: Citations) -> str:
    days = len(series["dates"])
    places = charts.thinned(days, LONGEST_TABLE)
    every = f", every {places[1] - places[0]} days" if len(places) < days else ""
    head = ("Date", "Median", "80 % from", "80 % to", "95 % from", "95 % to")
    levels = ("median", "low80", "high80", "low95", "high95")
    rows = [
        (day(series["dates"][place]), *(series[level][place] for level in levels))
        for place in places
    ]
    said = table(f"Simulated, {series['unit']}{every}", head, rows, numeric=range(1, 6))
    if not series["points"]:
        return said
    return said + table(
        f"Reported, {series['unit']}",
        ("Date", "Reported", "Use", "Outlet"),
        [
            (
                day(point["date"]),
                point["value"],
                point["role"],
                Markup(citations.cite(point["source"], point["outlet"])),
            )
            for point in series["points"]
        ],
        numeric=(1,),
    )


def _people(summary: Row) -> str:
    body = ""
    if summary["stages"]:
        body += table(
            "Step by step: people, median (95 % interval)",
            ("Stage", "Entered", "Left", f"Still inside on {day(summary['to'])}"),
            [
                (row["label"], spread(row["entered"]), spread(row["left"]), spread(row["inside"]))
                for row in summary["stages"]
            ],
            numeric=(1, 2, 3),
            kind="cards",
        )
    body += _flow(summary)
    if summary["outcomes"]:
        rows = [(row["label"], *_interval(row)) for row in summary["outcomes"]]
        head = ("Outcome", "Median", "95 % from", "95 % to")
        data = table("Outcomes, people", head, rows, numeric=(1, 2, 3))
        caption = "Dot: median; line: 95 % interval. A person can meet several of these in turn."
        body += "<h3>Outcomes</h3>" + figure(charts.outcomes(summary["outcomes"]), caption, data)
    return body


def _interval(row: Row) -> tuple[float, float, float]:
    return row["median"], row["low95"], row["high95"]


def _flow(summary: Row) -> str:
    flow = summary["flow"]
    picture = charts.flow_svg(flow, summary["stages"])
    if not flow:
        return ""
    back = [move for move in charts.returning(flow) if move["median"] > 0]
    note = "Widths are medians over runs, and medians need not add up; the table has intervals."
    if back:
        named = "; ".join(
            f"{move['from_label']} to {move['to_label']}, {number(move['median'])}" for move in back
        )
        note += f" Not drawn, because they lead back to an earlier step: {named}."
    head = ("From", "To", "By", "People, median", "95 % interval")
    rows = [
        (
            move["from_label"],
            move["to_label"],
            move["label"] or "—",
            move["median"],
            f"{number(move['low95'])} to {number(move['high95'])}",
        )
        for move in flow
    ]
    return (
        '<h3>The flow</h3><figure><div class="flow-frame scroll" role="region" tabindex="0" '
        f'aria-label="Flow diagram; the table below says the same">{picture}</div>'
        f"<figcaption>{escape(note)}</figcaption></figure>"
        + table("The flow: people who moved, median and 95 % interval", head, rows, numeric=(3, 4))
    )


def _uncertainty(summary: Row) -> str:
    rows = summary["uncertainty"]
    if not rows:
        return ""
    intro = (
        "<p><em>Chance</em> is what differs between two runs with the same parameters: which "
        "person meets which decision, and when. <em>Parameter ranges</em> is what differs because "
        "the parameters are known only within a range.</p>"
    )
    head = ("Measure", "Standard deviation", "Chance", "Parameter ranges")
    cells = [
        (row["label"], row["total_sd"], percent(row["luck_share"]), percent(row["parameter_share"]))
        for row in rows
    ]
    data = table("Spread over runs and its shares of variance", head, cells, numeric=(1, 2, 3))
    return intro + figure(charts.uncertainty(rows), "Shares of the variance over runs.", data)


def _meters(summary: Row, citations: Citations) -> str:
    if not summary["meters"]:
        return ""
    return table(
        "Work done and money spent over the run",
        ("Meter", "Place", "Unit", "Median", "95 % interval", "Source of the rate"),
        [
            (
                row["label"],
                row["place"] or "—",
                row["unit"],
                row["median"],
                f"{number(row['low95'])} to {number(row['high95'])}",
                Markup(citations.cite(row["source"])),
            )
            for row in summary["meters"]
        ],
        numeric=(3, 4),
        kind="cards",
    )


def _assumptions(summary: Row, citations: Citations) -> str:
    rows = summary["assumptions"]
    if not rows:
        return ""
    body = (
        "<p>Every parameter the run used. One marked "
        '<span class="tag">assumed</span> has no source: its value and range are a choice.</p>'
    )
    chart = charts.influence(rows)
    head = ("Parameter", "Influence")
    data = table(
        "Share of each measure's variance",
        head,
        [(row["label"], _influence(row, most=99)) for row in rows if row["influence"]],
    )
    if chart["datasets"]["influence"]:
        caption = "Bar: the largest share of the variance of any one measure; → names that measure."
        body += "<h3>What moves the answers most</h3>" + figure(chart, caption, data)
    return body + table(
        "Parameters: value, range, reason and source",
        ("Parameter", "Value", "Range", "Unit", "Basis", "Moves most"),
        [
            (
                Markup(f"{escape(row['label'])}<br><code>{escape(row['parameter'])}</code>"),
                row["value"],
                f"{number(row['low'])} to {number(row['high'])}"
                if row["low"] is not None
                else None,
                row["unit"] or "—",
                _basis(row, citations),
                _influence(row, most=1),
            )
            for row in sorted(rows, key=lambda row: not row["assumed"])
        ],
        numeric=(1, 2),
        kind="cards",
    )


def _basis(row: Row, citations: Citations) -> Markup:
    tag = '<span class="tag">assumed</span> ' if row["assumed"] else ""
    why = escape(row["why"] or "")
    source = citations.cite(row["source"]) if row["source"] or not row["assumed"] else ""
    return Markup(" ".join(part for part in (tag + why, source) if part.strip()))


def _influence(row: Row, most: int) -> str:
    items = sorted(row["influence"], key=lambda item: -item["share"])[:most]
    said = [f"{item.get('label', item['measure'])} {percent(item['share'])}" for item in items]
    return "; ".join(said) or "not measured"


# --- The end ----------------------------------------------------------------------------------


def _caveats(summary: Row) -> str:
    items = "".join(f"<li>{escape(str(caveat))}</li>" for caveat in summary["caveats"])
    return f'<ul class="findings">{items}</ul>' if items else ""


def _reproduce(summary: Row) -> str:
    command = summary.get("command") or (
        f"asylumatlas run {summary['scenario']} --replications {summary['replications']} "
        f"--seed {summary['seed']}"
    )
    books = summary["conservation"]
    balance = "balanced" if books.get("ok") is True else "NOT balanced"
    facts: list[tuple[str, object]] = [
        ("Scenario", summary["scenario"]),
        ("Period", f"{day(summary['from'])} to {day(summary['to'])}"),
        ("Fingerprint", summary["fingerprint"]),
        ("Seed", summary["seed"]),
        ("Replications", number(summary["replications"])),
        ("Parameter draws", _optional(summary, "draws")),
        ("Runs per draw", _optional(summary, "lucks_per_draw")),
        ("Books", f"{balance}: {_people_books(books)}"),
        ("Written", summary["created"]),
        *((f"Version of {name}", value) for name, value in summary["versions"].items()),
    ]
    listed = "".join(
        f"<dt>{escape(name)}</dt><dd>{escape(str(value))}</dd>" for name, value in facts
    )
    return (
        "<p>The same scenario, seed and versions give the same numbers, person by person.</p>"
        f"<pre><code>{escape(str(command))}</code></pre><dl>{listed}</dl>"
    )


def _optional(summary: Row, key: str) -> str:
    return number(summary[key]) if summary.get(key) is not None else "not given"


def _people_books(books: Row) -> str:
    """Say people in = people out + people inside; per replication these are lists."""

    def said(key: str) -> str:
        value = books.get(key)
        if isinstance(value, Mapping):
            return spread(value)
        if isinstance(value, Sequence) and not isinstance(value, str) and value:
            low, high = number(min(value)), number(max(value))
            return low if low == high else f"{low} to {high}"
        return "not given" if value is None else number(value)

    return (
        f"{said('people_in')} people in, {said('people_out')} out, {said('people_inside')} inside, "
        "checked in every replication"
    )
