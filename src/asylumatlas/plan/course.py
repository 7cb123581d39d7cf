"""What becomes of a staffing plan, court by court and month by month, at many parameter draws.

The rules are those of the monthly twin (`national.flow`), which a test holds this module to. It
keeps what the twin does not tell: how long both lines are at every court, and so the wait of who
joins them (first in, first out) and the share of a month's filings that is decided in time.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from asylumatlas.national import flow
from asylumatlas.plan import paths
from asylumatlas.plan.arrivals import twin_values
from asylumatlas.plan.situation import Situation

__all__ = ["Course", "follow"]

Floats = NDArray[np.float64]

_MONTH = 365.25 / 12
_KINDS = ("held_master", "master", "held_individual", "individual")


@dataclass(frozen=True, slots=True, eq=False)
class Course:
    """The courts' course, by draw, month and court.

    Attributes:
        pending: cases of both dockets at the end of a month (draws, months).
        master_wait: days in the master line of who joins it at the end of a month, beyond what the
            run can tell counted as the days that are left (draws, months, courts).
        individual_wait: the same for individual hearings.
        used: part of the judge time that was used (draws, months, courts).
        completions: cases closed in a month (draws, months).
        decided: of the released filed in each of the months asked for, the share closed in time,
            the country's mean by filings (draws, asked); empty where nothing was asked.
        decided_by_court: the same by court (draws, asked, courts).
    """

    pending: Floats
    master_wait: Floats
    individual_wait: Floats
    used: Floats
    completions: Floats
    decided: Floats
    decided_by_court: Floats


def follow(
    here: Situation,
    judges: Floats,
    draws: Sequence[Mapping[str, float]],
    asked: Sequence[int] = (),
) -> Course:
    """Follow a plan at some parameter draws.

    Args:
        here: courts and central values.
        judges: on the bench by court and quarter (courts, quarters), or different ones at each
            draw (draws, courts, quarters).
        draws: values that replace those of the situation, for each draw.
        asked: months, counted from the plan's first, whose filings are followed to the end of
            `goal.within` days.
    """
    v = _columns(here, draws)
    months = 3 * judges.shape[-1]
    state = _State(here, v)
    count, places = len(draws), len(here.judges)
    kept = {name: np.zeros((count, months, places)) for name in ("master", "individual")}
    heard = {name: np.zeros((count, months, places)) for name in ("master", "individual")}
    pending, done = np.zeros((count, months)), np.zeros((count, months))
    used = np.zeros((count, months, places))
    for month in range(months):
        days = judges[..., month // 3] * v["productivity"] * flow.WORKING_DAYS / 12
        served, closed, used[:, month] = state.month(days)
        for name in kept:
            kept[name][:, month] = state.line[name]
            heard[name][:, month] = served[name]
        pending[:, month], done[:, month] = state.pending(), closed
    waits = {name: _waits(kept[name], heard[name]) for name in kept}
    shares = _decided(here, v, waits, asked)
    weights = here.courts.released
    return Course(
        pending=pending,
        master_wait=waits["master"],
        individual_wait=waits["individual"],
        used=used,
        completions=done,
        decided=shares @ weights,
        decided_by_court=shares,
    )


def _columns(here: Situation, draws: Sequence[Mapping[str, float]]) -> dict[str, Floats]:
    """Values as columns (draws, 1), so that they meet the courts."""
    names = twin_values(here.values)
    return {
        name: np.array([float(draw.get(name, here.values[name])) for draw in draws])[:, None]
        for name in names
    }


class _State:
    """Cases in lines and in delays at every draw and court."""

    def __init__(self, here: Situation, v: dict[str, Floats]) -> None:
        self.v = v
        self.released, self.detained = here.courts.released[None], here.courts.detained[None]
        ends = {
            "held_master": "master_delay_days_detained",
            "master": "master_delay_days",
            "held_individual": "individual_delay_days_detained",
            "individual": "individual_delay_days",
        }
        self.delay = {kind: v[name] / _MONTH for kind, name in ends.items()}
        self.first = {
            "held_master": v["first_delay_days_detained"] / _MONTH,
            "master": v["first_delay_days"] / _MONTH,
        }
        longest = max(float(each.max()) for each in (*self.delay.values(), *self.first.values()))
        shape = (len(v["pending"]), self.released.shape[1])
        self.ring = {kind: np.zeros((int(longest) + 3, *shape)) for kind in _KINDS}
        self.line = {kind: np.zeros(shape) for kind in _KINDS}
        self.every = np.arange(shape[0])
        self._fill()

    def _fill(self) -> None:
        """The stock of day one comes to the lines evenly over the delay of its hearing."""
        v = self.v
        held = v["pending"] * v["stock_detained_share"]
        share = v["stock_master_share"]
        self._stock("held_master", held * share * self.detained)
        self._stock("held_individual", held * (1 - share) * self.detained)
        self._stock("master", (v["pending"] - held) * share * self.released)
        self._stock("individual", (v["pending"] - held) * (1 - share) * self.released)

    def _stock(self, kind: str, cases: Floats) -> None:
        length = np.maximum(self.delay[kind], 1.0)
        for ahead in range(self.ring[kind].shape[0]):
            self.ring[kind][ahead] += cases * np.clip(length - ahead, 0.0, 1.0) / length

    def _later(self, kind: str, cases: Floats, delay: Floats, within: bool = True) -> None:
        """Bring an even flow of this month back; without `within`, not in this month."""
        whole = np.floor(delay[:, 0]).astype(int)
        part = delay - whole[:, None]
        first = cases * (1.0 - part)
        if not within:
            first = first * (whole > 0)[:, None]
        ring = self.ring[kind]
        ring[whole, self.every] += first
        ring[whole + 1, self.every] += cases * part

    def pending(self) -> Floats:
        """Cases in lines and delays (draws,)."""
        found = sum(each.sum(axis=1) for each in self.line.values())
        total: Floats = found + sum(each.sum(axis=(0, 2)) for each in self.ring.values())
        return total

    def month(self, days: Floats) -> tuple[dict[str, Floats], Floats, Floats]:
        """Take one month; hearings of the released, cases closed, part of the time used."""
        v = self.v
        self._let_out()
        filed = v["receipts"] / 12
        held = filed * v["detained_share"]
        self._later("held_master", held * self.detained, self.first["held_master"])
        entered = filed - held + v["reopened"] / 12
        self._later("master", entered * self.released, self.first["master"])
        for kind in _KINDS:
            self.line[kind] += self.ring[kind][0]
            self.ring[kind] = np.roll(self.ring[kind], -1, axis=0)
            self.ring[kind][-1] = 0.0
        return self._hear(days)

    def _let_out(self) -> None:
        part = 1.0 - np.exp(-_MONTH / np.maximum(self.v["release_days"], 1e-9))
        out = np.zeros((len(self.every), 1))
        for kind in ("held_master", "held_individual"):
            total = self.line[kind] + self.ring[kind].sum(axis=0)
            out += part * total.sum(axis=1, keepdims=True)
            self.line[kind] *= 1.0 - part
            self.ring[kind] *= 1.0 - part
        self._later("master", out * self.released, self.first["master"])

    def _hear(self, days: Floats) -> tuple[dict[str, Floats], Floats, Floats]:
        v = self.v
        most = days * v["master_time_share"] / v["master_judge_days"]
        away = v["administratively_closed_share"]
        keep0 = 1.0 - v["master_closed_share_detained"] - v["master_set_share_detained"]
        keep1 = 1.0 - v["master_absent_share"] - v["master_closed_share"] - v["master_set_share"]
        gone = np.minimum(keep1, away)
        x0 = self._serve("held_master", most, keep0)
        x1 = self._serve("master", most - x0, keep1 - gone)
        self._set("held_individual", x0 * v["master_set_share_detained"])
        self._set("individual", x1 * v["master_set_share"])
        left = np.maximum(0.0, days - (x0 + x1) * v["master_judge_days"])
        left = left / v["individual_judge_days"]
        y0 = self._serve("held_individual", left, v["individual_continued_share_detained"])
        y1 = self._serve("individual", left - y0, v["individual_continued_share"])
        closed = x0 * v["master_closed_share_detained"]
        closed = closed + y0 * (1 - v["individual_continued_share_detained"])
        closed = closed + x1 * (v["master_absent_share"] + v["master_closed_share"])
        closed = closed + y1 * (1 - v["individual_continued_share"])
        time = (x0 + x1) * v["master_judge_days"] + (y0 + y1) * v["individual_judge_days"]
        part = np.divide(time, days, out=np.zeros_like(time), where=days > 0)
        return {"master": x1, "individual": y1}, closed.sum(axis=1), part

    def _serve(self, kind: str, most: Floats, keep: Floats) -> Floats:
        """Hear who can be heard; those back within the month are heard in it too."""
        back = np.maximum(0.0, 1.0 - self.delay[kind]) * keep
        heard: Floats = np.minimum(np.maximum(most, 0.0), self.line[kind] / (1.0 - back))
        self.line[kind] = np.maximum(0.0, self.line[kind] - heard * (1.0 - back))
        # The ring was already turned: one month less to go.
        self._behind(kind, heard * keep)
        return heard

    def _set(self, kind: str, cases: Floats) -> None:
        self.line[kind] += cases * np.maximum(0.0, 1.0 - self.delay[kind])
        self._behind(kind, cases)

    def _behind(self, kind: str, cases: Floats) -> None:
        """As `_later` without this month, after the ring was turned."""
        delay = self.delay[kind]
        whole = np.floor(delay[:, 0]).astype(int)
        part = delay - whole[:, None]
        ring = self.ring[kind]
        before = np.maximum(whole - 1, 0)
        ring[before, self.every] += cases * (1.0 - part) * (whole > 0)[:, None]
        ring[whole, self.every] += cases * part


def _waits(line: Floats, heard: Floats) -> Floats:
    """Days until everyone in line at the end of a month has been heard (draws, months, courts)."""
    months = line.shape[1]
    found = np.zeros_like(line)
    left = line.copy()
    for ahead in range(1, months):
        # Those who stood in line `ahead` months ago meet the hearings of this month.
        stood, served = left[:, : months - ahead], heard[:, ahead:]
        if not stood.any():
            break
        part = np.divide(stood, served, out=np.full_like(stood, np.inf), where=served > 0)
        found[:, : months - ahead] += np.where(stood > 1e-9, np.minimum(part, 1.0), 0.0)
        left[:, : months - ahead] = np.maximum(0.0, stood - served)
    # Who is still in line at the end: at the pace of the last month.
    pace = heard[:, -1:]
    rest = np.divide(left, pace, out=np.full_like(left, np.inf), where=pace > 0)
    rest = np.where(left > 1e-9, rest, 0.0)
    return np.minimum((found + rest) * _MONTH, 36525.0)


def _decided(
    here: Situation, v: dict[str, Floats], waits: Mapping[str, Floats], asked: Sequence[int]
) -> Floats:
    """Shares decided in time of those filed in the middle of each month (draws, asked, courts)."""
    count, months, places = waits["master"].shape
    found = np.zeros((count, len(asked), places))
    steps = int(np.ceil(here.goal.within / paths.STEP)) + 2
    flat = {name: np.repeat(each[:, 0], places) for name, each in v.items()}
    for place, month in enumerate(asked):
        at = month + 0.5 + np.arange(steps) / 4
        series = [_at(waits[name], at, months) for name in ("master", "individual")]
        shares = paths.share_decided(flat, here.goal.within, *series)
        found[:, place] = shares.reshape(count, places)
    return found


def _at(waits: Floats, at: Floats, months: int) -> Any:
    """Waits at some times in months, as (draws * courts, times); ends of months lie at k + 1."""
    place = np.clip(at - 1.0, 0.0, months - 1.0)
    low = np.minimum(place.astype(int), max(months - 2, 0))
    part = (place - low)[None, :, None]
    found = waits[:, low] * (1 - part) + waits[:, np.minimum(low + 1, months - 1)] * part
    return np.moveaxis(found, 1, 2).reshape(-1, len(at))
