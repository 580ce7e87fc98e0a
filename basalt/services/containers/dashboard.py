"""What people see of the containers."""

from collections.abc import Iterator

from basalt.collect.panels import WINDOW, Panel, Unit, figure, trend

#: What a container cannot give back without a cost: its working set without the files that it reads again and again.
_HELD = "(container_memory_working_set_bytes - container_memory_total_active_file_bytes)"


def panels() -> Iterator[Panel]:
    """The first stands on the overview too."""
    yield _processors()
    yield _running()
    yield _fullest()
    yield _restarts()
    yield _killed()
    yield _memory()
    yield _share()
    yield _throttled()
    yield _network()
    yield _threads()


def _processors() -> Panel:
    return trend(
        "processors",
        "Cores that each service's containers keep busy.",
        Unit.NUMBER,
        {"{{service}}": f"sum by (service) (rate(container_cpu_usage_seconds_total[{WINDOW}]))"},
    )


def _running() -> Panel:
    return figure("running", "Containers of the stack.", Unit.COUNT, "count(container_start_time_seconds)")


def _fullest() -> Panel:
    return figure(
        "fullest",
        "Share of its memory that the fullest container takes. At 1 the kernel kills it.",
        Unit.RATIO,
        f"max({_HELD} / container_spec_memory_limit_bytes)",
    )


def _restarts() -> Panel:
    return figure(
        "started anew",
        "How often containers were started within an hour, beyond the first time.",
        Unit.COUNT,
        "sum(changes(container_start_time_seconds[1h]))",
    )


def _killed() -> Panel:
    return figure(
        "killed for memory",
        "Processes that the kernel killed within an hour, because their container was full.",
        Unit.COUNT,
        "sum(increase(container_oom_events_total[1h]))",
    )


def _memory() -> Panel:
    return trend(
        "memory", "Held by each service's containers.", Unit.BYTES, {"{{service}}": f"sum by (service) ({_HELD})"}
    )


def _share() -> Panel:
    return trend(
        "memory of the limit",
        "Share that the five fullest containers take.",
        Unit.RATIO,
        {"{{subject}}": f"topk(5, {_HELD} / container_spec_memory_limit_bytes)"},
    )


def _throttled() -> Panel:
    return trend(
        "held back",
        "Share of the time in which a container had work and no more CPU was given to it: its limit is too low.",
        Unit.RATIO,
        {"{{subject}}": f"topk(5, rate(container_cpu_cfs_throttled_seconds_total[{WINDOW}]))"},
    )


def _network() -> Panel:
    received, sent = (f"container_network_{way}_bytes_total" for way in ("receive", "transmit"))
    return trend(
        "network",
        "Received and sent by each service's containers.",
        Unit.BYTE_RATE,
        {
            "{{service}} received": f"sum by (service) (rate({received}[{WINDOW}]))",
            "{{service}} sent": f"sum by (service) (rate({sent}[{WINDOW}]))",
        },
    )


def _threads() -> Panel:
    return trend(
        "threads", "Of each service's containers.", Unit.COUNT, {"{{service}}": "sum by (service) (container_threads)"}
    )
