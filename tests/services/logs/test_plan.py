"""Where lines come from, what is read out of them, and who may look for them."""

import re
from typing import Any

import pytest
import yaml

from basalt.plan import Plan, Planned, plan
from basalt.services.logs.plan import PASSWORD
from basalt.services.logs.shipper import LEVELS, quoted
from basalt.targets.docker.container import arguments
from basalt.topology.problem import StackError
from tests.stacks import DATABASE, ONE_HOST, THREE_HOSTS, raw, topology

LOGS = raw(ONE_HOST, services__logs={}, services__monitoring={})


def made(base: dict[str, Any] = LOGS, **changes: Any) -> Plan:
    return plan(topology(base, **changes))


def of(found: Plan, name: str) -> Planned:
    return next(planned for planned in found.planned if planned.instance.name == name)


def text(found: Plan, name: str, path: str) -> str:
    return next(file.text for file in of(found, name).files if file.path == path)


def test_there_is_a_shipper_on_each_host_and_one_store() -> None:
    site = made(raw(THREE_HOSTS, services__logs={}, services__monitoring={})).site
    assert [i.host for i in site.of("log-shipper")] == ["data-1", "data-2", "data-3"]
    assert [i.host for i in site.of("log-shipper-exporter")] == ["data-1", "data-2", "data-3"]
    assert len(site.of("logs")) == 1


def test_the_shipper_reads_dockers_files_and_nothing_else_of_the_host() -> None:
    found = made()
    told = arguments(of(found, "log-shipper-1"), found.site, "basalt/logs:1")
    host = [mount for mount in told["volumes"] if "host_path" in mount]
    assert host == [
        {"host_path": "/var/lib/docker/containers", "container_path": "/host/containers", "read_only": True}
    ]
    assert told["capabilities"] == {"drops": ["ALL"], "adds": ["DAC_READ_SEARCH"]}
    assert told["user"] == "10001:10001"


def test_who_reads_all_logs_listens_to_nobody() -> None:
    assert of(made(), "log-shipper-1").instance.workload.ports == {}
    exporter = of(made(), "log-shipper-exporter-1").instance.workload
    assert exporter.capabilities == ()
    assert [volume.read_only for volume in exporter.volumes] == [True]


def test_writing_searching_and_metrics_ask_for_a_password_that_is_a_file() -> None:
    found = made()
    command = of(found, "logs-1").instance.workload.command
    assert f"-httpAuth.password=file:///etc/basalt/secrets/{PASSWORD}" in command
    assert f"@@secret:{PASSWORD}@@" in text(found, "log-shipper-1", "syslog-ng.conf")
    (job,) = [
        job
        for job in yaml.safe_load(text(found, "prometheus-1", "prometheus.yml"))["scrape_configs"]
        if job["job_name"].startswith("https://logs.")
    ]
    assert job["basic_auth"] == {"username": "basalt", "password_file": f"/etc/basalt/secrets/{PASSWORD}"}
    assert text(found, "prometheus-1", f"secrets/{PASSWORD}") == f"@@secret:{PASSWORD}@@"


def test_retention_and_cap_are_the_stacks() -> None:
    changed = made(services__logs={"retention_days": 30, "storage_gb": 50, "buffer_gb": 2})
    command = of(changed, "logs-1").instance.workload.command
    assert {"-retentionPeriod=30d", "-retention.maxDiskSpaceUsageBytes=50GiB"} <= set(command)
    assert "capacity-bytes(2147483648)" in text(changed, "log-shipper-1", "syslog-ng.conf")


def test_it_is_published_on_this_host_only_where_one_host_is_enough() -> None:
    assert [p.address for p in of(made(), "logs-1").instance.workload.publish] == ["127.0.0.1"]
    prod = made(raw(THREE_HOSTS, services__logs={}))
    assert of(prod, "logs-1").instance.workload.publish == ()


@pytest.mark.parametrize("folder", ["var/log", "/var/lib/docker/containers;x", '/a"b'])
def test_a_folder_that_is_none_is_refused(folder: str) -> None:
    with pytest.raises(StackError, match=r"services\.logs\.containers"):
        made(services__logs={"containers": folder})


def test_secrets_are_hidden_before_anything_else_is_read() -> None:
    config = text(made(), "log-shipper-1", "syslog-ng.conf")
    last_rule = config.rindex('flags("global")')
    assert last_rule < config.index('json-parser(prefix(".line.")')
    assert last_rule < config.index("destination(store)")


FULL = made(
    DATABASE,
    hosts__local__memory_gb=16,
    services__redis={},
    services__app={},
    services__nginx={},
    services__backup={},
    services__logs={},
)

LINES = {
    "redis": ("1:M 25 Nov 2026 07:19:08.782 # Disk is slow", "#", "Disk is slow"),
    "redis-sentinel": ("1:X 25 Nov 2026 07:19:10.145 * +sdown", "*", "+sdown"),
    "pgbouncer": ("2026-11-25 07:24:01.207 UTC [1] LOG stats: 0 xacts/s", "LOG", "stats: 0 xacts/s"),
    "haproxy": ("[WARNING]  (8) : Server primary/postgres-1 is DOWN", "WARNING", "Server primary/postgres-1 is DOWN"),
    "postgres": (
        "2026-11-25 07:19:14.218 UTC [54] postgres@postgres [unknown] FATAL:  the database is starting up",
        "FATAL",
        "the database is starting up",
    ),
    "backup": ("2026-11-25 07:18:59.917 P00   INFO: server command begin", "INFO", "server command begin"),
    "nginx": ("2026/11/25 07:18:59 [error] 7#7: *1 upstream timed out", "error", "7#7: *1 upstream timed out"),
}


@pytest.mark.parametrize("workload", LINES)
def test_level_and_message_are_read_from_lines_that_are_not_json(workload: str) -> None:
    line, level, message = LINES[workload]
    site = FULL.site
    declared = site.of(workload)[0].workload.log_format
    assert declared is not None
    read = re.match(declared.pattern, line)
    assert read is not None
    assert (read["level"], read["message"]) == (level, message)
    assert quoted(declared.pattern) in text(FULL, "log-shipper-1", "syslog-ng.conf")


def test_every_word_of_a_program_becomes_one_of_ours() -> None:
    ours = dict(LEVELS)
    for instance in FULL.site.instances:
        for _, told in instance.workload.log_format.levels if instance.workload.log_format else ():
            assert told in ours
    for word, level in {"WARN": "warning", "err": "error", "LOG": "info", "PANIC": "fatal", "DEBUG1": "debug"}.items():
        assert [name for name, theirs in LEVELS if re.fullmatch(theirs, word, re.IGNORECASE)] == [level]


@pytest.mark.parametrize("word", ["alert", "crit"])
def test_what_a_client_can_bring_about_is_no_end_of_nginx(word: str) -> None:
    (instance,) = FULL.site.of("nginx")
    assert instance.workload.log_format is not None
    assert dict(instance.workload.log_format.levels)[word] == "error"


def test_what_the_configuration_cannot_hold_is_refused() -> None:
    assert quoted(r'a"b\d') == r'"a\"b\\d"'
    with pytest.raises(ValueError, match="backtick"):
        quoted("a`b")
