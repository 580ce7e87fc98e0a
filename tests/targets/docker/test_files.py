"""The archive that carries an instance's files into its volume."""

import io
import tarfile

from basalt.targets.docker.files import archive, digest, encode

ENCODED = encode({"etcd.yaml": ("a: 1\n", False), "tls/stack/tls.key": ("KEY", False), "start": ("#!/bin/sh\n", True)})


def entries() -> dict[str, tarfile.TarInfo]:
    with tarfile.open(fileobj=io.BytesIO(archive(ENCODED))) as tar:
        return {entry.name: entry for entry in tar.getmembers()}


def test_nobody_but_the_container_user_reads_a_file() -> None:
    assert {name: entry.mode for name, entry in entries().items()} == {
        "tls": 0o500,
        "tls/stack": 0o500,
        "etcd.yaml": 0o400,
        "start": 0o500,
        "tls/stack/tls.key": 0o400,
    }
    assert {(entry.uid, entry.gid) for entry in entries().values()} == {(10001, 10001)}


def test_the_same_files_give_the_same_bytes() -> None:
    assert archive(ENCODED) == archive(ENCODED)


def test_a_digest_tells_contents_apart_without_saying_them() -> None:
    assert digest(ENCODED) != digest(encode({}))
    assert "KEY" not in digest(ENCODED)
