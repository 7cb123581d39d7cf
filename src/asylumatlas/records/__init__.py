"""The court records: a release read into a dataset, every row accounted for.

Each name below is looked up in its own module on first use, so that importing this room is cheap.

    import_release  read a release into a dataset
    open_dataset    open a dataset that an import made
    Dataset         its tables, ledger and event log
    diff            what a newer release added, removed and changed
    fetch           download the release as it is published
"""

import sys
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from asylumatlas.records.dataset import Dataset, open_dataset
    from asylumatlas.records.diff import diff
    from asylumatlas.records.fetch import fetch
    from asylumatlas.records.importing import import_release

__all__ = ["Dataset", "diff", "fetch", "import_release", "open_dataset"]

_HOMES = {
    "Dataset": "dataset",
    "diff": "diff",
    "fetch": "fetch",
    "import_release": "importing",
    "open_dataset": "dataset",
}


class _Room(ModuleType):
    """This room, in which `diff` and `fetch` are functions, whoever imported their modules first.

    Python names an imported module in its package; here the function in it has that name.
    """

    def __setattr__(self, name: str, value: object) -> None:
        if name in _HOMES and isinstance(value, ModuleType):
            value = getattr(value, name, value)
        super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Room


def __getattr__(name: str) -> object:
    """Import a public name when it is first asked for.

    Raises:
        AttributeError: the name is not public.
    """
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value: object = getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """List the public names before they are imported."""
    return sorted(__all__)
