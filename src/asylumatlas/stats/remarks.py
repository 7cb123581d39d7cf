"""What a reader must know besides the rows: the caveats of a table."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from asylumatlas.stats import periods, sampling

if TYPE_CHECKING:
    from asylumatlas.stats.parts import Part

ENOUGH = 40  # worlds from which on a fortieth of them is at least one
_AT_THE_END = ("representation", "custody", "claim")

_PUBLISHED = (
    "Published figures are of the whole country and of their own definition and day of extraction; "
    "a log of a part of it, or of made-up cases, cannot be expected to equal them."
)

_NONE_PUBLISHED = (
    "No published figure that is kept here has the definition, the periods and the groups of a "
    "row; the method page lists those there are."
)

_WITHHELD = (
    "No published figure stands beside numbers of simulated people that are only some of all: "
    "set them side by side after multiplying, or simulate everyone."
)

_BY_KIND = {
    "count": "Counted in full, so no interval: it would say nothing about missing records.",
    "stock": "Counted in full, so no interval: it would say nothing about missing records.",
    "share": "Wilson's 95 % interval: how far the share of so many cases could differ by chance "
    "from the rate behind it. It says nothing about missing records or other definitions.",
    "duration": "Estimated with the open cases (Kaplan-Meier, or Aalen-Johansen where a span can "
    "end otherwise): the mean of the finished ones alone would be too short.",
    "flow": "Aalen-Johansen shares with the cases still followed after so many days; days on which "
    "too few are followed are left out.",
    "variation": "A beta distribution over judges is fitted to their decisions; cases are taken as "
    "dealt to judges by chance within what is counted, so compare within one court and period.",
    "total": "",
}


def remarks(
    parts: Sequence[Part], refused: Sequence[str], published: int | None, withheld: bool = False
) -> Iterator[str]:
    """Yield the caveats of an answer, each once.

    Args:
        parts: the answers of each log under each definition.
        refused: why a log is missing under a definition.
        published: rows beside which a published figure stands; None where none is asked for.
        withheld: whether there is one that stands beside no row, for the row counts some people.
    """
    figures = [] if not withheld else [_WITHHELD]
    if published is not None and (published or not withheld):
        figures.append(_PUBLISHED if published else _NONE_PUBLISHED)
    yield from dict.fromkeys(
        [
            *(caveat for part in parts for caveat in part.asked.statistic.caveats),
            *_definitions(parts),
            *(remark for part in parts for remark in _method(part)),
            *_apart(parts),
            *refused,
            *figures,
        ]
    )


def unrecorded(part: Part) -> str:
    """Return why a log cannot tell a share, for it never holds what is counted; else nothing.

    A zero of what a source does not record would be no finding.
    """
    wanted, facts = part.asked.definition.counted.get("event"), part.asker.facts
    if not isinstance(wanted, tuple) or facts is None or any(w in facts.events for w in wanted):
        return ""
    return (
        f"{part.asker.name} holds no {' or '.join(wanted)}: it is not recorded there, which is not "
        "the same as none."
    )


def nothing(parts: Sequence[Part]) -> str:
    """Say why an answer is empty: what the logs have none of, or what was asked of them.

    Args:
        parts: the answers, at least one.
    """
    missing = [unrecorded(part) for part in parts if len(part.counts)]
    if missing and all(missing):
        return " ".join(missing)
    logs = ", ".join(dict.fromkeys(part.asker.name for part in parts))
    words = sorted({word for part in parts for word in _needed(part)})
    if words and all(part.asker.facts is not None and not _found(part) for part in parts):
        return f"Nothing to count: {logs} holds no {' or '.join(words)}."
    said = parts[0].asked.question.counted().replace("&", ", ")
    return f"Nothing in {logs} is counted" + (f" with {said}." if said else ".")


def _needed(part: Part) -> tuple[str, ...]:
    """The events or spells without one of which a definition counts nothing."""
    rows = part.asked.definition.rows
    words = rows.get("event") or rows.get("spell") or ()
    if part.asked.definition.facts == "meters":
        return ("meters",)
    return words if isinstance(words, tuple) else ()


def _found(part: Part) -> bool:
    facts = part.asker.facts
    if facts is None:
        return True
    if part.asked.definition.facts == "meters":
        return bool(facts.rows.get("meters"))
    return any(facts.events.get(word) or facts.spells.get(word) for word in _needed(part))


def _definitions(parts: Sequence[Part]) -> Iterator[str]:
    found = {part.asked.definition.name: part.asked.definition for part in parts}
    for name, definition in found.items():
        for caveat in definition.caveats:
            yield caveat if len(found) == 1 else f"{name}: {caveat}"


def _apart(parts: Sequence[Part]) -> Iterator[str]:
    """Why numbers of two logs cannot be subtracted."""
    logs = {part.asker.name: part.asker.source.sampled for part in parts}
    if len(set(logs.values())) > 1 and parts[0].asked.statistic.kind in sampling.COUNTED:
        yield "No differences are given: the logs hold different parts of the people."


def _method(part: Part) -> Iterator[str]:
    asked = part.asked
    worlds, question = asked.worlds, asked.question
    if part.asker.source.note:
        yield f"{part.asker.name}: {part.asker.source.note}"
    if some := sampling.remark(part.asker.name, part.asker.source.sampled, asked.statistic.kind):
        yield some
    if worlds.many:
        yield (
            f"{part.asker.name}: median and ranges over {len(worlds.numbers)} simulated worlds; "
            "they hold what the model leaves open, not what the model may have wrong."
        )
        if len(worlds.numbers) < ENOUGH:
            yield (
                f"{part.asker.name}: with {len(worlds.numbers)} worlds the 95 % range is about "
                f"the least and the most of them; ask {ENOUGH} or more before you quote one."
            )
    elif worlds.pooled:
        yield f"{part.asker.name}: all simulated worlds added up; there is no interval then."
    elif _BY_KIND[asked.statistic.kind]:
        yield _BY_KIND[asked.statistic.kind]
    begun = part.asker.facts is not None and part.asker.facts.events.get("stock_case", 0)
    if begun and {"claim", "case_known", "known_start"} & set(asked.definition.rows):
        number = f"{begun / len(part.asker.facts.replications):,.0f}" if part.asker.facts else ""
        each = " a world" if worlds.many or worlds.pooled else ""
        yield (
            f"{part.asker.name}: {number} cases{each} had begun before the log; what lies before "
            "it is not known, so this definition leaves them out where it matters."
        )
    if asked.definition.facts == "spells":
        grouped = {*question.by, *(column for column, _ in question.where)}
        late = [name for name in _AT_THE_END if name in grouped]
        if late:
            yield (
                f"By {', '.join(late)} as it was when the span ended, or at the end of the log: "
                "who waits longer has longer to find a lawyer or to be released, so differences "
                "between these groups are not effects."
            )
    if question.time and asked.statistic.kind != "stock":
        what = "began" if asked.definition.facts in ("spells", "stays") else "happened"
        yield f"Periods are those in which it {what}."
    if any(name in periods.UNITS for name in question.by):
        yield "A period that the log or the question covers only in part is flagged partial."
