"""What is kept beside backups of the database is what it was, and comes back, in a stack's own containers."""

import gc
import io
import itertools
import json
import os
import signal
import time
import warnings
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from typer.testing import CliRunner

from basalt import cli_backup, cli_keepsakes
from basalt.cli import app
from basalt.operations import repository
from basalt.operations.keepsakes import redis as keys
from basalt.operations.tar import archived
from basalt.plan import plan
from basalt.site import Instance, Site
from tests.drills.street import Street, street
from tests.stacks import DATABASE, raw, topology
from tests.waiting import until

pytestmark = pytest.mark.live

_NAMES = ("redis-1", "redis-2", "redis-3", "redis-sentinel-1", "alertmanager-1", "backup-scheduler-1")
_STACK = raw(
    DATABASE,
    services__redis={"members": 3, "sentinels": 1, "down_after_ms": 5000},
    services__alertmanager={},
    services__monitoring={},
    services__backup={},
)
_SILENCE = {
    "matchers": [{"name": "service", "value": "redis|app", "isRegex": True, "isEqual": True}],
    "startsAt": "2020-01-01T00:00:00Z",
    "endsAt": f"{datetime.now(UTC) + timedelta(days=2):%Y-%m-%dT%H:%M:%SZ}",
    "createdBy": "Ada",
    "comment": "it's known",
}
#: Writes until one is refused, and says which were not.
_WRITER = """i=1000
while [ "$(echo "SET written:$i 1" | redis-console)" = OK ]; do echo $i; i=$((i + 1)); done"""
_KEPT = "/var/lib/pgbackrest/keepsakes/redis"


@pytest.fixture(scope="module")
def place() -> Iterator[Street]:
    """Redis with two replicas and a sentinel, Alertmanager, and the container that keeps; no database is there."""
    with street(plan(topology(_STACK)), _NAMES, {"backup-scheduler-1": ["sleep", "infinity"]}) as made:
        until(lambda: all(keys.follows(role(made, n)) for n in (2, 3)), "replicas that follow", 120)
        yield made


def role(place: Street, number: int) -> list[str]:
    return keys.role(place.containers[f"redis-{number}"])


def ask(place: Street, number: int, *commands: str) -> list[str]:
    lines = "\n".join(commands)
    return place.run(f"redis-{number}", "sh", "-c", f"redis-console << 'END'\n{lines}\nEND\n").splitlines()


def take(place: Street) -> str:
    """Its label."""
    place.run("backup-scheduler-1", "backup-keep", "--take=redis", "--repository=local")
    return str(json.loads(place.run("backup-scheduler-1", "backup-keep", "--find=redis"))["label"])


@pytest.fixture
def basalt(place: Street, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """The command, for this stack; what it prints as JSON."""

    def named(_: Site, instance: Instance) -> str:
        return str(place.containers[instance.name].name)

    for module in (cli_backup, cli_keepsakes):
        monkeypatch.setattr(module, "load_stack", lambda *_: topology(_STACK))
    for user in (keys, repository):
        monkeypatch.setattr(user, "container_name", named)

    def run(*words: str, code: int = 0) -> Any:
        # Its process would end with its connections.
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ResourceWarning)
            done = CliRunner().invoke(app, [*words, "--stack", "lab", "--json"])
            gc.collect()
        assert done.exit_code == code, done.output
        return None if code else json.loads(done.stdout)

    return run


def test_keys_are_kept_without_a_trace_of_them_in_clear(place: Street) -> None:
    assert ask(place, 1, "RPUSH queue aJobThatWaits", "SET session s EX 86400", "WAIT 2 20000") == ["1", "OK", "2"]
    label = take(place)
    scheduler = "backup-scheduler-1"
    (row,) = [one for one in json.loads(place.run(scheduler, "backup-keep", "--list")) if one["kind"] == "redis"]
    assert (row["kind"], row["label"], row["repository"]) == ("redis", label, "local")
    assert "younger than 1 days" in row["why"]
    assert place.try_(scheduler, "grep", "-r", "aJobThatWaits", "/var/lib/pgbackrest", "/var/lib/drill")[0] == 1
    assert place.run(scheduler, "ls", "/var/lib/drill").split() == ["keep.redis.lock", "keepsakes.prom"]
    published = place.run(scheduler, "cat", "/var/lib/drill/keepsakes.prom")
    assert 'backup_keepsake_since_timestamp_seconds{kind="redis",repository="local"} ' in published
    assert 'backup_keepsake_due_seconds{kind="redis"} 10800.0' in published


