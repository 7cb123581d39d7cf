"""The app on a port of this machine, until it is stopped."""

from __future__ import annotations

import logging
import socket
from collections.abc import Callable

from asylumatlas.web.app import make_app
from asylumatlas.web.settings import Settings, SettingsError


class PortError(ValueError):
    """The address cannot be listened on; one line with the remedy."""


def serve(settings: Settings, announce: Callable[[str], None] = print) -> None:
    """Answer readers until the program is stopped.

    Args:
        settings: which logs, which address, who may come in.
        announce: called with the app's address once it can be asked.

    Raises:
        PortError: another program has the port, or the address is not this machine's.
        SettingsError: a log cannot be opened.
        KeyboardInterrupt: Ctrl-C, after the last answers are sent and the runs are put aside.
    """
    import uvicorn

    from asylumatlas.web.connections import Connection

    logging.getLogger("asylumatlas.web").setLevel(logging.ERROR)
    app = make_app(settings)
    listening = _listen(settings)

    class Announced(uvicorn.Server):
        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            await super().startup(sockets)
            if self.started:
                announce(address_of(settings, listening))

    config = uvicorn.Config(
        app,
        log_config=None,
        log_level=logging.CRITICAL,  # faults are logged by the app, without what was asked
        access_log=False,
        server_header=False,
        proxy_headers=False,  # else a header could pose as another address
        http=Connection,
        ws="none",
        lifespan="on",
        limit_concurrency=500,
        timeout_keep_alive=5,
        timeout_graceful_shutdown=3,
    )
    server = Announced(config)
    try:
        server.run(sockets=[listening])
    finally:
        listening.close()
    if not server.started:
        raise SettingsError(f"--home {settings.folder}: the app did not start. See the line above.")


def address_of(settings: Settings, listening: socket.socket) -> str:
    """Return the address to open in a browser."""
    port = listening.getsockname()[1]
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    return f"http://{host}:{port}/"


def _listen(settings: Settings) -> socket.socket:
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            settings.host, settings.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
    except OSError as error:
        raise PortError(f"--host {settings.host}: no such address. Leave --host out.") from error
    listening = socket.socket(family, kind, protocol)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind(address)
        listening.listen(512)
    except OSError as error:
        listening.close()
        raise PortError(
            f"--port {settings.port}: {settings.host} cannot be listened on there "
            f"({error.strerror}). Stop the other program, or take any free port with --port 0."
        ) from error
    return listening
