"""Published figures as data: sources, reported counts and series, each with its citation.

Nothing here is computed. A figure stands as its publisher gave it, conflicting figures stand side
by side, and every row names a source in ``sources.toml``.

Example:
    >>> from asylumatlas import evidence
    >>> evidence.series("credible_fear_totals").rows[2]["found"]
    74316
"""

from asylumatlas.evidence.library import (
    Column,
    EvidenceError,
    Report,
    Series,
    Source,
    cite,
    report,
    reports,
    series,
    series_names,
    source,
    sources,
)

__all__ = [
    "Column",
    "EvidenceError",
    "Report",
    "Series",
    "Source",
    "cite",
    "report",
    "reports",
    "series",
    "series_names",
    "source",
    "sources",
]
