"""What is said before Redis' keys are brought back, and on whom that is done."""

import io
import tarfile
from datetime import UTC, datetime
from typing import Any
from unittest.mock import Mock

import pytest

from basalt.operations.keepsakes.catalogue import Kept
from basalt.operations.keepsakes.dump import NAME, into, listed
from basalt.operations.keepsakes.dump import told as told_of_dump
from basalt.operations.keepsakes.redis import Members, follows, told
from basalt.operations.tar import archived

KEPT = Kept("local", "redis", "20261126T100000Z", "2026-11-26T10:00:00Z", 2_500_000, ("day 2026-11-26",))
NOW = datetime(2026, 11, 26, 10, 42, 7, tzinfo=UTC)


def members(master: str | None) -> Members:
    container: Any = Mock()
    return Members({"redis-1": container, "redis-2": container}, {}, master)


def test_it_is_told_what_is_lost_and_that_it_can_be_taken_back() -> None:
    lines = list(told(KEPT, members("redis-2"), NOW))
    assert lines[0].startswith("redis of 2026-11-26T10:00:00Z in local (2.5 MB) becomes what redis-2 holds")
    assert "lost is what was written in the last 42 min 7 s: " in lines[1]
    assert "will be done again" in lines[1]
    assert "is kept first" in lines[2]


def test_where_nobody_is_the_master_it_is_told_that_there_is_no_way_back() -> None:
    lines = list(told(KEPT, members(None), NOW))
    assert "becomes what redis-1 holds" in lines[0]
    assert "NOT kept first" in lines[2]


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (["slave", "redis-1", "6379", "connected", "42"], True),
        (["slave", "redis-1", "6379", "sync", "-1"], False),
        (["master", "42"], False),
        ([], False),
    ],
)
def test_who_has_copied_its_master_follows(answer: list[str], expected: bool) -> None:  # noqa: FBT001
    assert follows(answer) is expected


LISTING = """;
; Archive created at 2026-11-26 10:00:00 UTC
;     TOC Entries: 12
;
2; 3079 16390 EXTENSION - pg_cron
4021; 0 0 COMMENT - EXTENSION pg_cron
3; 3079 16400 EXTENSION - pg_trgm
221; 1259 16411 TABLE public orders shop_owner
4002; 0 16411 TABLE DATA public orders shop_owner
4003; 0 16412 TABLE DATA cron job postgres
4004; 0 16413 SEQUENCE SET cron jobid_seq postgres
"""


def test_what_one_database_of_a_cluster_can_have_is_left_out_of_another() -> None:
    wanted, left = listed(LISTING)
    assert [line.split("; ")[0] for line in left] == ["2", "4021", "4003", "4004"]
    assert [line for line in LISTING.splitlines() if line not in left] == wanted.splitlines()


def test_a_new_database_is_called_by_its_moment() -> None:
    kept = Kept("s3", "dump-shop", "20261126T100000Z", "2026-11-26T10:00:00Z", 900_000)
    assert into("shop", kept) == "shop_20261126t100000z"
    assert len(into("s" * 63, kept)) == 63
    assert NAME.fullmatch(into("shop", kept))
    lines = list(told_of_dump(kept, "shop", "shop_old"))
    assert "becomes the new database shop_old on the primary" in lines[0]
    assert "shop stays as it is, and nothing is lost" in lines[0]


def test_a_file_is_packed_for_its_owner_alone() -> None:
    with archived("restore.rdb", io.BytesIO(b"REDIS")) as packed, tarfile.open(fileobj=packed) as tar:
        (entry,) = tar.getmembers()
        assert (entry.name, entry.size, entry.mode, entry.uid) == ("restore.rdb", 5, 0o400, 10001)
