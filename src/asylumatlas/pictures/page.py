"""A page for one chart: drawn by the vendored bundle, its numbers beneath, nothing fetched."""

from html import escape

from asylumatlas.markup import figure, table
from asylumatlas.pictures.picture import Chart, Spec
from asylumatlas.report.document import PAPER, document

__all__ = ["drawn", "page"]

STYLE = f"""{PAPER}h1 {{ font-size: 1.728rem; }}
.lines {{ margin: 0 0 0.8rem; }}
"""


def page(chart: Chart) -> str:
    """Return the whole page of a chart.

    With scripts off only the drawing is missing: the words and the table stand.
    """
    below = "<br>".join(escape(line) for line in chart.subtitle)
    caveats = "".join(f"<li>{escape(each)}</li>" for each in chart.caveats)
    caveats = f'<h2>Caveats</h2><ul class="findings">{caveats}</ul>' if caveats else ""
    # Here the numbers are half of the page, so they stand open.
    opened = drawn(chart).replace("<details>", "<details open>", 1)
    return document(
        chart.title,
        f"<p>{escape(chart.alt)}</p>\n{opened}\n{caveats}",
        below=f'<p class="lines">{below}</p>',
        style=STYLE,
        scripts_off="Scripts are off: the chart is not drawn, and its numbers stand in the table.",
    )


def drawn(chart: Chart) -> str:
    """Return the figure of a chart whose title and lines the page says itself.

    The numbers are folded away beneath; the source line is the figure's caption.
    """
    twin = table(chart.caption, chart.head, chart.rows, chart.numeric) if chart.head else ""
    return figure(_spec(chart), escape(chart.source), twin)


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
