"""What a question is answered with: rows, and everything one must know to read them."""

from __future__ import annotations

import csv
import hashlib
import io
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from asylumatlas import __version__
from asylumatlas.stats.errors import StatsError

if TYPE_CHECKING:
    import pyarrow as pa

    from asylumatlas.pictures import Chart

Row = Mapping[str, Any]
TYPES = ("text", "integer", "number", "date", "flag")


@dataclass(frozen=True)
class Column:
    """A column of a table.

    Attributes:
        name: its key in the rows.
        type: one of `TYPES`.
        unit: of its numbers; "" for words.
        meaning: one sentence.
    """

    name: str
    type: str
    unit: str
    meaning: str


@dataclass(frozen=True)
class Source:
    """One log that a table was counted from.

    Attributes:
        log: the name it goes by in the rows.
        fingerprint: of the log.
        as_of: its last day, ISO 8601.
        replications: how many simulated worlds were counted; 1 for records.
        note: what the log says about itself, such as that its people are made up.
        sampled: part of the people that the log holds; counts are of those.
    """

    log: str
    fingerprint: str
    as_of: str
    replications: int
    note: str
    sampled: float = 1.0


@dataclass(frozen=True)
class Table:
    """The answer to a question, which explains itself.

    Attributes:
        statistic: name in the catalogue.
        label: the same in words.
        question: what it answers.
        kind: count, share, stock, duration, flow, variation or total.
        unit: of ``value``.
        definition: name of the definition used; several are separated by commas.
        definition_label: the same in words.
        numerator: what is counted.
        denominator: what it is divided by; "" where nothing is.
        exclusions: what is left out.
        by: keys of the groups, in order.
        columns: (C,) what the rows hold.
        rows: one mapping a group; a value that is not known or does not exist is ``None``.
        sources: the logs.
        caveats: sentences.
        asked: the question's arguments, as plain data.
        reason: why there is no row; "" where there are rows.
        queries: SQL by dialect, made when asked for.
        curves: rows for charts of times: group, days, value, low95, high95; of 30 groups at most.
        cite_as: citations of published figures that stand beside ours.
        labels: column -> word -> what readers call it; rows hold the words.
    """

    statistic: str
    label: str
    question: str
    kind: str
    unit: str
    definition: str
    definition_label: str
    numerator: str
    denominator: str
    exclusions: str
    by: tuple[str, ...]
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    sources: tuple[Source, ...]
    caveats: tuple[str, ...]
    asked: Mapping[str, Any]
    reason: str = ""
    curves: tuple[Row, ...] = ()
    cite_as: tuple[str, ...] = ()
    labels: Mapping[str, Mapping[str, str]] = field(default_factory=dict, compare=False, repr=False)
    queries: Mapping[str, str] = field(default_factory=dict, compare=False, repr=False)

    @property
    def filter(self) -> str:
        """What the counts are limited to, in words; "" where nothing is left out."""
        from asylumatlas.stats.question import Question

        return Question.read(str(self.asked.get("question", ""))).filter

    @property
    def sampling(self) -> str:
        """Of how many people each one counted here is one; "" where all are counted, or none."""
        from asylumatlas.stats.sampling import FLAG, many

        if not any(FLAG in str(row.get("flag", "")) for row in self.rows):
            return ""
        some = {source.log: many(source.sampled) for source in self.sources if source.sampled < 1}
        if len(self.sources) == 1 or len(set(some.values())) == 1 == len(self.sources):
            return f"of simulated people, 1 in {next(iter(some.values()), 'many')}"
        each = ", ".join(f"1 in {number} in {log}" for log, number in some.items())
        return f"of simulated people, {each}"

    @property
    def fingerprint(self) -> str:
        """16 hexadecimal digits of the sources, the question and the definition."""
        said = {
            "statistic": self.statistic,
            "definition": self.definition,
            "asked": dict(self.asked),
            "logs": [source.fingerprint for source in self.sources],
        }
        text = json.dumps(said, sort_keys=True, default=str)
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    def to_dict(self) -> dict[str, Any]:
        """Return the table as plain data, the shape that ``--format json`` prints."""
        return {
            "statistic": self.statistic,
            "label": self.label,
            "question": self.question,
            "kind": self.kind,
            "definition": self.definition,
            "definition_label": self.definition_label,
            "unit": self.unit,
            "numerator": self.numerator,
            "denominator": self.denominator,
            "exclusions": self.exclusions,
            "filter": self.filter,
            "by": list(self.by),
            "columns": [asdict(column) for column in self.columns],
            "rows": [{c.name: _json_ready(row[c.name]) for c in self.columns} for row in self.rows],
            "sources": [asdict(source) for source in self.sources],
            "caveats": list(self.caveats),
            "asked": dict(self.asked),
            "reason": self.reason,
            "labels": {name: dict(words) for name, words in self.labels.items()},
            "published_sources": list(self.cite_as),
            "citation": self.cite(),
            "fingerprint": self.fingerprint,
        }

    def __iter__(self) -> Any:
        """The rows."""
        return iter(self.rows)

    def __len__(self) -> int:
        return len(self.rows)

    def __str__(self) -> str:
        return self.to_csv()

    def to_csv(self, path: str | Path | None = None) -> str:
        """Return the rows as CSV (RFC 4180, UTF-8, with a head), and write them if asked to.

        A value that does not exist is an empty cell. What the columns mean stands in
        ``to_dict()``.

        Raises:
            OSError: the file cannot be written; nothing is left of it then.
        """
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\r\n")
        names = [column.name for column in self.columns]
        writer.writerow(names)
        for row in self.rows:
            writer.writerow(["" if row[name] is None else _plain(row[name]) for name in names])
        if path is not None:
            _store(Path(path), text.getvalue().encode())
        return text.getvalue()

    def to_parquet(self, path: str | Path) -> Path:
        """Write the rows as Parquet, with everything else as ``asylumatlas`` in its metadata.

        Raises:
            OSError: the file cannot be written; nothing is left of it then.
        """
        import pyarrow as pa
        import pyarrow.parquet as pq

        about = {key: value for key, value in self.to_dict().items() if key != "rows"}
        text = json.dumps(about, sort_keys=True)
        table = self.to_arrow().replace_schema_metadata({b"asylumatlas": text.encode()})
        sink = pa.BufferOutputStream()
        pq.write_table(table, sink)
        _store(Path(path), sink.getvalue().to_pybytes())
        return Path(path)

    def to_arrow(self) -> pa.Table:
        """Return the rows as an Arrow table."""
        import pyarrow as pa

        kinds = {
            "text": pa.string(),
            "integer": pa.int64(),
            "number": pa.float64(),
            "date": pa.date32(),
            "flag": pa.bool_(),
        }
        arrays = [
            pa.array([row[column.name] for row in self.rows], kinds[column.type])
            for column in self.columns
        ]
        return pa.table(arrays, names=[column.name for column in self.columns])

    def chart(self) -> Chart:
        """Return the table as a chart: ``.spec``, ``.alt``, ``.to_png``, ``.to_svg``, ``.to_html``.

        PNG and SVG need the extra ``export``.
        """
        from asylumatlas.tablecharts import chart

        return chart(self)

    def query(self, dialect: str = "duckdb") -> str:
        """Return the SQL behind the table, for one of the dialects of `asylumatlas.stats.DIALECTS`.

        Raises:
            StatsError: the dialect is unknown, or the table was not made from one log's facts.
        """
        if dialect in self.queries:
            return self.queries[dialect]
        from asylumatlas.stats.parts import query

        as_of = max(date.fromisoformat(source.as_of) for source in self.sources)
        return query(self.statistic, self.asked, as_of, dialect)

    def cite(self, style: str = "text") -> str:
        """Return how to cite the table.

        Args:
            style: "text" or "bibtex".

        Raises:
            StatsError: another style.
        """
        logs = "; ".join(
            f"{source.log} ({source.note + '; ' if source.note else ''}as of {source.as_of}, "
            f"fingerprint {source.fingerprint[:16]})"
            for source in self.sources
        )
        title = f"{self.label} (definition {self.definition}: {self.definition_label})"
        only = f"only {self.filter}, " if self.filter else ""
        if style == "text":
            return (
                f"Asylum Atlas {__version__}, \u201c{title}\u201d, {only}"
                f"table {self.fingerprint}, counted from {logs}."
            )
        if style == "bibtex":
            return (
                f"@misc{{asylumatlas-{self.fingerprint},\n"
                f"  author = {{{{Asylum Atlas}}}},\n"
                f"  title = {{{_braced(title)}}},\n"
                f"  note = {{Version {__version__}, {_braced(only)}table {self.fingerprint}, "
                f"counted from {_braced(logs)}}},\n}}"
            )
        raise StatsError(f'style: "{style}" is not one of text, bibtex.')

    def _repr_html_(self) -> str:
        """A table for notebooks."""
        from html import escape

        head = "".join(f"<th scope=col>{escape(column.name)}</th>" for column in self.columns)
        body = "".join(
            "<tr>"
            + "".join(f"<td>{escape(_shown(row[c.name]))}</td>" for c in self.columns)
            + "</tr>"
            for row in self.rows
        )
        only = f"Only: {self.filter}. " if self.filter else ""
        some = f", {self.sampling}" if self.sampling else ""
        caption = f"{self.label}. {self.unit}{some}; {self.definition_label}. {only}{self.reason}"
        return (
            f"<table><caption>{escape(caption)}</caption><thead><tr>{head}</tr></thead>"
            f"<tbody>{body}</tbody></table><p>{escape(self.cite())}</p>"
        )


def _json_ready(value: object) -> object:
    """A cell of JSON: days as ISO 8601."""
    return value.isoformat() if isinstance(value, date) else value


def _plain(value: object) -> object:
    """A cell of CSV: flags as words, floats in their shortest exact form."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return value


def _shown(value: object) -> str:
    if value is None:
        return ""
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _braced(text: str) -> str:
    """Text inside a BibTeX field."""
    return "".join(f"\\{c}" if c in "{}%&#_$" else c for c in text)


def _store(path: Path, data: bytes) -> None:
    """Write a file whole or not at all."""
    from asylumatlas.disk import store_whole

    store_whole(path, data)
