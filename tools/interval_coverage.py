"""How often do the intervals of the statistics hold the truth? Tried where it is known.

    python tools/interval_coverage.py --seeds 200 --page docs/method/coverage.md [--keep DIR]

Each seed is a made-up release of court records, imported and asked as a user would ask. The truth
is the probability that made the records where it is known in closed form, else the same share
counted by this file itself, without `asylumatlas.stats`, in the histories of a release many times
as large; for times, in a release of years later, when nearly nothing is left open. Results are kept
in DIR, and what is there is not done again.
"""

from __future__ import annotations

import argparse
import functools
import json
import math
import tempfile
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from datetime import date
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from asylumatlas import process

AS_OF, LATER = date(2020, 4, 1), date(2027, 12, 31)
COHORT = ("FY2012", "FY2019")
FIRST, LAST = date(2011, 10, 1), date(2019, 9, 30)
SETTINGS = {"clean": 0.0, "defects": 1.0}
PART = 4  # one seed in so many is tried with defects too
LARGE = 1_000_000
NEVER = 10**6
NEAR = 60  # days between a curve's points, at most
Array = NDArray[Any]


# ---------------------------------------------------------------- the truth


@dataclass(eq=False)
class Histories:
    """The events of a large release, sorted by case, as arrays of equal length."""

    case: Array
    day: Array
    event: Array
    outcome: Array
    stage: Array

    @classmethod
    def read(cls, folder: Path) -> Histories:
        """Read the log of a release's histories."""
        from asylumatlas.events import open_log

        table = open_log(folder).events(["case_id", "date", "event", "outcome", "stage"])
        day = table["date"].to_numpy().astype("datetime64[D]").astype(np.int64)
        words = (_words(table[name]) for name in ("event", "outcome", "stage"))
        return cls(table["case_id"].to_numpy(), day, *words)

    def are(self, event: str, *outcomes: str) -> Array:
        """Which rows are this event, with one of these outcomes if any are named."""
        found: Array = self.event == event
        return found & np.isin(self.outcome, outcomes) if outcomes else found

    def first(self, rows: Array) -> Array:
        """The first day of such rows by case, `NEVER` without one; (cases,)."""
        found = np.full(self.at[-1] + 1, NEVER)
        np.minimum.at(found, self.at[rows], self.day[rows])
        return found

    @functools.cached_property
    def at(self) -> Array:
        """The place of each row's case."""
        found: Array = np.append(0, np.cumsum(self.case[1:] != self.case[:-1]))
        return found


def _words(column: Any) -> Array:
    """A column of words as an array of them; blank where there is none."""
    coded = column.combine_chunks()
    words = np.array([*coded.dictionary.to_pylist(), ""], object)
    found: Array = words[coded.indices.fill_null(len(words) - 1).to_numpy(zero_copy_only=False)]
    return found


def share(histories: Histories, counted: Array, among: Array) -> tuple[float, int]:
    """A share and its denominator."""
    return float((counted & among).sum() / among.sum()), int(among.sum())


def waits(histories: Histories, ends: Array, rivals: Array | None = None) -> Array:
    """Days from charging to such an event for each case of the cohort, `NEVER` without one.

    A rival event on an earlier day ends the wait otherwise; a hearing on the day of its decision
    comes first.
    """
    charged = histories.first(histories.are("charging_document"))
    cohort = (charged >= _number(FIRST)) & (charged <= _number(LAST))
    end = histories.first(ends)
    if rivals is not None:
        end = np.where(histories.first(rivals) < end, NEVER, end)
    found: Array = np.where(end == NEVER, NEVER, end - charged)[cohort]
    return found


def _number(when: date) -> int:
    return (when - date(1970, 1, 1)).days


Known = tuple[float, int]
"""A true value and the number it was counted over, 0 where it is known in closed form."""
Truth = Callable[[Histories, Histories, int], Known]
"""From the large release of the same day and the one of years later, and a number of days."""


def exactly(value: float) -> Truth:
    """A truth known from the rules that made the records."""
    return lambda now, later, days: (value, 0)


def counted(event: str, some: Sequence[str], among: Sequence[str] = ()) -> Truth:
    """The share of such events, among those with some outcomes, that have some of them."""
    return lambda now, later, days: share(now, now.are(event, *some), now.are(event, *among))


