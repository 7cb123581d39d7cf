"""The log as XES: a trace for each case, in order, by IEEE 1849.

The standard: IEEE 1849-2016, Standard for eXtensible Event Stream (XES) for Achieving
Interoperability in Event Logs and Event Streams. Characters that XML 1.0 cannot hold are replaced
by U+FFFD and counted.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from asylumatlas.exports.ocel import Progress, case_attributes
from asylumatlas.exports.provenance import lines, provenance
from asylumatlas.exports.selection import (
    Chunk,
    Selection,
    Survey,
    moments,
    pieces,
    stamps,
    words_of,
)
from asylumatlas.exports.targets import opened

_HEAD = """<?xml version="1.0" encoding="UTF-8"?>
<log xes.version="1849.2016" xes.features="" xmlns="http://www.xes-standard.org/">
<extension name="Concept" prefix="concept" uri="http://www.xes-standard.org/concept.xesext"/>
<extension name="Time" prefix="time" uri="http://www.xes-standard.org/time.xesext"/>
<extension name="Lifecycle" prefix="lifecycle" uri="http://www.xes-standard.org/lifecycle.xesext"/>
<extension name="Organizational" prefix="org" uri="http://www.xes-standard.org/org.xesext"/>
<global scope="trace">
<string key="concept:name" value=""/>
<string key="nationality" value="unknown"/>
<string key="kind" value="unknown"/>
<string key="entry_route" value="unknown"/>
</global>
<global scope="event">
<string key="concept:name" value=""/>
<date key="time:timestamp" value="1970-01-01T00:00:00Z"/>
<string key="lifecycle:transition" value="complete"/>
<int key="seq" value="0"/>
<string key="outcome" value=""/>
<string key="stage" value=""/>
</global>
<classifier name="event" scope="event" keys="concept:name"/>
<classifier name="event_and_outcome" scope="event" keys="concept:name outcome"/>
<classifier name="stage" scope="event" keys="stage"/>
<string key="lifecycle:model" value="standard"/>
"""

_WORDS = {
    "event": "concept:name",
    "outcome": "outcome",
    "resource": "org:resource",
    "stage": "stage",
    "place": "place",
    "detail": "detail",
    "time_precision": "time_precision",
}
"""Column of the events -> key of the attribute, in their order."""

_TAGS = {"string": "string", "time": "date", "integer": "int"}
_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_ENTITIES = str.maketrans(
    {
        "&": "&amp;",
        "<": "&lt;",
        ">": "&gt;",
        '"': "&quot;",
        "\t": "&#9;",  # else a reader makes them blanks
        "\n": "&#10;",
        "\r": "&#13;",
    }
)


def text(value: object) -> tuple[str, int]:
    """Return a value as it stands in an attribute of XML, and how many characters it lost.

    Example:
        >>> text('a < "b"')
        ('a &lt; &quot;b&quot;', 0)
    """
    word, lost = _NOT_XML.subn("�", str(value))
    return word.translate(_ENTITIES), lost


class XesWriter:
    """Writes the traces of a selection and counts what XML could not hold.

    Attributes:
        replaced: characters replaced, each time they are written.
    """

    def __init__(self, selection: Selection) -> None:
        """Write nothing yet.

        Args:
            selection: what is written.
        """
        self.replaced = 0
        self._types, self._spread = case_attributes(selection), selection.spread

    def attribute(self, tag: str, key: str, value: object, times: int = 1) -> str:
        """Return one attribute's line; it counts as written ``times`` times."""
        word, lost = text(value)
        name, lost_of_name = text(key)
        self.replaced += (lost + lost_of_name) * times
        return f'<{tag} key="{name}" value="{word}"/>\n'

    def head(self, about: Mapping[str, str]) -> str:
        """Return all that stands before the first trace."""
        told = {"concept:name": about["title"], **about}
        return _HEAD + "".join(self.attribute("string", key, told[key]) for key in told)

    def traces(self, chunk: Chunk) -> str:
        """Return the traces of a chunk, those without events too."""
        heads = self._trace_heads(chunk.cases)
        first = chunk.starts()
        told = np.zeros(len(heads), np.bool_)
        told[chunk.of[first]] = True
        empty = "".join(f"{head}</trace>\n" for head in heads[~told].tolist())
        if not len(first):
            return empty
        out = self._events(chunk)
        out[:, 0] = ""
        out[first, 0] = heads[chunk.of[first]]
        out[np.r_[first[1:], len(chunk.of)] - 1, -1] = "</event>\n</trace>\n"
        return "".join(out.ravel().tolist()) + empty

    def _events(self, chunk: Chunk) -> Any:
        """Return the text of events in pieces, (events, 12), the first column left free."""
        seq = chunk.events.column("seq").to_numpy()
        numbers = [f'"/>\n<int key="seq" value="{n}"/>\n' for n in range(int(seq.max()) + 1)]
        out = np.empty((len(chunk.of), 12), object)
        out[:, 1] = '<event>\n<date key="time:timestamp" value="'
        out[:, 2] = stamps(moments(chunk.events, chunk.of, self._spread))
        out[:, 3] = np.array(numbers, object)[seq]
        for number, (name, key) in enumerate(_WORDS.items(), 4):
            # A classifier needs the outcome in every event.
            none = f'<string key="{key}" value=""/>\n' if name == "outcome" else ""
            out[:, number] = self._lines("string", key, chunk.events, name, none=none)
        out[:, 4] += '<string key="lifecycle:transition" value="complete"/>\n'
        out[:, 11] = "</event>\n"
        return out

    def _trace_heads(self, cases: Any) -> Any:
        ids = cases.column("case_id").to_pylist()
        first = [f'<trace>\n<string key="concept:name" value="{key}"/>\n' for key in ids]
        heads = np.array(first, object)
        for name, kind in self._types.items():
            end = "T00:00:00Z" if kind == "time" else ""
            heads += self._lines(_TAGS[kind], name, cases, name, end)
        return heads

    def _lines(
        self, tag: str, key: str, table: Any, name: str, end: str = "", none: str = ""
    ) -> Any:
        """Return the line of each row's value in a column; count what the lines lose."""
        codes, words = words_of(table, name)
        times = np.bincount(codes[codes >= 0], minlength=len(words)).tolist()
        lines_of = [
            self.attribute(tag, key, f"{word}{end}", count)
            for word, count in zip(words, times, strict=True)
        ]
        return pieces(codes, lines_of, str, none)


def write_xes(
    selection: Selection, path: Path, name: str, progress: Progress | None
) -> tuple[Survey, int]:
    """Write XES.

    Args:
        selection: what is written.
        path: the file to write.
        name: the name it will have; compressed if that ends in ``.gz``.
        progress: called with the events done and their number.

    Returns:
        What was written, and how many characters XML could not hold.

    Raises:
        OSError: it cannot be written.
    """
    survey, done = selection.survey(), 0
    writer = XesWriter(selection)
    about = lines(provenance(selection, survey.cases, survey.events))
    with opened(path, name) as file:
        file.write(writer.head(about).encode())
        for chunk in selection.chunks():
            file.write(writer.traces(chunk).encode())
            done += chunk.events.num_rows
            if progress:
                progress(done, survey.events)
        file.write(b"</log>\n")
    return survey, writer.replaced
