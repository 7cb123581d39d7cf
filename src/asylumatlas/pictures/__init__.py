"""Pictures of tables: a chart as a specification, PNG, SVG, or a page that fetches nothing.

`asylumatlas.tablecharts.chart` makes them from any table of statistics.
"""

from asylumatlas.pictures.picture import Chart, PictureError

__all__ = ["Chart", "PictureError"]
