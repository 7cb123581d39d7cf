"""A statistic as plain data: what the command line prints as JSON, and the web app sends."""

from __future__ import annotations

from typing import Any

from asylumatlas.stats.catalogue import Statistic


def described(one: Statistic) -> dict[str, Any]:
    """Return a statistic as JSON says it.

    Args:
        one: of the catalogue.

    Example:
        >>> from asylumatlas.stats import statistics
        >>> described(statistics()["asylum_denial_rate"])["default"]
        'trac'
    """
    return {
        "name": one.name,
        "label": one.label,
        "question": one.question,
        "subject": one.subject,
        "kind": one.kind,
        "unit": one.unit,
        "default": one.default,
        "why_default": one.why_default,
        "definitions": [
            {
                "name": each.name,
                "label": each.label,
                "publisher": each.publisher,
                "numerator": each.numerator,
                "denominator": each.denominator,
                "exclusions": each.exclusions,
                "caveats": list(each.caveats),
                "by": list(each.by),
            }
            for each in one.definitions.values()
        ],
        "by": list(one.by),
        "caveats": list(one.caveats),
        "method": f"docs/method/statistics/{one.name}.md",
    }
