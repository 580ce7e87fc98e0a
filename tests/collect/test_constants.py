"""What a stack file decides of alerts, as series."""

import json

import pytest

from basalt.collect import rules as alerting
from basalt.collect.constants import rules
from basalt.plan import plan, survey
from basalt.topology.problem import StackError
from tests.stacks import DATABASE, raw, topology

SHOP = raw(DATABASE, services__redis={}, services__pgbouncer={}, services__monitoring={}, services__app={})


def test_each_promise_is_one_constant_series() -> None:
    found = json.loads(rules(survey(topology(SHOP, services__app={"slo": {"availability": 99.95}}))))
    (group,) = found["groups"]
    told = {rule["labels"]["slo"]: (rule["expr"], rule["labels"]["service"]) for rule in group["rules"]}
    assert told == {"availability": ("vector(0.9995)", "app"), "latency": ("vector(0.95)", "app")}


def test_the_limit_of_an_alert_is_one_constant_series() -> None:
    stack = raw(DATABASE, services__backup={"incremental": "*/10 * * * *", "late": "5m"})
    (group,) = json.loads(rules(survey(topology(stack))))["groups"]
    assert {"record": "stack:alert:threshold", "expr": "vector(900)", "labels": {"alert": "BackupTooOld"}} in group[
        "rules"
    ]


def test_only_an_alert_of_its_service_is_given_a_limit() -> None:
    site = survey(topology(raw(DATABASE, services__backup={})))
    decided = {(i.service, t.alert) for i in site.instances for t in i.workload.thresholds}
    assert decided
    assert decided <= {(service, alert) for service in site.topology.services for alert in alerting.names([service])}


def test_prometheus_reads_them_where_there_are_any() -> None:
    def read(stack: dict[str, object]) -> bool:
        files = [f for p in plan(topology(stack)).planned if p.instance.name == "prometheus-1" for f in p.files]
        named = "rules/constants.yml" in next(f.text for f in files if f.path == "prometheus.yml")
        assert named == any(f.path == "rules/constants.yml" for f in files)
        return named

    assert read(SHOP)
    assert not read(raw(DATABASE, services__monitoring={}))


@pytest.mark.parametrize("promise", [100, 12])
def test_what_leaves_no_budget_or_promises_nothing_is_refused(promise: float) -> None:
    with pytest.raises(StackError, match=r"services\.app\.slo\.availability"):
        topology(SHOP, services__app={"slo": {"availability": promise}})
