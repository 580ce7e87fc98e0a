"""What people open."""

from basalt.site import Site

_EVERY_ADDRESS = "0.0.0.0"  # noqa: S104  compared with, not listened on


def urls(site: Site) -> dict[str, str]:
    """`instance.port` -> URL for each port that is published."""
    found = {}
    for instance in site.instances:
        for publish in instance.workload.publish:
            scheme = instance.workload.ports[publish.port].scheme
            own = str(site.host(instance).address)
            address = own if publish.address == _EVERY_ADDRESS else publish.address
            found[f"{instance.name}.{publish.port}"] = f"{scheme}://{address}:{publish.number}"
    return found
