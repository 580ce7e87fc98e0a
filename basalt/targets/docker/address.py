"""Where an engine is. Apart from `engine`, because an `up` in which nothing changes talks to none, and the SDK takes
longer to load than all that is compared."""

from pathlib import Path

from basalt.topology.model import Host

_ROOT = Path(__file__).parents[3]


def describe(host: Host) -> dict[str, str]:
    """The engine of a host as plain data: `url`, `certificates` (folder, or "")."""
    return {"url": host.engine, "certificates": host.engine_certificates or ""}


def folder(certificates: str) -> Path:
    """Where the certificates are that a stack file, or `describe`, names: a home is somebody's, and what is relative
    is below this clone."""
    return _ROOT / Path(certificates).expanduser()
