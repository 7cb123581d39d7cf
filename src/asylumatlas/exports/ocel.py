"""The log as objects and events of OCEL 2.0, and its JSON writer.

The standard: Berti and others, OCEL (Object-Centric Event Log) 2.0 Specification, 2023,
https://www.ocel-standard.org. A case, a place, a judge or officer (``resource``), a family and the
log itself are objects. An event is of the case it happened to; of the family of that case; at its
place; and by its resource. The log's own object says where the data is from.

The standard's JSON schema has every value as text, numbers too: the declaration of the attribute
says what the text is. The events stand in the order of the log, and ``seq`` repeats it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from asylumatlas.events import CASE_COLUMNS
from asylumatlas.exports.provenance import lines, provenance
from asylumatlas.exports.selection import (
    Chunk,
    Selection,
    Survey,
    moments,
    pieces,
    plain,
    stamps,
    words_of,
)
from asylumatlas.exports.targets import opened

Progress = Callable[[int, int], object]
"""Called with the events done so far, and of how many."""

FIRST = "1970-01-01T00:00:00Z"
"""The time of an attribute that holds from the beginning, as the standard has it."""

EVENT_ATTRIBUTES = {
    "seq": "integer",
    "stage": "string",
    "outcome": "string",
    "place": "string",
    "detail": "string",
    "time_precision": "string",
}
"""Attributes of every event type, with their types; `None` is left out."""

_TYPES = {
    "text": "string",
    "date": "time",
    "int16": "integer",
    "int32": "integer",
    "int64": "integer",
}
_KEYS = ("replication", "case_id")
Relation = tuple[str, str]
"""The id of an object and what it is to the event, or to the object."""


def case_attributes(selection: Selection) -> dict[str, str]:
    """Return the attributes of a case, name -> type of the standard, in file order."""
    fixed = {column.name: _TYPES[column.type] for column in CASE_COLUMNS}
    extra = {name: _TYPES[kind] for name, kind in selection.log.manifest.extra.items()}
    return {name: kind for name, kind in (fixed | extra).items() if name not in _KEYS}


@dataclass(frozen=True)
class OcelObject:
    """One object: id, type, attributes by name (``None`` left out), and its relations."""

    id: str
    type: str
    attributes: Mapping[str, Any]
    relations: Sequence[Relation] = ()


@dataclass(frozen=True)
class Model:
    """The types of a log, and those of its objects that are not cases.

    Attributes:
        selection: what is exported.
        survey: what occurs in it.
        about: where the data is from, one line of text a key.
    """

    selection: Selection
    survey: Survey
    about: Mapping[str, str]

    def object_types(self) -> dict[str, dict[str, str]]:
        """Return the object types that occur, name -> attributes with their types."""
        words = self.survey.words
        types = {"log": dict.fromkeys(self.about, "string")}
        if self.survey.cases:
            types["case"] = case_attributes(self.selection)
        if len(self.survey.families):
            types["family"] = {"lead_case_id": "integer"}
        if words["place"]:
            types["place"] = {"name": "string"}
        if words["resource"]:
            types["resource"] = {"code": "string"}
        return types

    def event_types(self) -> dict[str, dict[str, str]]:
        """Return the event types that occur, name -> attributes with their types."""
        return dict.fromkeys(self.survey.words["event"], EVENT_ATTRIBUTES)

    def other_objects(self) -> list[OcelObject]:
        """Return the log, the places and the resources."""
        places = [
            OcelObject(f"place-{name}", "place", {"name": name})
            for name in self.survey.words["place"]
        ]
        resources = [
            OcelObject(f"resource-{code}", "resource", {"code": code})
            for code in self.survey.words["resource"]
        ]
        return [OcelObject("log", "log", dict(self.about)), *places, *resources]


def model_of(selection: Selection) -> Model:
    """Read what occurs in a selection and return its types."""
    survey = selection.survey()
    about = lines(provenance(selection, survey.cases, survey.events))
    return Model(selection, survey, about)


def case_columns(cases: Any, types: Mapping[str, str]) -> dict[str, list[Any]]:
    """Return the attributes of cases, name -> values, with days as moments.

    Args:
        cases: cases.
        types: attributes of a case, name -> type.
    """
    columns = {name: plain(cases.column(name)) for name in types}
    for name, kind in types.items():
        if kind == "time":
            columns[name] = [day and f"{day}T00:00:00Z" for day in columns[name]]
    return columns


def case_relations(cases: Any) -> list[tuple[int, int, str]]:
    """Return (case, lead case, what the case is to the family) of every case of a family."""
    some = cases.filter(cases.column("lead_case_id").is_valid())
    ids, leads = (some.column(name).to_pylist() for name in ("case_id", "lead_case_id"))
    return [
        (case, lead, "lead" if case == lead else "member")
        for case, lead in zip(ids, leads, strict=True)
    ]


@dataclass(frozen=True)
class Coded:
    """The events of a chunk, ready to be written.

    Attributes:
        ids: ids, object array of shape (events,).
        times: moments as text, object array of shape (events,).
        seq: place in the case's history, int array of shape (events,).
        columns: name -> codes of shape (events,) and the words they stand for.
        cases: ids of the cases, (cases,).
        families: ids of their lead cases or ``None``, (cases,).
        of: the case of each event, shape (events,).
    """

    ids: Any
    times: Any
    seq: Any
    columns: Mapping[str, tuple[Any, list[str]]]
    cases: list[int]
    families: list[int | None]
    of: Any

    def told(self, name: str, told: Callable[[Any], Any], none: Any = "") -> Any:
        """Return what is written for each event's word in a column, shape (events,)."""
        return pieces(*self.columns[name], told, none)