def _final(h: Histories) -> Array:
    found: Array = h.are("court_decision") & (h.outcome != "administratively_closed")
    return found


def _hearings(h: Histories) -> Array:
    return h.are("master_hearing") | h.are("individual_hearing")


@functools.cache
def _until_decision(h: Histories) -> Array:
    found: Array = np.sort(waits(h, _final(h)))
    return found


@functools.cache
def _until_heard(h: Histories) -> Array:
    found: Array = np.sort(waits(h, _hearings(h), h.are("court_decision")))
    return found


def half_decided(now: Histories, later: Histories, days: int) -> Known:
    """Days by which half of the cohort has a decision."""
    found = _until_decision(later)
    return float(found[math.ceil(len(found) / 2) - 1]), len(found)


def decided_within(now: Histories, later: Histories, days: int) -> Known:
    """Share of the cohort with a decision by then."""
    found = _until_decision(later)
    return float((found <= days).mean()), len(found)


def heard_within(now: Histories, later: Histories, days: int) -> Known:
    """Share of the cohort with a hearing by then, and no decision before."""
    found = _until_heard(later)
    return float((found <= days).mean()), len(found)


def in_court_after(now: Histories, later: Histories, days: int) -> Known:
    """Share of the cohort that is before a judge a year after being charged."""
    events = process.load().events
    main = np.isin(later.event, [name for name, event in events.items() if event.track == "main"])
    charged = later.first(later.are("charging_document"))
    rows = np.flatnonzero(main & (later.day <= charged[later.at] + 365))
    last = np.full(len(charged), -1)
    np.maximum.at(last, later.at[rows], rows)
    cohort = (charged >= _number(FIRST)) & (charged <= _number(LAST))
    return float((later.stage[last[cohort]] == "court").mean()), int(cohort.sum())


# ---------------------------------------------------------------- the questions


@dataclass(frozen=True)
class Probe:
    """One number of one answer, and its truth.

    Attributes:
        name: in words.
        statistic: in the catalogue.
        truth: what it should be.
        definition: the statistic's default if empty.
        asked: further arguments.
        row: values that the row has.
        days: of the point of the answer's curve that is tried; 0 for the row's own value.
        seen: the truth is known from the rules, not counted.
    """

    name: str
    statistic: str
    truth: Truth
    definition: str = ""
    asked: Mapping[str, Any] = field(default_factory=dict)
    row: Mapping[str, Any] = field(default_factory=dict)
    days: int = 0
    seen: bool = False


RATES = {"GTM": 0.75, "HND": 0.75, "SLV": 0.75, "MEX": 0.75, "VEN": 0.40, "CUB": 0.40, "COL": 0.50}
"""Chance that a claim decided on its merits is denied, by nationality, in `caseload.toml`."""
BOND = {"granted": 0.22, "denied": 0.78 * 0.30, "not_recorded": 0.78 * 0.70 * 0.08}
VACATED = 0.28 * 0.98 / (0.28 * 0.98 + 0.72)
DECIDED = ("dismissed", "sustained", "remanded", "other_disposition")
OF_COHORT = {"start": COHORT[0], "end": COHORT[1]}
MERITS = ("asylum_granted", "asylum_denied")


def probes() -> tuple[Probe, ...]:
    """The numbers whose intervals are tried."""
    return (
        Probe(
            "asylum denial rate",
            "asylum_denial_rate",
            counted("court_decision", ["asylum_denied"], MERITS),
            "trac",
        ),
        *(
            Probe(
                f"asylum denial rate, {code}",
                "asylum_denial_rate",
                exactly(rate),
                "trac",
                {"by": "nationality"},
                {"nationality": code},
                seen=True,
            )
            for code, rate in RATES.items()
        ),
        Probe(
            "bonds granted, of those granted or denied",
            "bond_grant_rate",
            exactly(BOND["granted"] / (BOND["granted"] + BOND["denied"])),
            seen=True,
        ),
        Probe(
            "fear findings vacated by a judge",
            "fear_review_vacated_rate",
            exactly(VACATED),
            seen=True,
        ),
        Probe(
            "in absentia, of all completions",
            "in_absentia_rate",
            counted(
                "court_decision",
                ["removal_in_absentia"],
                [
                    name
                    for name in process.load().events["court_decision"].outcomes
                    if name != "administratively_closed"
                ],
            ),
            "all_completions",
        ),
        Probe(
            "appeals sustained or sent back",
            "appeal_outcomes",
            counted("appeal_decided", ["sustained", "remanded"], DECIDED),
            "decided",
        ),
        Probe(
            "who is where: in court 365 days after being charged",
            "flow",
            in_court_after,
            "from_charging",
            OF_COHORT,
            {"after_days": 365, "stage": "court"},
        ),
        Probe(
            "time to decision: median days",
            "time_to_decision",
            half_decided,
            asked=OF_COHORT,
        ),
        *(
            Probe(
                f"time to decision: share decided within {days} days",
                "time_to_decision",
                decided_within,
                asked=OF_COHORT,
                days=days,
            )
            for days in (180, 365, 1095)
        ),
        *(
            Probe(
                f"time to first hearing: share heard within {days} days",
                "time_to_first_hearing",
                heard_within,
                asked=OF_COHORT,
                days=days,
            )
            for days in (120, 365)
        ),
    )


