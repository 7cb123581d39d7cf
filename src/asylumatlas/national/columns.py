"""Names of the national court model and the columns they stand in: one place for all of it.

Every name is a parameter of ``parameters/national.toml`` without its prefix ``national.``.
"""

__all__ = ["DRIVERS", "OPTIONAL", "OUTPUTS", "STATIC", "STOCKS", "YEARLY"]

STATIC = (
    "master_judge_days",
    "individual_judge_days",
    "master_time_share",
    "detained_share",
    "master_absent_share",
    "master_closed_share",
    "master_closed_share_detained",
    "master_set_share",
    "master_set_share_detained",
    "individual_continued_share",
    "individual_continued_share_detained",
    "first_delay_days",
    "first_delay_days_detained",
    "master_delay_days",
    "master_delay_days_detained",
    "individual_delay_days",
    "individual_delay_days_detained",
    "release_days",
    "stock_master_share",
    "stock_detained_share",
)
"""Constant over time: one number for each draw."""

YEARLY = ("judges", "receipts", "reopened", "administratively_closed", "productivity")
"""Dated: one number for each fiscal year (or month), and perhaps each draw."""

DRIVERS = (
    "receipts",
    "reopened",
    "administratively_closed",
    "administratively_closed_share",
    "detained_ratio",
)
"""What drives a month besides judge time.

``administratively_closed_share`` is of masters of the released; ``detained_ratio`` is the year's
detained share over the static one.
"""

OPTIONAL = {
    "administratively_closed": 0.0,
    "administratively_closed_share": 0.0,
    "detained_ratio": 1.0,
    "stock_age_days": 430.0,
}
"""Values that may be left out, and what then holds; the age is TRAC's mean at the end of FY2009."""

OUTPUTS = (
    "pending",
    "pending_detained",
    "receipts",
    "reopened",
    "administratively_closed",
    "completions",
    "completions_detained",
    "in_absentia",
    "masters",
    "masters_released",
    "individuals",
    "individuals_released",
    "released",
    "master_line",
    "individual_line",
    "judge_days",
    "judge_days_used",
    "age_days",
    "case_days_completed",
)
"""Columns of a flow. Those of `STOCKS` stand at the month's end; the rest are flows of a month.

``released`` counts people let out of custody with their case open, ``age_days`` is the mean age of
pending cases, ``case_days_completed`` the days from filing to completion, summed over completions.
"""

STOCKS = ("pending", "pending_detained", "master_line", "individual_line", "age_days")
