"""The asylum process: golden histories, structural guarantees, and checks of its own files."""

import doctest
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

import asylumatlas.process as process_package
from asylumatlas.process import (
    Point,
    ProcessError,
    definition,
    event_codes,
    load,
    outcome_codes,
    replay,
    replay_many,
    vocabulary,
    vocabulary_version,
)
from asylumatlas.process import history as history_module
from asylumatlas.process.glossary import render
from asylumatlas.process.machine import ILLEGAL, START

FOLDER = Path(process_package.__file__).parent
HISTORIES = tomllib.loads((Path(__file__).parent / "histories.toml").read_text("utf-8"))["history"]
PROCESS = load()
MACHINE = PROCESS.machine


def steps(words: list[str]) -> list[Point]:
    return [
        Point(event, outcome or None) for event, _, outcome in (w.partition(".") for w in words)
    ]


# ------------------------------------------------------------------ golden histories


def test_the_table_of_histories_is_large_enough_and_names_are_unique() -> None:
    names = [history["name"] for history in HISTORIES]
    assert len(names) == len(set(names)) >= 25
    assert {history["legal"] for history in HISTORIES} == {True, False}


@pytest.mark.parametrize("history", HISTORIES, ids=lambda history: history["name"])
def test_golden_history(history: dict) -> None:
    verdict = replay(steps(history["steps"]))
    assert verdict.legal is history["legal"], verdict.reason
    if history["legal"]:
        assert verdict.reason == ""
        assert verdict.position == len(history["steps"])
        assert verdict.stage == history["stage"]
    else:
        assert verdict.position == history["position"], verdict.reason
        assert history["reason"] in verdict.reason


def test_every_guard_decides_at_least_one_golden_history() -> None:
    reasons = {replay(steps(history["steps"])).reason for history in HISTORIES}
    for guard in PROCESS.transitions.guards:
        given = {f"{point}: {guard.reason}" for point in guard.points}
        assert given & reasons, guard.reason


@pytest.mark.parametrize(
    "history", [history for history in HISTORIES if history["legal"]], ids=lambda h: h["name"]
)
def test_a_legal_history_may_stop_at_any_open_point(history: dict) -> None:
    points = steps(history["steps"])
    for length in range(len(points)):
        verdict = replay(points[:length])
        assert verdict.legal or verdict.custody == "leaving"


def test_a_stock_case_may_be_in_any_stage_its_marker_names() -> None:
    for stage in PROCESS.events["stock_case"].outcomes:
        verdict = replay([("stock_case", stage)])
        assert verdict.legal
        assert verdict.stage == stage
    late = ["stock_case.removal", "appeal_filed", "appeal_decided.dismissed", "removal_ordered"]
    assert replay(steps(late)).legal


# ------------------------------------------------------------------ the whole graph


@pytest.fixture(scope="module")
def edges() -> dict[int, list[tuple[int, int]]]:
    """Every reachable state with its legal (point code, next state) pairs."""
    found: dict[int, list[tuple[int, int]]] = {}
    todo = [START]
    while todo:
        state = todo.pop()
        if state in found:
            continue
        found[state] = [
            (code, after)
            for code in range(len(MACHINE.points))
            if (after := MACHINE.step(state, code)) != ILLEGAL
        ]
        todo.extend(after for _, after in found[state])
    return found


def walk_all(
    edges: dict[int, list[tuple[int, int]]], remember: Callable[[bool, Point], bool]
) -> Iterator[tuple[bool, Point]]:
    """Yield every (memory, next point) met on any path, with a memory the machine cannot see."""
    updates = {
        (memory, code): remember(memory, point)
        for memory in (False, True)
        for code, point in enumerate(MACHINE.points)
    }
    seen = {(START, False)}
    todo = list(seen)
    while todo:
        state, memory = todo.pop()
        for code, after in edges[state]:
            yield memory, MACHINE.points[code]
            node = (after, updates[memory, code])
            if node not in seen:
                seen.add(node)
                todo.append(node)


def latch(*events: str) -> Callable[[bool, Point], bool]:
    return lambda memory, point: memory or point.event in events or str(point) in events


