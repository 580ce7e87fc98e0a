"""What people see of etcd."""

from collections.abc import Iterator

from basalt.collect.panels import WINDOW, Panel, Unit, figure, trend


def panels() -> Iterator[Panel]:
    """The first stands on the overview too."""
    yield _proposals()
    yield _leader()
    yield _members()
    yield _changes()
    yield _disk()
    yield _peers()
    yield _size()
    yield _stuck()
    yield _requests()


def _proposals() -> Panel:
    return trend(
        "changes agreed on",
        "Proposals that a majority took, as each member counts them: lines that part mean a member is behind.",
        Unit.RATE,
        {"{{subject}}": f"rate(etcd_server_proposals_committed_total[{WINDOW}])"},
    )


def _leader() -> Panel:
    return figure(
        "leader",
        "The member that orders all changes. Without one nothing is written, and no failover is possible.",
        Unit.NAME,
        "etcd_server_is_leader == 1",
        "{{subject}}",
    )


def _members() -> Panel:
    return figure(
        "members that see a leader",
        "All of them should. A majority is needed.",
        Unit.COUNT,
        "sum(etcd_server_has_leader)",
    )


def _changes() -> Panel:
    return figure(
        "elections, last hour",
        "How often a member saw the leader change. Several an hour mean a slow disk or network.",
        Unit.COUNT,
        "max(increase(etcd_server_leader_changes_seen_total[1h]))",
    )


def _disk() -> Panel:
    return trend(
        "time to write the log",
        "99 of 100 writes reach the disk within it. Beyond half a second leaders are lost.",
        Unit.SECONDS,
        {"{{subject}}": _slowest("etcd_disk_wal_fsync_duration_seconds_bucket")},
    )


def _peers() -> Panel:
    return trend(
        "time between members",
        "99 of 100 messages from each member come back within it. Beyond a second the followers elect another leader.",
        Unit.SECONDS,
        {"{{subject}}": _slowest("etcd_network_peer_round_trip_time_seconds_bucket")},
    )


def _size() -> Panel:
    return trend(
        "database",
        "Share of the quota that is taken. At 1 no change is accepted until it is compacted by hand.",
        Unit.RATIO,
        {"{{subject}}": "etcd_mvcc_db_total_size_in_bytes / etcd_server_quota_backend_bytes"},
    )


def _stuck() -> Panel:
    return trend(
        "changes in trouble",
        "Waiting for a majority now, and refused within the last hour. Both are zero while all is well.",
        Unit.COUNT,
        {
            "{{subject}} waiting": "etcd_server_proposals_pending",
            "{{subject}} refused": "increase(etcd_server_proposals_failed_total[1h])",
        },
    )


def _requests() -> Panel:
    return trend(
        "requests",
        "Calls of clients that were answered, by method: whoever holds a lease renews it all the time.",
        Unit.RATE,
        {"{{grpc_method}}": f"sum by (grpc_method) (rate(grpc_server_handled_total[{WINDOW}])) > 0"},
    )


def _slowest(histogram: str) -> str:
    return f"histogram_quantile(0.99, sum by (subject, le) (rate({histogram}[{WINDOW}])))"
