"""Statistics with stated definitions, on records and on simulations alike.

`ask` puts a question of the catalogue to one log or several and returns a `Table` that says what
it counted, of what, by whose definition and how sure it is. Nothing here asks where a log came
from.

    statistics      the catalogue: every statistic with its definitions
    ask             one question, one table
    count           the counts behind it, which can be added over shards
    prepare         make what can be counted in a log ready, once

Example:
    >>> from asylumatlas import stats
    >>> stats.statistics()["asylum_denial_rate"].default
    'trac'
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from asylumatlas.stats.answer import ask
    from asylumatlas.stats.catalogue import Definition, Statistic, statistics
    from asylumatlas.stats.counting import count, prepare
    from asylumatlas.stats.counts import Connection, Counts, DuckDB, load_postgres
    from asylumatlas.stats.errors import StatsError
    from asylumatlas.stats.queries import DIALECTS
    from asylumatlas.stats.table import Column, Source, Table

__all__ = [
    "DIALECTS",
    "Column",
    "Connection",
    "Counts",
    "Definition",
    "DuckDB",
    "Source",
    "Statistic",
    "StatsError",
    "Table",
    "ask",
    "count",
    "load_postgres",
    "prepare",
    "statistics",
]

# Public name -> (module, name in it), looked up on first use: numpy and the catalogue stay unread.
_HOMES = {
    "DIALECTS": ("queries", "DIALECTS"),
    "Column": ("table", "Column"),
    "Connection": ("counts", "Connection"),
    "Counts": ("counts", "Counts"),
    "Definition": ("catalogue", "Definition"),
    "DuckDB": ("counts", "DuckDB"),
    "Source": ("table", "Source"),
    "Statistic": ("catalogue", "Statistic"),
    "StatsError": ("errors", "StatsError"),
    "Table": ("table", "Table"),
    "ask": ("answer", "ask"),
    "count": ("counting", "count"),
    "load_postgres": ("counts", "load_postgres"),
    "prepare": ("counting", "prepare"),
    "statistics": ("catalogue", "statistics"),
}


def __getattr__(name: str) -> object:
    """Import a public name when it is first asked for.

    Raises:
        AttributeError: the name is not public.
    """
    if name not in _HOMES:
        raise AttributeError(f"module 'asylumatlas.stats' has no attribute {name!r}")
    module, attribute = _HOMES[name]
    value: object = getattr(import_module(f"asylumatlas.stats.{module}"), attribute)
    globals()[name] = value
    return value
