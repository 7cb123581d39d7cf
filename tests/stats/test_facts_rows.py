"""Facts are what a plain reading of each history, one event after another, says they are."""

import datetime
import itertools
import json
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from asylumatlas import process
from asylumatlas.events import (
    ENTRY_ROUTES,
    CodedCases,
    CodedEvents,
    Log,
    open_log,
    seal,
    write_part,
)
from asylumatlas.stats.errors import StatsError
from asylumatlas.stats.facts import Facts, prepare

Row = dict[str, Any]
DAY = datetime.timedelta(days=1)
EPOCH = datetime.date(1970, 1, 1)
START = datetime.date(2015, 1, 1)
AS_OF = datetime.date(2016, 1, 1)
PROCESS = process.load()
CASE_COLUMNS = ("nationality", "kind", "entry_route", "case_type", "sex", "language", "feed")


# ---------------------------------------------------------------- a log out of plain rows
def event(day: int, name: str, outcome: str | None = None, **more: str) -> Row:
    return {"day": day, "event": name, "outcome": outcome, **more}


def case(events: list[Row], replication: int = 0, **more: str | None) -> Row:
    columns = {"nationality": "HND", "kind": "family", "entry_route": "interior"}
    return {**columns, **more, "replication": replication, "events": events}


def coded(values: list[str | None]) -> tuple[Any, list[str]]:
    words = sorted({value for value in values if value is not None})
    return np.array([-1 if v is None else words.index(v) for v in values], np.int32), words


def write_log(
    folder: Path, cases: list[Row], size: int = 100, as_of: datetime.date = AS_OF, **details: Any
) -> Log:
    cases = sorted(cases, key=lambda row: row["replication"])
    parts = []
    for number, start in enumerate(range(0, len(cases), size)):
        chosen = list(enumerate(cases))[start : start + size]
        events = [(number, row, e) for number, row in chosen for e in row["events"]]
        kinds, outcomes = process.event_codes(), process.outcome_codes()
        places, place_words = coded([e.get("place") for _, _, e in events])
        none = np.full(len(chosen), -1, np.int64)
        text = {
            name: coded([row.get(name) for _, row in chosen])
            for name in CASE_COLUMNS
            if name != "entry_route"
        }
        feed = text.pop("feed")
        written = write_part(
            folder,
            number,
            CodedCases(
                replication=np.array([row["replication"] for _, row in chosen], np.int16),
                case_id=np.array([n for n, _ in chosen], np.int64),
                entry_route=np.array([ENTRY_ROUTES.index(r["entry_route"]) for _, r in chosen]),
                entry_date=none,
                charging_date=none,
                extra={"feed": feed} if any("feed" in row for row in cases) else {},
                **text,
            ),
            CodedEvents(
                replication=np.array([row["replication"] for _, row, _ in events], np.int16),
                case_id=np.array([n for n, _, _ in events], np.int64),
                seq=np.arange(len(events), dtype=np.int32),
                date=np.array([(START - EPOCH).days + e["day"] for _, _, e in events], np.int32),
                event=np.array([kinds.index(e["event"]) for _, _, e in events], np.int16),
                outcome=np.array(
                    [
                        -1 if e["outcome"] is None else outcomes.index(e["outcome"])
                        for *_, e in events
                    ],
                    np.int16,
                ),
                place=places,
                resource=coded([e.get("judge") for _, _, e in events]),
                detail=coded([e.get("detail") for _, _, e in events]),
            ),
            place_words,
        )
        parts.append(written)
    seal(folder, source="example", as_of=as_of, parts=parts, details=details)
    return open_log(folder)


def read_log(log: Log) -> list[Row]:
    """Return the cases of a written log in the form the oracle reads."""
    nobody = log.manifest.details.get("placeholders", {}).get("resource", [])
    cases: dict[tuple[int, int], Row] = {}
    for row in log.cases().to_pylist():
        cases[row["replication"], row["case_id"]] = {**row, "events": []}
    for row in log.events().to_pylist():
        judge = None if row["resource"] in nobody else row["resource"]
        found = {"date": row["date"], "judge": judge, "nobody": judge != row["resource"]}
        found |= {name: row[name] for name in ("event", "outcome", "place", "detail")}
        cases[row["replication"], row["case_id"]]["events"].append(found)
    return list(cases.values())


def rows_of(facts: Facts, table: str) -> list[Row]:
    return [row for path in facts.paths(table) for row in pq.read_table(path).to_pylist()]


def same(one: list[Row], other: list[Row]) -> None:
    def counted(rows: list[Row]) -> Counter[Any]:
        return Counter(tuple(sorted((k, repr(v)) for k, v in row.items())) for row in rows)

    left, right = counted(one), counted(other)
    assert left - right == Counter()
    assert right - left == Counter()


# ---------------------------------------------------------------- the oracle
COURT_EVENTS = (
    "charging_document",
    "master_hearing",
    "individual_hearing",
    "hearing_postponed",
    "venue_changed",
    "asylum_application_filed",
    "representation_entered",
    "court_decision",
    "case_reopened",
    "case_recalendared",
    "judge_review",
    "judge_review_requested",
    "bond_hearing",
)
NOT_MOMENTS = (
    "journey_started",
    "place_reached",
    "mexico_permit_issued",
    "shelter_entered",
    "shelter_left",
    "representation_entered",
    "representation_ended",
    "venue_changed",
)
HEARINGS = ("master_hearing", "individual_hearing")
HEARD = (*HEARINGS, "hearing_postponed", "court_decision", "judge_review")
BOARD = ("appeal_filed", "appeal_decided", "circuit_petition_filed", "circuit_decided")
APPLICATIONS = ("asylum_application_filed", "affirmative_filed")
BACK = ("case_reopened", "case_recalendared", "charging_document")
STOCK = ("stock_case", "court")
WAYS_OUT = ("appeal", "removal", "protected", "ended")


def main_stage(events: list[Row]) -> list[str | None]:
    """Return the stage each event leads to, ``None`` for one beside the main track."""
    stages: list[str | None] = []
    granted = False
    for e in events:
        name, outcome = e["event"], e["outcome"]
        if name == "court_decision":
            granted = outcome in ("asylum_granted", "withholding_granted", "other_relief")
        elif name == "case_reopened" or (
            name in ("appeal_decided", "circuit_decided") and outcome == "remanded"
        ):
            granted = False
        elif name == "appeal_decided" and outcome == "sustained":
            granted = not granted
        kind = PROCESS.events[name]
        stage = kind.stage_after(outcome) if kind.track == "main" else None
        stages.append("protected" if name == "appeal_decided" and granted else stage)
    return stages


