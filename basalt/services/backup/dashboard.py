"""What people see of backups."""

from collections.abc import Iterator

from basalt.collect.panels import WINDOW, Panel, Unit, figure, trend


def panels() -> Iterator[Panel]:
    """The first stands on the overview too."""
    yield _age()
    yield _health()
    yield _proved()
    yield _drill()
    yield _next()
    yield _keepsakes()
    yield _archived()
    yield _duration()
    yield _size()
    yield _log()
    yield _runs()


def _age() -> Panel:
    return trend(
        "age of the newest",
        "By repository: full ones, and any kind. Alerts begin at 26 hours for full, 8 hours for any.",
        Unit.SECONDS,
        {"{{repository}} {{kind}}": "time() - max by (repository, kind) (backup_last_timestamp_seconds)"},
    )


def _health() -> Panel:
    return figure(
        "repositories that are well",
        "Those that pgbackrest reads without an error and that hold a valid backup.",
        Unit.COUNT,
        "count(pgbackrest_repo_status == 0) or vector(0)",
    )


def _proved() -> Panel:
    return figure(
        "since a restore proved one",
        "Time since a backup was restored, replayed and looked at with success. The alert begins at 26 hours.",
        Unit.SECONDS,
        "time() - max by (repository, which) (backup_drill_last_success_timestamp_seconds)",
        "{{repository}} {{which}}",
    )


def _drill() -> Panel:
    return trend(
        "time of a restore",
        "What the last drill of the newest backup took, step by step; a real one would restore and replay as long.",
        Unit.SECONDS,
        {"{{repository}} {{step}}": 'max by (repository, step) (backup_drill_step_seconds{which="newest"})'},
    )


def _next() -> Panel:
    return figure(
        "until the next",
        "Time until the scheduler starts each job again. Below zero it is late.",
        Unit.SECONDS,
        "max by (exported_job) (scheduler_job_next_timestamp_seconds > 0) - time()",
        "{{exported_job}}",
    )


def _keepsakes() -> Panel:
    return trend(
        "age of what is kept beside it",
        "Redis' keys, logical dumps, silences: how old the newest in each repository is.",
        Unit.SECONDS,
        {"{{repository}} {{kind}}": "time() - max by (repository, kind) (backup_keepsake_since_timestamp_seconds)"},
    )


def _archived() -> Panel:
    return figure(
        "since the last archived log",
        "What was written later is lost when all members are lost. An idle database archives seldom.",
        Unit.SECONDS,
        "min(pg_stat_archiver_last_archive_age >= 0)",
    )


def _duration() -> Panel:
    return trend(
        "time of a backup",
        "How long the last one of each type took.",
        Unit.SECONDS,
        {"{{backup_type}}": "max by (backup_type) (pgbackrest_backup_last_duration_seconds)"},
    )


def _size() -> Panel:
    return trend(
        "size of the database backed up",
        "Before compression, as the last backup of each type found it.",
        Unit.BYTES,
        {"{{backup_type}}": "max by (backup_type) (pgbackrest_backup_last_size_bytes)"},
    )


def _log() -> Panel:
    return trend(
        "log archived",
        "Segments of 16 MB that reached the repository, and attempts that failed: the log then fills the disk.",
        Unit.RATE,
        {
            "archived": f"sum(rate(pg_stat_archiver_archived_count[{WINDOW}]))",
            "failed": f"sum(rate(pg_stat_archiver_failed_count[{WINDOW}]))",
        },
    )


def _runs() -> Panel:
    return trend(
        "runs of jobs",
        "Since the scheduler started, by result. A failed job is tried again within minutes.",
        Unit.COUNT,
        {"{{exported_job}}: {{result}}": "sum by (exported_job, result) (scheduler_job_runs_total)"},
    )
