"""How a workload is watched: the metrics that it shows or gathers, and the lines that it writes."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Scrape:
    """A Prometheus target. `params` become URL parameters; `job` defaults to the workload's name. `about_others`:
    labels of the answer that begin with `about_` take the places of the target's own: `about_subject` is `subject`.
    `login`: user and the name of the secret that is the password, where metrics are not for everybody."""

    port: str = "metrics"
    path: str = "/metrics"
    job: str = ""
    params: tuple[tuple[str, str], ...] = ()
    about_others: bool = False
    login: tuple[str, str] | None = None


@dataclass(frozen=True, slots=True)
class LogFormat:
    """How a program writes lines that are not JSON: a regular expression that Python and PCRE both know, with groups
    `level` and `message`. `levels` are (theirs, ours) where theirs is no common word. Lines that do not match are found
    all the same, without a level."""

    pattern: str
    levels: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Answers:
    """A port that answers PromQL (prometheus.io/docs, querying/api). `interval`: seconds between two samples."""

    port: str
    interval: int
