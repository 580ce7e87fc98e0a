"""What a plan wants of its engines."""

from typing import Any

from basalt.images import reference
from basalt.plan import Plan
from basalt.targets.docker.address import describe


def wanted(plan: Plan) -> dict[str, Any]:
    """`stack`, `network` (CIDR), and of each of the `hosts`: `engine` (address.describe), `images`, and `ports`, number
    -> service."""
    return {
        "stack": plan.topology.name,
        "network": str(plan.topology.network),
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
