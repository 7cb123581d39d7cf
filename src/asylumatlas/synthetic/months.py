"""A chain of monthly releases of one made-up history, with what goes wrong between releases.

Every release is a whole one of the same cases on another day: a row has the same key and a fact the
same date in each. Three things go wrong on the way, as they have in the real ones: a block of
applications is gone from one month on (D19), a month is never published (D21), and some rows of
earlier days come late.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np

from asylumatlas.synthetic.truth import REMOVED, TruthRow, TruthWriter, read_truth
from asylumatlas.synthetic.withheld import Gone

# TRAC: of 68,282 applications gone between March and April 2020 about four fifths were decided; so
# are the applications of these cases, decided or not.
BLOCK = (0.40, 0.46)  # which cases' applications go, as shares of all
LATE = (0.60, 0.63)  # which cases' custody rows come late, as shares of all
VANISHING, LATE_TABLE = "tbl_Court_Appln", "tbl_CustodyHistory"


@dataclass(frozen=True)
class Chain:
    """What was written: the releases in order, and what is wrong between them."""

    releases: tuple[Path, ...]
    truths: tuple[Path, ...]
    truth: Path
    left_out: date | None


def chain(
    cases: int,
    out: Path,
    months: Sequence[date],
    *,
    defects: float = 1.0,
    seed: int = 1,
    workers: int = 2,
    progress: Callable[..., Any] | None = None,
) -> Chain:
    """Write a release for each month, one of them left out if there are more than three.

    Args:
        cases: of the whole history; a release has those whose day has come.
        out: a folder; it gets `release-YYYY-MM-DD.zip`, its truth beside it, and `chain.parquet`
            for what is wrong between releases.
        months: the days of the releases, in order.
        defects: multiple of the observed rates; 0: clean releases and a chain without gaps.
        seed: of everything.
        workers: as for `synthesize`.
        progress: as for `synthesize`.

    Raises:
        ValueError: there is no month, or they are not in order.
    """
    from asylumatlas.synthetic.release import synthesize

    if not months or list(months) != sorted(set(months)):
        raise ValueError("months: give one or more days, each later than the one before")
    out.mkdir(parents=True, exist_ok=True)
    left_out = months[-2] if defects > 0 and len(months) > 3 else None
    releases: list[Path] = []
    truths: list[Path] = []
    vanished: frozenset[int] | None = None  # known once the first release without them is written
    with TruthWriter(out / "chain.parquet", out.name) as writer:
        for number, as_of in enumerate(months):
            if as_of == left_out:
                said = str(as_of).encode()
                writer.add([TruthRow("D21", "month", "", 0, "", -1, b"", said, "file")])
                continue
            release = out / f"release-{as_of}.zip"
            truth = out / f"release-{as_of}.truth.parquet"
            synthesize(
                cases,
                release,
                defects=defects,
                truth=truth,
                seed=seed,
                as_of=as_of,
                workers=workers,
                progress=progress,
                gone=_gone(cases, number, len(months), vanished) if defects > 0 else (),
            )
            if defects > 0 and number >= len(months) // 2 and vanished is None:
                rows = read_truth(truth)
                vanished = frozenset(row.key for row in rows if row.expect == REMOVED)
            releases.append(release)
            truths.append(truth)
    return Chain(tuple(releases), tuple(truths), out / "chain.parquet", left_out)


def months_back(as_of: date, count: int) -> list[date]:
    """The first days of so many months in order, the last one not after `as_of`.

    Example:
        >>> [str(day) for day in months_back(date(2026, 2, 15), 3)]
        ['2025-12-01', '2026-01-01', '2026-02-01']
    """
    found = [as_of.replace(day=1)]
    while len(found) < count:
        found.append((found[-1] - timedelta(days=1)).replace(day=1))
    return found[::-1]


def _gone(
    cases: int, number: int, months: int, vanished: frozenset[int] | None
) -> tuple[Gone, ...]:
    """What a month's release lacks: the late rows until the middle, the block from there on.

    The block is the rows of that month; what is filed or decided later in its cases stays.
    """
    from asylumatlas.synthetic.docket import case_id

    def block(table: str, shares: tuple[float, float]) -> Gone:
        first, last = (int(case_id(np.array([int(share * cases)]))[0]) for share in shares)
        return Gone(table, first, last - 1)

    middle = months // 2
    if number < middle:
        return (block(LATE_TABLE, LATE),)
    if months == 1:
        return ()
    gone = block(VANISHING, BLOCK)
    if vanished is None:
        return (replace(gone, defect="D19"),)
    return (replace(gone, keys=vanished),)