# ---------------------------------------------------------------- one seed


def ask_all(log: Path, chosen: Sequence[Probe]) -> list[dict[str, Any]]:
    """Value and interval of each probe, asked of one log; questions asked once each."""
    from asylumatlas import stats

    answers: dict[str, Any] = {}
    found = []
    for probe in chosen:
        key = json.dumps([probe.statistic, probe.definition, dict(probe.asked)], sort_keys=True)
        if key not in answers:
            answers[key] = stats.ask(
                probe.statistic, log, definition=probe.definition or None, **probe.asked
            )
        found.append(_reading(answers[key], probe))
    return found


def _reading(answer: Any, probe: Probe) -> dict[str, Any]:
    """The probe's value and interval, and what it is counted over."""
    row: Mapping[str, Any] = next(
        (row for row in answer if all(row[n] == v for n, v in probe.row.items())), {}
    )
    of = row.get("denominator", row.get("started", row.get("cases")))
    if probe.days:
        points = [point for point in answer.curves if point["days"] <= probe.days]
        row = points[-1] if points else {}
    read = {name: row.get(name) for name in ("value", "low95", "high95")}
    return read | {"days": row.get("days", 0) if probe.days else 0, "of": of}


def one_seed(job: tuple[int, str, int]) -> dict[str, Any]:
    """Make a release, import it, ask it."""
    from asylumatlas.records import import_release
    from asylumatlas.synthetic import synthesize

    seed, setting, cases = job
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        made = synthesize(
            cases,
            folder / f"EOIR Case Data {AS_OF:%Y-%m%d}",
            defects=SETTINGS[setting],
            seed=seed,
            as_of=AS_OF,
            workers=1,
        )
        import_release(made.path, folder / "dataset", workers=1)
        answers = ask_all(folder / "dataset" / "log", probes())
    return {"seed": seed, "setting": setting, "cases": made.cases, "answers": answers}


def run(keep: Path, seeds: int, cases: int, workers: int) -> list[dict[str, Any]]:
    """The results of all seeds, those that are not there yet made now."""
    path = keep / f"results-{cases}.jsonl"
    lines = path.read_text("utf-8").splitlines() if path.exists() else []
    done = {(row["seed"], row["setting"]): row for row in map(json.loads, lines)}
    wanted = [
        (seed, setting, cases)
        for seed in range(1, seeds + 1)
        for setting in SETTINGS
        if setting == "clean" or seed <= seeds // PART
    ]
    missing = [job for job in wanted if job[:2] not in done]
    if missing:
        with (
            ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool,
            path.open("a", encoding="utf-8") as file,
        ):
            for result in pool.map(one_seed, missing):
                done[result["seed"], result["setting"]] = result
                file.write(json.dumps(result) + "\n")
                file.flush()
    return [done[job[:2]] for job in wanted]


