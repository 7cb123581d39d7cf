"""The court records: a release read into a dataset, every row accounted for.

Each name below is looked up in its own module on first use, so that importing this room is cheap.

    import_release  read a release into a dataset
    open_dataset    open a dataset that an import made
    Dataset         its tables, ledger and event log
    diff            what a newer release added, removed and changed
    fetch           download the release as it is published
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from asylumatlas.records.changes.difference import diff
    from asylumatlas.records.dataset import Dataset, open_dataset
    from asylumatlas.records.fetching.download import fetch
    from asylumatlas.records.importing import import_release

__all__ = ["Dataset", "diff", "fetch", "import_release", "open_dataset"]

_HOMES = {
    "Dataset": "dataset",
    "diff": "changes.difference",
    "fetch": "fetching.download",
    "import_release": "importing",
    "open_dataset": "dataset",
}


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
