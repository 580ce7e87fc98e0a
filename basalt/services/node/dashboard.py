"""What people see of the hosts."""

from collections.abc import Iterator

from basalt.collect.panels import WINDOW, Panel, Unit, figure, trend

#: As in alerts.yml: file systems that lie on a disk.
_DISKS = 'fstype!~"tmpfs|ramfs|overlay|squashfs|iso9660|erofs"'


def panels() -> Iterator[Panel]:
    """The first stands on the overview too."""
    yield _cpu()
    yield _free()
    yield _memory_left()
    yield _load_per_core()
    yield _clock()
    yield _memory()
    yield _space()
    yield _full_in()
    yield _traffic()
    yield _busy()
    yield _pressure()
    yield _told()


def _cpu() -> Panel:
    idle = f'rate(node_cpu_seconds_total{{mode="idle"}}[{WINDOW}])'
    return trend(
        "processors",
        "Share of all cores that is at work, of each host.",
        Unit.RATIO,
        {"{{host}}": f"1 - avg by (host) ({idle})"},
    )


def _free() -> Panel:
    return figure(
        "disk free",
        "Share of the fullest file system of all hosts. An alert fires at a tenth.",
        Unit.RATIO,
        f"min(node_filesystem_avail_bytes{{{_DISKS}}} / node_filesystem_size_bytes)",
    )


def _memory_left() -> Panel:
    return figure(
        "memory available",
        "Share of the host that has least; what the kernel can give back counts as available.",
        Unit.RATIO,
        "min(node_memory_MemAvailable_bytes / node_memory_MemTotal_bytes)",
    )


def _load_per_core() -> Panel:
    return figure(
        "load of a core",
        "Processes that run or wait for a disk, for each core of the busiest host. Beyond 1 some wait.",
        Unit.NUMBER,
        'max(node_load1 / on (host) count by (host) (node_cpu_seconds_total{mode="idle"}))',
    )


def _clock() -> Panel:
    return figure(
        "clocks differ",
        "The largest offset that a host's kernel knows. Certificates and logs need clocks that agree.",
        Unit.SECONDS,
        "max(abs(node_timex_offset_seconds))",
    )


def _memory() -> Panel:
    return trend(
        "memory taken",
        "Of each host, without what the kernel can give back.",
        Unit.BYTES,
        {"{{host}}": "node_memory_MemTotal_bytes - node_memory_MemAvailable_bytes"},
    )


def _space() -> Panel:
    return trend(
        "disk taken",
        "Share of each device; a device that is mounted twice counts once.",
        Unit.RATIO,
        {
            "{{host}} {{device}}": "1 - min by (host, device) "
            f"(node_filesystem_avail_bytes{{{_DISKS}}} / node_filesystem_size_bytes)"
        },
    )


def _full_in() -> Panel:
    grows = f"min by (host, device) (deriv(node_filesystem_avail_bytes{{{_DISKS}}}[6h]))"
    left = f"min by (host, device) (node_filesystem_avail_bytes{{{_DISKS}}})"
    return trend(
        "disk full in",
        "If it goes on as in the last six hours; a year stands for never.",
        Unit.SECONDS,
        {"{{host}} {{device}}": f"clamp_max({left} / clamp_min(-{grows}, 1), 365 * 86400)"},
    )


def _traffic() -> Panel:
    return trend(
        "disk traffic",
        "Read from and written to each device.",
        Unit.BYTE_RATE,
        {
            "{{host}} {{device}} read": f"rate(node_disk_read_bytes_total[{WINDOW}])",
            "{{host}} {{device}} written": f"rate(node_disk_written_bytes_total[{WINDOW}])",
        },
    )


def _busy() -> Panel:
    return trend(
        "disks at work",
        "Share of the time in which a device has something to do. Near 1, everything that writes waits.",
        Unit.RATIO,
        {"{{host}} {{device}}": f"rate(node_disk_io_time_seconds_total[{WINDOW}])"},
    )


def _pressure() -> Panel:
    kinds = {"processors": "cpu_waiting", "disks": "io_waiting", "memory": "memory_waiting"}
    return trend(
        "pressure",
        "Share of the time in which some process waited for it (docs.kernel.org, PSI). It tells earlier than use does.",
        Unit.RATIO,
        {f"{{{{host}}}} {name}": f"rate(node_pressure_{kind}_seconds_total[{WINDOW}])" for name, kind in kinds.items()},
    )


def _told() -> Panel:
    return trend(
        "told by hosts",
        "Security updates and boots that wait, addresses that guessed at sshd, files that are not what they were.",
        Unit.COUNT,
        {
            "{{host}} updates wait": "node_security_updates_pending",
            "{{host}} waits for a boot": "node_reboot_required",
            "{{host}} bans": "node_addresses_banned",
            "{{host}} has changed files": "node_files_compared_result > bool 0",
        },
    )