def test_generations_that_are_over_go(place: Street) -> None:
    # An old one of every day, and one of what is not declared any more.
    script = f"""cd {_KEPT}/..
    mkdir gone
    for day in 01 02 03 04 05 06 07 08 09 10; do
      for kind in redis gone; do echo x > $kind/202001${{day}}T000000Z-{"a" * 64}; done
    done"""
    place.run("backup-scheduler-1", "sh", "-ec", script)
    label = take(place)
    rows = json.loads(place.run("backup-scheduler-1", "backup-keep", "--list"))
    of = {kind: [row["label"][:8] for row in rows if row["kind"] == kind] for kind in ("redis", "gone")}
    assert all(row["why"] for row in rows)
    # Of seven days and four weeks.
    assert of["redis"][0] == label[:8]
    assert of["redis"][-6:] == [f"202001{day}" for day in ("10", "09", "08", "07", "06", "05")]
    assert of["gone"] == [f"202001{day}" for day in ("10", "09", "08", "07", "06", "05", "04")]
    place.run("backup-scheduler-1", "sh", "-ec", f"rm -r {_KEPT}/../gone {_KEPT}/2020*")


def test_who_keeps_them_can_read_and_change_none(place: Street) -> None:
    login = f"AUTH backup {place.secrets['redis/backup']}"
    for command in ("GET session", "DEL queue", "CONFIG GET *", "KEYS *", "REPLICAOF NO ONE"):
        told = ask(place, 1, login, command)
        assert told[0] == "OK"
        assert told[1].startswith("NOPERM"), told


def test_they_come_back_on_the_master_and_all_follow(place: Street, basalt: Callable[..., Any]) -> None:
    label = take(place)
    time.sleep(1.1)  # a label is of a second
    ask(place, 1, "DEL queue", "SET later 1", "WAIT 2 20000")
    told = basalt("restore-redis", "--set", label, "--dry-run")
    assert (told["kind"], told["label"], told["member"]) == ("redis", label, "redis-1")
    with ThreadPoolExecutor(1) as pool:
        writer = pool.submit(place.run, "redis-1", "sh", "-c", _WRITER)
        report = basalt("restore-redis", "--set", label, "--yes")
        last = writer.result().split()[-1]
    assert (report["label"], report["member"], set(report["seconds"])) == (label, "redis-1", {"serves", "whole"})
    for number in (1, 2, 3):
        assert ask(place, number, "LRANGE queue 0 -1", "EXISTS later") == ["aJobThatWaits", "0"]
    assert int(ask(place, 1, "TTL session")[0]) > 0
    # What was there before is kept with every write that was acknowledged, and can be had again.
    command = ["backup-keep", "--get=redis", f"--set={report['before']}"]
    assert f"written:{last}".encode() in bytes(place.containers["backup-scheduler-1"].exec_run(command).output)  # type: ignore[arg-type]
    rows = [row for row in basalt("backups") if row["kind"] == "redis"]
    assert report["before"] in {row["label"] for row in rows} - {label}
    assert all(row["kept"] for row in rows)
    # It lives: writes go to the replicas, the sentinel knows the same master, and a restart changes nothing.
    assert ask(place, 1, "SET after 1", "WAIT 2 20000") == ["OK", "2"]
    master = keys.ask(place.containers["redis-sentinel-1"], "SENTINEL GET-MASTER-ADDR-BY-NAME main")
    assert master == ["redis-1", "6379"]
    place.containers["redis-3"].restart()
    until(lambda: keys.follows(role(place, 3)), "the replica", 120)
    assert ask(place, 3, "EXISTS after queue") == ["2"]


def test_what_is_no_file_of_redis_is_not_begun_with(place: Street) -> None:
    member = place.containers["redis-3"]
    member.stop()
    with archived(keys.ORDER, io.BytesIO(b"REDIS0012 but no more of it")) as tar:
        assert member.put_archive(keys.VOLUME, tar)
    member.start()
    until(lambda: keys.follows(role(place, 3)), "the replica", 120)
    assert ask(place, 3, "EXISTS queue after") == ["2"]
    assert "begins with what it had" in member.logs(tail=200).decode()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_restore_that_is_told_to_end_leaves_a_master_that_takes_writes(
    place: Street, basalt: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, number: signal.Signals
) -> None:
    refused: list[str] = []

    def end(*_: object) -> None:
        refused.extend(ask(place, 1, "SET after 1"))
        os.kill(os.getpid(), number)
        pytest.fail("it went on")

    take(place)
    monkeypatch.setattr(keys, "_keep", end)
    basalt("restore-redis", "--yes", code=128 + number)
    assert refused
    assert refused[0].startswith("NOREPLICAS")
    assert ask(place, 1, "SET after 1") == ["OK"]
    assert signal.getsignal(number) is signal.SIG_DFL


