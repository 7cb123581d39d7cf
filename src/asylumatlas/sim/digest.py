"""Replications as the summary that tables, JSON and the report are made from.

Every interval is a quantile range over replications. Luck and what is not known are told apart by
the one-way analysis of variance over draws with two lucks each.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import date
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from asylumatlas import evidence, process
from asylumatlas.scenario.model import Measure
from asylumatlas.sim import meters, sampling, sensitivity
from asylumatlas.sim.meters import Meter
from asylumatlas.sim.replication import LUCKS_PER_DRAW, Replication
from asylumatlas.sim.rules import Rules
from asylumatlas.sim.shortages import shortages

Numbers = NDArray[np.float64]
FEW = 40  # replications below which a 95 % range is no more than the extremes
STALE = 31  # days between a stock's date and the first day, above which a reader is told
QUANTILES = (0.5, 0.1, 0.9, 0.025, 0.975)
KEYS = ("median", "low80", "high80", "low95", "high95")
TELLING_EVENTS = (
    "journey_ended",
    "mexico_asylum_decided",
    "list_left",
    "prosecution_decided",
    "fear_interview",
    "judge_review",
    "parole_decision",
    "bond_hearing",
    "custody_ended",
    "court_decision",
    "appeal_decided",
    "removal_executed",
)


class Digest:
    """Builds the parts of a summary from a run's replications."""

    def __init__(self, rules: Rules, replications: Sequence[Replication]) -> None:
        self.rules = rules
        self.replications = replications
        self.measures = list(rules.model.measures.items())
        self.draws = [k // LUCKS_PER_DRAW for k in range(len(replications))]
        self.weight = 1.0 / rules.model.scale  # people that one simulated person stands for
        self.values = np.array([r.counts.measures for r in replications])  # (R, M, T)
        if self.weight > 1.0:
            for m, (_, measure) in enumerate(self.measures):
                self.values[:, m] = self._whole(self.values[:, m], measure)

    # ---- numbers

    @staticmethod
    def interval(values: Numbers, keys: Sequence[str] = KEYS) -> dict[str, float]:
        """Median and ranges of one number over replications; shares may be missing in some."""
        known = values[~np.isnan(values)]
        if not len(known):
            return dict.fromkeys(keys, math.nan)
        found = dict(
            zip(KEYS, np.quantile(known, QUANTILES, method="inverted_cdf").tolist(), strict=True)
        )
        return {key: round(found[key], 4) for key in keys}

    def _whole(self, values: Numbers, measure: Measure) -> Numbers:
        """Values of a measure for the whole system; shares and waits are what they are."""
        if measure.counts in ("so_far", "names") or (measure.counts, measure.over) == ("on_day", 1):
            return self._people(values)
        return values * self.weight if measure.counts == "on_day" else values

    def _people(self, counts: Any) -> Numbers:
        """Counts of simulated people as people of the whole system, to the nearest one."""
        whole: Numbers = np.rint(np.asarray(counts, float) * self.weight)
        return whole

    def shares(self, values: Numbers) -> dict[str, float]:
        """Parts of the variance due to luck and to parameters; both 0 where nothing varies."""
        lucks = LUCKS_PER_DRAW
        pairs = values[: len(values) // lucks * lucks].reshape(-1, lucks)
        pairs = pairs[~np.isnan(pairs).any(axis=1)]
        if len(pairs) < 2:
            return {"total_sd": math.nan, "luck_share": math.nan, "parameter_share": math.nan}
        within = float(pairs.var(axis=1, ddof=1).mean())
        between = max(float(pairs.mean(axis=1).var(ddof=1)) - within / lucks, 0.0)
        total = within + between
        return {
            "total_sd": round(math.sqrt(total), 4),
            "luck_share": round(within / total, 4) if total else 0.0,
            "parameter_share": round(between / total, 4) if total else 0.0,
        }

    # ---- parts

    def series(self) -> list[dict[str, Any]]:
        """One fan per charted measure, with the published counts as points."""
        dates = [d.isoformat() for d in self.rules.dates]
        points = self._points()
        fans = []
        for m, (name, measure) in enumerate(self.measures):
            if not measure.chart:
                continue
            first = self.rules.day(measure.start) if measure.start else 0
            last = self.rules.day(measure.until) + 1 if measure.until else None
            bands = _quantiles(self.values[:, m, first:last])
            # a share has no value before its base, a wait none while nobody is called
            known = np.flatnonzero(~np.isnan(bands[0]))
            if not len(known):
                continue
            bands = bands[:, known]
            fans.append(
                {
                    "measure": name,
                    "label": measure.label,
                    "place": self._place(measure),
                    "unit": measure.unit,
                    "dates": [dates[first + day] for day in known],
                    **{
                        key: np.round(band, 4).tolist()
                        for key, band in zip(KEYS, bands, strict=True)
                    },
                    "points": points.get(name, []),
                }
            )
        return fans

    def _points(self) -> dict[str, list[dict[str, Any]]]:
        points: dict[str, list[dict[str, Any]]] = {}
        for row in self.reported:
            point = {key: row[key] for key in ("date", "outlet", "source", "role")}
            points.setdefault(row["measure"], []).append({**point, "value": row["reported"]})
        return points

    @cached_property
    def reported(self) -> list[dict[str, Any]]:
        """Every published count beside the run's interval for the same thing on the same day."""
        rows = []
        names = [name for name, _ in self.measures]
        for item in self.rules.model.reported:
            report = evidence.report(item.report)
            measure = self.rules.model.measures[item.measure]
            on = item.on or report.last_day
            values = self.values[:, names.index(item.measure), self._day(on)]
            if not self._reaches(on) or np.isnan(values).all():
                continue  # `not_held` tells of it
            interval = self.interval(values)
            value = report.value
            rows.append(
                {
                    "id": item.report,
                    "date": on.isoformat(),
                    "place": self._place(measure),
                    "measure": item.measure,
                    "label": measure.label,
                    "unit": measure.unit,
                    "reported": value,
                    "qualifier": report.qualifier,
                    "outlet": report.outlet,
                    "source": report.source,
                    "note": item.note or report.note,
                    "role": item.role,
                    "seen": item.seen,
                    **interval,
                    "inside80": _inside(value, report.qualifier, interval, "80"),
                    "inside95": _inside(value, report.qualifier, interval, "95"),
                    **self.shares(values),
                }
            )
        return sorted(rows, key=lambda row: (row["date"], row["measure"]))

    def not_held(self) -> list[str]:
        """Sentences on published counts that this run says nothing about."""
        held = {(row["id"], row["measure"]) for row in self.reported}
        return [
            f"The published count {item.report} is not held against {item.measure}: the run does "
            "not reach its date, or has no such number then."
            for item in self.rules.model.reported
            if (item.report, item.measure) not in held
        ]

    def _reaches(self, on: date) -> bool:
        return self.rules.model.start <= on <= self.rules.model.to

    def _day(self, on: date) -> int:
        return min(max((on - self.rules.model.start).days, 0), self.rules.days - 1)

    def _place(self, measure: Measure) -> str:
        return self.rules.model.places.get(measure.place, measure.place)

    def stages(self) -> list[dict[str, Any]]:
        """People of the cohort in and out of each stage that any of them reached."""
        rows = []
        for k, (name, stage) in enumerate(process.load().stages.items()):
            columns = {
                key: self._people([getattr(r.counts, key)[k] for r in self.replications])
                for key in ("entered", "left", "inside")
            }
            if columns["entered"].any():
                spans = {key: self.interval(values) for key, values in columns.items()}
                rows.append({"stage": name, "label": stage.label, **spans})
        return rows

    def flow(self) -> list[dict[str, Any]]:
        """Moves of the cohort between stages."""
        stages = list(process.load().stages.values())
        total = self._people([r.counts.flow for r in self.replications])
        rows = []
        for a, b in np.argwhere(total.any(axis=0)):
            span = self.interval(total[:, a, b], ("median", "low95", "high95"))
            if span["median"] <= 0 or a == len(stages):
                continue
            rows.append(
                {
                    "from": stages[a].name,
                    "from_label": stages[a].label,
                    "to": stages[b].name,
                    "to_label": stages[b].label,
                    "label": f"{stages[a].label} to {stages[b].label}",
                    **span,
                }
            )
        return rows

    def outcomes(self) -> list[dict[str, Any]]:
        """How often each telling event happened to the cohort, by outcome."""
        vocabulary = process.load()
        kinds, results = list(vocabulary.events), list(vocabulary.outcomes)
        total = self._people([r.counts.outcomes for r in self.replications])
        rows = []
        for event in TELLING_EVENTS:
            e = kinds.index(event)
            for o in np.flatnonzero(total[:, e].any(axis=0)):
                outcome = results[o] if o < len(results) else ""
                words = vocabulary.events[event].label
                if outcome:
                    words += f": {vocabulary.outcomes[outcome].label}"
                span = self.interval(total[:, e, o], ("median", "low95", "high95"))
                rows.append({"event": event, "outcome": outcome, "label": words, **span})
        return rows

    def meters(self) -> list[dict[str, Any]]:
        """Bed-days, server-days, hearings postponed and money over the run."""
        rows = []
        for name, label, place, unit, values in self.meter_values:
            where = self.rules.model.places.get(place, place)
            span = self.interval(values, ("median", "low95", "high95"))
            row = {"meter": name, "label": label, "place": where, "unit": unit, "source": None}
            rows.append({**row, **span})
        return rows

    @cached_property
    def meter_values(self) -> list[Meter]:
        """Meters of the whole system."""
        return [meter.times(self.weight) for meter in self.simulated_meters]

    @cached_property
    def simulated_meters(self) -> list[Meter]:
        """Meters of the part that is simulated, which is the part that an event log holds."""
        return meters.read(self.rules, self.replications, self.draws)

    def uncertainty(self) -> list[dict[str, Any]]:
        """Luck and parameters in what each charted measure is at the end."""
        rows = []
        for m, (name, measure) in enumerate(self.measures):
            if measure.chart:
                parts = self.shares(self.values[:, m, -1])
                if not math.isnan(parts["total_sd"]):
                    rows.append({"measure": name, "label": measure.label, **parts})
        return rows

    def warnings(self) -> list[str]:
        """What a reader must know of this run before the numbers: few replications, hindsight."""
        found = []
        if self.weight > 1.0:
            found += [sampling.of_run(self.weight), *sampling.too_coarse(self.rules)]
        count = len(self.replications)
        if 1 < count < FEW:
            found.append(
                f"With {count} replications the 95 % range is about the smallest and the largest "
                f"of them; use {FEW} or more before you quote one."
            )
        late = [row for row in self.assumptions if row["hindsight"]]
        until = self.rules.model.input_until
        if late:
            found.append(
                f"{len(late)} of the sourced quantities were published or hold only after {until}, "
                "because no earlier figure was found. Each is marked hindsight in the list of "
                "assumptions: the run knows more than could be known then."
            )
        bare = sensitivity.bare_numbers(self.rules)
        if bare:
            found.append(
                f"{bare} more numbers stand bare in the scenario, with neither range nor source: "
                "mostly who the people in the background are and limits of days. "
                f"`asylumatlas show {self.rules.scenario.name}` lists them."
            )
        found += shortages(self.rules, count)
        return [*found, *self._stocks_of_other_days()]

    def _stocks_of_other_days(self) -> list[str]:
        """Stocks of day one for which the nearest known figure is of another day."""
        found, start = [], self.rules.model.start
        for name, feed in self.rules.model.feeds.items():
            if feed.kind != "stock" or not isinstance(feed.size, str):
                continue
            dated = self.rules.quantities.parameter(feed.size, f"feeds.{name}.size", {})
            held = dated.at(start).start
            if len(dated.values) > 1 and abs((start - held).days) > STALE:
                found.append(
                    f"The run begins on {start}, but {dated.name} of {held} is its stock: start on "
                    f"a day for which there is one (`asylumatlas show {self.rules.scenario.name}`)."
                )
        return found

    @cached_property
    def assumptions(self) -> list[dict[str, Any]]:
        """Every quantity used: value, range, source or the reason, and what it moves."""
        return sensitivity.assumptions(self.rules, self.influence())

    def influence(self) -> dict[str, list[dict[str, Any]]]:
        """What each uncertain quantity moves: charted measures at their end, by share."""
        charted = {
            name: self.values[:, m, -1]
            for m, (name, measure) in enumerate(self.measures)
            if measure.chart
        }
        drawn = [r.values for r in self.replications]
        uncertain = [u.name for u in self.rules.quantities.used.values() if u.uncertain]
        return sensitivity.influence(drawn, uncertain, charted, LUCKS_PER_DRAW)

    def conservation(self) -> dict[str, Any]:
        """People in, out and inside of every replication; exact by construction, checked anyway."""
        rows = self.replications
        return {
            "ok": all(r.people_in == r.people_out + r.people_inside for r in rows),
            "people_in": [r.people_in for r in rows],
            "people_out": [r.people_out for r in rows],
            "people_inside": [r.people_inside for r in rows],
        }


def _quantiles(values: Numbers) -> Numbers:
    """(5, T) quantiles over replications, ignoring those in which a share has no base yet."""
    if not np.isnan(values).any():
        bands: Numbers = np.quantile(values, QUANTILES, axis=0, method="inverted_cdf")
        return bands
    known = np.sort(values, axis=0)  # numbers that do not exist come last
    exact = np.array(QUANTILES)[:, None] * (~np.isnan(values)).sum(axis=0) - 1
    rank = np.maximum(np.ceil(exact), 0).astype(np.int64)  # as numpy's inverted_cdf
    bands = np.take_along_axis(known, rank, axis=0)
    return bands


def _inside(
    value: float | None, qualifier: str, interval: dict[str, float], level: str
) -> bool | None:
    """Whether an interval agrees with a published count; a bound is contradicted from one side."""
    if value is None or math.isnan(interval["median"]):
        return None
    not_below = qualifier in ("at_most", "less_than") or value <= interval[f"high{level}"]
    not_above = qualifier in ("at_least", "more_than") or value >= interval[f"low{level}"]
    return not_below and not_above
