"""A finished chart, and the files it can be written to."""

import contextlib
import copy
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

Spec = dict[str, Any]


class PictureError(ValueError):
    """A chart cannot be drawn or written; one line with the remedy."""


@dataclass(frozen=True)
class Chart:
    """One chart of a table, with the words that stand in for it.

    Attributes:
        spec: Vega-Lite, plain data; it needs nothing from outside itself.
        alt: a few sentences with the numbers that matter.
        title: the question or the finding.
        subtitle: lines: unit, denominator, definition, and what is not drawn.
        source: the line under the picture.
        view: the one view of the chart, which a page may draw as wide as its column; None where
            there are several.
        head: column names of the table twin.
        rows: (R, C) its cells, as text.
        numeric: places of its columns that hold numbers.
        caption: of the table twin.
        caveats: sentences to print with it.
    """

    spec: Spec
    alt: str
    title: str
    subtitle: tuple[str, ...]
    source: str
    view: Spec | None = field(default=None, repr=False)
    head: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = field(default=(), repr=False)
    numeric: tuple[int, ...] = ()
    caption: str = ""
    caveats: tuple[str, ...] = ()

    def to_png(self, path: str | Path, scale: float = 2) -> Path:
        """Write the chart as a PNG; `scale` 2 is sharp on fine screens and in print.

        Raises:
            PictureError: the extra `export` is not installed.
            OSError: the file cannot be written; nothing is left of it then.
        """
        data = _converter().vegalite_to_png(self.spec, vl_version="6.4", scale=scale)
        return _store(path, data)

    def to_svg(self, path: str | Path) -> Path:
        """Write the chart as an SVG with its words as text.

        Raises:
            PictureError: the extra `export` is not installed.
            OSError: the file cannot be written; nothing is left of it then.
        """
        return _store(path, self._svg().encode("utf-8"))

    def to_html(self, path: str | Path) -> Path:
        """Write a page that draws the chart, with its numbers in a table; it opens offline.

        Raises:
            OSError: the file cannot be written; nothing is left of it then.
        """
        from asylumatlas.pictures.page import page

        return _store(path, page(self).encode("utf-8"))

    def _svg(self) -> str:
        svg: str = _converter().vegalite_to_svg(self.spec, vl_version="6.4")
        return svg

    def _repr_mimebundle_(
        self, include: Sequence[str] | None = None, exclude: Sequence[str] | None = None
    ) -> dict[str, Any]:
        """The chart for notebooks: drawn there, else as a static picture, else in words."""
        bundle: dict[str, Any] = {
            "application/vnd.vegalite.v6+json": copy.deepcopy(self.spec),
            "text/plain": self.alt,
        }
        with contextlib.suppress(PictureError):  # without the extra, words must do
            bundle["image/svg+xml"] = self._svg()
        return bundle


def _converter() -> Any:
    try:
        import vl_convert
    except ImportError:
        raise PictureError(
            'PNG and SVG need vl-convert-python: pip install "asylumatlas[export]", '
            "or write HTML, which needs nothing more."
        ) from None
    return vl_convert


def _store(path: str | Path, data: bytes) -> Path:
    from asylumatlas.disk import store_whole

    store_whole(Path(path), data)
    return Path(path)
