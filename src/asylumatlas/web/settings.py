"""What a server is told when it starts: its logs, its own folder, its address and its limits."""

from __future__ import annotations

import ipaddress
import os
import re
from dataclasses import dataclass, field
from pathlib import Path

LOCAL = "127.0.0.1"
PORT = 8000
SHORTEST_TOKEN = 16  # characters
NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,59}")  # of a log: it stands in links
KEPT_NAMES = re.compile(r"run-.*")  # of the results of runs asked for in the app


class SettingsError(ValueError):
    """A server that cannot be set up as told; one line with the remedy."""


@dataclass(frozen=True)
class Limits:
    """How much one reader, and all of them, may ask for.

    Attributes:
        rate: requests a second that one address may keep up.
        burst: requests that one address may make at once.
        query: characters of a link's query.
        body: bytes of what is sent.
        answers: answers kept in memory.
        running: runs at once.
        waiting: runs that wait.
        own: runs that wait or go on for one address.
        replications: of one run.
        seconds: that one run may take.
        disk: bytes of results kept; the oldest go first.
        ahead: whether large logs are asked what readers ask first before anybody does.
    """

    rate: float = 100.0
    burst: int = 2_000
    query: int = 2_000
    body: int = 300_000
    answers: int = 1_000
    running: int = 1
    waiting: int = 20
    own: int = 5
    replications: int = 200
    seconds: int = 1_800
    disk: int = 2_000_000_000
    ahead: bool = True


REMOTE = Limits(rate=10.0, burst=300, own=3)  # for addresses other than this machine's own


def default_home() -> Path:
    """Return the folder that the app keeps its own things in: jobs, results, demo logs.

    Example:
        >>> default_home().name
        'asylumatlas'
    """
    base = os.environ.get("XDG_DATA_HOME") or "~/.local/share"
    return Path(base).expanduser() / "asylumatlas"


@dataclass(frozen=True)
class Settings:
    """What a server is told when it starts.

    Attributes:
        logs: (name, folder) of the logs it shows; a name stands in links.
        home: its own folder; made when it starts, for this user only.
        host: the address it listens on.
        port: 0 for any free one.
        token: what a reader must bring along; ``None`` only on this machine's own address.
        demo: whether the built-in logs are shown.
        workers: threads that count.
        limits: what may be asked for; ``None`` for what fits the address.

    Raises:
        SettingsError: a name cannot stand in a link or is given twice; another address without a
            token, or with a short one.

    Example:
        >>> Settings(host="0.0.0.0")
        Traceback (most recent call last):
        asylumatlas.web.settings.SettingsError: --host 0.0.0.0: others can reach that address, so
        it needs a token. Add --token-file FILE, or leave --host out.
    """

    logs: tuple[tuple[str, Path], ...] = ()
    home: str | Path = field(default_factory=default_home)
    host: str = LOCAL
    port: int = PORT
    token: str | None = None
    demo: bool = True
    workers: int = 2
    limits: Limits | None = None

    def __post_init__(self) -> None:
        names = [name for name, _ in self.logs]
        for name in names:
            if not NAME.fullmatch(name) or KEPT_NAMES.fullmatch(name):
                raise SettingsError(
                    f'--log {name}: no name for a link. Use small letters, digits, "-" and "_", '
                    'and not "run-" at its start: --log records=DIR'
                )
            if names.count(name) > 1:
                raise SettingsError(f"--log {name}: given twice. Write --log OTHER=DIR.")
        if self.token is None and not self.is_local:
            raise SettingsError(
                f"--host {self.host}: others can reach that address, so it needs a token. "
                "Add --token-file FILE, or leave --host out."
            )
        if self.token is not None and len(self.token) < SHORTEST_TOKEN:
            raise SettingsError(
                f"--token: {len(self.token)} characters can be guessed. Use {SHORTEST_TOKEN} or "
                'more, for example what python3 -c "import secrets; print(secrets.token_hex())" '
                "prints."
            )
        if self.token is not None and not re.fullmatch(r"[!-~]+", self.token):
            raise SettingsError("--token: only letters, digits and signs of ASCII, without blanks.")
        if not 0 <= self.port <= 65_535:
            raise SettingsError(f"--port {self.port}: not a port. Use 0 to 65535; 0 takes any.")

    @property
    def is_local(self) -> bool:
        """Whether only programs on this machine can reach the address."""
        if self.host == "localhost":
            return True
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return False

    @property
    def folder(self) -> Path:
        """The app's own folder."""
        return Path(self.home).expanduser()

    @property
    def bounds(self) -> Limits:
        """The limits that hold."""
        return self.limits or (Limits() if self.is_local else REMOTE)