class History:
    """One case, read the slow way."""

    def __init__(
        self, case: Row, as_of: datetime.date, tells: dict[str, bool], courts: set[str]
    ) -> None:
        self.case = case
        self.courts = courts
        self.as_of = as_of
        self.events = [e for e in case["events"] if e["date"] <= as_of]
        self.stage = main_stage(self.events)
        self.tells = tells
        self.left_out: Counter[str] = Counter()
        first = self.events[0] if self.events else None
        self.known = not (first and first["event"] == "stock_case")

    def first(self, *names: str) -> int | None:
        return next((i for i, e in enumerate(self.events) if e["event"] in names), None)

    def state(self, at: int, board: bool) -> Row:
        represented = claim = None
        custody = "never_detained" if self.known else None
        if self.known:
            represented, claim = "not_represented", False
        for e in self.events[: at + 1]:
            name, only_board = e["event"], e.get("detail") == "board"
            if name == "representation_entered" and (board or not only_board):
                represented = "represented"
            if name == "representation_ended":
                represented = "not_represented"
            if name == "custody_started":
                custody = "detained"
            if name == "custody_ended":
                custody = "released"
            if name in APPLICATIONS or (name, e["outcome"]) == ("stock_case", "affirmative"):
                claim = True
            if name == "court_decision" and e["outcome"] in ("asylum_granted", "asylum_denied"):
                claim = True
        return {
            "court": self.court(at),
            "representation": represented if self.tells["representation_entered"] else None,
            "custody": custody if self.tells["custody_started"] else None,
            "claim": claim,
        }

    def court(self, at: int) -> str | None:
        told = []
        for i, e in enumerate(self.events):
            name = e["event"]
            only_board = name == "representation_entered" and e.get("detail") == "board"
            of_court = name in COURT_EVENTS or (name, e["outcome"]) == ("stock_case", "court")
            if of_court and not only_board and e.get("place") in self.courts:
                told.append((i, e["place"]))
        before = [place for i, place in told if i <= at]
        if before:
            return str(before[-1])
        openers = ("charging_document", "judge_review_requested")
        for e in self.events[: at + 1]:
            if e["event"] in openers or (e["event"], e["outcome"]) == ("stock_case", "court"):
                return next((str(place) for _, place in told), None)
        return None

    def dimensions(self) -> Row:
        return {name: self.case.get(name) for name in ("replication", *CASE_COLUMNS)}

    def latest(self, column: str, at: int) -> str | None:
        known = [e.get(column) for e in self.events[: at + 1] if e.get(column)]
        return known[-1] if known else None

    def moments(self) -> list[Row]:
        rows = []
        charged = self.first("charging_document")
        if charged is None:
            charged = self.first("judge_review_requested")
        applied = self.first(*APPLICATIONS)
        for i, e in enumerate(self.events):
            name, rest = e["event"], self.events[i + 1 :]
            if name in NOT_MOMENTS:
                continue
            alike = [j for j, other in enumerate(self.events) if other["event"] == name]
            appealed = superseded = None
            if name == "court_decision":
                stops = ("court_decision", "case_reopened", "case_recalendared", "appeal_filed")
                following = [other["event"] for other in rest if other["event"] in stops]
                appealed = following[:1] == ["appeal_filed"]
                superseded = any(other["event"] == "court_decision" for other in rest)
            adjourned = name == "hearing_postponed" or (
                name in HEARINGS and e["outcome"] == "continued"
            )
            rows.append(
                {
                    **self.dimensions(),
                    **self.state(i, name in BOARD),
                    "judge": e.get("judge"),
                    "place": e.get("place"),
                    "event": name,
                    "outcome": e["outcome"],
                    "date": e["date"],
                    "party": process.adjournments().get(e.get("detail")) if adjourned else None,
                    "nth": alike.index(i) + 1,
                    "last": i == alike[-1],
                    "appealed": appealed,
                    "superseded": superseded,
                    "days": self.since(charged, e),
                    "days_applied": self.since(applied, e),
                    "case_known": self.known,
                }
            )
        return rows

    def since(self, start: int | None, e: Row) -> int | None:
        if start is None or e["date"] < self.events[start]["date"]:
            return None
        return int((e["date"] - self.events[start]["date"]).days)

    def court_spells(self) -> list[tuple[str, int, int | None]]:
        found: list[tuple[str, int, int | None]] = []
        active = inactive = None
        for i, e in enumerate(self.events):
            name, outcome = e["event"], e["outcome"]
            opens = (
                name in ("case_reopened", "case_recalendared")
                or (name, outcome) in (("appeal_decided", "remanded"), ("stock_case", "court"))
                or (name == "charging_document" and inactive is None)
            )
            put_off = (name, outcome) == ("court_decision", "administratively_closed")
            leaves = name in ("court_decision", "case_closed")
            leaves = leaves or self.stage[i] not in (None, "court")
            if active is not None and leaves:
                found.append(("court_active", active, i))
                active = None
            if inactive is not None and (leaves or opens):
                found.append(("court_inactive", inactive, i))
                inactive = None
            if put_off:
                inactive = i
            elif opens and active is None:
                active = i
        if active is not None:
            found.append(("court_active", active, None))
        if inactive is not None:
            found.append(("court_inactive", inactive, None))
        return found

    def open_close(self, opens: Any, closes: Any) -> list[tuple[int, int | None]]:
        found: list[tuple[int, int | None]] = []
        begun = None
        for i, e in enumerate(self.events):
            if begun is not None and closes(i, e):
                found.append((begun, i))
                begun = None
            elif begun is None and opens(e):
                begun = i
        return found if begun is None else [*found, (begun, None)]

    def all_spells(self) -> list[tuple[str, int, int | None]]:
        found = self.court_spells()
        charged, applied = self.first("charging_document"), self.application_waits()
        for name, ends in {
            "to_completion": lambda e: e["event"] == "court_decision",
            "to_decision": lambda e: (
                e["event"] == "court_decision" and e["outcome"] != "administratively_closed"
            ),
            "to_first_hearing": lambda e: e["event"] in (*HEARINGS, "court_decision"),
            "to_individual_hearing": lambda e: (
                e["event"] in ("individual_hearing", "court_decision")
            ),
        }.items():
            if charged is not None:
                end = self.end_or_way_out(
                    charged, [i for i, e in enumerate(self.events) if ends(e)]
                )
                found.append((name, charged, end))
        if applied is not None:
            decisions = [i for i, e in enumerate(self.events) if i > applied and self.decides(e)]
            found.append(
                ("application_to_decision", applied, self.end_or_way_out(applied, decisions))
            )

        def left(stage: str) -> Any:
            return lambda i: self.stage[i] not in (None, stage)

        def is_(*names: str, stock: str = "") -> Any:
            return lambda e: (
                e["event"] in names or (e["event"] == "stock_case" and e["outcome"] == stock)
            )

        pairs = {
            "custody": (is_("custody_started"), lambda i, e: e["event"] == "custody_ended"),
            "appeal": (
                is_("appeal_filed", stock="appeal"),
                lambda i, e: e["event"] == "appeal_decided",
            ),
            "waiting_list": (
                is_("list_joined", stock="waiting_list"),
                lambda i, e: left("waiting_list")(i),
            ),
            "affirmative": (
                is_("affirmative_filed", stock="affirmative"),
                lambda i, e: e["event"] == "affirmative_interview" or left("affirmative")(i),
            ),
            "fear_screening": (
                is_("fear_claimed"),
                lambda i, e: e["event"] == "fear_interview" or left("screening")(i),
            ),
            "fear_review": (
                is_("judge_review_requested"),
                lambda i, e: e["event"] == "judge_review",
            ),
            "mexico_asylum": (
                is_("mexico_asylum_requested", stock="mexico_asylum"),
                lambda i, e: e["event"] == "mexico_asylum_decided",
            ),
        }
        for name, (opens, closes) in pairs.items():
            found += [(name, start, end) for start, end in self.open_close(opens, closes)]
        if self.events:
            found.append(("unresolved", 0, self.resolved()))
        return found

    @staticmethod
    def decides(e: Row) -> bool:
        return e["event"] == "court_decision" and e["outcome"] != "administratively_closed"

    def application_waits(self) -> int | None:
        """Return the first event after which an application is filed and the case undecided."""
        filed = settled = False
        for i, e in enumerate(self.events):
            remanded = (e["event"], e["outcome"]) == ("appeal_decided", "remanded")
            if remanded or e["event"] in BACK or (e["event"], e["outcome"]) == STOCK:
                settled = False
            elif self.decides(e) or self.stage[i] in WAYS_OUT:
                settled = True
            elif e["event"] == "asylum_application_filed":
                filed = True
            if filed and not settled:
                return i
        return None

    def end_or_way_out(self, start: int, ends: list[int]) -> int | None:
        out = [i for i, stage in enumerate(self.stage) if i > start and stage in WAYS_OUT]
        return min(ends[:1] + out[:1], default=None)

    def resolved(self) -> int | None:
        moves = [i for i, stage in enumerate(self.stage) if stage]
        end = None
        for i in reversed(moves):
            if PROCESS.stages[str(self.stage[i])].kind != "final":
                break
            end = i
        return end

    def spells(self) -> list[Row]:
        rows = []
        numbers: Counter[str] = Counter()
        for name, start, end in self.all_spells():
            first = self.events[start]
            last = self.events[end] if end is not None else None
            until = last["date"] if last else self.as_of
            if until < first["date"]:
                self.left_out[f"{name} ends before it starts"] += 1
                continue
            numbers[name] += 1
            at = len(self.events) - 1 if end is None else end
            ended = (last["outcome"] or last["event"]) if last else None
            if last and name in ("to_first_hearing", "to_individual_hearing"):
                ended = last["event"] if last["event"] in HEARINGS else ended
            rows.append(
                {
                    **self.dimensions(),
                    **self.state(at, name == "appeal"),
                    "judge": self.latest("judge", at),
                    "place": self.latest("place", at),
                    "spell": name,
                    "start": first["date"],
                    "end": last["date"] if last else None,
                    "days": (until - first["date"]).days,
                    "ended": ended,
                    "nth": numbers[name],
                    "known_start": first["event"] != "stock_case",
                }
            )
        return rows

    def stays(self) -> list[Row]:
        at_night: dict[datetime.date, str] = {}
        for e, stage in zip(self.events, self.stage, strict=True):
            if stage:
                at_night[e["date"]] = stage
        if not at_night:
            if self.events:
                self.left_out["case without an event that moves it, in stays"] += 1
            return []
        begun = min(at_night)
        spans = [
            (stage, next(iter(days)))
            for stage, days in itertools.groupby(sorted(at_night), at_night.__getitem__)
        ]
        charged = self.first("charging_document")
        day = None if charged is None else self.events[charged]["date"]
        last = len(self.events) - 1
        known = {name: self.first_known(name) for name in ("judge", "place")}
        courts = [self.state(i, False)["court"] for i in range(len(self.events))]
        rows = []
        for number, (stage, into) in enumerate(spans):
            following = spans[number + 1] if number + 1 < len(spans) else None
            out = following[1] if following else self.as_of
            since = day is not None and (out > day or not following)
            rows.append(
                {
                    **self.dimensions(),
                    **self.state(last, False),
                    **known,
                    "court": next((court for court in courts if court), None),
                    "stage": stage,
                    "next": following[0] if following else None,
                    "from_entry_in": (into - begun).days,
                    "from_entry_out": (out - begun).days,
                    "from_charging_in": max((into - day).days, 0) if since and day else None,
                    "from_charging_out": (out - day).days if since and day else None,
                    "start": begun,
                    "charged": day,
                    "case_known": self.known,
                }
            )
        return rows

    def first_known(self, column: str) -> str | None:
        return next((e[column] for e in self.events if e.get(column)), None)


