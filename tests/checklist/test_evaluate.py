"""A stack that is as planned passes; each fault is told by its own row, and by no other."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from basalt.checklist import metrics
from basalt.checklist.evaluate import evaluate
from basalt.checklist.facts import Door, Engine, Facts, Reply, State
from basalt.checklist.row import STACK, Row, Unasked, Verdict, exit_code, summary
from basalt.collect.checks import checks
from basalt.collect.samples import Sample
from basalt.plan import plan
from basalt.topology.load import load_stack
from tests.checklist.measured import HEADERS, NOW, as_planned, changed, engine_changed

ROOT = Path(__file__).parent.parent.parent
DEV, PROD = (as_planned(plan(load_stack(ROOT, stack))) for stack in ("dev", "prod-iad"))
LOCAL = DEV.engines["local"]
assert isinstance(LOCAL, Engine)
NO_ANSWER = Unasked("nobody answers")


def told(facts: Facts) -> dict[tuple[str, str], Row]:
    rows = evaluate(facts)
    found = {(row.service, row.id): row for row in rows}
    assert len(found) == len(rows), "two rows of a service have one id"
    return found


def bad(facts: Facts) -> dict[tuple[str, str], Verdict]:
    return {name: row.verdict for name, row in told(facts).items() if row.verdict is not Verdict.OK}


#: One host and one zone: what dev tolerates.
TOLERATED = {(STACK, "zones"): Verdict.WARN, (STACK, "backups-apart"): Verdict.WARN}


def test_production_as_planned_passes() -> None:
    assert bad(PROD) == {}
    assert exit_code(evaluate(PROD)) == 0


def test_dev_is_warned_of_its_one_zone_and_passes() -> None:
    assert bad(DEV) == TOLERATED
    assert exit_code(evaluate(DEV)) == 0


def test_every_service_has_rows_of_its_own() -> None:
    found = {row.service for row in evaluate(DEV)}
    assert found == {STACK, *DEV.plan.topology.services}


def sampled(query: str, *samples: tuple[dict[str, str], float]) -> Facts:
    assert isinstance(DEV.samples, dict)
    assert query in DEV.samples
    return replace(DEV, samples={**DEV.samples, query: [Sample(labels, value) for labels, value in samples]})


def state(**values: Any) -> Facts:
    assert isinstance(DEV.state, State)
    return replace(DEV, state=replace(DEV.state, **values))


def door(scheme: str, **values: Any) -> Facts:
    found = tuple(replace(one, **values) if one.scheme == scheme else one for one in DEV.doors)
    return replace(DEV, doors=found)


def headers(**values: str | None) -> Facts:
    """The edge's answer with other headers."""
    given = {**HEADERS, **{name.replace("_", "-"): value for name, value in values.items()}}
    kept = {name: value for name, value in given.items() if value is not None}
    return door("https", replies=(Reply("/healthz", 200, kept, "TLSv1.3"),))


def check(service: str, name: str) -> str:
    """The query of a service's check."""
    return next(check.query for check in checks(service) if check.id == name)


def container(path: str, value: object, instance: str = "redis-2") -> Facts:
    return changed(DEV, instance, path, value)


STRANGER = {**LOCAL.containers, "dev-intruder": {}}
WITHOUT = {name: told for name, told in LOCAL.containers.items() if name != "dev-redis-2"}
ENDS = {name: end for name, end in LOCAL.ends.items() if name != "dev-redis-2"}
STOPPED = {"Status": "exited", "Running": False, "ExitCode": 137}
RULE = {"name": "Broken", "health": "err", "lastError": "many-to-many", "annotations": {"runbook": "https://x/y"}}

