"""Words of a picture: values in their unit, labels, and text cut so that it fits."""

import math
import re
from collections.abc import Mapping, Sequence
from functools import cache
from numbers import Real
from textwrap import wrap
from typing import Any

from asylumatlas import process
from asylumatlas.markup import amount, number

NOT_KNOWN = "not known"
NAMES = {
    "fiscal_year": "fiscal year",
    "calendar_year": "calendar year",
    "case_type": "case type",
    "entry_route": "entry route",
    "kind": "kind of case",
    "log": "dataset",
    "party": "who asked",
    "claim": "asylum claim filed",
}


def clean(text: object) -> str:
    r"""Return text on one line, without control characters or broken letters.

    Example:
        >>> clean("a\x00b\n  c")
        'a b c'
    """
    # A lone half of a letter pair cannot be written to any file.
    whole = str(text).encode("utf-8", "replace").decode("utf-8")
    return re.sub(
        r"[\x00-\x20\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]+", " ", whole
    ).strip()


def cut(text: str, most: int) -> str:
    """Return text of at most so many letters.

    Example:
        >>> cut("a long label", 8)
        'a long…'
    """
    return text if len(text) <= most else text[: most - 1].rstrip() + "\u2026"


def lines(text: str, width: int, most: int = 3) -> list[str]:
    """Return text in at most so many lines; what does not fit ends in an ellipsis."""
    return wrap(text, width, max_lines=most, placeholder=" \u2026") or [""]


def short(label: str, width: int = 34) -> str:
    r"""Return a label in at most two lines for an axis.

    Example:
        >>> short("Honduras")
        'Honduras'
    """
    return "\n".join(lines(label, width, 2))


def key_name(key: str) -> str:
    """Return what a grouping is called: "fiscal year" for `fiscal_year`."""
    return NAMES.get(key, key.replace("_", " "))


@cache
def _vocabulary() -> dict[str, dict[str, str]]:
    words = process.load()
    return {
        "stage": {name: each.label for name, each in words.stages.items()},
        "outcome": {name: each.label for name, each in words.outcomes.items()},
        "event": {name: each.label for name, each in words.events.items()},
    }


def label(key: str, value: object, labels: Mapping[str, Mapping[Any, str]] | None = None) -> str:
    """Return a value of a grouping as readers know it.

    Args:
        key: the grouping.
        value: its value; None is "not known".
        labels: grouping -> value -> words, where the table brings its own.

    Example:
        >>> label("representation", "not_represented"), label("stage", "waiting_list")
        ('not represented', 'Waiting list')
        >>> label("court", None), label("claim", True)
        ('not known', 'yes')
    """
    if value is None or value == "":
        return NOT_KNOWN
    if isinstance(value, bool):
        return "yes" if value else "no"
    own = (labels or {}).get(key, {})
    if value in own:
        return clean(own[value])
    if key in ("stage", "outcome", "event", "next"):
        known = _vocabulary()["stage" if key == "next" else key]
        if value in known:
            return known[str(value)]
    text = clean(value)
    # Words of the vocabulary are joined by underscores; names of people and places are not.
    return text.replace("_", " ") if re.fullmatch(r"[a-z0-9_]+", text) else text or NOT_KNOWN


def finite(value: object) -> float | None:
    """Return a number, or None where there is none.

    Example:
        >>> finite(2), finite(float("nan")), finite(None)
        (2.0, None, None)
    """
    kind = type(value)
    if value is None or kind is str or kind is bool:  # most cells: no need to ask further
        return None
    if kind is not float and (isinstance(value, bool) or not isinstance(value, Real)):
        return None  # numpy numbers are real too
    known = float(value)  # type: ignore[arg-type]
    return known if math.isfinite(known) else None


def value_said(value: float | None, unit: str) -> str:
    r"""Return a value in its unit.

    Example:
        >>> value_said(0.5704, "share of decisions"), value_said(None, "days")
        ('57.0\xa0%', 'not known')
        >>> value_said(0.00021, "share of decisions"), value_said(1234567.0, "USD")
        ('0.021\xa0%', '1,234,567')
    """
    if value is None:
        return NOT_KNOWN
    if value < 0:
        return f"\u2212{value_said(-value, unit)}"
    if unit.startswith("share") and 0 < value < 0.001:
        return f"{100 * value:.2g}\u00a0%"
    if value == int(value) and value < 1e15 and not unit.startswith("share"):
        return f"{int(value):,}"
    return amount(value, unit) if value < 1e15 else number(value)


def reach_said(low: float | None, high: float | None, unit: str) -> str:
    """Return an interval in words, or nothing where there is none."""
    if low is None or high is None:
        return ""
    return f"{value_said(low, unit)} to {value_said(high, unit)}"


def listing(words: Sequence[str], most: int = 4) -> str:
    """Return names in a row; beyond `most` only their number.

    Example:
        >>> listing(["a", "b", "c"]), listing(list("abcdef"), most=2)
        ('a, b and c', 'a, b and 4 more')
    """
    if len(words) > most:
        return f"{', '.join(words[:most])} and {len(words) - most} more"
    return " and ".join(filter(None, [", ".join(words[:-1]), words[-1]])) if words else ""