def check_against_oracle(log: Log, facts: Facts) -> None:
    cases = read_log(log)
    met = {e["event"] for row in cases for e in row["events"]}
    tells = {name: name in met for name in ("representation_entered", "custody_started")}
    courts = {
        e["place"] for row in cases for e in row["events"] if e["event"] in HEARD and e["place"]
    }
    histories = [History(row, log.as_of, tells, courts) for row in cases]
    left_out: Counter[str] = Counter()
    for table in ("moments", "spells", "stays"):
        expected = [row for history in histories for row in getattr(history, table)()]
        found = rows_of(facts, table)
        same(found, expected)
        assert facts.rows[table] == len(found)
    for history in histories:
        left_out += history.left_out
        late = len(history.case["events"]) - len(history.events)
        if late:
            left_out["event after the log's last day"] += late
    assert Counter(facts.left_out) == left_out
    days = [e["date"] for history in histories for e in history.events]
    assert facts.first == min(days, default=None)
    check_book(facts, cases)


def check_book(facts: Facts, cases: list[Row]) -> None:
    moments = rows_of(facts, "moments")
    known = Counter(name for row in moments for name in row if row[name] is not None)
    assert {k: v for k, v in facts.columns.items() if v} == dict(known)
    assert facts.events == Counter(row["event"] for row in moments)
    assert facts.spells == Counter(row["spell"] for row in rows_of(facts, "spells"))
    assert facts.words.get("stage", {}) == Counter(row["stage"] for row in rows_of(facts, "stays"))
    for name in CASE_COLUMNS:
        told = Counter(row[name] for row in cases if row.get(name))
        assert facts.words.get(name, {}) == told
    for name in ("court", "judge", "place", "outcome", "party", "representation", "custody"):
        told = Counter(row[name] for row in moments if row[name])
        assert facts.words.get(name, {}) == told
    lost = [
        e
        for row in cases
        for e in row["events"]
        if e["nobody"] and e["event"] not in NOT_MOMENTS and e["date"] <= facts.as_of
    ]
    assert facts.not_judges == len(lost)