WORDS = ("stage", "outcome", "place", "detail", "time_precision")
"""The attributes of an event that are words, in their order."""


def coded(chunk: Chunk, spread: bool) -> Coded:
    """Return the events of a chunk as codes and words.

    Args:
        chunk: cases and events.
        spread: put events of one day a second apart.
    """
    cases = chunk.cases.column("case_id").to_pylist()
    seq = chunk.events.column("seq").to_numpy()
    own = np.array([f"{key}-" for key in cases], object)
    return Coded(
        ids=own[chunk.of] + np.array([str(n) for n in seq.tolist()], object),
        times=stamps(moments(chunk.events, chunk.of, spread)),
        seq=seq,
        columns={name: words_of(chunk.events, name) for name in ("event", "resource", *WORDS)},
        cases=cases,
        families=chunk.cases.column("lead_case_id").to_pylist(),
        of=chunk.of,
    )


# ------------------------------------------------------------------ JSON


def write_json(selection: Selection, path: Path, name: str, progress: Progress | None) -> Survey:
    """Write OCEL 2.0 as JSON, one object or event a line.

    Args:
        selection: what is written.
        path: the file to write.
        name: the name it will have; compressed if that ends in ``.gz``.
        progress: called with the events done and their number.

    Raises:
        OSError: it cannot be written.
    """
    model = model_of(selection)
    with opened(path, name) as file:
        types = {"objectTypes": model.object_types(), "eventTypes": model.event_types()}
        file.write(b"{")
        for key, known in types.items():
            told = [{"name": word, "attributes": _declared(known[word])} for word in known]
            file.write(f'"{key}":{_rows([_json(row) for row in told])},\n'.encode())
        file.write(b'"objects":[')
        _write_objects(file, model)
        file.write(b'\n],\n"events":[')
        _write_events(file, model, progress)
        file.write(b"\n]}\n")
    return model.survey


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)


def _rows(rows: Sequence[str]) -> str:
    return "[\n" + ",\n".join(rows) + "\n]"


def _declared(attributes: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"name": name, "type": kind} for name, kind in attributes.items()]


