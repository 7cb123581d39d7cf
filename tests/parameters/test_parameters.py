"""Parameters: golden values, dated look-up, the law of a draw, and one-line errors."""

import math
import re
import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asylumatlas import evidence, parameters
from asylumatlas.parameters import Dated, Parameter, ParameterError, draw

DEFAULTS = parameters.load()
FILES = {path.stem for path in Path(parameters.__file__).parent.glob("*.toml")}


# --- golden: hand-copied from the publications -------------------------------------------------


@pytest.mark.parametrize(
    ("name", "on", "value", "low", "high", "source"),
    [
        ("port.san_ysidro.holding_capacity", date(2018, 5, 1), 300, 300, 316, "MERC0430"),
        ("port.san_ysidro.caravan_intake", date(2018, 4, 30), 8, 8, 8, "LAT0502"),
        ("port.san_ysidro.caravan_intake", date(2018, 5, 2), 60, 60, 63, "KTLA0503"),
        ("port.san_ysidro.caravan_intake", date(2018, 5, 4), 70, 70, 70, "REU0504"),
        ("port.san_ysidro.daily_intake", date(2018, 11, 15), 100, 40, 100, "NBCSD11"),
        ("port.san_ysidro.daily_intake", date(2019, 1, 25), 20, 20, 20, "CBS0125"),
        (
            "prosecution.southern_california.improper_entry",
            date(2018, 6, 1),
            821,
            821,
            821,
            "DET0708",
        ),
        (
            "credible_fear.found_share_spring_caravan",
            date(2018, 5, 1),
            0.933,
            0.933,
            0.933,
            "UNI1024",
        ),
        ("credible_fear.review_vacated_share", date(2018, 6, 1), 0.147, 0.147, 0.147, "TRAC523"),
        ("court.pending", date(2018, 9, 30), 796513, 796513, 796513, "EOIRADJ"),
        ("court.judges", date(2018, 7, 1), 330, 330, 340, "CISIJ18"),
        ("court.denied_share.HND", date(2018, 5, 1), 0.781, 0.781, 0.781, "TWA2853"),
        ("appeal.pending", date(2020, 3, 31), 95422, 95422, 95422, "CISBIA"),
        ("cost.detention.adult", date(2016, 10, 1), 132.9, 132.9, 132.9, "CRIM18"),
        ("population.spring_caravan.size", date(2018, 4, 1), 1500, 1000, 1500, "HT0420"),
    ],
)
def test_published_values_stand_as_published(name, on, value, low, high, source):
    entry = DEFAULTS[name].at(on)
    assert (entry.value, entry.low, entry.high, entry.source) == (value, low, high, source)
    assert DEFAULTS[name].assumed is None


def test_daily_intake_of_the_spring_caravan_adds_up_to_the_reported_totals():
    intake = DEFAULTS["port.san_ysidro.caravan_intake"]
    by_day = [intake.at(date(2018, 4, 30)), *(intake.at(date(2018, 5, day)) for day in range(1, 5))]
    assert sum(entry.value for entry in by_day[:4]) == 158
    assert sum(entry.value for entry in by_day) == 228


def test_share_found_of_the_spring_caravan_is_374_of_401():
    entry = DEFAULTS["credible_fear.found_share_spring_caravan"].values[0]
    assert entry.value == pytest.approx(374 / 401, abs=0.0005)


def test_stock_and_found_share_agree_with_the_published_series():
    for row in evidence.series("court_national").rows:
        if row["measure"] != "pending_year_end" or row["source"] != "S01":
            continue
        end = row["end"]
        if isinstance(end, date) and end >= date(2016, 9, 30):
            assert DEFAULTS["court.pending"].at(end).value == row["value"]
    (year,) = [r for r in evidence.series("credible_fear_totals").rows if r["period"] == "FY2018"]
    share = DEFAULTS["credible_fear.found_share"].at(date(2018, 9, 30)).value
    assert share == pytest.approx(year["found"] / (year["found"] + year["not_found"]), abs=0.0005)


# --- the files that ship -----------------------------------------------------------------------


def test_every_subject_has_its_file_and_no_file_is_empty():
    assert {name.split(".")[0] for name in DEFAULTS} == FILES
    assert len(FILES) >= 14
    assert len(DEFAULTS) >= 185


@pytest.mark.parametrize("parameter", DEFAULTS.values(), ids=DEFAULTS.keys())
def test_every_parameter_is_ranged_dated_and_either_sourced_or_assumed(parameter):
    assert parameter.values
    starts = [entry.start for entry in parameter.values]
    assert starts == sorted(set(starts))
    for entry in parameter.values:
        assert entry.low <= entry.value <= entry.high
        if parameter.assumed is None:
            assert entry.source in evidence.sources()
        else:
            assert entry.source is None
            assert entry.low < entry.high, "an assumed number is never certain"
    if parameter.unit.startswith("share"):
        assert all(0 <= entry.low <= entry.high <= 1 for entry in parameter.values)