FAULTS: dict[str, tuple[Facts, str, str, str]] = {
    "stopped": (container("State", STOPPED), "redis", "running", "redis-2: exited"),
    "unhealthy": (container("State__Health__Status", "unhealthy"), "redis", "running", "redis-2: unhealthy"),
    "missing": (engine_changed(DEV, "local", containers=WITHOUT, ends=ENDS), "redis", "running", "redis-2: missing"),
    "a task that failed": (
        changed(DEV, "migrate-1", "State__ExitCode", 1),
        "app",
        "running",
        "migrate-1: exited, and should have ended well",
    ),
    "root": (container("Config__User", ""), STACK, "user", "redis-2: user root, planned 10001:10001"),
    "writable": (container("HostConfig__ReadonlyRootfs", value=False), STACK, "root", "redis-2: its root file system"),
    "a capability": (container("HostConfig__CapAdd", ["CAP_NET_RAW"]), STACK, "rights", "capability NET_RAW"),
    "all capabilities": (container("HostConfig__CapDrop", None), STACK, "rights", "keeps the engine's default"),
    "privileged": (container("HostConfig__Privileged", value=True), STACK, "rights", "redis-2: privileged"),
    "setuid": (container("HostConfig__SecurityOpt", None), STACK, "rights", "may gain new privileges"),
    "no memory limit": (container("HostConfig__Memory", 0), STACK, "limits", "redis-2: unlimited MiB"),
    "no cpu limit": (container("HostConfig__NanoCpus", 0), STACK, "limits", "unlimited cores"),
    "no restart": (container("HostConfig__RestartPolicy__Name", "no"), STACK, "restart", "policy no, planned always"),
    "endless log": (container("HostConfig__LogConfig__Config", {}), STACK, "logs", "redis-2: log by json-file"),
    "an open port": (
        container("HostConfig__PortBindings", {"6379/tcp": [{"HostIp": "192.0.2.1", "HostPort": "6379"}]}),
        STACK,
        "ports",
        "redis-2: listens on 192.0.2.1:6379, which is not planned",
    ),
    "the engine's socket": (
        container("Mounts", [{"Source": "/var/run/docker.sock", "Destination": "/docker.sock", "RW": True}]),
        STACK,
        "mounts",
        "mounts /var/run/docker.sock at /docker.sock, which is not planned",
    ),
    "another network": (
        container("NetworkSettings__Networks", {"dev": {}, "bridge": {}}),
        STACK,
        "network",
        "redis-2: network bridge, which is not planned",
    ),
    "the host's network": (
        container("HostConfig__NetworkMode", "host"),
        STACK,
        "network",
        "shares the network of host",
    ),
    "a password": (container("Config__Env", ["REDIS_PASSWORD=abc"]), STACK, "clear-secrets", "variable REDIS_PASSWORD"),
    "a password in a URL": (
        container("Config__Env", ["TARGET=redis://u:abc@redis"]),
        STACK,
        "clear-secrets",
        "variable TARGET",
    ),
    "a password in an argument": (
        container("Config__Cmd", ["redis", "--password=abc"]),
        STACK,
        "clear-secrets",
        "argument 1",
    ),
    "an old image": (container("Config__Image", "basalt/redis:0"), STACK, "images", "runs basalt/redis:0, planned"),
    "an image built anew": (container("Image", "sha256:0"), STACK, "images", "is another image now"),
    "a stranger": (
        engine_changed(DEV, "local", containers=STRANGER),
        STACK,
        "strangers",
        "dev-intruder: not planned on local",
    ),
    "a small host": (engine_changed(DEV, "local", memory=4096), STACK, "capacity", "local: 4096 MiB, declared 8192"),
    "a certificate that ends": (
        engine_changed(DEV, "local", ends={**LOCAL.ends, "dev-etcd-1": NOW + timedelta(days=2)}),
        "etcd",
        "certificates",
        "etcd-1 2 days, the first of 3",
    ),
    "a target that is gone": (
        sampled(metrics.UP, *(({"instance": i.name}, float(i.name != "etcd-2")) for _, i in DEV.plan.site.scrapes())),
        "etcd",
        "targets",
        "etcd-2: cannot be scraped",
    ),
    "lag": (
        sampled(check("postgres", "lag"), *(({"subject": f"postgres-{n}"}, 40.0 * (n == 2)) for n in (1, 2, 3))),
        "postgres",
        "lag",
        "postgres-2 40.0 s",
    ),
    "two primaries": (sampled(check("postgres", "primary"), ({}, 2)), "postgres", "primary", "2"),
    "a critical alert": (
        sampled(metrics.FIRING, ({"alertname": "EtcdNoLeader", "severity": "critical"}, 1)),
        STACK,
        "alerts",
        "critical EtcdNoLeader",
    ),
    "a rule that fails": (replace(DEV, rules=[RULE]), STACK, "rules", "Broken: many-to-many"),
    "a route that fails": (
        door("https", replies=(Reply("/", 502, HEADERS, "TLSv1.3"),)),
        "nginx",
        "routes",
        "nginx-1 /: answers 502",
    ),
    "no header": (headers(x_frame_options=None), "nginx", "headers", "without x-frame-options"),
    "no rate limit": (headers(x_ratelimit_reset=None), "nginx", "rate-limits", "without x-ratelimit-reset"),
    "an old TLS": (door("https", old="TLSv1.1"), "nginx", "tls", "nginx-1.https: agrees to TLSv1.1"),
    "plain HTTP": (door("http", replies=(Reply("/", 200, {}),)), "nginx", "redirect", "without a redirect to https"),
    "a container that Pulumi does not know": (state(ids=frozenset()), STACK, "state", "is not in the state"),
    "an interrupted run": (state(pending=("urn:x",)), STACK, "state", "urn:x: was not finished"),
    "a passphrase for all": (state(readable=True), STACK, "passphrase", "passphrase can be read by others"),
    "a secret in clear": (replace(DEV, clear=("mail",)), STACK, "encrypted", "mail in clear"),
    "drift": (replace(DEV, drift="1 to update"), STACK, "drift", "1 to update"),
}


