"""A stack whose containers, volumes, state and stack file are gone is made again out of its bucket, by one command. It
is a small stack of its own."""

import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from basalt.operations import objects
from bench.stack import prepare, remove
from bench.writers import SCHEMA, TABLE, Writers, present
from tests.live.database import connect, parameters, primary
from tests.live.project import Project, execute
from tests.s3.bucket import Bucket, beside, bucket
from tests.waiting import until

pytestmark = pytest.mark.breaks

RUN = "rebuild"


@pytest.fixture(scope="module")
def far(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bucket]:
    """Outlives the stack."""
    with bucket(tmp_path_factory.mktemp("s3"), "basalt-s3-off", beside(17078), network_mode="host") as made:
        yield made


@pytest.fixture(scope="module")
def lost(far: Bucket) -> Iterator[Project]:
    """The stack, with a backup in the bucket; it stands."""
    project = prepare("test-off", "198.18.128.0/20", (SCHEMA,), redis={"memory": 64, "sentinels": 1})
    try:
        project.pulumi("config", "set", "--secret", "--path", "basalt:secrets.bucket", far.secret)
        project.edit(lambda topology: topology["services"].update(backup={"s3": far.block}))
        assert "the bundle of stack test-off is off-site" in project.up().stdout
        declared = project.stack_file.read_text()
        yield project
    finally:
        if not project.stack_file.exists():
            project.stack_file.write_text(declared)
        remove(project)


@pytest.fixture(scope="module")
def access(lost: Project, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What its people keep elsewhere."""
    path = tmp_path_factory.mktemp("safe") / "access.yaml"
    path.write_text(lost.basalt("bundle", "--access").stdout)
    return path


def test_what_stands_is_not_rebuilt(lost: Project, access: Path) -> None:
    done = lost.basalt("rebuild", "--access", str(access), "--yes", check=False)
    assert (done.returncode, "of stack test-off there still is test-off-" in done.stdout) == (2, True), done.stdout


def test_the_access_is_told_apart_from_what_is_none(lost: Project, tmp_path: Path) -> None:
    (tmp_path / "none.yaml").write_text("s3: {endpoint: nowhere}\nsecret: something-secret\nbundle: x\n")
    done = lost.basalt("rebuild", "--access", str(tmp_path / "none.yaml"), "--yes", check=False)
    assert done.returncode == 1
    assert "not what `basalt bundle --access` prints" in done.stdout
    assert "something-secret" not in done.stdout


def test_all_of_it_comes_back_out_of_the_bucket(lost: Project, far: Bucket, access: Path, tmp_path: Path) -> None:
    until(lambda: _holds(lost, "s3"), "a backup", 240, every=2)
    until(
        lambda: _redis(lost, "DEL queue\nRPUSH queue aJobThatWaits").endswith("\n1"), "a member that takes writes", 60
    )
    execute(lost.containers()["backup-scheduler-1"], "backup-keep", "--take=redis", "--repository=s3")
    with Writers(tmp_path, RUN, [dict(parameters(lost, "pgbouncer.sql", "app"))] * 4, pause=0.01) as writers:
        until(lambda: len({row.client for row in writers.rows()}) == 4, "writers", 30)
        surely = [(row.client, row.seq) for row in writers.rows() if row.outcome == "acked"]
        name = execute(
            primary(lost), "psql", "-h", "/run/postgresql", "-Atc", "SELECT pg_walfile_name(pg_switch_wal())"
        )
        until(lambda: name.strip() in far.run("find test-off/archive -type f"), "the log off-site", 60, every=0.5)
    acked = [(row.client, row.seq) for row in writers.rows() if row.outcome == "acked"]
    lost_at = datetime.now(UTC)
    passphrase, bundle = _lose(lost), far.run("cat test-off/bundle/stack.json")

    _refuses(lost, far, access, passphrase, bundle)
    report = lost.told("rebuild", "--access", str(access), "--yes")
    with connect(lost, "pgbouncer.sql", "app") as connection:
        found = present(connection, RUN)
    print(
        f"{report}; lost at {lost_at:%H:%M:%S}; {len(acked)} acknowledged, {len(set(acked) - found)} were not archived"
    )
    assert set(surely) <= found
    assert found <= set(acked) | {(row.client, row.seq) for row in writers.rows()}
    assert report["keys"]
    assert _redis(lost, "LRANGE queue 0 -1") == "aJobThatWaits"
    # It lives: it is written to, and its own repository is begun anew.
    with connect(lost, "haproxy.write", "migrate") as connection:
        connection.execute(f"TRUNCATE {TABLE}")
    until(lambda: _holds(lost, "local"), "a backup beside it", 240, every=2)


def _refuses(lost: Project, far: Bucket, access: Path, passphrase: str, bundle: str) -> None:
    """The wrong passphrase, or a bundle that somebody changed: nothing is made, the stack file is not there."""
    (lost.folder / ".basalt" / "passphrase").write_text("wrong")
    done = lost.basalt("rebuild", "--access", str(access), "--yes", check=False)
    assert (done.returncode, "passphrase" in done.stdout) == (1, True), done.stdout
    (lost.folder / ".basalt" / "passphrase").write_text(passphrase)
    far.run("sed -i 's/members: 3/members: 1/' test-off/bundle/stack.json")
    done = lost.basalt("rebuild", "--access", str(access), "--yes", check=False)
    assert (done.returncode, "signature is not this stack's" in done.stdout) == (1, True), done.stdout
    assert not lost.stack_file.exists()
    far.run("sed -i 's/members: 1/members: 3/' test-off/bundle/stack.json")
    assert far.run("cat test-off/bundle/stack.json") == bundle


def _redis(project: Project, commands: str) -> str:
    """What its first member answers."""
    return execute(project.containers()["redis-1"], "sh", "-c", f"echo '{commands}' | redis-console").strip()


def _holds(project: Project, repository: str) -> bool:
    """Whether one of its repositories holds a backup that has ended."""
    rows = project.told("backups")
    return any((row["repository"], row["kind"]) == (repository, "database") for row in rows)


def _lose(project: Project) -> str:
    """All that the stack and its people's machine had, but the passphrase, which is returned."""
    found = objects.find(project.topology)
    for container in found.containers:
        container.remove(force=True, v=True)
    for volume in found.volumes:
        volume.remove()
    for network in found.networks:
        network.remove()
    passphrase = (project.folder / ".basalt" / "passphrase").read_text()
    shutil.rmtree(project.folder / ".basalt" / "state")
    (project.folder / ".basalt" / "state").mkdir()
    project.stack_file.unlink()
    return passphrase
