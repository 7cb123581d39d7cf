"""Where places lie: known points, sound rows, and no row without a source or a reason."""

from __future__ import annotations

from math import asin, cos, radians, sin, sqrt
from pathlib import Path

import pytest

from asylumatlas.evidence import EvidenceError
from asylumatlas.evidence.places import Place, places

HEAD = "key,codes,name,area,latitude,longitude,within,source,assumed\n"


def kilometres(one: Place, other: Place) -> float:
    """The great-circle distance of two places."""
    north, east = radians(one.latitude), radians(one.longitude)
    north2, east2 = radians(other.latitude), radians(other.longitude)
    part = sin((north2 - north) / 2) ** 2
    part += cos(north) * cos(north2) * sin((east2 - east) / 2) ** 2
    return 2 * 6371 * asin(sqrt(part))


@pytest.mark.parametrize(
    ("one", "other", "apart"),
    [
        ("new_york", "los_angeles", 3940),
        ("tijuana", "san_diego", 25),
        ("miami", "seattle", 4400),
        ("houston", "chicago", 1510),
        ("matias_romero", "tijuana", 2750),
        ("SND", "OTM", 28),
    ],
)
def test_places_are_as_far_apart_as_on_the_earth(one: str, other: str, apart: float) -> None:
    found = kilometres(places()[one], places()[other])
    assert abs(found - apart) <= max(10, 0.03 * apart), found


def test_codes_of_records_name_the_place_of_the_scenarios() -> None:
    assert places()["NYC"] is places()["new_york"]
    assert places()["HOD"].key == "houston_detained"


def test_every_place_says_where_its_point_is_from() -> None:
    for place in places().values():
        assert place.source or place.assumed, place.key
        assert -180 <= place.longitude < -60 or place.area in ("Guam", "Northern Mariana Islands")


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ("a,,A,Texas,north,-97,0.1,GEONAMES,", "must be degrees"),
        ("a,,A,Texas,97,-97,0.1,GEONAMES,", "no such degrees"),
        ("a,,A,Texas,27,-97,0,GEONAMES,", "no such degrees"),
        ("a,,A,Texas,27,-97,0.1,NOBODY,", "unknown source"),
        ("a,,A,Texas,27,-97,0.1,,", "a reason under assumed"),
        ("a,A;A,A,Texas,27,-97,0.1,GEONAMES,", "stands twice"),
    ],
)
def test_a_wrong_row_is_refused_in_one_line(tmp_path: Path, line: str, fault: str) -> None:
    path = tmp_path / "places.csv"
    path.write_text(HEAD + line + "\n", "utf-8")
    with pytest.raises(EvidenceError, match=fault) as told:
        places(path)
    assert "\n" not in str(told.value)
