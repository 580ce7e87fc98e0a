"""What a plan wants of its engines."""

import hashlib
from typing import Any

from basalt.images import reference
from basalt.plan import Plan
from basalt.targets.docker.address import describe
from basalt.targets.docker.container import arguments


def wanted(plan: Plan) -> dict[str, Any]:
    """`stack`, `network` (CIDR), and of each of the `hosts`: `engine` (address.describe), `images`, and `ports`, number
    -> service. `plan`: another one where anything that an engine is told is another."""
    return {
        "stack": plan.topology.name,
        "network": str(plan.topology.network),
        "plan": _digest(plan),
        "hosts": {
            host: {
                "engine": describe(declared),
                "images": sorted({reference(i.workload.image) for i in plan.site.instances if i.host == host}),
                "ports": {
                    str(published.number): instance.service
                    for instance in plan.site.instances
                    if instance.host == host
                    for published in instance.workload.publish
                },
            }
            for host, declared in plan.topology.hosts.items()
        },
    }


def _digest(plan: Plan) -> str:
    """Of all arguments, and of all files before their secrets are filled in."""
    told = hashlib.sha256()
    for planned in plan.planned:
        told.update(repr(arguments(planned, plan.site, reference(planned.instance.workload.image))).encode())
        for file in sorted(planned.files, key=lambda file: file.path):
            told.update(repr((file.path, file.executable, file.text)).encode())
    return told.hexdigest()[:16]