# ---------------------------------------------------------------- random histories
POINTS = [(e.name, point.outcome) for e in PROCESS.events.values() for point in e.points()]
COURT_POINTS = [
    (name, outcome)
    for name, outcome in POINTS
    if PROCESS.events[name].stage in ("court", "appeal", "removal", "custody")
] + [("stock_case", "court"), ("case_closed", None)]


@st.composite
def histories(draw: st.DrawFn) -> Row:
    points = draw(st.sampled_from([POINTS, COURT_POINTS, COURT_POINTS]))
    events, day = [], draw(st.integers(0, 300))
    for _ in range(draw(st.integers(0, 9))):
        name, outcome = draw(st.sampled_from(points))
        more: dict[str, str] = {}
        if draw(st.booleans()):
            courts = ["eloy", "tacoma"]  # nobody is ever heard at the other place
            more["place"] = draw(st.sampled_from(courts + ["dilley"] * (name not in HEARD)))
        if draw(st.booleans()):
            more["judge"] = draw(st.sampled_from(["j1", "j2"]))
        if draw(st.booleans()):
            more["detail"] = draw(st.sampled_from(["board", "court", "01", "18", "8B"]))
        events.append(event(day, name, outcome, **more))
        day += draw(st.sampled_from([0, 0, 1, 40]))
    return case(
        events,
        draw(st.integers(0, 2)),
        nationality=draw(st.sampled_from(["HND", "GTM"])),
        case_type=draw(st.sampled_from([None, "RMV"])),
        **draw(st.sampled_from([{}, {"feed": "stream"}, {"feed": "first_day"}])),
    )


LEGAL_STARTS = [("charging_document", None), ("port_admitted", None), ("stock_case", "court")]


@st.composite
def legal_histories(draw: st.DrawFn) -> Row:
    point: tuple[str, str | None] = draw(st.sampled_from(LEGAL_STARTS))
    events, day = [event(0, *point, place="eloy")], 0
    for _ in range(draw(st.integers(0, 12))):
        following = PROCESS.followers(*point)
        if not following:
            break
        point = tuple(draw(st.sampled_from(following)))
        day += draw(st.sampled_from([0, 1, 30]))
        events.append(event(day, *point, place="eloy"))
    return case(events)


@pytest.mark.parametrize("cases", [histories(), legal_histories()], ids=["any", "legal"])
@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_facts_are_what_a_plain_reading_says(
    tmp_path_factory: pytest.TempPathFactory, cases: st.SearchStrategy[Row], data: st.DataObject
) -> None:
    rows = data.draw(st.lists(cases, max_size=12))
    nobody = data.draw(st.sampled_from([[], ["j2"], ["j1", "j2", "j9"]]))
    size = data.draw(st.sampled_from([3, 100]))
    placeholders = {"resource": nobody}
    log = write_log(tmp_path_factory.mktemp("log"), rows, size, placeholders=placeholders)
    check_against_oracle(log, prepare(log, workers=1))


def test_many_random_histories_are_read_as_the_oracle_reads_them(tmp_path: Path) -> None:
    draw = np.random.default_rng(4)

    def word(*words: str | None) -> str | None:
        return words[draw.integers(len(words))]

    rows = []
    for _ in range(900):
        day, events = 0, []
        for _ in range(draw.integers(0, 14)):
            point = COURT_POINTS[draw.integers(len(COURT_POINTS))]
            held = word("dilley") if point[0] not in HEARD else None
            more = {
                "place": word("eloy", "tacoma", held, None),
                "judge": word("j1", "j2", None),
                "detail": word("board", "court", "01", "18", None, None),
            }
            events.append(event(day, *point, **{k: v for k, v in more.items() if v}))
            day += int(draw.choice([0, 0, 1, 7, 40]))
        rows.append(case(events, int(draw.integers(3)), sex=word("F", "M", None)))
    log = write_log(tmp_path, rows, 250)
    check_against_oracle(log, prepare(log))


# ---------------------------------------------------------------- by hand
MOMENT = """event outcome date nth last appealed superseded days days_applied court judge party
    representation custody claim case_known"""
SPELL = "spell start end days ended nth known_start court judge representation custody claim"
STAY = """stage next from_entry_in from_entry_out from_charging_in from_charging_out court
    representation custody claim case_known"""
SHORT = {
    None: "-",
    True: "yes",
    False: "no",
    "represented": "rep",
    "not_represented": "unrep",
    "never_detained": "never",
}


def brief(rows: list[Row], columns: str) -> str:
    """Return rows as lines of words; dates as days since the start."""

    def word(value: Any) -> str:
        if isinstance(value, datetime.date):
            return str((value - START).days)
        return str(SHORT.get(value, value) if not isinstance(value, int) else value)

    def short(row: Row) -> str:
        values = [row[name] for name in columns.split()]
        return " ".join(SHORT[v] if isinstance(v, bool) else word(v) for v in values)

    return "\n".join(sorted(short(row) for row in rows))


