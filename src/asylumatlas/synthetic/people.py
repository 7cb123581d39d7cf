"""Who the made-up people are said to be: every value is invented or drawn, none is of a person."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from asylumatlas.synthetic.docket import Docket
from asylumatlas.synthetic.wire import BLANK

Numbers = NDArray[Any]
# code of the court records for each nationality of the scenario; OTH is one of the rest
CODES = {
    "GTM": "GT", "HND": "HO", "SLV": "ES", "MEX": "MX", "VEN": "VE",
    "CUB": "CU", "NIC": "NU", "COL": "CO",
}  # fmt: skip
REST = {"EC": 14, "BR": 13, "HA": 13, "CH": 11, "IN": 11, "PE": 8, "RU": 8, "DR": 6}
ISO = {
    "EC": "ECU", "BR": "BRA", "HA": "HTI", "CH": "CHN", "IN": "IND", "PE": "PER", "RU": "RUS",
    "DR": "DOM",
}  # fmt: skip
NATIONALITIES = [*CODES.values(), *REST]
ISO_CODES = [*CODES, *ISO.values()]
LANGUAGES = ["SP", "MAM", "QUI", "POR", "CRE", "MAN", "PUN", "RUS", "ENG"]
OWN = {"EC": "SP", "BR": "POR", "HA": "CRE", "CH": "MAN", "IN": "PUN", "PE": "SP", "RU": "RUS",
       "DR": "SP"}  # fmt: skip
CITIES = (
    ("LOS ANGELES", "CA", "90012"), ("NEW YORK", "NY", "10013"), ("MIAMI", "FL", "33130"),
    ("HOUSTON", "TX", "77002"), ("DALLAS", "TX", "75242"), ("CHICAGO", "IL", "60605"),
    ("ATLANTA", "GA", "30303"), ("BOSTON", "MA", "02203"), ("NEWARK", "NJ", "07102"),
    ("BROOKLYN", "NY", "11201"), ("ORLANDO", "FL", "32801"), ("SAN ANTONIO", "TX", "78205"),
    ("PHILADELPHIA", "PA", "19107"), ("DENVER", "CO", "80202"), ("SEATTLE", "WA", "98104"),
    ("SILVER SPRING", "MD", "20910"), ("FALLS CHURCH", "VA", "22041"), ("OAKLAND", "CA", "94612"),
    ("SAN FRANCISCO", "CA", "94104"), ("FRESNO", "CA", "93721"), ("STOCKTON", "CA", "95202"),
    ("EL PASO", "TX", "79901"), ("AURORA", "CO", "80010"), ("TACOMA", "WA", "98421"),
    ("CHARLOTTE", "NC", "28202"), ("NASHVILLE", "TN", "37203"), ("MEMPHIS", "TN", "38103"),
    ("NEW ORLEANS", "LA", "70130"), ("PROVIDENCE", "RI", "02903"), ("HYATTSVILLE", "MD", "20781"),
    ("SANTA ANA", "CA", "92701"), ("SAN DIEGO", "CA", "92101"), ("LAS VEGAS", "NV", "89101"),
    ("PHOENIX", "AZ", "85003"), ("OMAHA", "NE", "68102"), ("KANSAS CITY", "MO", "64106"),
    ("TRENTON", "NJ", "08608"), ("HIALEAH", "FL", "33010"), ("LAKE WORTH", "FL", "33460"),
    ("AUSTIN", "TX", "78701"),
)  # fmt: skip
APPLICATIONS = ["ASYL", "ASYW", "WCAT", "42B", "42A", "245", "I881", "212h", "VD"]
BESIDE_ASYLUM = (("ASYW", 0.5), ("WCAT", 0.45))  # of those who ask for asylum; made up
RELIEF = (0.6, 0.15, 0.2, 0.03, 0.02)  # 42B and the next four
CHARGES = {
    "212a06Ai": 0.66, "212a07AiI": 0.14, "237a01B": 0.08, "237a01A": 0.05, "212a02AiI": 0.03,
    "237a02Aiii": 0.02, "237a02Bi": 0.02,
}  # fmt: skip
PRIORITIES = ["N/A", "UC", "AWC/ATD", "CR", "RBC/D", "AWC/D"]
PRIORITY_SHARES = (0.973, 0.015, 0.008, 0.0015, 0.0015, 0.001)


def origins(docket: Docket) -> tuple[Numbers, Numbers]:
    """(cases,) nationality, index into `NATIONALITIES`, and language, into `LANGUAGES`."""
    chunk, luck, keys = docket.chunk, docket.luck, docket.chunk.ordinal
    other = luck.pick("nationality", keys, REST) + len(CODES)
    named = np.array([min(i, len(CODES)) for i in range(len(chunk.nationalities))])
    nationality = named[chunk.nationality]
    nationality = np.where(nationality == len(CODES), other, nationality)
    own = [LANGUAGES.index(OWN.get(word, "SP")) for word in NATIONALITIES]
    language = np.array(own)[nationality]
    maya = (nationality == 0) & luck.happens("maya", keys, 0.2)
    language = np.where(maya, 1 + luck.below("which maya", keys, 2), language)
    return nationality, np.where(luck.happens("english", keys, 0.05), 8, language)


def sexes(docket: Docket) -> Numbers:
    """(cases,) index into M, F; -1 where none is given."""
    keys = docket.chunk.ordinal
    picked = docket.luck.pick("sex", keys, (0.33, 0.22, 0.45))
    return np.where(picked == 2, -1, picked)


ASYLUM_TYPES = ["E", "I", "J"]


def asylum_types(docket: Docket) -> Numbers:
    """(cases,) index into `ASYLUM_TYPES`; -1 where none is given."""
    keys = docket.chunk.ordinal
    picked = docket.luck.pick("asylum type", keys, (0.28, 0.11, 0.01)).astype(np.int64)
    return np.where(docket.luck.happens("asylum type given", keys, 0.4), picked, -1)


def entries(docket: Docket) -> Numbers:
    """(cases,) day of entry, `BLANK` where none is given."""
    keys = docket.chunk.ordinal
    ago = (docket.luck.bits("entry", keys) >> np.uint64(44)).astype(np.int64)  # below 2**20
    days = (ago * ago >> 20) * 4000 >> 20
    given = docket.luck.happens("entry given", keys, 0.62)
    return np.where(given, docket.filed - days, BLANK)


def priorities(docket: Docket) -> Numbers:
    """(cases,) index into `PRIORITIES`."""
    return docket.luck.pick("priority", docket.chunk.ordinal, PRIORITY_SHARES)


def centres(courts: Sequence[str]) -> list[str]:
    """A made-up place of detention for each court."""
    return [f"EXAMPLE DETENTION CENTER {court}" for court in courts]


ATTORNEYS_PER_CASE = 0.032  # 407 thousand of them beside 12.7 million cases


def attorneys(docket: Docket) -> tuple[Numbers, list[str]]:
    """(cases,) index of each case's representative, -1 without one; and all identifiers."""
    keys = docket.chunk.ordinal
    guids = _guids(docket)
    picked = docket.luck.below("attorney", keys, len(guids))
    return np.where(docket.luck.happens("has an attorney", keys, 0.45), picked, -1), guids


def _guids(docket: Docket) -> list[str]:
    """Identifiers of the representatives of a chunk."""
    count = max(2, round(docket.chunk.cases * ATTORNEYS_PER_CASE))
    keys = docket.chunk.number * (1 << 24) + np.arange(count)
    high = docket.luck.bits("attorney high", keys).tolist()
    low = docket.luck.bits("attorney low", keys).tolist()
    texts = [f"{a:016X}{b:016X}" for a, b in zip(high, low, strict=True)]
    return ["-".join((x[:8], x[8:12], x[12:16], x[16:20], x[20:])) for x in texts]
