"""The archive that carries an instance's files into its volume."""

import base64
import io
import json
import tarfile
import zlib
from typing import Any

import pytest
from pulumi.runtime import rpc

from basalt.targets.docker.digest import decode, encode, restart_digest
from basalt.targets.docker.files import _FilesProvider, _noted
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


@pytest.mark.parametrize(
    "earlier", [json.dumps(FILES), base64.b64encode(zlib.compress(json.dumps(FILES).encode(), 1)).decode()]
)
def test_files_are_the_same_however_they_are_carried(earlier: str) -> None:
    """As earlier states have them, or as another library compresses them: nothing is done for it."""
    assert earlier != ENCODED
    assert decode(earlier) == decode(ENCODED) == FILES
    assert restart_digest(earlier, []) == restart_digest(ENCODED, [])
    known: dict[str, Any] = {"engine": {}, "volume": "v", "certificates": {}, "ends": {}}
    olds, news = {**known, "files": earlier}, {**known, "files": ENCODED}
    assert not _FilesProvider().diff("v", olds, news).changes
    assert not _FilesProvider().diff("v", _noted(news), news).changes
    changed = {**news, "files": encode({**FILES, "etcd.yaml": ("a: 2\n", False)})}
    assert _FilesProvider().diff("v", olds, changed).changes
    assert _FilesProvider().diff("v", _noted(news), changed).changes


def test_a_preview_in_which_an_authority_changes_knows_no_files() -> None:
    known: dict[str, Any] = {"engine": {}, "volume": "v", "certificates": "{}", "ends": {}, "files": ENCODED}
    for key in ("files", "certificates"):
        assert _FilesProvider().diff("v", _noted(known), {**known, key: rpc.UNKNOWN}).changes
    assert not _FilesProvider().diff("v", _noted(known), known).changes


def test_earlier_states_have_parts_where_later_ones_have_a_string() -> None:
    parts: dict[str, Any] = {"reload": {"files": ["a"]}, "labels": {"a": "b"}, "certificates": {}, "leaves": {}}
    known: dict[str, Any] = {"engine": {}, "volume": "v", "ends": {}, "files": ENCODED}
    strings = {key: json.dumps(part) for key, part in parts.items()}
    assert not _FilesProvider().diff("v", {**known, **parts}, {**known, **strings}).changes
    assert _FilesProvider().diff("v", {**known, **parts}, {**known, **strings, "labels": "{}"}).changes


def test_the_state_has_the_files_once() -> None:
    noted = _noted({"files": ENCODED, "volume": "v"})
    assert noted["files"] not in ("", ENCODED)
    assert json.loads(noted["held"]).keys() == FILES.keys()


def test_the_digest_says_nothing_of_the_contents() -> None:
    assert "KEY" not in restart_digest(ENCODED, [])
