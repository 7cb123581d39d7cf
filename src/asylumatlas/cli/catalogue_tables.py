"""The catalogue of statistics, and one statistic with its definitions, as text or JSON."""

from __future__ import annotations

from itertools import groupby
from typing import Any

from asylumatlas.cli import DONE, screen
from asylumatlas.cli.screen import print_json
from asylumatlas.stats.catalogue import Statistic, statistic, statistics
from asylumatlas.stats.description import described


def print_catalogue(as_json: bool) -> int:
    """Print every statistic: its name, its question, its definitions."""
    known = statistics()
    if as_json:
        print_json({"statistics": [described(one) for one in known.values()]})
        return DONE
    for subject, ones in groupby(known.values(), key=lambda one: one.subject):
        screen.heading(subject.replace("_", " ").capitalize())
        rows = [[one.name, one.question, _definitions(one)] for one in ones]
        screen.table(["statistic", "question", "definitions (default first)"], rows)
    print()
    screen.paragraph(
        "asylumatlas stats NAME tells more of one; asylumatlas stats NAME LOG --by fiscal_year "
        "answers it."
    )
    return DONE


def _definitions(one: Statistic) -> str:
    others = [name for name in one.definitions if name != one.default]
    return ", ".join([one.default, *others])


def print_statistic(name: str, as_json: bool) -> int:
    """Print what one statistic is, with every definition."""
    one = statistic(name)
    if as_json:
        print_json(described(one))
        return DONE
    screen.heading(f"{one.label} ({one.name})")
    screen.paragraph(one.question)
    screen.paragraph(f"Unit: {one.unit}.")
    for each in _default_first(one):
        print()
        mark = ", the default" if each.name == one.default else ""
        screen.paragraph(f"{each.name}{mark}: {each.label}", first="  ", indent="    ")
        parts = [f"counts {each.numerator}"]
        parts += [f"of {each.denominator}"] if each.denominator not in ("", "none") else []
        screen.paragraph("; ".join(parts) + ".", first="    ", indent="    ")
        screen.paragraph(f"Left out: {each.exclusions.rstrip('.')}.", first="    ", indent="    ")
        for caveat in each.caveats:
            screen.paragraph(caveat, first="    ", indent="    ")
    print()
    screen.paragraph(f"Default: {one.why_default}")
    for caveat in one.caveats:
        screen.paragraph(caveat, first="- ", indent="  ")
    screen.paragraph(f"By: {', '.join(one.by)}.")
    screen.paragraph(f"Method: docs/method/statistics/{one.name}.md")
    return DONE


def _default_first(one: Statistic) -> list[Any]:
    return sorted(one.definitions.values(), key=lambda each: each.name != one.default)
