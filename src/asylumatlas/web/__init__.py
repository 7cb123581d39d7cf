"""The web app: ask, see, compare, take it home.

Server-rendered pages with small scripts over the same functions as the command line. Nothing here
asks whether a log is of records or of simulated people; what a log says of itself is printed.

    Settings    what a server is told: which logs, where its own folder is, who may come in
    make_app    the application, for any ASGI server
    serve       the application on a port of this machine, until it is stopped

Example:
    >>> from asylumatlas.web import Settings
    >>> Settings(home="/tmp/atlas").is_local
    True
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from asylumatlas.web.app import make_app
    from asylumatlas.web.server import serve
    from asylumatlas.web.settings import Settings, SettingsError

__all__ = ["Settings", "SettingsError", "make_app", "serve"]

_HOMES = {
    "Settings": "settings",
    "SettingsError": "settings",
    "make_app": "app",
    "serve": "server",
}


def __getattr__(name: str) -> object:
    """Import a public name when it is first asked for: the server's parts stay unread.

    Raises:
        AttributeError: the name is not public.
    """
    if name not in _HOMES:
        raise AttributeError(f"module 'asylumatlas.web' has no attribute {name!r}")
    value: object = getattr(import_module(f"asylumatlas.web.{_HOMES[name]}"), name)
    globals()[name] = value
    return value