@pytest.mark.parametrize(
    ("damage", "why"),
    [
        ("f=$(ls {0}/*); printf X | dd of=$f bs=1 seek=100 conv=notrunc status=none", "is not what was put there"),
        ("f=$(ls {0}/*); truncate -s -1 $f", "is damaged, or its key is another"),
        ("f=$(ls {0}/*); mv $f {0}/20200101T000000Z-${{f#*-}}", "is not what was put there"),
    ],
)
def test_what_somebody_changed_is_told_and_not_given(place: Street, damage: str, why: str) -> None:
    scheduler = "backup-scheduler-1"
    place.run(scheduler, "sh", "-ec", f"rm -f {_KEPT}/*")
    take(place)
    place.run(scheduler, "sh", "-ec", damage.format(_KEPT))
    code, printed, told = place.try_(scheduler, "backup-keep", "--get=redis")
    assert (code, printed) == (1, "")
    assert why in told
    assert place.run(scheduler, "ls", "/var/lib/drill").split() == ["keep.redis.lock", "keepsakes.prom"]


def test_where_nobody_gives_them_nothing_is_kept_and_nothing_restored(
    place: Street, basalt: Callable[..., Any]
) -> None:
    scheduler = "backup-scheduler-1"
    place.run(scheduler, "sh", "-c", f"rm -f {_KEPT}/*")
    take(place)
    for number in (1, 2, 3):
        ask(place, number, "ACL SETUSER backup -sync")
    # There would be no way back. It goes on as before.
    basalt("restore-redis", "--yes", code=2)
    assert ask(place, 1, "SET after 2", "EXISTS queue") == ["OK", "1"]
    place.run(scheduler, "sh", "-c", f"rm -f {_KEPT}/*")
    code, _, told = place.try_(scheduler, "backup-keep", "--take=redis")
    assert code == 1
    assert "redis is not kept: no member gives its keys" in told
    assert json.loads(place.run(scheduler, "backup-keep", "--list")) == []


def test_no_sentinel_has_taken_who_copied_for_a_replica(place: Street) -> None:
    def names() -> set[str]:
        told = keys.ask(place.containers["redis-sentinel-1"], "SENTINEL REPLICAS main")
        return {value for key, value in itertools.pairwise(told) if key == "name"}

    # It asks the master every ten seconds, and forgets none.
    until(lambda: names() == {"redis-2:6379", "redis-3:6379"}, "two replicas and no third", 120)


def alertmanager(place: Street, *words: str) -> str:
    api = "https://alertmanager-1:9093/api/v2"
    *options, path = words
    curl = ("curl", "-fsS", "--cacert", "/etc/basalt/tls/stack/ca.crt", "-H", "Content-Type: application/json")
    return place.run("backup-scheduler-1", *curl, *options, f"{api}/{path}")


def test_silences_that_are_gone_are_set_again_and_no_others(place: Street, basalt: Callable[..., Any]) -> None:
    until(lambda: alertmanager(place, "silences").strip() == "[]", "Alertmanager", 120)
    made = json.loads(alertmanager(place, "-d", json.dumps(_SILENCE), "silences"))["silenceID"]
    place.run("backup-scheduler-1", "backup-keep", "--take=silences")
    assert basalt("restore-silences", "--yes") == []
    alertmanager(place, "-X", "DELETE", f"silence/{made}")
    planned = basalt("restore-silences", "--dry-run")
    assert [one["comment"] for one in planned] == ["it's known"]
    assert basalt("restore-silences", "--yes") == planned
    (active,) = [one for one in json.loads(alertmanager(place, "silences")) if one["status"]["state"] == "active"]
    assert active["matchers"] == _SILENCE["matchers"]
    assert basalt("restore-silences", "--yes") == []


def test_an_alertmanager_that_is_away_is_told(place: Street) -> None:
    place.containers["alertmanager-1"].stop(timeout=5)
    code, _, told = place.try_("backup-scheduler-1", "backup-keep", "--take=silences")
    assert code == 1
    assert "silences is not kept: no Alertmanager answers: alertmanager-1:9093: " in told
