"""Where an engine is. Apart from `engine`, because an `up` in which nothing changes talks to none, and the SDK takes
longer to load than all that is compared."""

from basalt.topology.model import Host


def describe(host: Host) -> dict[str, str]:
    """The engine of a host as plain data: `url`, `certificates` (folder, or "")."""
    return {"url": host.engine, "certificates": host.engine_certificates or ""}
