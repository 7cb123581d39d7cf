"""The small text files of a synthetic release."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from asylumatlas.records.registry import tables

if TYPE_CHECKING:
    from asylumatlas.synthetic.chunks import Job

README = """SYNTHETIC DATA. NOT RECORDS OF ANY COURT.

Every line of every main file here was made by a simulation. No real person, case, judge, attorney
or decision is in it; whoever resembles one does so by chance. Judges are called "Judge Example".
The shares, rates and delays are made up: nothing about the real courts can be learnt from them.

The files have the format of the case data that the Executive Office for Immigration Review
publishes, so that programs may be tried on them. Codes in the lookup files are those that it
publishes; places are courts, not persons.

Made by:  asylumatlas {version} (asylumatlas synthesize)
Cases:    {cases:,} by 1 April 2026
Seed:     {seed}
As of:    {as_of}
Defects:  {defects}
"""


def readme(job: Job) -> str:
    """What the release is, in plain words."""
    from asylumatlas import __version__

    planted = (
        f"planted at {job.defects:g} times the rates observed in the real files"
        if job.defects > 0
        else "none"
    )
    text = README.format(
        version=__version__, cases=job.cases, seed=job.seed, as_of=job.as_of, defects=planted
    )
    return text.replace("\n", "\r\n")


def counts(lines: Mapping[str, int]) -> str:
    """Count.txt: a table and its rows a line."""
    return "".join(f"{name}\t{count}\r\n" for name, count in lines.items())


def schema() -> str:
    """Every column of every table, in order."""
    rows = ["table,position,column,type"]
    for table in tables().values():
        rows += [
            f"{table.name},{number},{column.name},{column.type}"
            for number, column in enumerate(table.columns, 1)
        ]
    return "\r\n".join(rows) + "\r\n"
