"""Who does the work of a long command, as its words say: processes here, or a Dask scheduler."""

from __future__ import annotations

from typing import Any

from asylumatlas.cli import UsageError


def crew(workers: int | None, scheduler: str | None) -> dict[str, Any]:
    """Keywords of whatever does work in pieces: `workers` and `scheduler`.

    Args:
        workers: as given with --workers; `None` if it was not.
        scheduler: as given with --scheduler; `None` if it was not.

    Raises:
        UsageError: both are given, or the address is none.

    Example:
        >>> crew(None, "tcp://127.0.0.1:8786")
        {'workers': 1, 'scheduler': 'tcp://127.0.0.1:8786'}
    """
    if scheduler is not None:
        from asylumatlas.ensembles.addresses import is_address

        if workers is not None:
            raise UsageError(
                "--workers: the scheduler has its own workers; leave one of the two out"
            )
        if not is_address(scheduler):
            raise UsageError(
                f"--scheduler {scheduler}: is no address; write it as tcp://127.0.0.1:8786"
            )
    return {"workers": 1 if workers is None else workers, "scheduler": scheduler}
