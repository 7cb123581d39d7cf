"""One view of a census as readers see it: stages, moves, places, and the chart over days."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any

from asylumatlas import process
from asylumatlas.evidence.places import places
from asylumatlas.fans import SCHEMA
from asylumatlas.pictures.style import DASHES, PALETTE
from asylumatlas.web.drawings.map import Mark, map_svg
from asylumatlas.web.drawings.stages import SHAPES, flow_svg
from asylumatlas.web.flow.census import KINDS, START, Census
from asylumatlas.web.shelf import ShelfLog

MOST_LINES = 7  # of the chart over days
LEVEL = 0.8  # of the intervals over worlds
NO_MOVES = 0.004  # of the widest line; thinner ones are left out of the picture

Say = Callable[..., str]
Row = dict[str, Any]


@dataclass(frozen=True)
class View:
    """What a page of the flow shows.

    Attributes:
        shown: the log.
        census: its counts.
        group: whose.
        world: of which replication; ``None`` for the median over all counted.
        day: number of the day in the census.
        say: gives a text in the reader's language.
    """

    shown: ShelfLog
    census: Census
    group: str
    world: int | None
    day: int
    say: Say

    @cached_property
    def labels(self) -> Mapping[str, str]:
        """What each stage is called."""
        return {name: stage.label for name, stage in process.load().stages.items()}

    @cached_property
    def stage_counts(self) -> Any:
        """(days, stages) people, whole numbers."""
        return _whole(self.census.of("stages", self.group, self.world))

    @cached_property
    def spot_counts(self) -> Any:
        """(days, spots) people, whole numbers."""
        return _whole(self.census.of("at", self.group, self.world))

    @cached_property
    def move_counts(self) -> Any:
        """(days, moves) people so far, whole numbers."""
        return _whole(self.census.of("moved", self.group, self.world))

    @property
    def has_spread(self) -> bool:
        """Whether intervals can be given."""
        return self.world is None and len(self.census.worlds) > 1

    def stages(self) -> list[Row]:
        """Return the stages on the day, each with its people and their interval over worlds."""
        rows: list[Row] = []
        low, high = self._spread("stages")
        for number, (name, stage) in enumerate(process.load().stages.items()):
            people = int(self.stage_counts[self.day, number])
            rows.append(
                {"name": name, "label": stage.label, "gloss": stage.gloss, "people": people}
            )
            if self.has_spread:
                rows[-1] |= {"low": low[self.day, number], "high": high[self.day, number]}
        return rows

    def spots(self) -> list[Row]:
        """Return the places where anybody is in this view, those with most people first."""
        low, high = self._spread("at")
        rows: list[Row] = []
        for number in self.spot_order:
            place, kind = self.census.spots[number]
            people = int(self.spot_counts[self.day, number])
            rows.append({"place": place, "name": self.place_name(place), "kind": kind})
            rows[-1] |= {"people": people, "words": self.say(f"flow.kind_{kind}")}
            if self.has_spread:
                rows[-1] |= {"low": low[self.day, number], "high": high[self.day, number]}
        return rows

    @cached_property
    def spot_order(self) -> list[int]:
        """Numbers of the spots that ever hold anybody: by place, the fullest place first."""
        most = self.spot_counts.max(axis=0, initial=0)
        kinds = list(KINDS)
        total: dict[str, int] = {}
        for number, (place, _) in enumerate(self.census.spots):
            total[place] = max(total.get(place, 0), int(most[number]))
        chosen = [number for number in range(len(most)) if most[number] > 0]

        def rank(number: int) -> tuple[int, str, int]:
            place, kind = self.census.spots[number]
            return -total[place], place, kinds.index(kind)

        return sorted(chosen, key=rank)

    @cached_property
    def drawn_moves(self) -> list[int]:
        """Numbers of the moves that the picture has lines for."""
        most = self.most_moved
        last = self.move_counts[-1]
        return [
            number
            for number, (start, _) in enumerate(self.census.moves)
            if start != START and last[number] >= max(1, NO_MOVES * most)
        ]

    @property
    def most(self) -> float:
        """People that the largest disc stands for, on any day."""
        return float(self.stage_counts.max(initial=1))

    @property
    def most_moved(self) -> float:
        """People that the widest line stands for."""
        inner = [k for k, (start, _) in enumerate(self.census.moves) if start != START]
        return float(self.move_counts[-1][inner].max(initial=1)) if len(inner) else 1.0

    @property
    def most_at(self) -> float:
        """People that the largest mark of the map stands for, on any day."""
        return float(self.spot_counts.max(initial=1))

    def place_name(self, place: str) -> str:
        """Return what a place is called: by the log, else by the atlas, else its word."""
        scenario = self.shown.log.manifest.details.get("scenario")
        named = scenario.get("places") if isinstance(scenario, Mapping) else None
        if isinstance(named, Mapping) and place in named:
            return str(named[place])
        if place in places():
            return places()[place].name
        return place or self.say("flow.no_place")

    def pictures(self, title: str) -> list[str]:
        """Return the picture of the stages, for wide and for narrow screens."""
        people = {row["name"]: row["people"] for row in self.stages()}
        moves = [
            (*self.census.moves[number], float(self.move_counts[self.day, number]))
            for number in self.drawn_moves
        ]
        return [
            flow_svg(shape, self.labels, people, self.most, moves, self.most_moved, title)
            for shape in SHAPES
        ]

    def map(self, title: str) -> str:
        """Return the map of the day."""
        marks = [
            Mark(row["place"], row["name"], row["kind"], row["words"], row["people"], peak)
            for row, peak in zip(self.spots(), self._peaks(), strict=True)
        ]
        return map_svg(marks, self.most_at, title, self.say("flow.elsewhere"))

    def _peaks(self) -> list[int]:
        """Return the most people that each spot holds on any day, in the order of `spots`."""
        most = self.spot_counts.max(axis=0, initial=0)
        return [int(most[number]) for number in self.spot_order]

    def _spread(self, what: str) -> tuple[Any, Any]:
        if not self.has_spread:
            return None, None
        low, high = self.census.spread(what, self.group, LEVEL)
        return _whole(low), _whole(high)

    # ---- over days

    def lines(self) -> list[int]:
        """Return the numbers of the stages that the chart draws: those with most people."""
        most = self.stage_counts.max(axis=0, initial=0)
        order = sorted(range(len(most)), key=lambda number: -most[number])
        chosen = [number for number in order if most[number] > 0][:MOST_LINES]
        return sorted(chosen)

    def chart(self) -> Row:
        """Return the Vega-Lite specification of people by stage over days."""
        names = list(self.labels.values())
        rows = [
            {"day": day.isoformat(), "stage": names[number], "people": int(value)}
            for number in self.lines()
            for day, value in zip(self.census.days, self.stage_counts[:, number], strict=True)
        ]
        drawn = [names[number] for number in self.lines()]
        return _lines_spec(rows, drawn, self.census.days[self.day], self.say)

    def series(self) -> Row:
        """Return all days as plain data: what the page moves by, and its JSON twin."""
        moves = [
            {
                "from": self.census.moves[number][0],
                "to": self.census.moves[number][1],
                "people_so_far": self.move_counts[:, number].tolist(),
            }
            for number in self.drawn_moves
        ]
        spots = [
            {
                "place": self.census.spots[number][0],
                "name": self.place_name(self.census.spots[number][0]),
                "kind": self.census.spots[number][1],
                "people": self.spot_counts[:, number].tolist(),
            }
            for number in self.spot_order
        ]
        return {
            "log": self.shown.name,
            "title": self.shown.title,
            "fingerprint": self.shown.fingerprint,
            "note": self.shown.note,
            "caveats": list(self.shown.caveats),
            "group": self.group,
            "world": self.world,
            "worlds": list(self.census.worlds),
            "unit": "people",
            "value": "median over worlds" if self.has_spread else "people in one world",
            "days": [day.isoformat() for day in self.census.days],
            "stages": {
                name: self.stage_counts[:, number].tolist()
                for number, name in enumerate(process.load().stages)
            },
            "moves": moves,
            "places": spots,
        }

    def to_csv(self) -> str:
        """Return all days as CSV (RFC 4180): one row a day and stage, or day and place."""
        text = io.StringIO(newline="")
        writer = csv.writer(text, lineterminator="\r\n")
        spread = ["low80", "high80"] if self.has_spread else []
        writer.writerow(["day", "what", "name", "label", "people", *spread, "log", "note"])
        end = [self.shown.fingerprint, self.shown.note]
        for name, label, what, counts, low, high in self._columns():
            for number, day in enumerate(self.census.days):
                more = [int(low[number]), int(high[number])] if self.has_spread else []
                writer.writerow([day, what, name, label, int(counts[number]), *more, *end])
        return text.getvalue()

    def _columns(self) -> Iterator[tuple[Any, ...]]:
        low, high = self._spread("stages")
        for number, (name, label) in enumerate(self.labels.items()):
            ends = (low[:, number], high[:, number]) if self.has_spread else (None, None)
            yield name, label, "stage", self.stage_counts[:, number], *ends
        low, high = self._spread("at")
        for number in self.spot_order:
            place, kind = self.census.spots[number]
            ends = (low[:, number], high[:, number]) if self.has_spread else (None, None)
            yield place, self.place_name(place), kind, self.spot_counts[:, number], *ends


def _whole(counts: Any) -> Any:
    """Return counts as whole numbers; a median between two is rounded up."""
    import numpy as np

    return np.floor(counts + 0.5).astype(np.int64)


def _lines_spec(rows: Sequence[Row], drawn: Sequence[str], day: date, say: Say) -> Row:
    milliseconds = 1000 * (day.toordinal() - date(1970, 1, 1).toordinal()) * 86_400
    time: Row = {"field": "day", "type": "temporal", "title": None, "scale": {"type": "utc"}}
    time["axis"] = {"grid": False, "tickCount": 6}
    return {
        "$schema": SCHEMA,
        "width": "container",
        "height": 320,
        "autosize": {"type": "fit-x", "contains": "padding"},
        "background": None,
        "config": _CONFIG,
        "params": [{"name": "shown_day", "value": milliseconds}],
        "datasets": {"days": list(rows)},
        "layer": [
            {
                "name": "shown",
                "data": {"values": [{"one": 1}]},
                "transform": [{"calculate": "shown_day", "as": "day"}],
                "mark": {"type": "rule", "color": "#555555", "strokeWidth": 1.5},
                "encoding": {"x": time},
            },
            {
                "name": "people",
                "data": {"name": "days"},
                "mark": {"type": "line", "strokeWidth": 2},
                "encoding": {"x": time, **_stage_lines(drawn, say)},
            },
        ],
    }


def _stage_lines(drawn: Sequence[str], say: Say) -> Row:
    """Return how a line says its stage: by colour and by dash, both named above the chart."""
    legend: Row = {"orient": "top", "title": None, "labelLimit": 230, "symbolSize": 300}
    legend |= {"columns": 1, "offset": 12}  # one name a line fits every width
    stage: Row = {"field": "stage", "type": "nominal", "legend": legend}
    dashes = [list(each) for each in DASHES[: len(drawn)]]
    people = {"field": "people", "type": "quantitative", "title": say("flow.people")}
    return {
        "y": {**people, "axis": {"tickCount": 5}},
        "color": {**stage, "scale": {"domain": drawn, "range": list(PALETTE[: len(drawn)])}},
        "strokeDash": {**stage, "scale": {"domain": drawn, "range": dashes}},
    }


_CONFIG = {
    "view": {"stroke": None},
    "axis": {
        "labelFontSize": 12,
        "titleFontSize": 12,
        "labelColor": "#1A1A1A",
        "titleColor": "#555555",
        "gridColor": "#E3E3E3",
        "domainColor": "#888888",
        "tickColor": "#888888",
    },
    "legend": {"labelFontSize": 12.5, "labelColor": "#1A1A1A"},
}