def test_no_path_from_a_claim_of_fear_to_removal_without_an_officer_or_a_judge(edges) -> None:
    deciding = {"fear_interview", "judge_review", "merits_interview", "court_decision"}

    def claim_undecided(memory: bool, point: Point) -> bool:
        return point.event == "fear_claimed" or (memory and point.event not in deciding)

    met = set(walk_all(edges, claim_undecided))
    claimed = {point.event for undecided, point in met if undecided}
    assert "fear_interview" in claimed  # the search does pass through open claims
    assert not claimed & {"removal_ordered", "removal_executed"}


def test_no_path_to_removal_while_an_appeal_is_pending(edges) -> None:
    def pending(memory: bool, point: Point) -> bool:
        return point.event == "appeal_filed" or (
            memory and point.event not in {"appeal_decided", "case_closed"}
        )

    while_pending = {point.event for memory, point in walk_all(edges, pending) if memory}
    assert "appeal_decided" in while_pending
    assert not while_pending & {"removal_ordered", "removal_executed"}


def test_this_search_would_find_a_missing_guard(tmp_path: Path) -> None:
    folder = altered(
        tmp_path,
        "transitions.toml",
        'fear_claimed            = ["',
        'fear_claimed = ["removal_ordered", "',
    )
    text = (folder / "transitions.toml").read_text("utf-8")
    guard = '[[guards]]\nevent     = "removal_ordered"\nbars      = ["fear_pending"]\n'
    assert text.count(guard) == 1
    start = text.index(guard)
    end = text.index("[[guards]]", start + 1)
    (folder / "transitions.toml").write_text(text[:start] + text[end:], "utf-8")
    unguarded = load(folder)
    assert replay(steps(["fear_claimed", "removal_ordered"]), unguarded).legal
    assert not replay(steps(["fear_claimed", "removal_ordered"])).legal


@pytest.mark.parametrize(
    ("needed", "events"),
    [
        (
            ("charging_document", "stock_case.court", "stock_case.appeal", "stock_case.removal"),
            {"individual_hearing", "master_hearing", "court_decision", "appeal_filed"},
        ),
        (("appeal_filed", "circuit_decided.remanded", "stock_case.appeal"), {"appeal_decided"}),
        (("circuit_petition_filed",), {"circuit_decided"}),
        (
            ("appeal_filed", "circuit_petition_filed", "stock_case.appeal"),
            {"appeal_decided.remanded", "circuit_decided.remanded"},
        ),
        (("removal_ordered", "stock_case.removal"), {"removal_executed"}),
        (
            ("asylum_application_filed", "affirmative_filed", "merits_interview", "stock_case"),
            {"court_decision.asylum_granted", "court_decision.asylum_denied"},
        ),
        (("fear_claimed", "stock_case", "judge_review_requested"), {"fear_interview"}),
    ],
)
def test_no_event_without_what_it_needs(edges, needed: tuple[str, ...], events: set[str]) -> None:
    met = set(walk_all(edges, latch(*needed)))
    with_need = {word for memory, p in met if memory for word in (p.event, str(p))}
    without = {word for memory, p in met if not memory for word in (p.event, str(p))}
    assert events <= with_need
    assert not events & without


def test_custody_ends_only_if_it_may_have_begun(edges) -> None:
    encounter = latch("journey_started", "list_joined", "apprehended", "port_admitted")

    def free_since_the_encounter(memory: bool, point: Point) -> bool:
        if point.event in {"custody_started", "custody_ended"}:
            return point.event == "custody_ended"
        return encounter(memory, point) if memory else False

    met = set(walk_all(edges, free_since_the_encounter))
    assert "custody_ended" not in {point.event for free, point in met if free}


def test_every_point_can_happen_and_every_listed_follower_too(edges) -> None:
    last: dict[int, int] = {START: -1}
    pairs, happened = set(), set()
    todo = [START]
    while todo:
        state = todo.pop()
        for code, after in edges[state]:
            point = MACHINE.points[code]
            happened.add(point)
            is_main = PROCESS.events[point.event].track == "main"
            if is_main and last[state] >= 0:
                pairs.add((MACHINE.points[last[state]], point))
            if after not in last:
                last[after] = code if is_main else last[state]
                todo.append(after)
    assert happened == set(MACHINE.points)
    listed = {(p, f) for p, after in PROCESS.transitions.followers.items() for f in after}
    assert listed == pairs


