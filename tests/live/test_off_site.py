"""A second repository by S3, declared: members reach it through the backup host, and the database comes back out of
it."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.live.database import connect, primary
from tests.live.project import Project, execute
from tests.live.prometheus import series
from tests.s3.bucket import Bucket, beside, bucket
from tests.waiting import until

pytestmark = pytest.mark.breaks


@pytest.fixture(scope="module")
def off_site(project: Project, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bucket]:
    """The stack has it; taken back afterwards."""
    folder, name = tmp_path_factory.mktemp("s3"), f"basalt-s3-{project.stack}"
    with bucket(folder, name, beside(17079), network_mode="host") as far:
        project.pulumi("config", "set", "--secret", "--path", "basalt:secrets.bucket", far.secret)
        before = project.edit(lambda topology: topology["services"]["backup"].update(s3=far.block))
        try:
            project.up()
            yield far
        finally:
            project.stack_file.write_text(before)
            project.up()


def labels(project: Project) -> dict[str, list[str]]:
    """Of the backups in each repository."""
    rows: list[dict[str, Any]] = project.told("backups")
    found: dict[str, list[str]] = {}
    for row in (row for row in rows if row["kind"] == "database"):
        found.setdefault(row["repository"], []).append(row["label"])
    return found


def proved(project: Project) -> list[str]:
    """The repositories of which a drill proved a backup."""
    reports = project.told("drill", "--list")
    return [report["repository"] for report in reports if report["proved"]]


def test_it_gets_a_full_backup_and_a_proof_by_itself(project: Project, off_site: Bucket) -> None:
    assert off_site.container.name
    until(lambda: set(labels(project)) == {"local", "s3"}, "a backup off-site", 240, every=2)
    until(lambda: "s3" in proved(project), "its proof", 120, every=2)
    query = 'backup_drill_last_success_timestamp_seconds{repository="s3", which="newest"} > 0'
    until(lambda: series(project, query), "the proof in Prometheus", 60, every=1)
    query = 'backup_last_timestamp_seconds{repository="s3", kind="full"} > 0'
    until(lambda: series(project, query), "its age in Prometheus", 60, every=1)


def test_the_log_of_members_arrives_there(project: Project, off_site: Bucket) -> None:
    leader = primary(project)
    execute(leader, "psql", "-h", "/run/postgresql", "-c", "SELECT pg_switch_wal()")
    segment = execute(leader, "psql", "-h", "/run/postgresql", "-Atc", "SELECT last_archived_wal FROM pg_stat_archiver")
    assert segment.strip()
    name = segment.strip()
    until(lambda: name in off_site.run("find . -path '*archive*' -type f"), "the log off-site", 60, every=1)


def test_members_have_no_key_to_it(project: Project, off_site: Bucket) -> None:
    for name in ("postgres-1", "backup-agent-1"):
        held = execute(project.containers()[name], "sh", "-c", "cat /etc/basalt/pgbackrest.conf")
        assert off_site.secret not in held
        assert off_site.key not in held


def test_the_database_comes_back_out_of_it(project: Project, off_site: Bucket) -> None:
    with connect(project, "haproxy.write", "migrate") as connection:
        connection.execute("CREATE TABLE off_site AS SELECT 42 AS answer")
    newest = labels(project)["s3"][0]
    planned = project.told("restore", "--latest", "--repository", "s3", "--dry-run")
    assert (planned["repository"], planned["label"]) == ("s3", newest)
    project.basalt("restore", "--latest", "--repository", "s3", "--yes")
    with connect(project, "haproxy.write", "migrate") as connection:
        assert connection.execute("SELECT answer FROM off_site").fetchone() == (42,)
        connection.execute("DROP TABLE off_site")
    # A new one in each, of the timeline that goes on.
    assert {name: len(found) for name, found in labels(project).items()}["s3"] == 2
    assert off_site.run("ls").split() == [project.stack]