GOLDEN: dict[str, tuple[list[Row], str, str, str]] = {
    "denied, remanded on appeal, granted": (
        [
            event(0, "charging_document", place="eloy"),
            event(5, "representation_entered", place="eloy", detail="court"),
            event(9, "master_hearing", "continued", place="eloy", judge="j1", detail="01"),
            event(20, "asylum_application_filed", place="eloy"),
            event(90, "individual_hearing", "decided", place="eloy", judge="j2", detail="8B"),
            event(90, "court_decision", "asylum_denied", place="eloy", judge="j2"),
            event(100, "appeal_filed"),
            event(150, "appeal_decided", "remanded", detail="BCR"),
            event(160, "venue_changed", place="tacoma"),
            event(200, "court_decision", "asylum_granted", place="tacoma", judge="j3"),
        ],
        """
        appeal_decided remanded 150 1 yes - - 150 130 eloy - - rep never yes yes
        appeal_filed - 100 1 yes - - 100 80 eloy - - rep never yes yes
        asylum_application_filed - 20 1 yes - - 20 0 eloy - - rep never yes yes
        charging_document - 0 1 yes - - 0 - eloy - - unrep never no yes
        court_decision asylum_denied 90 1 no yes yes 90 70 eloy j2 - rep never yes yes
        court_decision asylum_granted 200 2 yes no no 200 180 tacoma j3 - rep never yes yes
        individual_hearing decided 90 1 yes - - 90 70 eloy j2 - rep never yes yes
        master_hearing continued 9 1 yes - - 9 - eloy j1 respondent rep never no yes
        """,
        """
        appeal 100 150 50 remanded 1 yes eloy j2 rep never yes
        application_to_decision 20 90 70 asylum_denied 1 yes eloy j2 rep never yes
        court_active 0 90 90 asylum_denied 1 yes eloy j2 rep never yes
        court_active 150 200 50 asylum_granted 2 yes tacoma j3 rep never yes
        to_completion 0 90 90 asylum_denied 1 yes eloy j2 rep never yes
        to_decision 0 90 90 asylum_denied 1 yes eloy j2 rep never yes
        to_first_hearing 0 9 9 master_hearing 1 yes eloy j1 rep never no
        to_individual_hearing 0 90 90 individual_hearing 1 yes eloy j2 rep never yes
        unresolved 0 200 200 asylum_granted 1 yes tacoma j3 rep never yes
        """,
        """
        appeal court 100 150 100 150 eloy rep never yes yes
        court protected 150 200 150 200 eloy rep never yes yes
        court removal 0 90 0 90 eloy rep never yes yes
        protected - 200 365 200 365 eloy rep never yes yes
        removal appeal 90 100 90 100 eloy rep never yes yes
        """,
    ),
    "administratively closed, recalendared, still pending, ever in custody": (
        [
            event(0, "custody_started"),
            event(3, "charging_document", place="eloy"),
            event(8, "bond_hearing", "granted", place="eloy", judge="j1"),
            event(8, "custody_ended", "bond"),
            event(50, "court_decision", "administratively_closed", place="eloy", judge="j1"),
            event(110, "case_recalendared", place="eloy"),
        ],
        """
        bond_hearing granted 8 1 yes - - 5 - eloy j1 - unrep detained no yes
        case_recalendared - 110 1 yes - - 107 - eloy - - unrep released no yes
        charging_document - 3 1 yes - - 0 - eloy - - unrep detained no yes
        court_decision administratively_closed 50 1 yes no no 47 - eloy j1 - unrep released no yes
        custody_ended bond 8 1 yes - - 5 - eloy - - unrep released no yes
        custody_started - 0 1 yes - - - - - - - unrep detained no yes
        """,
        """
        court_active 110 - 255 - 2 yes eloy j1 unrep released no
        court_active 3 50 47 administratively_closed 1 yes eloy j1 unrep released no
        court_inactive 50 110 60 case_recalendared 1 yes eloy j1 unrep released no
        custody 0 8 8 bond 1 yes eloy j1 unrep released no
        to_completion 3 50 47 administratively_closed 1 yes eloy j1 unrep released no
        to_decision 3 - 362 - 1 yes eloy j1 unrep released no
        to_first_hearing 3 50 47 administratively_closed 1 yes eloy j1 unrep released no
        to_individual_hearing 3 50 47 administratively_closed 1 yes eloy j1 unrep released no
        unresolved 0 - 365 - 1 yes eloy j1 unrep released no
        """,
        """
        court - 0 362 0 362 eloy unrep released no yes
        """,
    ),
    "open when the log begins, and an appearance before the Board only": (
        [
            event(0, "stock_case", "court", place="harlingen"),
            event(30, "court_decision", "removal_in_absentia", place="eloy", judge="j1"),
            event(31, "representation_entered", detail="board", place="falls_church"),
            event(40, "appeal_filed"),
            event(60, "appeal_decided", "dismissed"),
        ],
        """
        appeal_decided dismissed 60 1 yes - - - - eloy - - rep - - no
        appeal_filed - 40 1 yes - - - - eloy - - rep - - no
        court_decision removal_in_absentia 30 1 yes yes no - - eloy j1 - - - - no
        stock_case court 0 1 yes - - - - eloy - - - - - no
        """,
        """
        appeal 40 60 20 dismissed 1 yes eloy j1 rep - -
        court_active 0 30 30 removal_in_absentia 1 no eloy j1 - - -
        unresolved 0 - 365 - 1 no eloy j1 - - -
        """,
        """
        appeal removal 40 60 - - eloy - - - no
        court removal 0 30 - - eloy - - - no
        removal - 60 365 - - eloy - - - no
        removal appeal 30 40 - - eloy - - - no
        """,
    ),
    "from the list to a grant that the government appeals in vain": (
        [
            event(0, "list_joined", place="tijuana"),
            event(30, "port_admitted", place="san_ysidro"),
            event(30, "custody_started", place="san_ysidro"),
            event(31, "port_processed", "expedited_removal", place="san_ysidro"),
            event(31, "fear_claimed", place="san_ysidro"),
            event(50, "fear_interview", "fear_found", place="adelanto"),
            event(51, "custody_ended", "parole", place="adelanto"),
            event(60, "charging_document", place="adelanto"),
            event(300, "court_decision", "asylum_granted", place="adelanto"),
            event(310, "appeal_filed"),
            event(350, "appeal_decided", "dismissed"),
        ],
        """
        appeal_decided dismissed 350 1 yes - - 290 - adelanto - - unrep released yes yes
        appeal_filed - 310 1 yes - - 250 - adelanto - - unrep released yes yes
        charging_document - 60 1 yes - - 0 - adelanto - - unrep released no yes
        court_decision asylum_granted 300 1 yes yes no 240 - adelanto - - unrep released yes yes
        custody_ended parole 51 1 yes - - - - - - - unrep released no yes
        custody_started - 30 1 yes - - - - - - - unrep detained no yes
        fear_claimed - 31 1 yes - - - - - - - unrep detained no yes
        fear_interview fear_found 50 1 yes - - - - - - - unrep detained no yes
        list_joined - 0 1 yes - - - - - - - unrep never no yes
        port_admitted - 30 1 yes - - - - - - - unrep never no yes
        port_processed expedited_removal 31 1 yes - - - - - - - unrep detained no yes
        """,
        """
        appeal 310 350 40 dismissed 1 yes adelanto - unrep released yes
        court_active 60 300 240 asylum_granted 1 yes adelanto - unrep released yes
        custody 30 51 21 parole 1 yes - - unrep released no
        fear_screening 31 50 19 fear_found 1 yes - - unrep detained no
        to_completion 60 300 240 asylum_granted 1 yes adelanto - unrep released yes
        to_decision 60 300 240 asylum_granted 1 yes adelanto - unrep released yes
        to_first_hearing 60 300 240 asylum_granted 1 yes adelanto - unrep released yes
        to_individual_hearing 60 300 240 asylum_granted 1 yes adelanto - unrep released yes
        unresolved 0 350 350 dismissed 1 yes adelanto - unrep released yes
        waiting_list 0 30 30 port_admitted 1 yes - - unrep never no
        """,
        """
        appeal protected 310 350 250 290 adelanto unrep released yes yes
        charging court 50 60 - - adelanto unrep released yes yes
        court protected 60 300 0 240 adelanto unrep released yes yes
        port_of_entry screening 30 31 - - adelanto unrep released yes yes
        protected - 350 365 290 305 adelanto unrep released yes yes
        protected appeal 300 310 240 250 adelanto unrep released yes yes
        screening charging 31 50 - - adelanto unrep released yes yes
        waiting_list port_of_entry 0 30 - - adelanto unrep released yes yes
        """,
    ),
    "charged where the family is held, decided on an application nobody wrote down": (
        [
            event(0, "custody_started", place="dilley"),
            event(4, "charging_document", place="dilley"),
            event(6, "custody_ended", "bond", place="dilley"),
            event(40, "master_hearing", "closed", place="tacoma", judge="j1"),
            event(40, "asylum_application_filed", place="dilley"),
            event(40, "court_decision", "asylum_denied", place="tacoma", judge="j1"),
        ],
        """
        asylum_application_filed - 40 1 yes - - 36 0 tacoma - - unrep released yes yes
        charging_document - 4 1 yes - - 0 - tacoma - - unrep detained no yes
        court_decision asylum_denied 40 1 yes no no 36 0 tacoma j1 - unrep released yes yes
        custody_ended bond 6 1 yes - - 2 - tacoma - - unrep released no yes
        custody_started - 0 1 yes - - - - - - - unrep detained no yes
        master_hearing closed 40 1 yes - - 36 0 tacoma j1 - unrep released no yes
        """,
        """
        application_to_decision 40 40 0 asylum_denied 1 yes tacoma j1 unrep released yes
        court_active 4 40 36 asylum_denied 1 yes tacoma j1 unrep released yes
        custody 0 6 6 bond 1 yes tacoma - unrep released no
        to_completion 4 40 36 asylum_denied 1 yes tacoma j1 unrep released yes
        to_decision 4 40 36 asylum_denied 1 yes tacoma j1 unrep released yes
        to_first_hearing 4 40 36 master_hearing 1 yes tacoma j1 unrep released no
        to_individual_hearing 4 40 36 asylum_denied 1 yes tacoma j1 unrep released yes
        unresolved 0 - 365 - 1 yes tacoma j1 unrep released yes
        """,
        """
        court removal 0 36 0 36 tacoma unrep released yes yes
        removal - 36 361 36 361 tacoma unrep released yes yes
        """,
    ),
    "charged where the person is held and never heard": (
        [event(4, "charging_document", place="dilley")],
        """
        charging_document - 4 1 yes - - 0 - - - - unrep never no yes
        """,
        """
        court_active 4 - 361 - 1 yes - - unrep never no
        to_completion 4 - 361 - 1 yes - - unrep never no
        to_decision 4 - 361 - 1 yes - - unrep never no
        to_first_hearing 4 - 361 - 1 yes - - unrep never no
        to_individual_hearing 4 - 361 - 1 yes - - unrep never no
        unresolved 4 - 361 - 1 yes - - unrep never no
        """,
        """
        court - 0 361 0 361 - unrep never no yes
        """,
    ),
    "applied with a motion after the order, reopened, granted; a second order is final": (
        [
            event(0, "charging_document", place="eloy"),
            event(9, "court_decision", "removal_in_absentia", place="eloy"),
            event(20, "asylum_application_filed", place="eloy"),
            event(50, "case_reopened", place="eloy"),
            event(80, "court_decision", "withholding_granted", place="eloy"),
            event(99, "asylum_application_filed", place="eloy"),
        ],
        """
        asylum_application_filed - 20 1 no - - 20 0 eloy - - unrep never yes yes
        asylum_application_filed - 99 2 yes - - 99 79 eloy - - unrep never yes yes
        case_reopened - 50 1 yes - - 50 30 eloy - - unrep never yes yes
        charging_document - 0 1 yes - - 0 - eloy - - unrep never no yes
        court_decision removal_in_absentia 9 1 no no yes 9 - eloy - - unrep never no yes
        court_decision withholding_granted 80 2 yes no no 80 60 eloy - - unrep never yes yes
        """,
        """
        application_to_decision 50 80 30 withholding_granted 1 yes eloy - unrep never yes
        court_active 0 9 9 removal_in_absentia 1 yes eloy - unrep never no
        court_active 50 80 30 withholding_granted 2 yes eloy - unrep never yes
        to_completion 0 9 9 removal_in_absentia 1 yes eloy - unrep never no
        to_decision 0 9 9 removal_in_absentia 1 yes eloy - unrep never no
        to_first_hearing 0 9 9 removal_in_absentia 1 yes eloy - unrep never no
        to_individual_hearing 0 9 9 removal_in_absentia 1 yes eloy - unrep never no
        unresolved 0 80 80 withholding_granted 1 yes eloy - unrep never yes
        """,
        """
        court protected 50 80 50 80 eloy unrep never yes yes
        court removal 0 9 0 9 eloy unrep never yes yes
        protected - 80 365 80 365 eloy unrep never yes yes
        removal court 9 50 9 50 eloy unrep never yes yes
        """,
    ),
    "open when the log begins, an application never answered, and one answered unasked": (
        [
            event(0, "stock_case", "court", place="eloy"),
            event(5, "court_decision", "asylum_granted", place="eloy"),
            event(30, "asylum_application_filed", place="eloy"),
        ],
        """
        asylum_application_filed - 30 1 yes - - - 0 eloy - - - - yes no
        court_decision asylum_granted 5 1 yes no no - - eloy - - - - yes no
        stock_case court 0 1 yes - - - - eloy - - - - - no
        """,
        """
        court_active 0 5 5 asylum_granted 1 no eloy - - - yes
        unresolved 0 5 5 asylum_granted 1 no eloy - - - yes
        """,
        """
        court protected 0 5 - - eloy - - yes no
        protected - 5 365 - - eloy - - yes no
        """,
    ),
    "an impossible order: decided a day before the charging document": (
        [
            event(9, "court_decision", "terminated", place="eloy", judge="j1"),
            event(10, "charging_document", place="eloy"),
        ],
        """
        charging_document - 10 1 yes - - 0 - eloy - - unrep never no yes
        court_decision terminated 9 1 yes no no - - eloy j1 - unrep never no yes
        """,
        """
        court_active 10 - 355 - 1 yes eloy j1 unrep never no
        unresolved 9 - 356 - 1 yes eloy j1 unrep never no
        """,
        """
        court - 1 356 0 355 eloy unrep never no yes
        ended court 0 1 - - eloy unrep never no yes
        """,
    ),
    "all on one day, with a break of no days between two turns in court": (
        [
            event(7, "charging_document", place="eloy"),
            event(7, "court_decision", "withdrawn", place="eloy"),
            event(7, "case_reopened", place="eloy"),
            event(7, "case_closed"),
        ],
        """
        case_closed - 7 1 yes - - 0 - eloy - - unrep never no yes
        case_reopened - 7 1 yes - - 0 - eloy - - unrep never no yes
        charging_document - 7 1 yes - - 0 - eloy - - unrep never no yes
        court_decision withdrawn 7 1 yes no no 0 - eloy - - unrep never no yes
        """,
        """
        court_active 7 7 0 case_closed 2 yes eloy - unrep never no
        court_active 7 7 0 withdrawn 1 yes eloy - unrep never no
        to_completion 7 7 0 withdrawn 1 yes eloy - unrep never no
        to_decision 7 7 0 withdrawn 1 yes eloy - unrep never no
        to_first_hearing 7 7 0 withdrawn 1 yes eloy - unrep never no
        to_individual_hearing 7 7 0 withdrawn 1 yes eloy - unrep never no
        unresolved 7 7 0 case_closed 1 yes eloy - unrep never no
        """,
        """
        ended - 0 358 0 358 eloy unrep never no yes
        """,
    ),
    "nothing that moves the case, and an event after the log's last day": (
        [event(2, "custody_started"), event(366, "charging_document", place="eloy")],
        """
        custody_started - 2 1 yes - - - - - - - unrep detained no yes
        """,
        """
        custody 2 - 363 - 1 yes - - unrep detained no
        unresolved 2 - 363 - 1 yes - - unrep detained no
        """,
        "",
    ),
}