def test_no_open_stage_is_a_dead_end(edges) -> None:
    for state, after in edges.items():
        stage = MACHINE.stage(state)
        if stage is not None and PROCESS.stages[stage].kind == "open":
            tracks = {PROCESS.events[MACHINE.points[code].event].track for code, _ in after}
            assert "main" in tracks or MACHINE.custody(state) in {"held", "leaving"}


def test_every_state_that_may_not_end_can_still_be_left(edges) -> None:
    for state, after in edges.items():
        assert MACHINE.end_problem(state) is None or after


# ------------------------------------------------------------------ random walks


@st.composite
def legal_walks(draw: st.DrawFn) -> list[Point]:
    """Histories drawn from the published followers, kept where replay allows the next step."""
    history: list[Point] = []
    last: Point | None = None
    for _ in range(draw(st.integers(0, 25))):
        main = PROCESS.starts if last is None else PROCESS.followers(*last)
        beside = [p for p in MACHINE.points if PROCESS.events[p.event].track != "main"]
        options = [p for p in (*main, *beside) if replay([*history, p]).position > len(history)]
        if not options:
            break
        point = draw(st.sampled_from(options))
        history.append(point)
        last = point if PROCESS.events[point.event].track == "main" else last
    return history


def coded(histories: list[list[Point]]) -> tuple[list[int], list[int], list[int]]:
    events, outcomes = event_codes(), outcome_codes()
    rows = [(case, point) for case, history in enumerate(histories) for point in history]
    return (
        [case for case, _ in rows],
        [events.index(p.event) for _, p in rows],
        [-1 if p.outcome is None else outcomes.index(p.outcome) for _, p in rows],
    )


@given(legal_walks())
def test_a_walk_over_the_transitions_is_legal_to_its_end(history: list[Point]) -> None:
    verdict = replay(history)
    assert verdict.position == len(history)
    assert verdict.legal or verdict.custody == "leaving"


@given(st.lists(legal_walks().filter(len), min_size=1, max_size=4), st.data())
def test_replay_many_agrees_with_replay_on_walks_and_on_damaged_walks(histories, data) -> None:
    damaged = []
    for history in histories:
        copy = list(history)
        copy.insert(
            data.draw(st.integers(0, len(copy))), data.draw(st.sampled_from(MACHINE.points))
        )
        damaged.append(copy)
    both = [*histories, *damaged]
    assert replay_many(*coded(both)).tolist() == [replay(history).legal for history in both]


CLAIM = ["port_admitted", "port_processed.expedited_removal", "fear_claimed"]
NOT_FOUND = [*CLAIM, "fear_interview.fear_not_found"]
REMOVAL = ["removal_ordered", "removal_executed"]
INTERVIEWED = [
    steps([*CLAIM, "fear_interview.closed", *REMOVAL]),
    steps([*NOT_FOUND, "judge_review_waived", *REMOVAL]),
    steps([*NOT_FOUND, "judge_review_requested", "judge_review.affirmed", *REMOVAL]),
]
BESIDE = [p for p in MACHINE.points if PROCESS.events[p.event].track != "main"]


@given(st.sampled_from(INTERVIEWED), st.data())
def test_dropping_the_interview_before_removal_is_illegal(base: list[Point], data) -> None:
    history: list[Point] = []
    for point in base:
        options = [None, *(p for p in BESIDE if replay([*history, p]).position > len(history))]
        beside = data.draw(st.sampled_from(options))
        history += [point] if beside is None else [beside, point]
    assume(replay(history).position == len(history))  # custody may have ended by removal too early
    without = [point for point in history if point.event != "fear_interview"]
    assert not replay(without).legal


@pytest.mark.parametrize("dropped", range(1, 6))
def test_each_step_between_claim_and_removal_is_needed(dropped: int) -> None:
    history = INTERVIEWED[1]
    assert replay(history).legal
    assert not replay(history[:dropped] + history[dropped + 1 :]).legal


# ------------------------------------------------------------------ replay_many


