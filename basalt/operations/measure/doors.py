"""What people outside meet: requests to every published port of the instances that gather routes."""

import socket
import ssl
import warnings
from collections.abc import Iterator
from ipaddress import IPv4Address
from urllib.parse import urlsplit

import httpx

from basalt.checklist.facts import Door, Reply
from basalt.checklist.row import Unasked
from basalt.site import Instance, Site
from basalt.topology.model import Role
from basalt.urls import urls
from basalt.workload import Publish

_TIMEOUT = 10  # seconds for one answer


def doors(site: Site, authority: str | Unasked) -> tuple[Door, ...]:
    """One for each published port. `authority`: the certificate (PEM) by which the edge proves its name. A fenced stack
    has none: it answers nobody, and is meant to."""
    if site.topology.role is Role.FENCED:
        return ()
    edges = (instance for instance in site.instances if instance.workload.collects_routes)
    return tuple(_door(site, edge, publish, authority) for edge in edges for publish in edge.workload.publish)


def _door(site: Site, edge: Instance, publish: Publish, authority: str | Unasked) -> Door:
    scheme = edge.workload.ports[publish.port].scheme
    address = urls(site)[f"{edge.name}.{publish.port}"]
    away = IPv4Address(publish.address).is_loopback and not site.host(edge).engine.startswith("unix:")
    if away:
        hidden = Unasked(f"{address} is {edge.host}'s own; ask from there")
        return Door(edge.name, publish.port, scheme, hidden, hidden)
    if isinstance(authority, Unasked):
        return Door(edge.name, publish.port, scheme, authority, authority)
    context = ssl.create_default_context(cadata=authority)
    name = edge.workload.domain or edge.workload.name
    try:
        replies: tuple[Reply, ...] | Unasked = tuple(_replies(address, name, context, _paths(site)))
    except httpx.HTTPError as error:
        replies = Unasked(f"{address} does not answer: {error}")
    return Door(edge.name, publish.port, scheme, replies, _old(address, name) if scheme == "https" else "")


def _paths(site: Site) -> list[str]:
    routes = {route for instance in site.instances for route in instance.workload.routes if not route.streams}
    return sorted({route.health or route.path for route in routes})


def _replies(address: str, name: str, context: ssl.SSLContext, paths: list[str]) -> Iterator[Reply]:
    # No proxy of this machine in between: what is asked is the edge.
    with httpx.Client(base_url=address, verify=context, timeout=_TIMEOUT, trust_env=False) as client:
        for path in paths:
            asked = {"extensions": {"sni_hostname": name}, "headers": {"Host": name}}
            with client.stream("GET", path, **asked) as answer:  # type: ignore[arg-type]  # httpx types each by itself
                wire = answer.extensions["network_stream"].get_extra_info("ssl_object")
                headers = {key.lower(): value for key, value in answer.headers.items()}
                yield Reply(path, answer.status_code, headers, str(wire.version()) if wire else "")


def _old(address: str, name: str) -> str | Unasked:
    """The version below TLS 1.2 that a port agrees to; "" when it refuses."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    # Whether it would is asked; nothing is sent, so nobody has to be known.
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version, context.maximum_version = ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1
    context.set_ciphers("ALL:@SECLEVEL=0")
    url = urlsplit(address)
    return _agreed(context, str(url.hostname), url.port or 443, name)


def _agreed(context: ssl.SSLContext, host: str, port: int, name: str) -> str | Unasked:
    try:
        plain = socket.create_connection((host, port), _TIMEOUT)
        with plain, context.wrap_socket(plain, server_hostname=name) as secure:
            return str(secure.version())
    except ssl.SSLError as error:
        # Refused by the far end; a library that cannot even ask proves nothing.
        return "" if "ALERT" in str(error.reason) else Unasked(f"an old TLS cannot be tried from here: {error.reason}")
    except OSError as error:
        return Unasked(f"{host}:{port} does not answer: {error}")
