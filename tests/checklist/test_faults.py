"""Each fault is told by its own row, and by no other."""

from dataclasses import replace
from datetime import timedelta

import pytest

from basalt.checklist import metrics
from basalt.checklist.evaluate import evaluate
from basalt.checklist.facts import Facts, Reply
from basalt.checklist.row import STACK, Verdict, exit_code
from basalt.collect.checks import checks
from tests.checklist.cases import (
    DEV,
    ENDS,
    LOCAL,
    RULE,
    STOPPED,
    STRANGER,
    TOLERATED,
    WITHOUT,
    bad,
    check,
    container,
    door,
    headers,
    sampled,
    state,
    told,
)
from tests.checklist.measured import HEADERS, NOW, changed, engine_changed

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
    "an engine's certificate that ends now": (
        engine_changed(DEV, "local", own_end=NOW + timedelta(days=13)),
        STACK,
        "engine-certificates",
        "local 13 days, the first of 1",
    ),
    "a small host": (engine_changed(DEV, "local", memory=4096), STACK, "capacity", "local: 4096 MiB, declared 10240"),
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