def _object_line(told: OcelObject) -> str:
    attributes = [
        {"name": name, "time": FIRST, "value": str(value)}
        for name, value in told.attributes.items()
        if value is not None
    ]
    line: dict[str, Any] = {"id": told.id, "type": told.type, "attributes": attributes}
    if told.relations:
        line["relationships"] = [{"objectId": key, "qualifier": q} for key, q in told.relations]
    return _json(line)


def _write_objects(file: Any, model: Model) -> None:
    rows = [_object_line(told) for told in model.other_objects()]
    file.write(("\n" + ",\n".join(rows)).encode())
    families = model.survey.families.tolist()
    for start in range(0, len(families), 50_000):
        known = [
            OcelObject(f"family-{lead}", "family", {"lead_case_id": lead})
            for lead in families[start : start + 50_000]
        ]
        file.write("".join(f",\n{_object_line(told)}" for told in known).encode())
    types = case_attributes(model.selection)
    for cases in model.selection.cases():
        for start in range(0, cases.num_rows, 50_000):
            file.write(_case_lines(cases.slice(start, 50_000), types).encode())


def _case_lines(cases: Any, types: Mapping[str, str]) -> str:
    """Return cases as JSON, a line each, every line with a comma before it."""
    ids = cases.column("case_id").to_pylist()
    out = np.empty((len(ids), len(types) + 2), object)
    out[:, 0] = [f',\n{{"id":"case-{key}","type":"case","attributes":[' for key in ids]
    for number, (name, kind) in enumerate(types.items(), 1):
        comma = "," if number > 1 else ""  # the first attribute of a case is never missing
        end = "T00:00:00Z" if kind == "time" else ""
        out[:, number] = pieces(*words_of(cases, name), partial(_first, comma, name, end))
    families = {
        case: f'],"relationships":[{{"objectId":"family-{lead}","qualifier":"{word}"}}]}}'
        for case, lead, word in case_relations(cases)
    }
    out[:, -1] = [families.get(key, "]}") for key in ids]
    return "".join(out.ravel().tolist())


def _first(comma: str, name: str, end: str, value: object) -> str:
    return comma + _json({"name": name, "time": FIRST, "value": f"{value}{end}"})


def _write_events(file: Any, model: Model, progress: Progress | None) -> None:
    done = 0
    for chunk in model.selection.chunks():
        if not chunk.events.num_rows:
            continue
        text = "".join(_event_pieces(coded(chunk, model.selection.spread)).ravel().tolist())
        file.write((text if done else text[1:]).encode())  # no comma before the first
        done += chunk.events.num_rows
        if progress:
            progress(done, model.survey.events)


def _event_pieces(events: Coded) -> Any:
    """Return the text of events in pieces, an object array of shape (events, 14)."""
    of_case = [
        f'],"relationships":[{{"objectId":"case-{key}","qualifier":"case"}}'
        + ("" if lead is None else f',{{"objectId":"family-{lead}","qualifier":"family"}}')
        for key, lead in zip(events.cases, events.families, strict=True)
    ]
    seq = [
        f'","attributes":[{{"name":"seq","value":"{n}"}}'
        for n in range(int(events.seq.max(initial=-1)) + 1)
    ]
    out = np.empty((len(events.ids), 14), object)
    out[:, 0] = ',\n{"id":"'
    out[:, 1] = events.ids
    out[:, 2] = events.told("event", lambda word: f'","type":{_json(word)},"time":"')
    out[:, 3] = events.times
    out[:, 4] = np.array(seq, object)[events.seq]
    for number, name in enumerate(WORDS, 5):
        out[:, number] = events.told(name, partial(_attribute, name))
    out[:, 10] = np.array(of_case, object)[events.of]
    for number, name in enumerate(("place", "resource"), 11):
        out[:, number] = events.told(name, partial(_relation, name))
    out[:, 13] = "]}"
    return out


def _attribute(name: str, word: str) -> str:
    return f",{_json({'name': name, 'value': word})}"


def _relation(name: str, word: str) -> str:
    return f",{_json({'objectId': f'{name}-{word}', 'qualifier': name})}"