@pytest.fixture(scope="module")
def by_hand(tmp_path_factory: pytest.TempPathFactory) -> Facts:
    cases = [
        case(events, nationality=f"AA{chr(65 + number)}")
        for number, (events, *_) in enumerate(GOLDEN.values())
    ]
    log = write_log(tmp_path_factory.mktemp("by_hand"), cases)
    facts = prepare(log)
    check_against_oracle(log, facts)
    return facts


@pytest.mark.parametrize("name", GOLDEN)
def test_a_history_counted_by_hand(by_hand: Facts, name: str) -> None:
    number = list(GOLDEN).index(name)
    for table, columns, told in zip(
        ("moments", "spells", "stays"), (MOMENT, SPELL, STAY), GOLDEN[name][1:], strict=True
    ):
        rows = [r for r in rows_of(by_hand, table) if r["nationality"] == f"AA{chr(65 + number)}"]
        expected = sorted(line.strip() for line in told.strip().splitlines())
        assert brief(rows, columns).splitlines() == expected


def test_what_cannot_be_a_fact_is_counted(by_hand: Facts) -> None:
    assert by_hand.left_out == {
        "case without an event that moves it, in stays": 1,
        "event after the log's last day": 1,
        "to_completion ends before it starts": 1,
        "to_decision ends before it starts": 1,
        "to_first_hearing ends before it starts": 1,
        "to_individual_hearing ends before it starts": 1,
    }


