"""What is kept in a bucket is as in a folder, and Redis begins with it where nothing else is left."""

import json
from collections.abc import Iterator

import docker
import pytest

from basalt.operations import login
from basalt.operations.off_site import rebuild
from basalt.operations.off_site.access import Access
from basalt.plan import plan
from basalt.services.backup.settings import S3
from basalt.targets.docker.container import volume_name
from basalt.topology.load import load
from basalt.topology.model import Topology
from tests.drills.house import build
from tests.drills.street import Street, street
from tests.s3.bucket import Bucket, beside, bucket
from tests.stacks import DATABASE, raw
from tests.waiting import until

pytestmark = pytest.mark.live

_NAMES = ("redis-1", "backup-scheduler-1")
_ASK = "printf '%s\\n' \"$0\" | redis-console"


@pytest.fixture(scope="module")
def far(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bucket]:
    """The bucket."""
    with bucket(tmp_path_factory.mktemp("s3"), "basalt-s3-kept", beside(17077), network_mode="host") as made:
        yield made


@pytest.fixture(scope="module")
def stack(far: Bucket) -> Topology:
    """Redis alone, and backups in two repositories."""
    services = {"services__redis": {"members": 1, "sentinels": 1}, "services__backup": {"s3": far.block}}
    return load("drills", raw(DATABASE, **services), given=["bucket"])


@pytest.fixture(scope="module")
def place(far: Bucket, stack: Topology) -> Iterator[Street]:
    """A member that has a job, and the container that keeps."""
    commands = {"backup-scheduler-1": ["sleep", "infinity"]}
    with street(plan(stack), _NAMES, commands, bucket=far.secret) as made:
        until(lambda: made.run("redis-1", "sh", "-c", _ASK, "PING").strip() == "PONG", "Redis", 120)
        made.run("redis-1", "sh", "-c", _ASK, "RPUSH queue aJobThatWaits")
        yield made


@pytest.fixture(scope="module")
def label(place: Street) -> str:
    """Of what each repository has."""
    place.run("backup-scheduler-1", "backup-keep", "--take=redis")
    return str(json.loads(place.run("backup-scheduler-1", "backup-keep", "--find=redis"))["label"])


def test_a_bucket_keeps_as_a_folder_does_under_a_key_of_its_own(place: Street, far: Bucket, label: str) -> None:
    rows = json.loads(place.run("backup-scheduler-1", "backup-keep", "--list"))
    assert [(row["repository"], row["label"]) for row in rows] == [("local", label), ("s3", label)]
    assert far.run("head -c 8 drills/keepsakes/redis/*") == "Salted__"
    digests = {
        place.run("backup-scheduler-1", "sh", "-c", f"backup-keep --get=redis --repository={name} | sha256sum")
        for name in ("local", "s3")
    }
    assert len(digests) == 1
    # Neither repository's key makes the other's marks.
    names = place.run("backup-scheduler-1", "ls", "/var/lib/pgbackrest/keepsakes/redis").split()
    assert set(far.run("ls drills/keepsakes/redis").split()).isdisjoint(names)


def test_redis_begins_with_what_is_off_site_where_nothing_else_is_left(
    place: Street, far: Bucket, stack: Topology, label: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(login, "secret", lambda _, name: place.secrets.get(name, "unknown"))
    access = Access(S3.model_validate(far.block), far.secret, "key")
    (keys,) = rebuild.redis_keys(stack, access)
    assert (keys.repository, keys.label) == ("s3", label)
    site = plan(stack).site
    (member,) = site.of("redis")
    name = volume_name(site, member, member.workload.volumes[0])
    rebuild.begin_with(site, access, keys)
    try:
        script = "cp -r /kept/* /var/lib/redis/ && ls -l /var/lib/redis && redis-check-rdb /var/lib/redis/restore.rdb"
        told = docker.from_env().containers.run(
            build("redis"), ["sh", "-ec", script], remove=True, volumes={name: {"bind": "/kept", "mode": "ro"}}
        )
        assert "[info] 1 keys read" in told.decode()
    finally:
        docker.from_env().volumes.get(name).remove()
