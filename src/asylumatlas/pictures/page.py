"""A page for one chart: drawn by the vendored bundle, its numbers beneath, nothing fetched."""

from html import escape

from asylumatlas.markup import figure, table
from asylumatlas.pictures.picture import Chart, Spec
from asylumatlas.report.page import notice, policy, static

# The picture keeps its paper in dark mode: its colours are chosen against white.
STYLE = """
figure[data-chart] { margin: 1rem 0; }
.chart { --page: #ffffff; --text: #1a1a1a; --quiet: #555555; --rule: #d4d4d4;
  --simulated: #0072b2; --reported: #d55e00;
  background: #ffffff; color: #1a1a1a; padding: 0.8rem; overflow-x: auto; }
h1 { font-size: 1.728rem; }
body { overflow-wrap: anywhere; }
.lines { margin: 0 0 0.8rem; }
"""


def page(chart: Chart) -> str:
    """Return the whole page of a chart.

    With scripts off only the drawing is missing: the words and the table stand.
    """
    name = escape(chart.title)
    below = "<br>".join(escape(line) for line in chart.subtitle)
    caveats = "".join(f"<li>{escape(each)}</li>" for each in chart.caveats)
    caveats = f'<h2>Caveats</h2><ul class="findings">{caveats}</ul>' if caveats else ""
    twin = table(chart.caption, chart.head, chart.rows, chart.numeric) if chart.head else ""
    drawn = figure(_spec(chart), escape(chart.source), twin)
    # Here the numbers are half of the page, so they stand open.
    drawn = drawn.replace("<details>", "<details open>", 1)
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{policy()}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<title>{name} · Asylum Atlas</title>
<style>{static("report.css")}{STYLE}</style>
</head>
<body>
<header>
<h1>{name}</h1>
<p class="lines">{below}</p>
<noscript><p class="note">Scripts are off: the chart is not drawn, and its numbers stand in the \
table.</p></noscript>
</header>
<main id="main">
<p>{escape(chart.alt)}</p>
{drawn}
{caveats}
</main>
<footer class="quiet">This page asks nothing of any network.</footer>
<!--
{notice()}
-->
<script>{static("vega.js")}</script>
<script>{static("report.js")}</script>
</body>
</html>
"""


def _spec(chart: Chart) -> Spec:
    """The chart without title and source line, which the page says in its own words."""
    spec = {key: value for key, value in chart.spec.items() if key not in ("title", "padding")}
    inner = dict(spec["concat"][0])
    inner.pop("title", None)
    if chart.view is None:
        return {**spec, "concat": [inner]}
    spec.pop("concat")
    fluid = {"width": "container", "autosize": {"type": "fit-x", "contains": "padding"}}
    return {**spec, **chart.view, **fluid}
