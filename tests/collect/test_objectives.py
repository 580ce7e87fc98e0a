"""What services promise, as series."""

import json

import pytest

from basalt.collect.objectives import rules
from basalt.plan import plan, survey
from basalt.topology.problem import StackError
from tests.stacks import DATABASE, raw, topology

SHOP = raw(DATABASE, services__redis={}, services__pgbouncer={}, services__monitoring={}, services__app={})


def test_each_promise_is_one_constant_series() -> None:
    found = json.loads(rules(survey(topology(SHOP, services__app={"slo": {"availability": 99.95}}))))
    (group,) = found["groups"]
    told = {rule["labels"]["slo"]: (rule["expr"], rule["labels"]["service"]) for rule in group["rules"]}
    assert told == {"availability": ("vector(0.9995)", "app"), "latency": ("vector(0.95)", "app")}


def test_prometheus_reads_them_where_there_are_any() -> None:
    def read(stack: dict[str, object]) -> bool:
        files = [f for p in plan(topology(stack)).planned if p.instance.name == "prometheus-1" for f in p.files]
        named = "rules/objectives.yml" in next(f.text for f in files if f.path == "prometheus.yml")
        assert named == any(f.path == "rules/objectives.yml" for f in files)
        return named

    assert read(SHOP)
    assert not read(raw(DATABASE, services__monitoring={}))


@pytest.mark.parametrize("promise", [100, 12])
def test_what_leaves_no_budget_or_promises_nothing_is_refused(promise: float) -> None:
    with pytest.raises(StackError, match=r"services\.app\.slo\.availability"):
        topology(SHOP, services__app={"slo": {"availability": promise}})
