"""One folder a service, found by name: `settings.py` (what may be declared) and `plan.py` (what it means).

`settings.py` has `Settings` and may have `problems(settings, topology, given) -> Iterable[Problem]`.
`plan.py` has `workloads(settings, topology) -> Iterable[Workload]`, `files(instance, site) -> Iterable[File]` and may
have `certificates(instance, site) -> Iterable[Certificate]` in place of the default (one of the stack's authority), and
`problems(settings, site) -> Iterable[Problem]` for what only shows beside all other services.
`alerts.yml`, `alerts_test.yml` and `runbook.md` say what is worth waking someone for (`basalt.collect.rules`),
`status.yml` what `basalt status` tells of it (`basalt.collect.status`), `checks.yml` what `basalt check` measures of it
(`basalt.collect.checks`), `dashboard.py` what people see of it: `panels() -> Iterable[Panel]`, the first one also on
the overview (`basalt.collect.dashboards`).
No file names a service from outside its folder except by an endpoint.
"""

import pkgutil
from collections.abc import Callable, Iterable
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from basalt.collect.panels import Panel
    from basalt.site import Instance, Site
    from basalt.topology.model import Settings, Topology
    from basalt.topology.problem import Problem
    from basalt.workload import Certificate, File, Workload


@cache
def names() -> tuple[str, ...]:
    """Every service there is, sorted."""
    return tuple(sorted(module.name for module in pkgutil.iter_modules(__path__) if module.ispkg))


def folder(name: str) -> Path:
    """Where a service's files are."""
    return Path(__file__).parent / name


def settings_type(name: str) -> "type[Settings]":
    """The type of a service's block in the stack file."""
    kind: type[Settings] = import_module(f"{__name__}.{name}.settings").Settings
    return kind


def problems(name: str, settings: "Settings", topology: "Topology", given: frozenset[str]) -> "Iterable[Problem]":
    """What a service's own rules find wrong."""
    found: Callable[..., Iterable[Problem]] | None = getattr(_module(name, "settings"), "problems", None)
    return found(settings, topology, given) if found else ()


def site_problems(name: str, settings: "Settings", site: "Site") -> "Iterable[Problem]":
    """What a service's own rules find wrong beside all other services."""
    found: Callable[..., Iterable[Problem]] | None = getattr(_module(name, "plan"), "problems", None)
    return found(settings, site) if found else ()


def workloads(name: str, settings: "Settings", topology: "Topology") -> "tuple[Workload, ...]":
    """What a service runs."""
    return tuple(_module(name, "plan").workloads(settings, topology))


def files(name: str, instance: "Instance", site: "Site") -> "tuple[File, ...]":
    """What an instance of a service reads."""
    return tuple(_module(name, "plan").files(instance, site))


def certificates(name: str, instance: "Instance", site: "Site") -> "tuple[Certificate, ...]":
    """Which certificates an instance holds: one of the stack's authority, unless the service says otherwise."""
    own: Callable[..., Iterable[Certificate]] | None = getattr(_module(name, "plan"), "certificates", None)
    return tuple(own(instance, site)) if own else (site.certificate(instance),)


def panels(name: str) -> "tuple[Panel, ...]":
    """What people see of a service; empty where its folder has no `dashboard.py`."""
    if not (folder(name) / "dashboard.py").is_file():
        return ()
    return tuple(_module(name, "dashboard").panels())


def _module(name: str, part: str) -> Any:
    return import_module(f"{__name__}.{name}.{part}")
