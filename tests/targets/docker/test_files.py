"""The archive that carries an instance's files into its volume."""

import io
import tarfile

from basalt.targets.docker.digest import encode, restart_digest
from basalt.targets.docker.volume import archive

FILES = {"etcd.yaml": ("a: 1\n", False), "tls/stack/tls.key": ("KEY", False), "start": ("#!/bin/sh\n", True)}
ENCODED = encode(FILES)


def entries() -> dict[str, tarfile.TarInfo]:
    with tarfile.open(fileobj=io.BytesIO(archive(FILES, 10001))) as tar:
        return {entry.name: entry for entry in tar.getmembers()}


def test_nobody_but_the_container_user_reads_a_file() -> None:
    assert {name: entry.mode for name, entry in entries().items()} == {
        "basalt": 0o500,
        "basalt/tls": 0o500,
        "basalt/tls/stack": 0o500,
        "basalt/etcd.yaml": 0o400,
        "basalt/start": 0o500,
        "basalt/tls/stack/tls.key": 0o400,
    }
    assert {(entry.uid, entry.gid) for entry in entries().values()} == {(10001, 10001)}


def test_the_same_files_give_the_same_bytes() -> None:
    assert archive(FILES, 10001) == archive(FILES, 10001)


def test_what_an_instance_takes_up_while_it_runs_does_not_replace_its_container() -> None:
    renewed = encode({**FILES, "tls/stack/tls.key": ("NEW", False)})
    assert restart_digest(renewed, ["tls/stack/tls.key"]) == restart_digest(ENCODED, ["tls/stack/tls.key"])
    assert restart_digest(renewed, []) != restart_digest(ENCODED, [])


def test_a_renewed_certificate_replaces_who_cannot_take_it_up() -> None:
    ends = {"tls/stack": "2027-01-01T00:00:00+00:00"}
    later = {"tls/stack": "2027-03-01T00:00:00+00:00"}
    assert restart_digest(ENCODED, [], ends) != restart_digest(ENCODED, [], later)


def test_the_digest_says_nothing_of_the_contents() -> None:
    assert "KEY" not in restart_digest(ENCODED, [])
