"""Backup: who may reach whom, and what is taken when."""

import json
import re
from typing import Any

import pytest

from basalt.images import contexts
from basalt.plan import Plan, plan
from basalt.services.backup.crontab import checked, longest_pause
from basalt.topology.load import load
from basalt.topology.problem import StackError
from basalt.workload import Guard
from tests.services.app.stack import SHOP
from tests.stacks import DATABASE, raw, topology

BACKUP = raw(DATABASE, services__backup={})

#: A second repository.
OFF_SITE = {"endpoint": "s3.example.com:9000", "bucket": "copies", "key": "AKIA0", "secret": "bucket"}


def text(made: Plan, instance: str, path: str = "pgbackrest.conf") -> str:
    return next(f.text for p in made.planned if p.instance.name == instance for f in p.files if f.path == path)


def clients(config: str) -> set[str]:
    return {line.split("=")[1] for line in config.splitlines() if line.startswith("tls-server-auth=")}


def test_agents_serve_the_scheduler_alone() -> None:
    assert clients(text(plan(topology(BACKUP)), "backup-agent-1")) == {"backup-scheduler-1"}


def test_the_repository_serves_the_members_of_the_database_and_no_others() -> None:
    found = clients(text(plan(topology(BACKUP)), "backup-1"))
    assert found == {f"{name}-{n}" for name in ("postgres", "backup-agent") for n in (1, 2, 3)}


def test_each_member_of_the_database_has_an_agent_that_only_reads() -> None:
    made = plan(topology(BACKUP, services__postgres__members=2))
    agents = made.site.of("backup-agent")
    assert [agent.host for agent in agents] == [member.host for member in made.site.of("postgres")]
    assert all(volume.read_only and volume.of == "postgres" for agent in agents for volume in agent.workload.volumes)


def test_the_scheduler_knows_every_agent() -> None:
    config = text(plan(topology(BACKUP)), "backup-scheduler-1")
    assert [f"pg{n}-host=backup-agent-{n}" in config for n in (1, 2, 3, 4)] == [True, True, True, False]
    assert "backup-standby=prefer" in config


def test_the_repository_is_encrypted_and_its_key_is_no_agents() -> None:
    made = plan(topology(BACKUP))
    assert "repo1-cipher-type=aes-256-cbc" in text(made, "backup-scheduler-1")
    holders = {
        planned.instance.workload.name
        for planned in made.planned
        for file in planned.files
        if "backup/cipher" in {secret.name for secret in file.secrets}
    }
    assert holders == {"backup", "backup-scheduler", "backup-exporter"}


def test_full_and_incremental_backups_come_at_their_declared_times() -> None:
    made = plan(topology(BACKUP, services__backup={"full": "30 2 * * 0", "incremental": "*/15 * * * *"}))
    jobs = {job["name"]: job for job in json.loads(text(made, "backup-scheduler-1", "jobs.json"))}
    assert jobs["full"]["schedule"] == "30 2 * * 0"
    assert jobs["incremental"]["command"] == ["backup-take", "incr", "local"]
    assert jobs["prepare"]["schedule"] == "@reboot"


def off_site(**changes: str) -> Plan:
    return plan(load("lab", raw(BACKUP, services__backup={"s3": {**OFF_SITE, **changes}}), given=["bucket"]))


def test_a_bucket_is_a_second_repository_with_a_key_of_its_own() -> None:
    made = off_site()
    for instance in ("backup-1", "backup-scheduler-1", "backup-exporter-1"):
        config = text(made, instance)
        assert (
            "repo2-type=s3\nrepo2-path=/lab\nrepo2-s3-endpoint=s3.example.com:9000\nrepo2-s3-bucket=copies\n" in config
        )
        assert "repo2-cipher-type=aes-256-cbc" in config
        assert "ca-file" not in config.split("repo2-type")[1].split("repo2-cipher")[0]
    assert text(made, "backup-scheduler-1", "repositories") == "local\ns3\n"
    jobs = {job["name"]: job["command"] for job in json.loads(text(made, "backup-scheduler-1", "jobs.json"))}
    # What one refuses is tried again there alone.
    assert (jobs["full"], jobs["full-s3"]) == (["backup-take", "full", "local"], ["backup-take", "full", "s3"])
    assert text(plan(topology(BACKUP)), "backup-scheduler-1", "repositories") == "local\n"
    assert "repo2" not in text(plan(topology(BACKUP)), "backup-scheduler-1")


