"""What people see of the fencer."""

from collections.abc import Iterator

from basalt.collect.panels import WINDOW, Panel, Unit, figure, trend


def panels() -> Iterator[Panel]:
    """The first stands on the overview too."""
    yield _held()
    yield _fences()
    yield _failed()
    yield _last()
    yield _suspicions()
    yield _absences()
    yield _etcd()


def _held() -> Panel:
    return figure(
        "members held",
        "Members whose first process a fencer holds. As many as there are, or a failure of one waits for ttl.",
        Unit.COUNT,
        "sum(fencer_holds)",
    )


def _fences() -> Panel:
    return figure(
        "fences",
        "Primaries that were proven dead within a day and lost their lock. Each was a failover.",
        Unit.COUNT,
        'sum(increase(fencer_fences_total{outcome="done"}[1d]))',
    )


def _failed() -> Panel:
    return figure(
        "without proof",
        "Primaries that nobody could prove dead within a day: writes stopped until the lock timed out.",
        Unit.COUNT,
        'sum(increase(fencer_fences_total{outcome!="done"}[1d]))',
    )


def _last() -> Panel:
    return figure(
        "proof to deletion",
        "The longest that a lock outlived the proof, the last time. Above a second etcd answers late.",
        Unit.SECONDS,
        "max(fencer_last_fence_seconds)",
    )


def _suspicions() -> Panel:
    return trend(
        "suspicions",
        "How often a witness found the primary silent. Those that lead to no fence are jitter: raise the window.",
        Unit.RATE,
        {"{{subject}}": f"rate(fencer_suspicions_total[{WINDOW}])"},
    )


def _absences() -> Panel:
    return trend(
        "absences",
        "How often a witness itself was late by half a second or more: its host has too little CPU.",
        Unit.RATE,
        {"{{subject}}": f"rate(fencer_absences_total[{WINDOW}])"},
    )


def _etcd() -> Panel:
    return trend(
        "age of what etcd said",
        "A second or so. One that grows belongs to a fencer that is cut off and can fence nobody.",
        Unit.SECONDS,
        {"{{subject}}": "fencer_store_age_seconds"},
    )