def test_notes_and_reasons_cite_only_known_sources():
    shelf = evidence.sources()
    marks = re.compile(r"\b(?:S\d\d|[A-Z]{2,}\d{2,4}[a-z]?)\b")
    not_sources = {"FY", "FAMU", "IF"}
    for parameter in DEFAULTS.values():
        texts = [parameter.note, parameter.assumed or "", *(e.note for e in parameter.values)]
        for mark in marks.findall(" ".join(texts)):
            if not mark.startswith("FY") and mark not in not_sources:
                assert mark in shelf, (parameter.name, mark)


def test_what_no_source_gives_is_marked_as_assumed():
    assumed = {name for name, parameter in DEFAULTS.items() if parameter.assumed}
    assert {
        "port.list_no_show_share",
        "credible_fear.days_from_referral_to_interview",
        "credible_fear.officers_for_san_diego",
        "credible_fear.review_requested_share",
        "custody.days_to_bed",
        "prosecution.days_to_plea",
        "removal.executed_share",
        "removal.days_to_execution",
        "appeal.filed_share",
        "appeal.days",
        "surge.spring_2018.asylum_officers",
        "surge.spring_2018.government_attorneys",
        "cost.screening.asylum_officer",
        "cost.prosecution.improper_entry",
    } <= assumed


# --- dated look-up -----------------------------------------------------------------------------


def made(*values: tuple[date, float, float, float], assumed: str | None = None) -> Parameter:
    entries = tuple(Dated(day, value, low, high, "TRAC617", "") for day, value, low, high in values)
    return Parameter("court.example", "cases", "", assumed, entries)


def test_the_latest_entry_not_after_the_date_holds():
    parameter = made((date(2018, 1, 1), 1, 1, 1), (date(2018, 6, 1), 2, 2, 2))
    assert parameter.at(date(2017, 1, 1)).value == 1  # before the first: the first
    assert parameter.at(date(2018, 5, 31)).value == 1
    assert parameter.at(date(2018, 6, 1)).value == 2  # the day itself
    assert parameter.at(date(2030, 1, 1)).value == 2


# --- the law of a draw -------------------------------------------------------------------------

DAY = date(2018, 5, 1)


@pytest.mark.parametrize(
    ("value", "low", "high"), [(2, 0, 10), (0, 0, 10), (10, 0, 10), (5, 0, 10)]
)
def test_a_sourced_draw_is_triangular(value, low, high):
    parameter = made((DAY, value, low, high))
    count = 20_000
    drawn = [draw(parameter, DAY, (number + 0.5) / count) for number in range(count)]
    mean = (low + value + high) / 3
    variance = (low**2 + value**2 + high**2 - low * value - low * high - value * high) / 18
    assert sum(drawn) / count == pytest.approx(mean, abs=1e-3)
    assert sum((x - mean) ** 2 for x in drawn) / count == pytest.approx(variance, abs=1e-2)
    below_mode = sum(x < value for x in drawn) / count
    assert below_mode == pytest.approx((value - low) / (high - low), abs=1e-3)


def test_an_assumed_draw_is_uniform_and_ignores_its_middle():
    parameter = made((DAY, 2, 0, 10), assumed="no source")
    assert [draw(parameter, DAY, u) for u in (0, 0.25, 0.5, 1)] == [0, 2.5, 5, 10]


def test_a_fixed_value_is_always_itself():
    assert {draw(made((DAY, 7, 7, 7)), DAY, u) for u in (0, 0.3, 1)} == {7}


@given(
    ends=st.lists(st.floats(0, 1e9), min_size=3, max_size=3).map(sorted),
    uniforms=st.lists(st.floats(0, 1), min_size=2, max_size=2).map(sorted),
    assumed=st.sampled_from([None, "no source"]),
)
def test_a_draw_stays_in_its_range_and_grows_with_the_uniform(ends, uniforms, assumed):
    low, value, high = ends
    parameter = made((DAY, value, low, high), assumed=assumed)
    first, second = (draw(parameter, DAY, uniform) for uniform in uniforms)
    assert low <= first <= high
    assert low <= second <= high
    assert first <= second + 1e-12 * max(high, 1.0)  # rounding of one subtraction


@pytest.mark.parametrize("uniform", [-0.1, 1.1, math.nan])
def test_a_draw_refuses_a_uniform_outside_its_interval(uniform):
    with pytest.raises(ValueError, match=r"expected a number in 0\.\.1"):
        draw(made((DAY, 2, 0, 10)), DAY, uniform)


# --- bad files ---------------------------------------------------------------------------------

GOOD = """
[pending]
unit = "cases"
[[pending.value]]
from = 2018-01-01
value = 5
low = 4
high = 6
source = "TRAC617"
[[pending.value]]
from = 2018-02-01
value = 7
low = 7
high = 7
source = "TRAC617"

[hearing.absent_share]
unit = "share of hearings"
assumed = "no source"
value = 0.2
low = 0.1
high = 0.3
"""


