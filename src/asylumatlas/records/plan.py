"""Which tables an import reads, and in which order."""

from __future__ import annotations

from collections.abc import Iterable

from asylumatlas.records.registry import Table, tables
from asylumatlas.records.storage import DatasetError


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """The closest known word as a sentence to append, or nothing.

    Example:
        >>> did_you_mean("a_tblcsae", ["A_TblCase", "tblAppeal"])
        ' Did you mean "A_TblCase"?'
    """
    from difflib import get_close_matches

    folded = {name.casefold(): name for name in known}
    close = get_close_matches(word.casefold(), folded, n=1)
    return f' Did you mean "{folded[close[0]]}"?' if close else ""


def table_names(words: Iterable[str]) -> list[str]:
    """The main tables meant by these words, in the order of the registry.

    A lookup may be named too; lookups are read in any case.

    Raises:
        DatasetError: a word is none, with the closest one.

    Example:
        >>> table_names(["b_tblproceeding", "A_TblCase"])
        ['A_TblCase', 'B_TblProceeding']
    """
    known = {name.casefold(): name for name, table in tables().items() if table.kind == "main"}
    lookups = {name.casefold() for name, table in tables().items() if table.kind == "lookup"}
    chosen = set()
    for word in words:
        name = word.strip().casefold().removesuffix(".csv")
        if name in known:
            chosen.add(known[name])
        elif name not in lookups:
            hint = did_you_mean(name, known.values())
            raise DatasetError(f'"{word}" is no table of a release.{hint}')
    return [name for name in known.values() if name in chosen]


def reading_order(names: Iterable[str]) -> list[str]:
    """Main tables in the order of the registry, but each after those it refers to.

    Example:
        >>> reading_order(["tbl_schedule", "A_TblCase", "B_TblProceeding"])
        ['A_TblCase', 'B_TblProceeding', 'tbl_schedule']
    """
    wanted = set(names)
    order: dict[str, None] = {}

    def add(name: str, above: tuple[str, ...]) -> None:
        for parent in parents_of(tables()[name]):
            if parent in wanted and parent not in (*above, name):
                add(parent, (*above, name))
        order.setdefault(name)

    for name in tables():
        if name in wanted and tables()[name].kind == "main":
            add(name, ())
    return list(order)


def parents_of(table: Table) -> list[str]:
    """The other tables whose keys a table refers to, in the order of its columns.

    Example:
        >>> parents_of(tables()["tblAppeal2"])
        ['tblAppeal', 'A_TblCase', 'B_TblProceeding']
    """
    names = (column.refers for column in table.columns)
    return list(dict.fromkeys(name for name in names if name and name != table.name))