@pytest.mark.parametrize("name", FAULTS)
def test_each_fault_fails_its_row_and_no_other(name: str) -> None:
    facts, service, row, measured = FAULTS[name]
    found = bad(facts)
    if name == "missing":
        del found["redis", "certificates"]  # a container that is not there cannot be asked
    assert found == {**TOLERATED, (service, row): Verdict.FAIL}
    assert measured in told(facts)[service, row].measured
    assert exit_code(evaluate(facts)) == 2


WARNINGS: dict[str, tuple[Facts, tuple[str, str], str]] = {
    "a crash": (container("RestartCount", 2), (STACK, "restarts"), "redis-2: restarts: 2"),
    "killed for memory": (container("State__OOMKilled", value=True), (STACK, "restarts"), "redis-2: killed for memory"),
    "a warning fires": (
        sampled(metrics.FIRING, ({"alertname": "NodeDiskLow", "severity": "warning"}, 1)),
        (STACK, "alerts"),
        "warning NodeDiskLow",
    ),
    "a check that never fails": (
        sampled(check("app", "dead-letters"), ({"queue": "images"}, 3)),
        ("app", "dead-letters"),
        "images 3",
    ),
    "nobody is told": (
        sampled(check("alertmanager", "receivers"), ({"subject": "alertmanager-1"}, 0)),
        ("alertmanager", "receivers"),
        "alertmanager-1 0",
    ),
    "a certificate that ends in a week": (
        engine_changed(DEV, "local", ends={**LOCAL.ends, "dev-etcd-1": NOW + timedelta(days=9)}),
        ("etcd", "certificates"),
        "etcd-1 9 days",
    ),
}


@pytest.mark.parametrize("name", WARNINGS)
def test_what_is_no_failure_in_dev_is_a_warning(name: str) -> None:
    facts, row, measured = WARNINGS[name]
    assert bad(facts) == {**TOLERATED, row: Verdict.WARN}
    assert measured in told(facts)[row].measured
    assert exit_code(evaluate(facts)) == 0


def test_every_generic_row_is_seen_when_it_is_not_ok() -> None:
    own = {(name, check.id) for name in DEV.plan.topology.services for check in checks(name)}
    generic = {row.id for row in evaluate(replace(DEV, drift="")) if (row.service, row.id) not in own}
    seen = {row for _, _, row, _ in FAULTS.values()} | {row for _, (_, row), _ in WARNINGS.values()}
    below = {"engines", "runbooks", "away"}  # by tests of their own
    assert generic <= seen | below | {row for _, row in TOLERATED}


def test_production_may_not_have_what_dev_may() -> None:
    assert isinstance(PROD.samples, dict)
    query = check("alertmanager", "receivers")
    nobody = replace(PROD, samples={**PROD.samples, query: [Sample({"subject": "alertmanager-1"}, 0)]})
    assert bad(nobody) == {("alertmanager", "receivers"): Verdict.FAIL}
    relative = [{"name": "A", "health": "ok", "annotations": {"runbook": "basalt/services/x/runbook.md#a"}}]
    assert bad(replace(PROD, rules=relative)) == {(STACK, "runbooks"): Verdict.FAIL}
    assert isinstance(PROD.state, State)
    here = replace(PROD, state=replace(PROD.state, place="file:///work/state"))
    assert bad(here) == {(STACK, "away"): Verdict.WARN}
    forgotten = {"strict-transport-security": "max-age=0"}
    doors = tuple(_with_headers(door, forgotten) for door in PROD.doors)
    assert bad(replace(PROD, doors=doors)) == {("nginx", "headers"): Verdict.FAIL}