# ---------------------------------------------------------------- other logs
def test_parts_of_another_size_hold_the_same_facts(tmp_path: Path) -> None:
    cases = [case(events) for events, *_ in GOLDEN.values()]
    whole, split = (
        prepare(write_log(tmp_path / str(size), cases, size), workers=2) for size in (100, 2)
    )
    assert len(split.paths("moments")) == (len(cases) + 1) // 2
    for table in ("moments", "spells", "stays", "meters"):
        same(rows_of(whole, table), rows_of(split, table))
    assert (whole.words, whole.columns, whole.rows) == (split.words, split.columns, split.rows)


def test_a_place_is_a_court_wherever_in_the_log_somebody_is_heard_there(tmp_path: Path) -> None:
    waiting = case([event(3, "charging_document", place="harlingen")])
    heard = case([event(9, "judge_review", "affirmed", place="harlingen")])
    facts = {
        size: prepare(write_log(tmp_path / str(size), [waiting, heard], size)) for size in (1, 2)
    }
    for made in facts.values():
        assert [row["court"] for row in rows_of(made, "moments")] == ["harlingen"] * 2
    alone = prepare(write_log(tmp_path / "alone", [waiting]))
    assert [row["court"] for row in rows_of(alone, "moments")] == [None]


def test_facts_know_the_first_day_of_the_log(tmp_path: Path) -> None:
    events = [event(day, "list_joined") for day in (7, 3, 5)]
    facts = prepare(write_log(tmp_path / "one", [case([row]) for row in events], size=1))
    assert facts.first == START + 3 * DAY
    assert prepare(open_log(tmp_path / "one")).first == facts.first
    assert prepare(write_log(tmp_path / "none", [])).first is None


BEDS = {"meter": "beds", "label": "Beds", "place": None, "unit": "days", "amounts": [2.0, 5.0]}


