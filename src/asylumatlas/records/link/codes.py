"""What the court's codes mean for a history, read from `codes.toml` and `nationalities.csv`."""

from __future__ import annotations

import csv
import functools
import tomllib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

from asylumatlas.records.dataset import LOOKUPS
from asylumatlas.records.link.reading import whole
from asylumatlas.records.lookups import JUDGES

PACKAGE = "asylumatlas.records"

CLASSES = (
    "none",
    "moves",
    "zero_bond",
    "removal",
    "denied",
    "relief_asylum",
    "relief_withholding",
    "relief",
    "withholding",
    "terminated",
    "withdrawn",
    "abandoned",
    "voluntary_departure",
    "administratively_closed",
    "not_recorded",
)
"""What a proceeding came to, by code; from ``removal`` on it is a decision.

``relief_asylum`` and ``relief_withholding`` say what the relief is where no application tells.
"""

FIRST_DECISION = CLASSES.index("removal")


@dataclass(frozen=True, slots=True)
class Meaning:
    """What the codes of one proceeding mean.

    Attributes:
        result: one of `CLASSES`, by position, as if the proceeding had a completion date.
        review: outcome of the judge's review, if the case is one.
        detail: the codes as the log tells them, empty without any.
        known: whether the release's lookup has the code; true where there is no code or no lookup.
    """

    result: int
    review: str
    detail: str
    known: bool


@functools.cache
def codes() -> Mapping[str, Any]:
    """Return `codes.toml` as it stands.

    Example:
        >>> codes()["case_types"]["reviews"]
        ['CFR', 'RFR', 'CSR']
    """
    return tomllib.loads(resources.files(PACKAGE).joinpath("codes.toml").read_text("utf-8"))


@functools.cache
def nationalities() -> Mapping[str, str]:
    """Return the ISO 3166-1 alpha-3 code of each of the court's nationality codes.

    A state that was dissolved into several, a group of islands and "stateless" are ``unknown``;
    Kosovo, which has no ISO code, is XKX as in the World Bank's data.

    Example:
        >>> nationalities()["ES"], nationalities()["CH"], nationalities()["NA"]
        ('SLV', 'CHN', 'unknown')
    """
    text = resources.files(PACKAGE).joinpath("nationalities.csv").read_text("utf-8")
    return {row["code"]: row["iso3"] for row in csv.DictReader(text.splitlines())}


def meaning(
    case_type: str, decision: str, other: str, known: Collection[tuple[str, str, str]] | None
) -> Meaning:
    """Say what a proceeding with these codes came to.

    Args:
        case_type: CASE_TYPE, empty if blank.
        decision: DEC_CODE, empty if blank.
        other: OTHER_COMP, empty if blank.
        known: (case type, code, kind) of the release's lookup; None where there is no lookup.

    Example:
        >>> CLASSES[meaning("RMV", "X", "", None).result]
        'removal'
        >>> CLASSES[meaning("RMV", "", "X", None).result]
        'zero_bond'
    """
    table = codes()
    kind, code = ("C", decision) if decision else ("O", other)
    detail = (f"{case_type}/{code}" if kind == "C" else f"{case_type}//{code}") if code else ""
    review = table["reviews"].get(decision, "not_recorded")
    rules = table["decisions"][kind]
    own = rules.get(case_type)  # a table where it is a case type; a word where it is some code
    found = (own.get(code) if isinstance(own, dict) else None) or rules.get(code)
    if not isinstance(found, str):  # no such code, or a case type in its place
        found = "not_recorded"
    decodes = not code or known is None or (case_type, code, kind) in known
    if found in ("moves", "zero_bond"):
        return Meaning(CLASSES.index(found), review, code, decodes)
    if not code or not decodes:
        found = "not_recorded"
    if found == "relief":
        found = _relief(case_type, code)
    return Meaning(CLASSES.index(found), review if decodes else "not_recorded", detail, decodes)


def _relief(case_type: str, code: str) -> str:
    """Name the relief that a grant is by case type alone."""
    grant = codes()["grants"].get(case_type)
    if grant is None or not {code, "*"} & set(grant["codes"]):
        return "relief"
    return "relief_asylum" if grant["outcome"] == "asylum_granted" else "relief_withholding"


def decision_lookup(rows: Mapping[str, list[Any]]) -> frozenset[tuple[str, str, str]]:
    """Return (case type, code, kind) of every row of the release's lookup of decisions.

    Args:
        rows: its columns ``strCaseType``, ``strDecCode`` and ``strDecType``.
    """
    parts = (rows["strCaseType"], rows["strDecCode"], rows["strDecType"])
    triples = zip(*([(value or "").strip() for value in part] for part in parts), strict=True)
    return frozenset(triples)


def not_judges(folder: Path) -> list[str]:
    """Return the codes that the release's lookup of judges has for no one judge, sorted.

    Args:
        folder: the dataset's folder; without `lookups.parquet` nothing is known of any code.
    """
    path = folder / LOOKUPS
    if not path.is_file():
        return []
    rows = whole(path, ["lookup", "code", "placeholder"])
    codes = zip(rows["lookup"], rows["code"], rows["placeholder"], strict=True)
    return sorted({code for lookup, code, is_nobody in codes if lookup == JUDGES and is_nobody})
