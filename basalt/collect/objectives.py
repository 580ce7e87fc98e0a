"""What services promise, as series that their burn-rate alerts compare with. Names no service."""

import json

from basalt.site import Site

#: The recorded series; its labels are `service` and `slo`.
SERIES = "slo:objective:ratio"


def rules(site: Site) -> str:
    """A rule file (YAML, here as JSON) with one constant an objective; empty where nothing is promised."""
    promised = {(i.service, o.name): o.ratio for i in site.instances for o in i.workload.objectives}
    recorded = [
        {"record": SERIES, "expr": f"vector({ratio:.6g})", "labels": {"service": service, "slo": name}}
        for (service, name), ratio in sorted(promised.items())
    ]
    return json.dumps({"groups": [{"name": "objectives", "rules": recorded}]}, indent=1) + "\n" if recorded else ""