def test_members_reach_it_through_the_host_that_has_its_keys() -> None:
    made = off_site()
    member = text(made, "postgres-1")
    assert "repo2-host=backup-1" in member
    assert "s3" not in member
    holders = {
        planned.instance.workload.name
        for planned in made.planned
        for file in planned.files
        if {"backup/cipher-s3", "given/bucket"} & {secret.name for secret in file.secrets}
    }
    assert holders == {"backup", "backup-scheduler", "backup-exporter"}


def test_a_server_with_an_authority_of_its_own_is_verified_by_it() -> None:
    made = off_site(authority="-----BEGIN CERTIFICATE-----\nMII\n", path="/basalt/lab", style="path")
    config = text(made, "backup-1")
    assert "repo2-storage-ca-file=/etc/basalt/s3.crt" in config
    assert text(made, "backup-1", "s3.crt").startswith("-----BEGIN CERTIFICATE-----")
    assert "repo2-path=/basalt/lab" in config
    assert "repo2-s3-uri-style=path" in config


def test_nothing_goes_by_itself_and_generations_are_what_is_declared() -> None:
    made = plan(topology(BACKUP, services__backup={"keep": {"daily": 30, "floor": "36h"}}))
    assert "repo1-retention-full=9999999\nexpire-auto=n\n" in text(made, "backup-scheduler-1")
    told = json.loads(text(made, "backup-scheduler-1", "retention.json"))
    assert told == {"daily": 30, "weekly": 4, "monthly": 12, "floor_seconds": 36 * 3600}


@pytest.mark.parametrize(("cores", "processes"), [(1, 1), (2, 1), (8, 4), (64, 8)])
def test_half_of_the_cores_compress(cores: int, processes: int) -> None:
    made = plan(topology(BACKUP, hosts__local__cores=cores))
    assert f"process-max={processes}\n" in text(made, "backup-scheduler-1")


@pytest.mark.parametrize(
    ("block", "problem"),
    [
        ({"s3": OFF_SITE}, r"services\.backup\.s3\.secret: 'bucket': there is no such secret; .*config set .*--secret"),
        ({"s3": {**OFF_SITE, "endpoint": "https://s3.example.com"}}, r"services\.backup\.s3\.endpoint: "),
        ({"s3": {**OFF_SITE, "authority": "ca.crt"}}, r"services\.backup\.s3\.authority: 'ca.crt'"),
        ({"keep": {"daily": 0}}, r"services\.backup\.keep\.daily: 0: "),
        ({"keep": {"floor": "a week"}}, r"services\.backup\.keep\.floor: 'a week'"),
        ({"full": "0 0 30 2 *"}, r"services\.backup\.full: '0 0 30 2 \*': this day never comes"),
        ({"late": "soon"}, r"services\.backup\.late: 'soon'"),
        ({"full": "0 25 * * *"}, r"services\.backup\.full: '0 25 \* \* \*': '25' is no hour"),
    ],
)
def test_what_cannot_be_kept_is_refused(block: dict[str, object], problem: str) -> None:
    with pytest.raises(StackError, match=problem):
        topology(BACKUP, services__backup=block)


def limits(**settings: str) -> dict[str, float]:
    workloads = [i.workload for i in plan(topology(BACKUP, services__backup=settings)).site.instances]
    return {t.alert: t.value / 3600 for workload in workloads for t in workload.thresholds}


def test_how_old_a_backup_may_be_follows_from_its_schedule() -> None:
    assert limits() == {"BackupFullTooOld": 26, "BackupTooOld": 8, "BackupUnproved": 26}
    weekly = limits(full="0 1 * * 0", drill="0 3 * * 0")
    assert weekly == {"BackupFullTooOld": 7 * 24 + 2, "BackupTooOld": 14, "BackupUnproved": 7 * 24 + 2}
    assert limits(incremental="*/15 * * * *", late="45m")["BackupTooOld"] == 1


