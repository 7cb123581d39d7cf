"""Facts: what can be counted in a log, worked out once and kept beside it.

A row of a log cannot be counted by "represented at the decision" or "days since charging": that
takes the whole history of the case. Facts are tables in which one row is one thing that can be
counted, with everything a question may group or filter by already on the row. `prepare` makes them
in one pass; every statistic is then a filter, a group and a count on one table, on any engine.
"""

from asylumatlas.stats.facts.columns import TABLES, FactColumn, arrow_schema
from asylumatlas.stats.facts.preparation import prepare
from asylumatlas.stats.facts.storage import Facts

__all__ = ["TABLES", "FactColumn", "Facts", "arrow_schema", "prepare"]
