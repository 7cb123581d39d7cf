"""What can be asked to be run: read strictly, named by what it says."""

import json
import re
import shlex
import string

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from asylumatlas.web.faults import WebError
from asylumatlas.web.jobs.orders import CLOSED, SEEDS, RunOrder

NAMED = {"scenario": "caravan-2018"}
VALUES = st.text(string.ascii_letters + string.digits + ".\"=; '", min_size=1, max_size=20)
ORDERS = st.builds(
    RunOrder,
    scenario=st.just("caravan-2018"),
    set=st.dictionaries(st.from_regex(r"[a-z][a-z_.]{0,20}", fullmatch=True), VALUES, max_size=4),
    replications=st.integers(1, 200),
    seed=st.integers(0, SEEDS - 1),
    base=st.sampled_from(["", "caravan-2018"]),
)


@given(ORDERS)
@settings(max_examples=60, deadline=None)
def test_an_order_is_stored_and_read_back_as_it_was(order: RunOrder) -> None:
    assert RunOrder.of(order.to_text()) == order
    words = shlex.split(order.command())
    assert words[:3] == ["asylumatlas", "run", "caravan-2018"]
    assert [f"--set={key}={value}" for key, value in order.set.items()] == words[5:]


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=6,
)
FIELDS = st.sampled_from([*RunOrder.__dataclass_fields__, "kind", "out", ""])


@given(st.dictionaries(FIELDS, ANYTHING, max_size=6))
@settings(max_examples=200, deadline=None)
def test_whatever_is_sent_is_an_order_or_one_line(what: dict[str, object]) -> None:
    told = None
    try:
        order = RunOrder.read(what, 200)
        assert 1 <= order.replications <= 200
        assert json.loads(order.to_text())["seed"] == order.seed
    except WebError as error:
        told = error
    if told is not None:
        assert told.status == 422
        assert len(str(told).splitlines()) == 1


@pytest.mark.parametrize(
    ("what", "said"),
    [
        ({}, "scenario: give the name"),
        (NAMED | {"toml": "x = 1"}, "one of the two"),
        (NAMED | {"replications": 0}, "replications: must be a whole number from 1 to 200"),
        (NAMED | {"replications": 201}, "from 1 to 200"),
        (NAMED | {"replications": 2.0}, "replications: must be a whole number"),
        (NAMED | {"replications": True}, "replications: must be a whole number"),
        (NAMED | {"replications": "²"}, "replications: must be a whole number"),
        (NAMED | {"seed": -1}, "seed: must be a whole number from 0"),
        (NAMED | {"seed": SEEDS}, "seed: must be a whole number from 0"),
        (NAMED | {"sed": 1}, 'Did you mean "seed"?'),
        (NAMED | {"scenario": 3}, "scenario: must be text"),
        (NAMED | {"set": {"a": 3}}, "set: each value must be text"),
        (NAMED | {"set": {"a": "x" * 500}}, "at most 400 characters"),
        *((NAMED | {"set": {key: "/etc/passwd"}}, f"set.{key}: cannot be set") for key in CLOSED),
        (NAMED | {"set": {"draws.table": "/etc/passwd"}}, "set.draws.table: cannot be set here"),
        (NAMED | {"set": {"groups.courts.table": "x"}}, "set.groups.courts.table: cannot be"),
        (NAMED | {"set": {" draws .table": "/etc/passwd"}}, "cannot be set here"),
        ({"toml": "a = 1", "name": "../x"}, "name: '../x' is no name"),
        ({"toml": "a = 1", "set": {"a": "2"}}, "set: change the text itself"),
        ({"toml": "x" * 300_000}, "toml: over 128,000 characters"),
    ],
)
def test_what_cannot_be_run_is_refused(what: dict[str, object], said: str) -> None:
    with pytest.raises(WebError, match=re.escape(said)):
        RunOrder.read(what, 200)


@pytest.mark.parametrize("name", ["caravan", "../caravan-2018", "/etc/passwd", "x.toml", "a" * 999])
def test_only_shipped_scenarios_are_named(name: str) -> None:
    with pytest.raises(WebError, match="scenario: there is no"):
        RunOrder.read({"scenario": name}, 200).load()


def test_what_is_compared_has_the_same_span_and_scale() -> None:
    settings = {"to": "2018-12-31", "scale": "0.5", "port.san_ysidro.holding_capacity": "400"}
    order = RunOrder.read(NAMED | {"set": settings, "seed": 5, "base": "caravan-2018"}, 200)
    base = order.for_base(order.load())
    assert base is not None
    assert (base.set, base.seed, base.base) == ({"to": "2018-12-31", "scale": "0.5"}, 5, "")
    model = base.load().model
    assert (model.to.isoformat(), model.scale) == ("2018-12-31", 0.5)


def test_the_number_is_of_what_is_run_and_not_of_how_it_was_asked() -> None:
    plain = RunOrder.read(NAMED, 200)
    other = RunOrder.read({"scenario": "caravan-2018", "seed": "1", "base": "stock-flow"}, 200)
    key = plain.key(plain.load())
    assert key == other.key(other.load())
    changed = [NAMED | {"seed": 2}, NAMED | {"replications": 19}]
    changed += [NAMED | {"set": {"port.san_ysidro.holding_capacity": "400"}}]
    keys = {key}
    for what in changed:
        order = RunOrder.read(what, 200)
        keys.add(order.key(order.load()))
    assert len(keys) == 4
