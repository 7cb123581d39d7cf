"""Options that several commands share, and how their values are read."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

from cyclopts import Parameter, Token

from asylumatlas.cli import UsageError

MOST_REPLICATIONS = 32767  # the event log numbers them in 16 bits
EXAMPLE = "--set port.san_ysidro.holding_capacity=400"


def whole_number(low: int, high: int | None = None) -> Any:
    """A converter that takes whole numbers of a range and nothing that only resembles one.

    Args:
        low: the least.
        high: the most; `None` for any.
    """

    def read(_: object, tokens: Sequence[Token]) -> int:
        text = tokens[0].value
        digits = text.isascii() and text.removeprefix("-").isdigit() and len(text) < 19
        if not digits or int(text) < low or (high is not None and int(text) > high):
            span = f"from {low} to {high}" if high is not None else f"of {low} or more"
            raise ValueError(f"{text!r} is not a whole number {span}.")
        return int(text)

    return read


def option(name: str, metavar: str = "") -> Parameter:
    """A flag without a negative form, or an option whose value is called `metavar`."""
    return Parameter(name=name, negative="", metavar=metavar or None, show_default=False)


Json = Annotated[bool, option("--json")]


def overrides(words: Sequence[str]) -> dict[str, str]:
    """KEY=VALUE words as a table.

    Raises:
        UsageError: a word without "=" or without a key, or a key given twice.

    Example:
        >>> overrides(["scale=0.1", "to = 2020-09-30"])
        {'scale': '0.1', 'to': '2020-09-30'}
    """
    found: dict[str, str] = {}
    for word in words:
        key, equals, value = word.partition("=")
        if not equals or not key.strip() or not value.strip():
            raise UsageError(f"--set {word}: write --set KEY=VALUE, for example {EXAMPLE}")
        if key.strip() in found:
            raise UsageError(f"--set {key.strip()}: given twice; keep one")
        found[key.strip()] = value.strip()
    return found