@pytest.mark.parametrize(
    ("details", "fault"),
    [
        ({"draws": [3]}, r"details\.draws has 1 for 2 replications"),
        ({"draws": [3, 3, 4]}, r"details\.draws has 3 for 2 replications"),
        ({"draws": {"0": 3}}, r"details\.draws does not name each"),
        ({"draws": 3}, r"details\.draws is no list"),
        ({"draws": [3, "x"]}, r"details\.draws holds what is no whole number"),
        ({"meters": [BEDS, BEDS | {"amounts": [1]}]}, r"details\.meters\[1\]\.amounts has 1 for 2"),
        ({"meters": [BEDS | {"amounts": [1, "x"]}]}, r"meters\[0\]\.amounts holds what is no"),
        ({"meters": [{"meter": "beds", "amounts": [1, 2]}]}, r"meters\[0\] has no \"unit\""),
        ({"meters": {"beds": 3}}, r"details\.meters is no list of meters"),
    ],
)
def test_a_log_that_contradicts_itself_is_refused_in_one_line(
    tmp_path: Path, details: dict[str, Any], fault: str
) -> None:
    cases = [case([event(0, "list_joined")], number) for number in (0, 1)]
    log = write_log(tmp_path, cases, **details)
    with pytest.raises(StatsError, match=fault) as error:
        prepare(log)
    assert "\n" not in str(error.value)
    assert not (tmp_path / "facts").exists()


def test_a_log_without_appearances_or_custody_does_not_say_so(tmp_path: Path) -> None:
    log = write_log(tmp_path, [case([event(0, "charging_document", place="eloy")])])
    facts = prepare(log)
    for table in ("moments", "spells", "stays"):
        for row in rows_of(facts, table):
            assert (row["representation"], row["custody"]) == (None, None)
    assert facts.columns["representation"] == 0


def test_a_log_without_parts_or_cases_has_empty_tables(tmp_path: Path) -> None:
    for name, cases in {"parts": [], "events": [case([])]}.items():
        facts = prepare(write_log(tmp_path / name, cases))
        for table in ("moments", "spells", "stays", "meters"):
            assert rows_of(facts, table) == []
            assert pq.read_schema(facts.paths(table)[0]).names
        assert set(facts.rows.values()) == {0}


def test_replications_draws_and_meters_come_from_the_log(tmp_path: Path) -> None:
    meters = [{"meter": "beds", "label": "Beds", "place": None, "unit": "days", "amounts": [2, 5]}]
    cases = [case([event(0, "list_joined")], number) for number in (0, 1)]
    log = write_log(tmp_path, cases, draws=[3, 3], meters=meters)
    facts = prepare(log)
    assert (facts.replications, facts.draws) == ((0, 1), {0: 3, 1: 3})
    row = {"meter": "beds", "place": None, "unit": "days"}
    expected = [{"replication": 0, **row, "amount": 2.0}, {"replication": 1, **row, "amount": 5.0}]
    assert rows_of(facts, "meters") == expected


def test_a_code_that_stands_for_no_one_judge_is_no_judge(tmp_path: Path) -> None:
    told = [
        event(0, "charging_document", place="eloy"),
        event(9, "master_hearing", "continued", place="eloy", judge="j1"),
        event(12, "venue_changed", place="eloy", judge="AAA"),
        event(20, "master_hearing", "continued", place="eloy", judge="AAA"),
        event(30, "court_decision", "removal_no_application", place="eloy", judge="AAA"),
    ]
    log = write_log(tmp_path / "log", [case(told)], placeholders={"resource": ["CLR", "AAA"]})
    facts = prepare(log)
    judges = {(row["event"], row["judge"]) for row in rows_of(facts, "moments")}
    assert judges == {
        ("charging_document", None),
        ("master_hearing", "j1"),
        ("master_hearing", None),
        ("court_decision", None),
    }
    assert {row["judge"] for row in rows_of(facts, "spells")} == {"j1"}  # the last one known
    assert facts.words["judge"] == {"j1": 1}
    assert (facts.not_judges, facts.columns["judge"], facts.left_out) == (2, 1, {})
    book = json.loads((facts.folder / "facts.json").read_text(encoding="utf-8"))
    assert book["not_judges"] == 2
    kept = prepare(write_log(tmp_path / "kept", [case(told)]))
    assert kept.words["judge"] == {"j1": 1, "AAA": 2}  # no lookup says that it is nobody
    assert kept.not_judges == 0


@pytest.mark.parametrize("wrong", [["AAA"], "AAA", {"resource": "AAA"}, {"resource": [1]}])
def test_a_log_that_tells_of_placeholders_in_another_way_is_refused(
    tmp_path: Path, wrong: Any
) -> None:
    log = write_log(tmp_path, [case([event(0, "charging_document")])], placeholders=wrong)
    with pytest.raises(StatsError, match=r"log\.json: details\.placeholders .* again\.$"):
        prepare(log)
    assert not (tmp_path / "facts").exists()


def test_the_feed_of_a_case_is_on_each_of_its_facts(tmp_path: Path) -> None:
    told = [
        event(0, "charging_document", place="eloy"),
        event(5, "court_decision", "removal_no_application"),
    ]
    cases = [case(told, feed="caravan"), case(told, feed="stream"), case(told)]
    facts = prepare(write_log(tmp_path / "run", cases, size=2))
    for table in ("moments", "spells", "stays"):
        feeds = Counter(row["feed"] for row in rows_of(facts, table))
        assert set(feeds) == {"caravan", "stream", None}
        assert len(set(feeds.values())) == 1
    assert facts.words["feed"] == {"caravan": 1, "stream": 1}
    assert facts.columns["feed"] == 4
    silent = prepare(write_log(tmp_path / "records", [case(told)]))
    assert {row["feed"] for row in rows_of(silent, "moments")} == {None}
    assert silent.columns["feed"] == 0
    assert "feed" not in silent.words


def test_rows_of_one_event_lie_together(tmp_path: Path) -> None:
    facts = prepare(write_log(tmp_path, [case(events) for events, *_ in GOLDEN.values()]))
    for table, column in (("moments", "event"), ("spells", "spell"), ("stays", "stage")):
        file = pq.ParquetFile(facts.paths(table)[0])
        at = file.schema_arrow.names.index(column)
        for group in range(file.num_row_groups):
            bounds = file.metadata.row_group(group).column(at).statistics
            assert bounds.min == bounds.max
