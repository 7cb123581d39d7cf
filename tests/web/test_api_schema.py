"""The interface keeps what its document promises, whatever it is asked."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis.checks import positive_data_acceptance
from schemathesis.python import asgi

from asylumatlas.web import Settings, make_app
from asylumatlas.web.api.document import document
from asylumatlas.web.api.pages import OPERATIONS
from asylumatlas.web.settings import Limits

# No run begins, and nobody has to wait: what is tried here is the interface.
LIMITS = Limits(rate=1e6, burst=10**6, query=10**6, running=0, waiting=10**6, own=10**6)
LOCAL = "http://127.0.0.1"
# Whether a good question has an answer depends on the data: 422 is an answer there.
BY_DATA = {"ask_statistic", "check_scenario", "ask_job"}
QUIET = {"deadline": None, "derandomize": True, "database": None}

FEW = ["caravan-2018", "stock-flow"]


def written() -> dict[str, Any]:
    """The document without most scenarios and filters, which differ by their names alone."""
    found = document(OPERATIONS(), {"id": "0123456789abcdef"})
    for one in (one for methods in found["paths"].values() for one in methods.values()):
        filters = [each for each in one["parameters"] if each["name"].startswith("where.")]
        one["parameters"] = [each for each in one["parameters"] if each not in filters[3:]]
        for each in one["parameters"]:
            if set(FEW) < set(each["schema"].get("enum", ())):
                each["schema"]["enum"] = FEW
    for name in ("Variant", "Order"):
        found["components"]["schemas"][name]["properties"]["scenario"]["enum"] = [*FEW, None]
    return found


schema = schemathesis.openapi.from_dict(written())
schema.config.update(base_url=LOCAL)


@pytest.fixture(scope="module")
def app(web_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """An app whose runs never begin; its lifespan ends with the module."""
    home = tmp_path_factory.mktemp("api")
    (home / "demo").symlink_to(web_home / "demo")
    made = make_app(Settings(home=home, limits=LIMITS))
    shelf = made.app.state.site.shelf  # type: ignore[attr-defined]
    for name in shelf.names():
        shelf.prepare(name)
    yield made
    asgi.shutdown_lifespans()


@schema.parametrize()
@settings(max_examples=12, suppress_health_check=list(HealthCheck), **QUIET)
def test_operation(case: Any, app: Any) -> None:
    name = case.operation.definition.raw["operationId"]
    excluded = [positive_data_acceptance] if name in BY_DATA else []
    case.call_and_validate(app=app, base_url=LOCAL, excluded_checks=excluded)


def test_runs_asked_for_can_be_looked_at_and_taken_back(app: Any) -> None:
    """Operations in any order: what one answers is asked of the next."""
    chained = schemathesis.openapi.from_dict(schema.raw_schema)
    chained.config.update(base_url=LOCAL)
    accepting = chained.config.checks.positive_data_acceptance
    accepting.expected_statuses = [*accepting.expected_statuses, "422"]  # see BY_DATA

    class Machine(chained.as_state_machine()):  # type: ignore[misc]
        def get_call_kwargs(self, case: Any) -> dict[str, Any]:
            return {"app": app, "base_url": LOCAL}

    health = list(HealthCheck)
    quiet = settings(max_examples=10, stateful_step_count=6, suppress_health_check=health, **QUIET)
    Machine.run(settings=quiet)
    asked = app.app.state.site.jobs.all()
    assert asked  # the steps after one another did reach a run
    assert {"waiting", "cancelled"} >= {job.state for job in asked}
