"""Addresses of Dask schedulers."""

from __future__ import annotations

import re

ADDRESS = re.compile(
    r"(?:(?:tcp|tls)://)?(?P<host>[^\s:/]+|\[[^\]]+\]):(?P<port>\d{1,5})/?", re.ASCII
)
LAST_PORT = 65535


def host_and_port(text: str) -> tuple[str, int] | None:
    """Host and port of an address; `None` where the text is no address.

    Example:
        >>> host_and_port("tcp://[::1]:8786"), host_and_port("tcp://"), host_and_port("here:99999")
        (('::1', 8786), None, None)
    """
    found = ADDRESS.fullmatch(text)
    if found is None or not 0 < int(found["port"]) <= LAST_PORT:
        return None
    return found["host"].strip("[]"), int(found["port"])


def is_address(text: str) -> bool:
    """Whether a text can be the address of a scheduler, such as "tcp://127.0.0.1:8786"."""
    return host_and_port(text) is not None
