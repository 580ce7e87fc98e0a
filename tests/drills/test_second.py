"""A second repository, off-site: what the first one loses it has; that it cannot be reached holds nobody up."""

import json
import secrets
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest

from basalt.services.backup.settings import S3
from tests.drills import ALL
from tests.drills.house import AT_ONCE, DATABASE, FLIP, House, configuration, house
from tests.s3.bucket import INSIDE, Bucket, bucket

pytestmark = pytest.mark.live

#: A request that fails is tried again for minutes otherwise.
_SOON = "io-timeout=2\ndb-timeout=20\nprotocol-timeout=30\n"
#: The log is handed over as members do: what waits for one repository does not wait for the other.
_AS_MEMBERS = "archive-async=y\nspool-path=/var/lib/pg/spool\n"


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[House, Bucket]]:
    """The house with a bucket beside its repository, and a full backup in each."""
    folder, name = tmp_path_factory.mktemp("s3"), f"basalt-s3-{secrets.token_hex(4)}"
    with house(extra_hosts={INSIDE.host: INSIDE.address}) as place, _beside(place, folder, name) as far:
        s3 = S3.model_validate(far.block)
        place.write("s3.crt", far.authority)
        place.write("repositories", "local\ns3\n")
        place.write("pgbackrest.conf", configuration("", DATABASE + _SOON + _AS_MEMBERS, s3, far.secret))
        place.write("drill.conf", configuration("/var/lib/drill", AT_ONCE + _SOON, s3, far.secret))
        place.write("retention.json", json.dumps({"daily": 1, "weekly": 0, "monthly": 0, "floor_seconds": 1}) + "\n")
        place.run("begin; pgbackrest --stanza=main stanza-create > /dev/null; backup-take full > /dev/null")
        yield place, far


def _beside(place: House, folder: Path, name: str) -> AbstractContextManager[Bucket]:
    return bucket(folder, name, INSIDE, network_mode=f"container:{place.container.id}")


@contextmanager
def without_the_first(place: House) -> Iterator[None]:
    """All that the first repository holds is gone for a while."""
    place.run('mkdir /tmp/aside && mv "$repository"/archive "$repository"/backup /tmp/aside')
    try:
        yield
    finally:
        place.run('rm -rf "$repository"/archive "$repository"/backup; mv /tmp/aside/* "$repository"; rmdir /tmp/aside')


def ages(place: House) -> dict[str, float]:
    """When the newest of each repository ended, as it is published."""
    lines = place.run("cat /var/lib/drill/backups.prom").splitlines()
    found = (line.split(" ") for line in lines if 'kind="full"' in line)
    return {name.split('repository="')[1].split('"')[0]: float(value) for name, value in found}


def test_each_holds_a_backup_and_each_is_proved(pair: tuple[House, Bucket]) -> None:
    place, far = pair
    place.run('sql -c "SELECT pg_switch_wal()" > /dev/null; pgbackrest --stanza=main check > /dev/null')
    reports = place.drills()
    assert [(one["repository"], one["fault"], one["proved"]) for one in reports] == [
        ("local", None, True),
        ("s3", None, True),
    ]
    assert set(ages(place)) == {"local", "s3"}
    # Nothing of it can be read without the key.
    assert far.run('head -c 8 "$(find lab/backup -name backup.manifest | head -1)"') == "Salted__"


def test_a_flipped_byte_off_site_is_found_there_and_the_other_is_well(pair: tuple[House, Bucket]) -> None:
    place, far = pair
    bundle = far.run("find lab/backup -path '*bundle/1' | head -1").strip()
    far.run(f"{FLIP}\ncp -a {bundle} /tmp/good\nflip {bundle}")
    try:
        local, off_site = place.drills()
        assert (local["fault"], off_site["fault"], off_site["proved"]) == (None, "repository", False)
        assert "checksum invalid" in off_site["why"]
    finally:
        far.run(f"cp -a /tmp/good {bundle}")
    assert place.drill("--repository=s3")["fault"] is None


def test_what_the_first_has_lost_comes_out_of_the_second(pair: tuple[House, Bucket]) -> None:
    place, _ = pair
    with without_the_first(place):
        planned = json.loads(place.run("backup-plan --latest"))
        assert (planned["repository"], planned["options"][0]) == ("s3", "--repo=2")
        command = "backup-extract --database=postgres --table=t --latest 2> /dev/null"
        assert place.run(f"{command} | grep -c '^[0-9]*\t'").strip() == "63000"
    assert json.loads(place.run("backup-plan --latest"))["repository"] == "local"


def test_what_neither_has_is_told_of_both(pair: tuple[House, Bucket]) -> None:
    place, _ = pair
    code, output = place.container.exec_run(["backup-plan", "--set=20200101-000000F"])
    told = bytes(output).decode()  # type: ignore[arg-type]
    assert code == 1
    assert "local: the repository holds no 20200101-000000F" in told
    assert "s3: the repository holds no 20200101-000000F" in told
    code, output = place.container.exec_run(["backup-plan", "--latest", "--repository=tape"])
    assert (code, b"there is no repository tape, but: local, s3" in bytes(output)) == (1, True)  # type: ignore[arg-type]


def test_a_wrong_key_is_told_before_anything_is_restored(pair: tuple[House, Bucket]) -> None:
    place, _ = pair
    right = place.run("cat /etc/basalt/drill.conf")
    place.write("drill.conf", right.replace("repo2-cipher-pass=another", "repo2-cipher-pass=wrong"))
    try:
        code, output = place.container.exec_run(["backup-plan", "--latest", "--repository=s3"])
        assert (code, b"its key is another, or it is damaged" in bytes(output)) == (1, True), output  # type: ignore[arg-type]
    finally:
        place.write("drill.conf", right)


@pytest.mark.skipif(not ALL, reason="pgBackRest tries again for minutes; BASALT_TEST_DRILLS=all")
def test_an_off_site_that_is_cut_off_holds_nobody_up_and_is_caught_up_by_itself(pair: tuple[House, Bucket]) -> None:
    place, far = pair
    before = ages(place)
    far.end()
    try:
        # What the database writes goes on into the first one; the segment waits for the other.
        place.run('sql -c "CREATE TABLE meanwhile (n int)" -c "SELECT pg_switch_wal()" > /dev/null')
        code, output = place.container.exec_run(["backup-take", "full"])
        assert code, output
        assert b"no backup in s3" in bytes(output)  # type: ignore[arg-type]
        after = ages(place)
        assert after["local"] > before["local"]
        assert after["s3"] == before["s3"]
        local, off_site = place.drills()
        assert (local["fault"], local["proved"]) == (None, True)
        assert (off_site["fault"], off_site["proved"]) == ("catalogue", False)
    finally:
        far.begin()
    place.run('sql -c "SELECT pg_switch_wal()" > /dev/null; pgbackrest --stanza=main check > /dev/null')
    place.run("backup-take full > /dev/null")
    assert ages(place)["s3"] > after["local"]
    assert [one["fault"] for one in place.drills()] == [None, None]


def test_generations_are_kept_in_each(pair: tuple[House, Bucket]) -> None:
    place, _ = pair
    place.run("backup-take full > /dev/null")
    told = json.loads(place.run("backup-retain --dry-run --json"))
    assert {row["repository"] for row in told} == {"local", "s3"}
    place.run("backup-retain > /dev/null")
    left = json.loads(place.run("backup-retain --dry-run --json"))
    assert [(row["repository"], row["kept"]) for row in left] == [("local", True), ("s3", True)]
    assert [one["fault"] for one in place.drills()] == [None, None]
