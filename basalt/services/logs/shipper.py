"""What the shipper's configuration is told. Pure; names no service."""

from dataclasses import dataclass

from basalt.services.logs.redaction import RULES
from basalt.site import Site
from basalt.workload import LogFormat

#: Words of programs for one of ours, as a regular expression. What they call otherwise, their `LogFormat` says.
LEVELS = (
    ("fatal", "fatal|panic|dpanic|critical|crit|alert|emerg(ency)?"),
    ("error", "error|err|severe"),
    ("warning", "warning|warn"),
    ("info", "info|information|notice|log"),
    ("debug", "debug[1-5]?|trace|noise"),
)

#: How programs end that wrote no level: Go, and C's abort.
FATAL = r"^(panic: |fatal error: |SIG(SEGV|ABRT|BUS|ILL): )"


@dataclass(frozen=True, slots=True)
class Plain:
    """A workload whose lines are not all JSON."""

    workload: str
    pattern: str
    levels: tuple[tuple[str, str], ...]


def quoted(text: str) -> str:
    """A string of syslog-ng's language. ValueError for what it cannot hold: a backtick is a variable in it."""
    if "`" in text or "\n" in text:
        raise ValueError(f"{text!r}: neither a backtick nor a line end can stand here")
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def plain(site: Site) -> tuple[Plain, ...]:
    """The formats that workloads declare, sorted by workload."""
    found: dict[str, LogFormat] = {}
    for instance in site.instances:
        if instance.workload.log_format:
            found[instance.workload.name] = instance.workload.log_format
    return tuple(Plain(name, quoted(told.pattern), told.levels) for name, told in sorted(found.items()))


def rules() -> tuple[tuple[str, str], ...]:
    """(what to look for, what to put in its place), in syslog-ng's language."""
    return tuple((quoted(rule.pcre), quoted(rule.shown)) for rule in RULES)