@pytest.mark.parametrize(
    ("lines", "hours"),
    [
        (["* * * * *"], 1 / 60),
        (["0 7,13,19 * * *"], 12),
        (["0 1 * * *", "0 7,13,19 * * *"], 6),
        (["30 3 * * 6"], 7 * 24),
        (["0 3 * * 1,3"], 5 * 24),
        (["0 0 31 * *"], 61 * 24),
        (["* * * 1 *"], 335 * 24 + 1 / 60),
        (["0 0 29 2 *"], 4 * 365.25 * 24),
    ],
)
def test_the_longest_pause_of_schedules(lines: list[str], hours: float) -> None:
    assert longest_pause(*lines).total_seconds() == pytest.approx(hours * 3600)


def test_the_newest_is_proved_daily_and_an_older_one_weekly_and_neither_is_tried_again_at_once() -> None:
    made = plan(topology(BACKUP, services__backup={"drill": "15 2 * * *"}))
    jobs = {job["name"]: job for job in json.loads(text(made, "backup-scheduler-1", "jobs.json"))}
    assert (jobs["drill"]["schedule"], jobs["drill"]["command"]) == ("15 2 * * *", ["backup-drill"])
    assert (jobs["drill-older"]["schedule"], jobs["drill-older"]["command"]) == (
        "0 4 * * 0",
        ["backup-drill", "--older"],
    )
    assert {name for name, job in jobs.items() if not job["again"]} == {"drill", "drill-older"}


def test_a_drill_restores_from_the_repository_into_its_own_folder() -> None:
    config = text(plan(topology(BACKUP)), "backup-scheduler-1", "drill.conf")
    assert "pg1-path=/var/lib/drill/data\n" in config
    assert "pg1-host" not in config
    assert "repo1-cipher-pass=" in config


def test_assertions_are_asked_of_declared_databases() -> None:
    asked = [{"database": "shop", "query": "SELECT count(*) > 0 FROM orders"}]
    made = plan(topology(BACKUP, services__backup={"assertions": asked}))
    assert json.loads(text(made, "backup-scheduler-1", "assertions.json")) == asked
    with pytest.raises(StackError, match=r"services\.backup\.assertions\.0\.database: 'app': declared are: shop"):
        topology(BACKUP, services__backup={"assertions": [{"database": "app", "query": "SELECT true"}]})


SHOP_BACKUP = raw(SHOP, services__backup={"before_deploy": True})


def guards(**changes: Any) -> list[Guard]:
    workloads = [i.workload for i in plan(topology(SHOP_BACKUP, **changes)).site.instances]
    return [workload.guard for workload in workloads if workload.guard]


def test_a_backup_comes_before_a_deploy_where_it_is_asked_for() -> None:
    (guard,) = guards()
    assert (guard.command, guard.of) == (("backup",), ("app",))
    assert set(guard.needs) <= {i.workload.name for i in plan(topology(SHOP_BACKUP)).site.instances}
    assert guards(services__backup={}) == []


def test_who_takes_over_is_not_kept_waiting_by_a_backup() -> None:
    assert guards(role="standby", peers={"fra": {"authority": "witness"}}) == []


def test_a_backup_before_deploys_of_nothing_is_refused() -> None:
    told = r"services\.backup\.before_deploy: True: there is no services\.app that an up could change; remove the line"
    with pytest.raises(StackError, match=told):
        topology(BACKUP, services__backup={"before_deploy": True})


def test_a_backup_of_nothing_is_refused() -> None:
    with pytest.raises(StackError, match=r"services\.backup: 'postgres': there is no such service"):
        topology(services__backup={})


@pytest.mark.parametrize("line", ["0 1 * * *", "*/5 * * * *", "0 7,13,19 1-15/2 1,12 7"])
def test_crontab_lines_are_taken_as_they_are(line: str) -> None:
    assert checked(line) == line


@pytest.mark.parametrize(
    "line",
    ["", "0 1 * *", "60 * * * *", "0 1 0 * *", "0 1 * * 8", "5-1 * * * *", "*/0 * * * *", "@daily", "0 1 * jan *"],
)
def test_wrong_crontab_lines_are_refused(line: str) -> None:
    with pytest.raises(ValueError, match=r"crontab line has 5|is no "):
        checked(line)


def test_a_drill_has_the_postgresql_of_the_members() -> None:
    """What was restored may need any of their extensions."""
    pattern = re.compile(r"^    (postgresql-\d\S*)", re.MULTILINE)
    texts = [(contexts()[image] / "Dockerfile").read_text() for image in ("postgres", "backup")]
    packages = [sorted(pattern.findall(text)) for text in texts]
    assert packages[0] == packages[1]
    assert packages[0]
