"""The page of policies: what changed comes first, luck is told apart, every year is there."""

import re
from datetime import date

import numpy as np
import pytest

from asylumatlas.cli.policy_page import _signed, page
from asylumatlas.sim.areas import COUNTS, Line
from asylumatlas.sim.policies import Comparison, Policy

YEARS = (date(2018, 9, 30), date(2019, 9, 30))
LINES = tuple(Line("nation", name, *COUNTS[name]) for name in ("completions", "pending", "cost"))


def policy(name="us-some", dates=YEARS):
    base = np.full((4, len(LINES), len(dates)), 1e6)
    base[:, 2] = 2e9
    change = np.zeros_like(base)
    change[:, 0] = np.array([90_000.0, 110_000, 190_000, 210_000])[:, None]  # more than luck
    change[:, 1, -1] = [-900.0, 1100, 800, -1200]  # within luck
    return Policy(
        name=name, title=f"Title of {name}", question="What?", caveats=(),
        columns=tuple(f"FY{on.year}" for on in dates), dates=dates, lines=LINES, base=base,
        values=base + change, start=date(2017, 10, 1), base_start=date(2017, 10, 1),
    )  # fmt: skip


def told(*policies):
    text = page(Comparison("us-courts", policies, 4, 1, 0.05), "typed")
    return text[text.index("<main") : text.index("</main>")]


def test_what_changed_stands_before_how_it_is_read():
    headings = re.findall(r"<h2[^>]*>(.*?)</h2>", told(policy()))
    assert headings == [
        *("What changed", "Pictures", "Title of us-some", "How to read it", "The command"),
    ]


def test_the_first_table_has_a_line_for_each_policy_that_leads_to_its_own():
    text = told(policy("us-some"), policy("us-other"))
    first = re.search(r"<table.*?</table>", text, re.DOTALL)[0]
    assert re.findall(r'<a href="#(.*?)">(.*?)</a>', first) == [
        ("policy-us-some", "us-some"),
        ("policy-us-other", "us-other"),
    ]
    cells = re.findall(r"<td[^>]*>(.*?)</td>", first)
    assert cells == ["+150,000", "(-50)", "0"] * 2  # luck in brackets; what is the same as 0
    for name in re.findall(r'href="#(.*?)"', text):
        assert f'id="{name}"' in text


def test_every_fiscal_year_is_there_folded_away():
    folded = re.search(r"<details><summary>Every fiscal year.*?</details>", told(policy()))[0]
    assert re.findall(r'<th scope="col"[^>]*>(.*?)</th>', folded) == ["measure", "FY2018", "FY2019"]
    assert re.findall(r"<td[^>]*>(.*?)</td>", folded) == [
        *("+150,000", "+150,000", "0", "(-50)", "0", "0"),
    ]


def test_one_year_is_not_told_twice():
    assert "Every fiscal year" not in told(policy(dates=YEARS[-1:]))


@pytest.mark.parametrize(
    ("value", "said"),
    [(1.5e9, "+1,500,000,000"), (-123.4, "-123"), (0.000123, "+0.000123"), (-0.0, "0")],
)
def test_a_difference_is_never_a_power_of_ten(value, said):
    assert _signed(value) == said
