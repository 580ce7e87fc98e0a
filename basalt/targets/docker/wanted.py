"""What a plan wants of its engines."""

import hashlib
import hmac
from collections.abc import Iterable
from typing import Any

from basalt.images import reference
from basalt.plan import Plan, Planned
from basalt.targets.derive import value
from basalt.targets.docker.address import describe
from basalt.targets.docker.container import arguments
from basalt.workload import SecretRef


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


def made_of(plan: Plan, services: Iterable[str], seed: str, given: dict[str, str]) -> dict[str, str]:
    """Of each workload of these services a few letters, which change when something does for whose sake its instances
    are replaced: arguments, files that they do not take up while they run, secrets. How many instances there are is
    none of it, nor are certificates. Without the seed nobody can try which secret gives them."""
    first = [p for p in plan.planned if p.instance.service in services and p.instance.ordinal == 1]
    return {planned.instance.workload.name: _keyed(planned, plan, seed, given) for planned in first}


def _keyed(planned: Planned, plan: Plan, seed: str, given: dict[str, str]) -> str:
    workload = planned.instance.workload
    told = hmac.new(seed.encode(), digestmod=hashlib.sha256)
    told.update(repr(arguments(planned, plan.site, reference(workload.image))).encode())
    for file in sorted(planned.files, key=lambda file: file.path):
        if workload.reload is None or not file.reloads:
            values = {ref.name: value(seed, given, ref.name) for ref in file.secrets}
            told.update(repr((file.path, file.executable, SecretRef.fill(file.text, values))).encode())
    return told.hexdigest()[:16]
