"""Alert rules for Prometheus, out of each service's `alerts.yml`. Names no service.

The format is Prometheus' own (its docs/configuration/alerting_rules.md), so that promtool checks and tests the file as
it stands; what only the stack knows is added here."""

import difflib
import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import yaml as pyyaml

from basalt import services, yaml
from basalt.collect import promql
from basalt.collect.declared import document
from basalt.collect.faults import FolderError
from basalt.topology.problem import Problem

#: `none` is for an alert that always fires, to prove that alerts arrive.
SEVERITIES = ("critical", "warning", "info", "none")

Group = dict[str, Any]
#: Alert name -> what the stack file changes: `severity`, `for`; None switches the alert off.
Overrides = Mapping[str, Mapping[str, str] | None]


class RuleError(FolderError):
    """A service's rules that cannot be used."""


@cache
def read(folder: Path) -> tuple[Group, ...]:
    """The rule groups of a service's folder; empty where it has no `alerts.yml`. Raises RuleError."""
    path = folder / "alerts.yml"
    groups = (document(path) or {}).get("groups") or []
    runbook = headings(folder)
    for rule in (rule for group in groups for rule in group.get("rules", [])):
        for remedy in _faults(rule, runbook):
            raise RuleError(path, rule.get("alert") or rule.get("record") or "a rule", remedy)
    return tuple(groups)


def headings(folder: Path) -> frozenset[str]:
    """What a service's runbook has a chapter for."""
    path = folder / "runbook.md"
    return frozenset(re.findall(r"^## (\w+)$", path.read_text(), re.MULTILINE)) if path.is_file() else frozenset()


def names(wanted: Iterable[str]) -> tuple[str, ...]:
    """The alerts of some services, sorted."""
    return tuple(sorted(rule["alert"] for name in wanted for rule in _alerts(read(services.folder(name)))))


def unknown(path: str, named: Iterable[str], wanted: Iterable[str]) -> Iterator[Problem]:
    """Alerts that a stack file names below `path` and none of its services has."""
    known = names(wanted)
    for name in named:
        if name not in known:
            near = difflib.get_close_matches(name, known, 1)
            hint = f"did you mean {near[0]}?" if near else "their names are in basalt/services/*/alerts.yml"
            yield Problem(f"{path}.{name}", name, f"no service of this stack has it; {hint}")


def files(wanted: Iterable[str], overrides: Overrides, runbooks: str) -> Iterator[tuple[str, str]]:
    """`<service>.yml` and its text, for each service that has a rule left."""
    for name in wanted:
        groups = [_group(group, name, overrides, runbooks) for group in read(services.folder(name))]
        filled = [group for group in groups if group["rules"]]
        if filled:
            yield f"{name}.yml", _dump({"groups": filled})


def _alerts(groups: Iterable[Group]) -> Iterator[dict[str, Any]]:
    return (rule for group in groups for rule in group.get("rules", []) if "alert" in rule)


def _faults(rule: dict[str, Any], runbook: frozenset[str]) -> Iterator[str]:
    if wrong := promql.fault(str(rule.get("expr", ""))):
        yield wrong
    if "alert" in rule:
        yield from _alert_faults(rule, runbook)
    elif "record" not in rule:
        yield "it has no name; write alert or record"


def _alert_faults(rule: dict[str, Any], runbook: frozenset[str]) -> Iterator[str]:
    severity = rule.get("labels", {}).get("severity")
    if severity not in SEVERITIES:
        yield f"severity {severity!r} tells nobody how soon to look; write one of {', '.join(SEVERITIES)}"
    for text in ("summary", "description"):
        if not rule.get("annotations", {}).get(text):
            yield f"it has no {text}; say it under annotations"
    if rule["alert"] not in runbook:
        yield f"whoever is woken finds no help; add a heading `## {rule['alert']}` to runbook.md"


def _group(group: Group, service: str, overrides: Overrides, runbooks: str) -> Group:
    rules = [_rule(rule, service, overrides, runbooks) for rule in group["rules"]]
    return {**group, "rules": [rule for rule in rules if rule is not None]}


def _rule(rule: dict[str, Any], service: str, overrides: Overrides, runbooks: str) -> dict[str, Any] | None:
    """A rule of the stack; None when it is switched off."""
    name = rule.get("alert")
    if name is None:
        return rule
    changes = overrides.get(name, {})
    if changes is None:
        return None
    severity = {"severity": changes["severity"]} if "severity" in changes else {}
    patience = {"for": changes["for"]} if "for" in changes else {}
    return {
        **rule,
        **patience,
        # An alert about whoever it is says itself whose it is.
        "labels": {"service": service, **rule["labels"], **severity},
        "annotations": {**rule["annotations"], "runbook": f"{runbooks}/{service}/runbook.md#{name.lower()}"},
    }


class _Dumper(yaml.Dumper):  # type: ignore[misc]  # which of two it is depends on the installation
    """Expressions of several lines stay readable."""


def _text(dumper: pyyaml.SafeDumper, text: str) -> pyyaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)


_Dumper.add_representer(str, _text)


def _dump(document: Group) -> str:
    return pyyaml.dump(document, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=120)