def large_truth(keep: Path, cases: int) -> dict[str, dict[str, Any]]:
    """The truth of every probe by day, and what it was counted over; kept beside the results."""
    from asylumatlas.synthetic import synthesize

    path = keep / f"truth-{cases}.json"
    if path.exists():
        known: dict[str, dict[str, Any]] = json.loads(path.read_text("utf-8"))
        if {probe.name for probe in probes()} <= set(known):
            return known
    both = []
    with tempfile.TemporaryDirectory(dir=keep) as name:
        for as_of in (AS_OF, LATER):
            log, out = Path(name) / f"log-{as_of.year}", Path(name) / f"{as_of.year}.zip"
            synthesize(cases, out, defects=0, seed=10_000_019, as_of=as_of, log=log, workers=2)
            out.unlink()
            both.append(Histories.read(log))
    found = {}
    for probe in probes():
        days = range(probe.days - NEAR, probe.days + 1) if probe.days else [0]
        values = {str(day): probe.truth(both[0], both[1], day) for day in days}
        found[probe.name] = {
            "at": {day: value for day, (value, _) in values.items()},
            "of": values[str(probe.days)][1],
        }
    path.write_text(json.dumps(found, indent=1), "utf-8")
    return found


# ---------------------------------------------------------------- what came of it


@dataclass(frozen=True)
class Score:
    """How the intervals of one probe did.

    Attributes:
        truth: the true value, a mean where the days of the curve's points differ.
        of: what it was counted over; 0 where it is known from the rules.
        bias: mean of the estimates less the truth.
        spread: standard deviation of the estimates less the truth.
        among: median denominator of an estimate.
        held: how many intervals held the truth.
        tried: how many there were.
    """

    truth: float
    of: int
    bias: float
    spread: float
    among: float
    held: int
    tried: int

    @property
    def interval(self) -> tuple[float, float]:
        """Wilson's 95 % interval of the coverage."""
        return wilson(self.held, self.tried)

    @property
    def verdict(self) -> str:
        """Whether 95 % is in the interval of the coverage."""
        low, high = self.interval
        if low <= 0.95 <= high:
            return "as stated"
        return "held more often than stated" if low > 0.95 else "held less often than stated"


def wilson(count: int, of: int) -> tuple[float, float]:
    """Wilson's 95 % interval, written out here so that the check does not lean on the checked."""
    if not of:
        return math.nan, math.nan
    z, p = 1.959963984540054, count / of
    middle, half = p + z * z / (2 * of), z * math.sqrt(p * (1 - p) / of + z * z / (4 * of * of))
    return (middle - half) / (1 + z * z / of), (middle + half) / (1 + z * z / of)


def scores(
    results: Sequence[Mapping[str, Any]], truth: Mapping[str, Mapping[str, Any]]
) -> dict[str, dict[str, Score]]:
    """Scores by setting and probe."""
    found: dict[str, dict[str, Score]] = {}
    for setting in SETTINGS:
        rows = [row["answers"] for row in results if row["setting"] == setting]
        found[setting] = {
            probe.name: _score([row[place] for row in rows], truth[probe.name])
            for place, probe in enumerate(probes())
        }
    return found


def _score(given: Sequence[Mapping[str, Any]], truth: Mapping[str, Any]) -> Score:
    """The score of one probe."""
    whole = [one for one in given if None not in (one["value"], one["low95"], one["high95"])]
    true = [truth["at"][str(one["days"])] for one in whole]
    errors = np.array([one["value"] - t for one, t in zip(whole, true, strict=True)])
    held = sum(
        one["low95"] - 1e-12 <= t <= one["high95"] + 1e-12
        for one, t in zip(whole, true, strict=True)
    )
    among = [one["of"] for one in whole if one["of"] is not None]
    return Score(
        float(np.mean(true)) if true else math.nan,
        truth["of"],
        float(errors.mean()) if true else math.nan,
        float(errors.std(ddof=1)) if len(true) > 1 else math.nan,
        float(np.median(among)) if among else math.nan,
        held,
        len(whole),
    )


# ---------------------------------------------------------------- the page


def page(found: Mapping[str, Mapping[str, Score]], seeds: int, cases: int) -> str:
    """The page of docs/method."""
    return TEXT.format(
        seeds=seeds,
        part=seeds // PART,
        cases=cases,
        as_of=f"{AS_OF.day} {AS_OF:%B %Y}",
        later=f"{LATER.day} {LATER:%B %Y}",
        large=f"{LARGE:,}",
        clean=table(found["clean"]),
        defects=table(found["defects"]),
        notes=NOTES,
    )