def test_replay_many_answers_once_for_each_case_in_order_of_appearance() -> None:
    legal = [history["legal"] for history in HISTORIES]
    cases, events, outcomes = coded([steps(history["steps"]) for history in HISTORIES])
    shuffled_ids = [1000 - case for case in cases]
    result = replay_many(shuffled_ids, events, outcomes)
    assert result.dtype == np.bool_
    assert result.tolist() == legal
    assert replay_many([], [], []).shape == (0,)


def test_replay_many_refuses_codes_that_mean_nothing() -> None:
    fear, found = event_codes().index("fear_interview"), outcome_codes().index("asylum_granted")
    with pytest.raises(ProcessError, match='event: fear_interview: unknown outcome "asylum_gran'):
        replay_many([1], [fear], [found])
    with pytest.raises(ProcessError, match="event: codes must run from 0 to"):
        replay_many([1], [len(event_codes())], [-1])
    with pytest.raises(ProcessError, match="of one length"):
        replay_many([1, 2], [fear], [found])


# ------------------------------------------------------------------ words


def test_an_unknown_word_raises_with_the_nearest_known_one() -> None:
    with pytest.raises(ProcessError, match=r'event "fear_intervew"\. Did you mean "fear_in'):
        replay([("fear_intervew", None)])
    with pytest.raises(ProcessError, match=r'"fear_fond"\. Did you mean "fear_found"'):
        replay([("fear_claimed", None), ("fear_interview", "fear_fond")])
    with pytest.raises(ProcessError, match='unknown outcome "granted"'):
        replay([("charging_document", "granted")])
    with pytest.raises(ProcessError, match='Did you mean "charging_document"'):
        PROCESS.followers("charging_documnt")
    assert issubclass(ProcessError, ValueError)


def test_followers_by_track() -> None:
    assert {p.event for p in PROCESS.followers("fear_claimed")} == {
        "fear_interview",
        "charging_document",
        "prosecution_referred",
        "third_country_transfer",
    }
    assert {p.event for p in PROCESS.followers("custody_started")} == {
        "custody_transferred",
        "bond_hearing",
        "parole_decision",
        "custody_ended",
    }
    assert PROCESS.followers("representation_entered") == ()


def test_the_stage_after_an_event_is_the_one_replay_reports() -> None:
    for point in PROCESS.starts:
        stage = PROCESS.events[point.event].stage_after(point.outcome)
        assert replay([point]).stage == stage


def test_court_decisions_and_fear_interviews_all_have_our_own_group() -> None:
    for event in ("court_decision", "fear_interview", "judge_review"):
        for name in PROCESS.events[event].outcomes:
            if name != "not_recorded":
                assert PROCESS.outcomes[name].group(event, "ours"), (event, name)
    assert PROCESS.outcomes["asylum_denied"].group("court_decision", "trac") == "denied"
    assert PROCESS.outcomes["voluntary_departure"].group("court_decision", "trac") is None


def test_the_examples_in_the_docstrings_run() -> None:
    for module in (definition, history_module, vocabulary):
        results = doctest.testmod(module)
        assert results.attempted
        assert not results.failed


def test_codes_and_version() -> None:
    assert event_codes() == tuple(PROCESS.events)
    assert len(set(event_codes())) == len(event_codes())
    assert len(vocabulary_version()) == 12
    assert load() is load()


def test_no_loaded_object_can_be_changed() -> None:
    with pytest.raises(TypeError):
        PROCESS.events["new"] = PROCESS.events["fear_claimed"]  # type: ignore[index]
    with pytest.raises(AttributeError):
        PROCESS.events["fear_claimed"].label = "x"  # type: ignore[misc]


# ------------------------------------------------------------------ the files check themselves


def altered(tmp_path: Path, file: str, old: str, new: str) -> Path:
    folder = tmp_path / "process"
    folder.mkdir()
    for path in FOLDER.glob("*.toml"):
        shutil.copy(path, folder)
    text = (folder / file).read_text("utf-8")
    assert old in text
    (folder / file).write_text(text.replace(old, new, 1), "utf-8")
    return folder


