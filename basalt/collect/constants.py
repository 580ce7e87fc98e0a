"""What a stack file decides of alerts, as series that rules compare with. Names no service."""

import json
from typing import Any

from basalt.site import Site

#: What services promise; its labels are `service` and `slo`.
OBJECTIVE = "slo:objective:ratio"
#: Where an alert begins; its label is `alert`.
THRESHOLD = "stack:alert:threshold"


def rules(site: Site) -> str:
    """A rule file (YAML, here as JSON) with one constant each; empty where nothing is decided."""
    groups = {"objectives": _objectives(site), "thresholds": _thresholds(site)}
    filled = [{"name": name, "rules": recorded} for name, recorded in groups.items() if recorded]
    return json.dumps({"groups": filled}, indent=1) + "\n" if filled else ""


def _objectives(site: Site) -> list[dict[str, Any]]:
    promised = {(i.service, o.name): o.ratio for i in site.instances for o in i.workload.objectives}
    return [
        _constant(OBJECTIVE, ratio, {"service": service, "slo": name})
        for (service, name), ratio in sorted(promised.items())
    ]


def _thresholds(site: Site) -> list[dict[str, Any]]:
    decided = {t.alert: t.value for i in site.instances for t in i.workload.thresholds}
    return [_constant(THRESHOLD, value, {"alert": alert}) for alert, value in sorted(decided.items())]


def _constant(series: str, value: float, labels: dict[str, str]) -> dict[str, Any]:
    return {"record": series, "expr": f"vector({value:.10g})", "labels": labels}
