"""Write the reference of parameters and sources, and the tables of numbers on the method pages.

Run `python tools/parameter_reference.py` after changing a parameter or a source; a test fails while
they differ. `--check` writes nothing and fails if they differ.

On a page under docs/method a table stands between two comments, and the first names its rows:

    <!-- numbers: port.san_ysidro.* flow.list_* -->
    <!-- end of numbers -->

`*` stands for anything. A pattern that fits no parameter is an error.
"""

from __future__ import annotations

import datetime
import re
import sys
from collections.abc import Iterable, Iterator, Sequence
from fnmatch import fnmatchcase
from pathlib import Path

from asylumatlas import evidence, parameters
from asylumatlas.parameters import Dated, Parameter

DOCS = Path(__file__).resolve().parents[1] / "docs"
PARAMETERS = DOCS / "reference" / "parameters.md"
SOURCES = DOCS / "reference" / "sources.md"
TABLE = re.compile(
    r"(?P<head><!-- numbers: (?P<patterns>[^>]+?) -->\n).*?(?P<tail><!-- end of numbers -->)", re.S
)
MOST_STEPS = 5  # values by date that a method page shows of one parameter; of more, first and last
HYPHEN = "\N{NON-BREAKING HYPHEN}"  # a narrow column breaks a date at others

HEAD = "| parameter | from | value | range | where from |\n| --- | --- | ---: | --- | --- |"

PARAMETERS_HEAD = """\
<!-- Written by tools/parameter_reference.py from src/asylumatlas/parameters. Do not edit. -->

# Parameters

Every number that the shipped scenarios take from the shelf of parameters: {count} of them,
{assumed} assumed. `--set NAME=VALUE` sets one for a run, a scenario's table `[parameters]` does the
same in a file. A value holds from its date until the next one; before the first date the first
holds. A run with several draws takes a value between least and most: more often near the value
where a source gives it, evenly where it is assumed ([](../method/engine.md)). Where least and most
are equal the publication gives one figure, which does not make it certain. A scenario has numbers
of its own beside these; `asylumatlas show NAME` lists them all.
"""

SOURCES_HEAD = """\
<!-- Written by tools/parameter_reference.py from src/asylumatlas/evidence. Do not edit. -->

# Sources

Who published what this program rests on: {count} entries, each under the name by which parameters,
reports and series cite it. The grade says how strong the copy is that was read, on one of two
scales.

| grade | border: journey, border, screening, custody, cost | courts, appeals, affirmative asylum |
| --- | --- | --- |
| A | government, court, or the producer of the data | official, or TRAC's own page, read directly |
| B | newsroom or other organisation, first-hand | official or TRAC, quoted by a third party |
| C | secondary quotation, or a copy hosted elsewhere | derived or loosely worded by a third party |
| D | weak copy: look at the original before use | |

Most long documents were read from their opening pages only.
"""


def number(value: float) -> str:
    """A number as a reader writes it.

    >>> number(1240000.0), number(0.0625), number(2018.0)
    ('1,240,000', '0.0625', '2,018')
    """
    return f"{value:,.0f}" if value == int(value) else f"{value:,.6g}"


def cell(text: str) -> str:
    """Text that cannot end a table's cell."""
    return " ".join(text.split()).replace("|", "\\|").replace("<", "&lt;")


def from_date(entry: Dated) -> str:
    if entry.start == datetime.date.min:
        return ""
    return entry.start.isoformat().replace("-", HYPHEN)


def extent(entry: Dated) -> str:
    if entry.low == entry.high:
        return "one figure"
    return f"{number(entry.low)} to {number(entry.high)}"


def why(one: Parameter, entry: Dated) -> str:
    """Where the number is from, in the words of a table."""
    if one.assumed is not None:
        return f"assumed: {cell(one.assumed)}"
    note = f"; {cell(entry.note)}" if entry.note else ""
    return f"[{entry.source}](#{anchor(str(entry.source))}){note}"


def anchor(name: str) -> str:
    """A target's name, unique and safe in a link."""
    return "source-" + re.sub("[^a-z0-9]+", "-", name.lower()).strip("-")


def parameters_page() -> str:
    """The reference of parameters, one section for each file."""
    found = parameters.load()
    assumed = sum(one.assumed is not None for one in found.values())
    parts = [PARAMETERS_HEAD.format(count=len(found), assumed=assumed)]
    subjects: dict[str, list[Parameter]] = {}
    for one in found.values():
        subjects.setdefault(one.name.partition(".")[0], []).append(one)
    for subject, members in subjects.items():
        parts.append(f"## {subject}\n")
        parts.append(HEAD)
        parts.extend(row for one in members for row in _rows(one, one.values))
        parts.append("")
    return "\n".join(parts)


def _rows(one: Parameter, entries: Sequence[Dated]) -> Iterator[str]:
    note = f"<br>{cell(one.note)}" if one.note else ""
    for place, entry in enumerate(entries):
        name = f"`{one.name}`<br>{cell(one.unit)}{note}" if place == 0 else ""
        yield (
            f"| {name} | {from_date(entry)} | {number(entry.value)} | {extent(entry)} "
            f"| {why(one, entry)} |"
        )


def sources_page() -> str:
    """The reference of sources, in the order of their names."""
    found = evidence.sources()
    entries: Iterable[evidence.Source] = sorted(found.values(), key=lambda one: one.id.lower())
    parts = [SOURCES_HEAD.format(count=len(found))]
    for one in entries:
        title = f'"{cell(one.title)}"' if one.title else "untitled"
        said = [f"{cell(one.publisher)}, {title}", cell(one.date)]
        said += [f"<{address}>" for address in one.addresses]
        said += [f"the same publication as {one.same_as}"] if one.same_as else []
        said += [f"grade {one.grade} ({one.scale})"]
        note = f" {cell(one.note)}" if one.note else ""
        parts.append(f"({anchor(one.id)})=\n**{one.id}**: {', '.join(filter(None, said))}.{note}\n")
    return "\n".join(parts)


def with_tables(text: str, name: str) -> str:
    """A method page with its tables of numbers as they are now.

    Raises:
        ValueError: a pattern fits no parameter.
    """
    return TABLE.sub(lambda m: m["head"] + _table(m["patterns"].split(), name) + m["tail"], text)


def _table(patterns: list[str], name: str) -> str:
    found = parameters.load()
    rows = [HEAD]
    for pattern in patterns:
        members = [one for one in found.values() if fnmatchcase(one.name, pattern)]
        if not members:
            raise ValueError(f"{name}: {pattern} fits no parameter. Look at {PARAMETERS.name}.")
        for one in members:
            few = len(one.values) <= MOST_STEPS
            rows.extend(_rows(one, one.values if few else (one.values[0], one.values[-1])))
    return "\n".join(rows) + "\n"


def pages() -> dict[Path, str]:
    """Every page that this tool writes, as it should be."""
    found = {PARAMETERS: parameters_page(), SOURCES: sources_page()}
    for path in sorted((DOCS / "method").glob("*.md")):
        text = path.read_text("utf-8")
        if TABLE.search(text):
            found[path] = with_tables(text, path.name)
    return found


if __name__ == "__main__":
    wanted = pages()
    if sys.argv[1:] == ["--check"]:
        differ = [p.name for p, t in wanted.items() if not p.exists() or p.read_text("utf-8") != t]
        sys.exit(f"{', '.join(differ)} differ; run me" if differ else None)
    for path, text in wanted.items():
        path.write_text(text, "utf-8")