def _with_headers(door: Door, more: dict[str, str]) -> Door:
    assert isinstance(door.replies, tuple)
    replies = tuple(replace(reply, headers={**reply.headers, **more}) for reply in door.replies)
    return replace(door, replies=replies) if door.scheme == "https" else door


def test_a_zone_that_holds_the_quorum_fails_production() -> None:
    found = told(changed(PROD, "etcd-2", "State", STOPPED))[STACK, "zones"]
    assert found.verdict is Verdict.FAIL
    assert "etcd: 1 of 3 in zone a" in found.measured


def test_an_engine_that_is_down_fails_and_hides_no_other() -> None:
    facts = replace(PROD, engines={**PROD.engines, "edge-2": NO_ANSWER})
    found = bad(facts)
    assert found[STACK, "engines"] is Verdict.FAIL
    assert found["nginx", "running"] is Verdict.UNKNOWN
    assert ("postgres", "running") not in found, "node is on every host, postgres is not on edge-2"
    both = changed(facts, "nginx-1", "State", STOPPED)
    assert bad(both)["nginx", "running"] is Verdict.FAIL, "what fails is told before what is unknown"


def test_what_cannot_be_asked_is_unknown_and_not_ok() -> None:
    silent = replace(DEV, samples=NO_ANSWER, rules=NO_ANSWER, state=NO_ANSWER, clear=NO_ANSWER, drift=NO_ANSWER)
    hidden = tuple(replace(one, replies=NO_ANSWER, old=NO_ANSWER) for one in DEV.doors)
    found = bad(replace(silent, doors=hidden))
    unknown = {name for name, verdict in found.items() if verdict is Verdict.UNKNOWN}
    asked = {(service, check.id) for service in DEV.plan.topology.services for check in checks(service)}
    assert asked <= unknown
    generic = ("targets", "alerts", "rules", "runbooks", "state", "passphrase", "away", "encrypted", "drift")
    edge = ("routes", "headers", "rate-limits", "tls", "redirect")
    assert {row for _, row in unknown - asked} == {*generic, *edge}
    assert exit_code(evaluate(silent)) == 1


@pytest.mark.parametrize("value", [None, float("nan")])
def test_a_member_without_a_sample_is_unknown(value: float | None) -> None:
    samples = [({"subject": f"postgres-{n}"}, 1.0) for n in (1, 3)]
    samples += [({"subject": "postgres-2"}, value)] if value is not None else []
    found = told(sampled(check("postgres", "members"), *samples))["postgres", "members"]
    assert (found.verdict, found.measured) == (Verdict.UNKNOWN, "no data of postgres-2")


def test_nothing_is_asked_of_what_the_stack_does_not_have() -> None:
    topology = PROD.plan.topology
    bounded = topology.model_copy(update={"promise": topology.promise.model_copy(update={"loss": "bounded"})})
    found = told(as_planned(plan(bounded)))
    assert ("postgres", "synchronous") in told(PROD)
    assert ("postgres", "synchronous") not in found


def test_a_fault_of_many_is_told_once() -> None:
    facts = DEV
    for number in (1, 2, 3):
        for name in ("etcd", "redis", "postgres"):
            facts = changed(facts, f"{name}-{number}", "HostConfig__ReadonlyRootfs", value=False)
    measured = told(facts)[STACK, "root"].measured
    assert measured == (
        "etcd-1, etcd-2, etcd-3, postgres-1, postgres-2, postgres-3 and 3 more: its root file system can be written"
    )


def test_the_summary_counts_each_verdict() -> None:
    assert list(summary(evaluate(DEV))) == [f"{len(evaluate(DEV)) - 2} ok", "2 warn"]


def test_every_row_leads_to_a_document() -> None:
    for row in {*evaluate(DEV), *evaluate(replace(PROD, drift=""))}:
        path, _, heading = row.see.partition("#")
        text = (ROOT / path).read_text()
        titles = {line.lstrip("# ").lower().replace(" ", "-") for line in text.splitlines() if line.startswith("#")}
        assert not heading or heading in titles, row
        assert row.remedy, row
