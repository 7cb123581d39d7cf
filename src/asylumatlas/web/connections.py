"""Connections that do not wait for ever: a request comes whole and soon, or its connection goes.

Without this a few hundred connections that never finish their first line would keep all readers
out, before any token is asked for. Only imported where a server starts.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import Any

from uvicorn.protocols.http.h11_impl import H11Protocol

PATIENCE = 20.0  # seconds in which a request must have come, its body too
MOST_OF_ONE = 200  # connections of one address; a browser opens six

_open: Counter[str] = Counter()


class Connection(H11Protocol):
    """One connection."""

    _late: asyncio.TimerHandle | None = None
    _address: str | None = None

    def connection_made(self, transport: Any) -> None:
        """Begin to wait for the first request, unless this address has too many connections."""
        super().connection_made(transport)
        peer = transport.get_extra_info("peername")
        self._address = str(peer[0]) if peer else ""
        _open[self._address] += 1
        if _open[self._address] > MOST_OF_ONE:
            transport.abort()
            return
        self._watch()

    def data_received(self, data: bytes) -> None:
        """Take what has come."""
        super().data_received(data)
        self._watch()

    def on_response_complete(self) -> None:
        """Wait for the next request."""
        super().on_response_complete()
        self._watch()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the connection."""
        self._stop()
        if self._address is not None:
            _open[self._address] -= 1
            if not _open[self._address]:
                del _open[self._address]
            self._address = None
        super().connection_lost(exc)

    def _watch(self) -> None:
        """Let the time run until a whole request is there."""
        cycle = self.cycle
        if cycle is not None and not cycle.response_complete and not cycle.more_body:
            self._stop()
        elif self._late is None and not self.transport.is_closing():
            self._late = self.loop.call_later(PATIENCE, self.transport.close)

    def _stop(self) -> None:
        if self._late is not None:
            self._late.cancel()
            self._late = None
