"""The exporter of containers: whom it knows, and what it may see."""

import json
from typing import Any

import yaml

from basalt.plan import Plan, plan
from tests.stacks import THREE_HOSTS, raw, topology

WATCHED = raw(THREE_HOSTS, services__containers={}, services__monitoring={})


def known(made: Plan, host: str) -> dict[str, dict[str, str]]:
    """What the exporter of a host reads."""
    (planned,) = (
        planned
        for planned in made.planned
        if planned.instance.workload.name == "containers-exporter" and planned.instance.host == host
    )
    (file,) = planned.files
    found: dict[str, dict[str, str]] = json.loads(file.text)
    return found


def test_every_host_has_one() -> None:
    assert [i.host for i in plan(topology(WATCHED)).site.of("containers-exporter")] == ["data-1", "data-2", "data-3"]


def test_it_knows_the_containers_of_its_own_host_by_their_addresses() -> None:
    made = plan(topology(WATCHED))
    (etcd,) = (i for i in made.site.of("etcd") if i.host == "data-2")
    assert known(made, "data-2")[etcd.address] == {"subject": etcd.name, "workload": "etcd", "service": "etcd"}
    here = {i.address for i in made.site.instances if i.host == "data-2"}
    assert known(made, "data-2").keys() == here


def test_one_container_more_is_no_new_exporter() -> None:
    made = plan(topology(WATCHED))
    (planned, *_) = (p for p in made.planned if p.instance.workload.name == "containers-exporter")
    assert planned.instance.workload.reload is not None
    assert all(file.reloads for file in planned.files)


def test_it_sees_the_host_without_any_right() -> None:
    workload = plan(topology(WATCHED)).site.of("containers-exporter")[0].workload
    assert workload.observes_host
    assert workload.capabilities == ()
    assert workload.volumes == ()


def test_what_it_tells_is_said_of_the_container() -> None:
    (prometheus,) = (p for p in plan(topology(WATCHED)).planned if p.instance.workload.name == "prometheus")
    told: dict[str, Any] = yaml.safe_load(next(f.text for f in prometheus.files if f.path == "prometheus.yml"))
    (job,) = (job for job in told["scrape_configs"] if "containers-exporter" in job["job_name"])
    assert job["metric_relabel_configs"][0] == {"action": "labelmap", "regex": "about_(.+)"}
    others = [job for job in told["scrape_configs"] if "containers-exporter" not in job["job_name"]]
    assert others
    assert all("metric_relabel_configs" not in job for job in others)
