"""Memory that the allocators keep for later goes back to the system between two tables.

Each table is read with buffers of other sizes by threads of its own; without this an import of many
tables holds some hundred megabytes that nothing uses.
"""

from __future__ import annotations

import ctypes
from contextlib import suppress


def give_back() -> None:
    """Return what is free to the system, where the system's own library can."""
    import pyarrow as pa

    pa.default_memory_pool().release_unused()
    with suppress(OSError, AttributeError, TypeError):  # only the GNU library has it
        ctypes.CDLL(None).malloc_trim(0)
