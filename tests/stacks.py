"""Small topologies for tests, as a stack file would hold them."""

from copy import deepcopy
from typing import Any

from basalt.topology.load import load
from basalt.topology.model import Topology

ONE_HOST: dict[str, Any] = {
    "environment": "dev",
    "region": "local",
    "network": "198.18.0.0/20",
    "hosts": {"local": {"address": "127.0.0.1", "zone": "a", "cores": 2, "memory_gb": 8}},
    "services": {"etcd": {"members": 3}},
}

THREE_HOSTS: dict[str, Any] = {
    "environment": "prod",
    "region": "iad",
    "network": "198.18.0.0/20",
    "hosts": {
        f"data-{number}": {
            "address": f"192.0.2.1{number}",
            "zone": zone,
            "cores": 8,
            "memory_gb": 16,
            "engine": f"ssh://ops@data-{number}",
        }
        for number, zone in ((1, "a"), (2, "b"), (3, "c"))
    },
    "services": {"etcd": {"members": 3}},
}

DATABASE: dict[str, Any] = {
    **ONE_HOST,
    "services": {
        "etcd": {},
        "postgres": {"databases": {"shop": {"extensions": ["pg_stat_statements"]}}},
        "haproxy": {},
        "pgbouncer": {},
    },
}


def raw(base: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """A copy with changes; a key like `hosts__local__zone` goes down the levels, the value None removes."""
    copy = deepcopy(base)
    for path, value in changes.items():
        *above, last = path.split("__")
        place = copy
        for key in above:
            place = place[key]
        if value is None:
            del place[last]
        else:
            place[last] = value
    return copy


def topology(base: dict[str, Any] = ONE_HOST, **changes: Any) -> Topology:
    """The loaded form of `raw`."""
    return load("lab", raw(base, **changes))