@pytest.mark.parametrize(
    ("file", "old", "new", "message"),
    [
        (
            "transitions.toml",
            'starts = [\n  "stock_case"',
            'starts = [\n  "stok_case"',
            'transitions.toml: starts: unknown event "stok_case". Did you mean "stock_case"?',
        ),
        (
            "transitions.toml",
            '["port_processed"]',
            '["port_processed.expeditd_removal"]',
            "transitions.toml: followers.port_admitted: unknown outcome of port_processed "
            '"expeditd_removal". Did you mean "expedited_removal"?',
        ),
        (
            "transitions.toml",
            'bars      = ["appeal_pending"]',
            'bars      = ["appeal_pendig"]',
            'transitions.toml: guards[7]: unknown flag "appeal_pendig". '
            'Did you mean "appeal_pending"?',
        ),
        (
            "transitions.toml",
            "third_country_transfer  = []\n",
            "",
            "transitions.toml: followers: third_country_transfer is missing.",
        ),
        (
            "transitions.toml",
            '["fear_interview", "charging_document", "prosecution_referred", '
            '"third_country_transfer"]',
            '["fear_interview", "representation_entered"]',
            "transitions.toml: followers.fear_claimed: representation_entered is not on the "
            "main track.",
        ),
        (
            "transitions.toml",
            'prosecution_referred    = ["prosecution_declined", ',
            "prosecution_referred    = [",
            "transitions.toml: prosecution_declined can never happen: nothing leads to it.",
        ),
        (
            "events.toml",
            'definition = "The person sets out, alone',
            'definition = ""\nlaw = "The person sets out, alone',
            "events.toml: journey_started.definition: missing or empty.",
        ),
        (
            "events.toml",
            'stage      = "journey"',
            'stage      = "jorney"',
            'events.toml: journey_started.stage: unknown stage "jorney". Did you mean "journey"?',
        ),
        (
            "events.toml",
            'actor      = "the person"',
            'acter      = "the person"',
            'events.toml: journey_started.acter: unknown key "acter". Did you mean "actor"?',
        ),
        (
            "events.toml",
            '"fear_not_found", "closed"]',
            '"fear_not_fund", "closed"]',
            'events.toml: fear_interview.outcomes: unknown outcome "fear_not_fund". '
            'Did you mean "fear_not_found"?',
        ),
        (
            "outcomes.toml",
            "[denied]",
            "[refused_again]\nlabel = 'x'\ngloss = 'x'\n[denied]",
            "outcomes.toml: refused_again: no event has this outcome.",
        ),
        (
            "outcomes.toml",
            "[closed.groups.fear_interview]",
            "[closed.groups.fear_claimed]",
            "outcomes.toml: closed.groups.fear_claimed: the event has no such outcome.",
        ),
        (
            "stages.toml",
            "order = 3",
            "order = 4",
            "stages.toml: order: must run 1 to 16 in file order.",
        ),
    ],
)
def test_a_mistake_in_the_files_is_one_clear_line(
    tmp_path: Path, file: str, old: str, new: str, message: str
) -> None:
    with pytest.raises(ProcessError) as caught:
        load(altered(tmp_path, file, old, new))
    assert str(caught.value) == message


def test_the_version_changes_with_any_word(tmp_path: Path) -> None:
    folder = altered(tmp_path, "stages.toml", "On the way to the U.S.", "On the way to the US")
    assert load(folder).version != vocabulary_version()


# ------------------------------------------------------------------ glossary, imports


def test_the_glossary_page_is_the_generated_one() -> None:
    page = Path(__file__).parents[2] / "GLOSSARY.md"
    assert page.read_text("utf-8") == render(), (
        "run: python -m asylumatlas.process.glossary GLOSSARY.md"
    )


def test_the_glossary_names_every_word() -> None:
    text = render()
    for name in (*PROCESS.stages, *PROCESS.events, *PROCESS.outcomes):
        assert f"`{name}`" in text


def test_the_whole_folder_loads_without_numpy() -> None:
    code = (
        "import sys, asylumatlas.process as p; p.replay([('fear_claimed', None)]); "
        "heavy = {'numpy', 'numba', 'scipy', 'pyarrow', 'duckdb'} & set(sys.modules); "
        "sys.exit(', '.join(sorted(heavy)) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
