"""What a host's engine is told by the topology: where it listens, under which names, and which networks it may take.
Pure."""

from collections.abc import Iterator
from ipaddress import IPv4Network
from itertools import islice
from urllib.parse import urlsplit

from basalt.topology.model import Host, Topology, own_certificates

#: Of RFC 1918, out of which Docker takes its own. Four of them are a thousand networks of 256 addresses.
_CANDIDATES = tuple(IPv4Network("172.16.0.0/12").subnets(new_prefix=16))
_POOLS = 4
_SIZE = 24


def port(host: Host) -> int:
    """The TCP port that the host's engine listens on; 0 where it listens on none. 2376 is Docker's own for TLS."""
    url = urlsplit(host.engine)
    return (url.port or 2376) if url.scheme == "tcp" else 0


def names(name: str, host: Host) -> list[str]:
    """Names and addresses by which the engine is reached, its certificate bears them: as a stack file calls the host,
    as its URL does, and its address."""
    return list(dict.fromkeys([name, urlsplit(host.engine).hostname or name, str(host.address)]))


def authority(topology: Topology, host: Host) -> str:
    """The certificate of the authority that `basalt hosts site` signs by for this engine, below the clone; "" where it
    signs nothing: the engine does not listen, or its certificates are brought."""
    own = own_certificates(topology.name)
    return f"{own}/ca.pem" if host.engine_certificates == own else ""


def pools(topology: Topology) -> list[dict[str, str | int]]:
    """Networks that an engine may take others out of, as its `default-address-pools` have them: none that the stack's
    own is in, or a host. A host whose address is taken for a container's is a host that nobody reaches."""
    return [{"base": str(network), "size": _SIZE} for network in islice(_free(topology), _POOLS)]


def _free(topology: Topology) -> Iterator[IPv4Network]:
    for network in _CANDIDATES:
        hosts = any(host.address in network for host in topology.hosts.values())
        if not hosts and not network.overlaps(topology.network):
            yield network
