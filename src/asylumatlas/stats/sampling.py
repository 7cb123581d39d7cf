"""Logs that hold only some of the people: what their counts are of, in words.

A log says so in its details: ``sampled`` is the part of the people that it holds. Its shares and
times are those of the whole, less exact; its counts, stocks and amounts are not, and every row of
them says so. They are not multiplied here: a figure is what the query on the log gives.
"""

from __future__ import annotations

from collections.abc import Sequence

from asylumatlas.stats.answers.asked import Row

FLAG = "sampled"
COUNTED = ("count", "stock", "total")
"""Kinds whose values grow with the number of people."""


def many(part: float) -> str:
    """Return how many people each one stands for, as people read it.

    Example:
        >>> many(0.01), many(0.03), many(0.0001)
        ('100', '33.33', '10,000')
    """
    each = 1 / part
    return f"{each:,.4g}" if each < 1000 else f"{each:,.0f}"


def flag(rows: Sequence[Row], part: float, kind: str) -> None:
    """Add to the flag of each row that counts people that they are only some.

    Args:
        rows: of one log, changed in place.
        part: of the people that the log holds.
        kind: of the statistic.
    """
    if part < 1 and kind in COUNTED:
        for row in rows:
            if row.get("unit") != "share":
                row["flag"] = ", ".join(filter(None, (row["flag"], FLAG)))


def remark(name: str, part: float, kind: str) -> str:
    """Return what a reader must know of figures of a log; nothing where it holds everyone.

    Args:
        name: of the log.
        part: of the people that it holds.
        kind: of the statistic.
    """
    if part >= 1:
        return ""
    each = many(part)
    if kind in COUNTED:
        what = "amounts, but for shares," if kind == "total" else "numbers"
        return (
            f"{name}: {what} are of simulated people, 1 in {each} of the whole system: multiply "
            f"by {each} for the whole, where chance shows less than in so few."
        )
    return (
        f"{name}: 1 person in {each} is simulated, by as much less staff: numbers of cases are of "
        "those. Shares and times need no multiplying, but chance shows larger in so few, and where "
        "little staff serves in lumps waits come out longer."
    )
