"""What every page may reach: the settings, the logs, the answers kept, the runs asked for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

from starlette.requests import Request

from asylumatlas.web.answers import Answers
from asylumatlas.web.jobs.service import Jobs
from asylumatlas.web.settings import Settings
from asylumatlas.web.shelf import Shelf


@dataclass
class Site:
    """One running app.

    Attributes:
        settings: what it was told when it started.
        shelf: its logs.
        answers: what was asked of them last.
        jobs: the runs that readers asked for.
    """

    settings: Settings
    shelf: Shelf
    answers: Answers
    jobs: Jobs


def site(request: Request) -> Site:
    """Return the app that answers a request."""
    return cast(Site, request.app.state.site)