def table(found: Mapping[str, Score]) -> str:
    """One setting as a Markdown table."""
    lines = [
        "| statistic | truth | mean error | spread | counted over | held the truth "
        "| 95 % interval of that | |",
        "| --- | --: | --: | --: | --: | --: | --- | --- |",
    ]
    for probe in probes():
        one = found[probe.name]
        low, high = one.interval
        digits = 0 if one.truth > 1 else 3
        cells = [
            probe.name,
            f"{one.truth:.{digits}f}" + (" *" if probe.seen else ""),
            f"{one.bias:+.{digits + 1}f}",
            f"{one.spread:.{digits + 1}f}",
            f"{one.among:.0f}",
            f"{one.held / one.tried:.1%} of {one.tried}" if one.tried else "none",
            f"{low:.1%} to {high:.1%}",
            one.verdict,
        ]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


NOTES = """## What this shows, and what not

- **Held more often than stated.** In these records the number of people who come, in custody and at
  liberty, is fixed and only their fates are drawn. Where a statistic hangs on that mix, as the time
  to a first hearing does in its first months, the estimates vary less than those of people drawn at
  random, for whom the intervals are made. Of those in custody 72 % are heard within 120 days, of
  those at liberty 8 %: with the mix fixed the spread should be 0.0085, with a random one 0.0111.
- **Small groups.** A share of twenty decisions can take few values, so the coverage of any interval
  for it jumps with the true share; Wilson's is right on average and not at every one.
- **Several decisions of one person.** A case reopened or sent back is decided again, by new luck.
  These are few, and do not show in the coverage.
- **What ties cases together is not in it.** Here every case is decided by itself. In real courts
  the cases of one judge, and of one family, have more in common. If decisions come in clusters of m
  alike with correlation r, the variance is 1 + (m - 1) r times what an interval for single
  decisions supposes: with judges whose rates differ by 15 points (r of about 0.1) and 50 decisions
  each, an interval meant for the courts at large should be about 2.4 times as wide. The intervals
  speak of the luck of these cases before these judges; `judge_variation` says how much judges
  differ.
- **Times.** Cases still open must be open for reasons that do not tell how they would have gone.
  Here the day of the release is such a reason. In real records it nearly is, for a cohort; not for
  cases of all years together while the courts change.
"""
TEXT = """# Do the intervals hold the truth?

A 95 % interval should hold the truth in 95 of 100 such samples. Whether ours do was tried on
made-up court records, whose truth is known. This page is what
`python tools/interval_coverage.py --seeds {seeds} --page docs/method/coverage.md` writes.

## How

- **Samples.** For each of {seeds} seeds a made-up release of court records as of {as_of} was
  written by `asylumatlas synthesize` ({cases} cases by 2026, of which about half are there by that
  day), imported, linked, and asked. For the first {part} seeds this was done again with defects in
  the files at the rate observed in real releases; they move single rows, so the answers hardly
  differ from those of the same seed without.
- **Truth.** Marked * : the probability by which the histories were made. Otherwise it was counted,
  by the tool itself and not by the statistics that are tried, in the histories of a release with
  {large} cases; of times, in its state as of {later}, when every case charged in the years asked
  for had been followed for eight years, while in the samples 28 % of them have no decision yet. The
  truth's own error is about a sixteenth of one sample's. A share by a number of days is read at the
  last point of the drawn curve up to that day, and held against the truth of that same day.
- **Verdict.** The share of intervals that held the truth has itself an interval (Wilson's, 95 %).
  If 95 % lies in it, the intervals are as stated, as far as so many samples can tell.

"Mean error" is the mean of the estimates less the truth, "spread" their standard deviation, and
"counted over" the denominator of a typical sample.

## Without defects

{clean}

## With defects at the observed rate

{defects}

{notes}"""


def main() -> None:
    words = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    words.add_argument("--seeds", type=int, default=200)
    words.add_argument("--cases", type=int, default=4_000)
    words.add_argument("--large", type=int, default=LARGE)
    words.add_argument("--workers", type=int, default=2)
    words.add_argument("--keep", type=Path, help="folder for results; a new one if not given")
    words.add_argument("--page", type=Path, help="write the page here instead of printing it")
    given = words.parse_args()
    keep = given.keep or Path(tempfile.mkdtemp(prefix="coverage-"))
    keep.mkdir(parents=True, exist_ok=True)
    truth = large_truth(keep, given.large)
    results = run(keep, given.seeds, given.cases, given.workers)
    text = page(scores(results, truth), given.seeds, given.cases)
    if given.page:
        given.page.write_text(text, "utf-8")
    else:
        print(text)


if __name__ == "__main__":
    main()