def load_text(folder: Path, text: str):
    (folder / "court.toml").write_text(text, encoding="utf-8")
    return parameters.load(folder)


def test_a_good_file_loads(tmp_path):
    loaded = load_text(tmp_path, GOOD)
    assert list(loaded) == ["court.pending", "court.hearing.absent_share"]
    assert loaded["court.pending"].at(date(2018, 1, 31)).value == 5
    assert loaded["court.hearing.absent_share"].values[0].start == date.min


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            'unit = "cases"',
            'unti = "cases"',
            'pending.unti: unknown key. Did you mean "unit"?',
        ),
        ('unit = "cases"\n', 'note = "x"\n', "pending.unit: missing."),
        ('unit = "cases"', "unit = 3", "pending.unit: 3 is not text."),
        ('unit = "cases"', 'unit = " "', "pending.unit: empty."),
        (
            'source = "TRAC617"',
            'sorce = "TRAC617"',
            'pending.value[1].sorce: unknown key. Did you mean "source"?',
        ),
        ("low = 4", "low = 5.5", "pending.value[1].low: 5.5 is above value 5."),
        ("high = 6", "high = 4.5", "pending.value[1].high: 4.5 is below value 5."),
        ("low = 4\n", "", "pending.value[1].low: missing."),
        ("low = 4", "low = nan", "pending.value[1].low: nan is not a finite number."),
        ("high = 6", "high = inf", "pending.value[1].high: inf is not a finite number."),
        ("low = 4", "low = true", "pending.value[1].low: True is not a number."),
        ("low = 4", 'low = "four"', "pending.value[1].low: 'four' is not a number."),
        (
            "low = 4",
            "low = -4",
            'pending.value[1].low: -4 is negative; only a unit ending ", signed" may be.',
        ),
        (
            "high = 0.3",
            "high = 1.3",
            "hearing.absent_share.high: 1.3 is outside 0..1, and the unit is a share.",
        ),
        (
            "from = 2018-02-01",
            "from = 2017-02-01",
            "pending.value[2].from: 2017-02-01 is not after 2018-01-01; "
            "entries go in order of date.",
        ),
        (
            "from = 2018-02-01",
            'from = "2018-02-01"',
            "pending.value[2].from: '2018-02-01' is not a date such as 2018-05-04.",
        ),
        ("from = 2018-02-01\n", "", "pending.value[2].from: missing."),
        (
            'source = "TRAC617"',
            'source = "TRAC61"',
            'pending.value[1].source: unknown source "TRAC61". Did you mean "TRAC617"?',
        ),
        (
            'high = 6\nsource = "TRAC617"',
            "high = 6",
            'pending.value[1].source: missing; a value without a source needs assumed = "why".',
        ),
        (
            'assumed = "no source"\n',
            "",
            'hearing.absent_share.source: missing; a value without a source needs assumed = "why".',
        ),
        (
            "high = 0.3",
            'high = 0.3\nsource = "TRAC617"',
            "hearing.absent_share.source: an assumed parameter has no source; drop one of the two.",
        ),
        (
            'assumed = "no source"',
            'assumed = ""',
            "hearing.absent_share.assumed: empty: say why the range was chosen.",
        ),
        ("[pending]\n", "judges = 5\n[pending]\n", "judges: expected a table with a unit."),
    ],
)
def test_a_bad_file_is_one_clear_line(tmp_path, old, new, message):
    assert old in GOOD
    with pytest.raises(ParameterError) as caught:
        load_text(tmp_path, GOOD.replace(old, new, 1))
    assert str(caught.value) == f"court.toml: {message}"
    assert isinstance(caught.value, ValueError)


def test_a_file_that_is_not_toml_and_an_empty_folder_say_so(tmp_path):
    with pytest.raises(ParameterError, match=r"no parameter file \(\*\.toml\) in this folder"):
        parameters.load(tmp_path)
    with pytest.raises(ParameterError, match=r"^court\.toml: not valid TOML: .*line 1"):
        load_text(tmp_path, "pending = = 3")


def test_an_unknown_parameter_is_answered_with_the_closest_one():
    with pytest.raises(ParameterError) as caught:
        parameters.find(DEFAULTS, "court.pendin")
    assert str(caught.value) == 'unknown parameter "court.pendin". Did you mean "court.pending"?'


def test_a_signed_unit_may_be_negative(tmp_path):
    text = GOOD.replace('unit = "cases"', 'unit = "cases, signed"').replace("low = 4", "low = -4")
    assert load_text(tmp_path, text)["court.pending"].values[0].low == -4


def test_loading_imports_nothing_heavy():
    code = (
        "import sys; from asylumatlas import parameters; parameters.load();"
        "print([m for m in ('numpy', 'numba', 'scipy', 'pyarrow', 'duckdb') if m in sys.modules])"
    )
    source = str(Path(parameters.__file__).parents[2])
    ran = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        env={"PYTHONPATH": source},
    )
    assert ran.stdout.strip() == "[]"
