"""What is kept beside backups: what it is called, which of it stays, whom it is got from, and what is told of it."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from keepsakes import metrics
from keepsakes.decide import decide, newest
from keepsakes.dump import connection
from keepsakes.names import Keepsake, label, listed, marker
from keepsakes.redis import order
from retention.decide import Policy

from basalt.plan import Plan, plan
from basalt.topology.load import load
from basalt.topology.problem import StackError
from tests.stacks import DATABASE, raw, topology

NOON = datetime(2026, 11, 25, 12, tzinfo=UTC)
POLICY = Policy(daily=3, weekly=2, monthly=0, floor=timedelta(hours=24))
STACK = raw(DATABASE, services__redis={}, services__backup={})


def kept(kind: str, at: datetime, mark: str = "a") -> Keepsake:
    return Keepsake(kind, label(at), mark * 64, 7)


def text(made: Plan, path: str, instance: str = "backup-scheduler-1") -> str:
    return next(f.text for p in made.planned if p.instance.name == instance for f in p.files if f.path == path)


def test_a_name_says_what_it_is_and_of_when_and_leads_back_to_it() -> None:
    one, other = kept("redis", NOON), kept("dump-shop", NOON - timedelta(seconds=1), "b")
    file = {"type": "file", "size": 7, "time": 0}
    told = {one.path: file, other.path: file}
    listing = {path.removeprefix("keepsakes/"): entry for path, entry in told.items()}
    strange = {
        ".": {"type": "path"},
        "redis": {"type": "path"},
        "redis/20261125T120000Z": file,
        f"redis/20261125T120000Z-{'c' * 64}.pgbackrest.tmp": file,
        f"20261125T120000Z-{'c' * 64}": file,
    }
    assert listed(json.dumps(listing | strange)) == [one, other]
    assert one.at == NOON
    assert listed('{".":{"type":"path"}}') == []


def test_a_mark_is_of_the_key_the_kind_the_moment_and_every_byte() -> None:
    def mark(key: str, kind: str, moment: str, *pieces: bytes) -> str:
        made = marker(key, kind, moment)
        for piece in pieces:
            made.update(piece)
        return made.hexdigest()

    known = mark("key", "redis", "20261125T120000Z", b"some", b"bytes")
    assert known == mark("key", "redis", "20261125T120000Z", b"somebytes")
    others = {
        mark("other", "redis", "20261125T120000Z", b"somebytes"),
        mark("key", "silences", "20261125T120000Z", b"somebytes"),
        mark("key", "redis", "20261125T120001Z", b"somebytes"),
        mark("key", "redis", "20261125T120000Z", b"somebyte"),
    }
    assert known not in others
    assert len(others) == 4


def test_each_kind_has_its_own_generations() -> None:
    hourly = [kept("redis", NOON - timedelta(hours=hours)) for hours in range(24 * 20)]
    nightly = [kept("dump-shop", NOON - timedelta(days=days)) for days in range(20)]
    stays = {one for one, why in decide([*hourly, *nightly], POLICY, NOON + timedelta(minutes=5)).items() if why}
    of = {kind: sorted((one.at for one in stays if one.kind == kind), reverse=True) for kind in ("redis", "dump-shop")}
    # Those of a day, the last of two days before it, and of the week before.
    assert of["redis"][:24] == [NOON - timedelta(hours=hours) for hours in range(24)]
    assert [f"{at:%d %H}" for at in of["redis"][24:]] == ["23 23", "22 23"]
    assert [f"{at:%d}" for at in of["dump-shop"]] == ["25", "24", "23", "22"]


moments = st.integers(0, 60 * 24 * 90).map(lambda minutes: NOON - timedelta(minutes=minutes))


@given(st.lists(st.tuples(st.sampled_from(("redis", "silences")), moments), max_size=60), st.integers(-48, 48))
def test_what_holds_for_whatever_there_is(made: list[tuple[str, datetime]], hours: int) -> None:
    found, now = {kept(kind, at) for kind, at in made}, NOON + timedelta(hours=hours)
    decided = decide(found, POLICY, now)
    assert set(decided) == found
    # The newest of a kind never goes, nor what is younger than the floor; what stays would stay alone too.
    assert all(decided[one] for one in newest(found).values())
    assert all(decided[one] for one in found if now - one.at < POLICY.floor)
    stays = {one for one, why in decided.items() if why}
    assert {one for one, why in decide(stays, POLICY, now).items() if why} == stays


def slave(state: str, offset: int) -> list[str]:
    return ["slave", "redis-1", "6379", state, str(offset)]


MASTER = ["master", "900", "redis-2", "6379", "900"]


@pytest.mark.parametrize(
    ("roles", "asked"),
    [
        ({"1": MASTER, "2": slave("connected", 800), "3": slave("connected", 1200)}, ["3", "2"]),
        ({"1": MASTER, "2": slave("sync", 900), "3": slave("connected", 1)}, ["3"]),
        ({"1": MASTER, "2": slave("connect", -1)}, ["1"]),
        ({"1": MASTER}, ["1"]),
        ({"1": ["LOADING Redis is loading the dataset in memory"], "2": slave("connect", -1)}, []),
        ({}, []),
    ],
)
def test_replicas_are_asked_before_the_master_and_only_those_that_follow(
    roles: dict[str, list[str]], asked: list[str]
) -> None:
    assert order(roles) == asked


def test_what_was_never_kept_is_missing_since_it_was_first_missed(tmp_path: Path) -> None:
    path, due = tmp_path / "keepsakes.prom", {"redis": 3600.0, "silences": 7200.0}
    metrics.write(path, ["local", "s3"], due, {"local": {"redis": 50.0}, "s3": {}}, now=100.0)

    def since(repository: str, kind: str) -> float:
        name = f'backup_keepsake_since_timestamp_seconds{{kind="{kind}",repository="{repository}"}} '
        (line,) = [line for line in path.read_text().splitlines() if line.startswith(name)]
        return float(line.removeprefix(name))

    assert (since("local", "redis"), since("local", "silences"), since("s3", "redis")) == (50, 100, 100)
    # A repository that cannot be read keeps its time, one that is not declared any more has none.
    metrics.write(path, ["s3"], due, {}, now=200.0)
    assert (since("s3", "redis"), since("s3", "silences")) == (100, 100)
    assert "local" not in path.read_text()
    metrics.write(path, ["s3"], due, {"s3": {"redis": 190.0}}, now=300.0)
    assert (since("s3", "redis"), since("s3", "silences")) == (190, 100)


def test_the_keys_of_redis_are_kept_at_their_time_and_where_there_are_any() -> None:
    made = plan(topology(STACK, services__backup={"keepsakes": {"redis": "*/15 * * * *"}, "late": "30m"}))
    jobs = {job["name"]: job for job in json.loads(text(made, "jobs.json"))}
    assert jobs["redis"]["schedule"] == "*/15 * * * *"
    assert jobs["redis"]["command"] == ["backup-keep", "--take=redis", "--repository=local"]
    told = json.loads(text(made, "keepsakes.json"))
    assert told["due"] == {"redis": 45 * 60}
    assert told["redis"] == ["redis-1:6379", "redis-2:6379", "redis-3:6379"]
    assert told["keep"] == {"daily": 7, "weekly": 4, "monthly": 0, "floor_seconds": 24 * 3600}
    bare = plan(topology(raw(DATABASE, services__backup={})))
    assert "redis" not in {job["name"] for job in json.loads(text(bare, "jobs.json"))}
    assert json.loads(text(bare, "keepsakes.json"))["due"] == {}


def test_each_repository_keeps_by_a_job_and_a_key_of_its_own() -> None:
    s3 = {"endpoint": "s3.example.com:9000", "bucket": "copies", "key": "AKIA0", "secret": "bucket"}
    made = plan(load("lab", raw(STACK, services__backup={"s3": s3}), given=["bucket"]))
    jobs = {job["name"]: job["command"] for job in json.loads(text(made, "jobs.json"))}
    assert jobs["redis-s3"] == ["backup-keep", "--take=redis", "--repository=s3"]
    assert "backup/cipher-s3" in text(made, "cipher-s3")
    assert "backup/cipher-s3" not in text(made, "cipher-local")


def test_who_keeps_the_keys_may_copy_and_do_nothing_else() -> None:
    made = plan(topology(STACK))
    (user,) = [line for line in text(made, "users.acl", "redis-1").splitlines() if line.startswith("user backup ")]
    assert user.split()[5:] == ["+role", "+replconf", "+sync"]
    holders = {
        planned.instance.workload.name
        for planned in made.planned
        for file in planned.files
        if "redis/backup" in {secret.name for secret in file.secrets}
    }
    assert holders == {"redis", "backup-scheduler"}


def test_chosen_databases_are_dumped_by_a_role_of_its_own_that_reads() -> None:
    given = raw(
        DATABASE,
        services__postgres={"members": 2, "databases": {"shop": {}, "other": {}}},
        services__backup={"keepsakes": {"dumps": ["shop"], "dump": "5 4 * * *"}},
    )
    made = plan(topology(given))
    jobs = {job["name"]: job for job in json.loads(text(made, "jobs.json"))}
    assert (jobs["dump-shop"]["schedule"], jobs["dump-shop"]["command"][1]) == ("5 4 * * *", "--take=dump-shop")
    assert json.loads(text(made, "keepsakes.json"))["postgres"] == ["postgres-1:5432", "postgres-2:5432"]
    document = json.loads(text(made, "provision.json", "postgres-provision-1"))
    (role,) = [role for role in document["roles"] if role["name"] == "dump"]
    assert (role["member_of"], role["bypasses_policies"]) == (["pg_read_all_data"], True)
    assert {one["name"]: one.get("connects") for one in document["databases"]} == {"shop": ["dump"], "other": None}
    admitted = [line.strip(" -") for line in text(made, "patroni.yml", "postgres-1").splitlines() if " dump " in line]
    assert admitted == ["hostssl shop dump all scram-sha-256"]
    holders = {
        planned.instance.workload.name
        for planned in made.planned
        for file in planned.files
        if "postgres/dump" in {secret.name for secret in file.secrets}
    }
    assert holders == {"postgres-provision", "backup-scheduler"}


def test_without_dumps_nobody_may_read_everything() -> None:
    made = plan(topology(STACK))
    assert "dump" not in {
        role["name"] for role in json.loads(text(made, "provision.json", "postgres-provision-1"))["roles"]
    }
    assert " dump " not in text(made, "patroni.yml", "postgres-1")


def test_a_dump_is_asked_of_any_member_and_no_secret_is_in_the_question() -> None:
    told = connection(["postgres-1:5432", "postgres-2:5433"], "shop", "prefer-standby")
    assert told.startswith("host='postgres-1,postgres-2' port='5432,5433' dbname='shop' user='dump' passfile=")
    assert "sslmode='verify-full'" in told
    assert "target_session_attrs='prefer-standby'" in told


def test_a_database_that_is_not_declared_is_not_dumped() -> None:
    with pytest.raises(StackError, match=r"services\.backup\.keepsakes\.dumps\.0: 'shp': declared are: shop"):
        topology(STACK, services__backup={"keepsakes": {"dumps": ["shp"]}})


def test_a_schedule_that_never_comes_is_refused() -> None:
    with pytest.raises(StackError, match=r"services\.backup\.keepsakes\.redis: '0 0 30 2 \*': this day never comes"):
        topology(STACK, services__backup={"keepsakes": {"redis": "0 0 30 2 *"}})


def test_silences_are_kept_where_there_is_an_alertmanager() -> None:
    made = plan(topology(raw(STACK, services__alertmanager={}, services__monitoring={})))
    jobs = {job["name"]: job for job in json.loads(text(made, "jobs.json"))}
    assert (jobs["silences"]["schedule"], jobs["silences"]["command"][1]) == ("40 * * * *", "--take=silences")
    assert json.loads(text(made, "keepsakes.json"))["alertmanager"] == ["alertmanager-1:9093"]
    assert json.loads(text(plan(topology(STACK)), "keepsakes.json"))["alertmanager"] == []
