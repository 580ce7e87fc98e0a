"""The topology that a stack file declares: frozen, typed, complete. Everything else is derived from it."""

from enum import StrEnum
from ipaddress import IPv4Address, IPv4Network
from typing import Annotated, Literal, TypeVar
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, SerializeAsAny, field_validator, model_validator

from basalt.workload import Tier

Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,30}$")]


class Settings(BaseModel):
    """Base of every block of a stack file: unknown keys are refused, nothing changes after loading."""

    model_config = ConfigDict(extra="forbid", frozen=True)


S = TypeVar("S", bound=Settings)


class Environment(StrEnum):
    """How much safety is asked: `dev` and `test` may put everything on one host, the others may not."""

    DEV = "dev"
    TEST = "test"
    STAGING = "staging"
    PROD = "prod"

    @property
    def tolerates_one_host(self) -> bool:
        """Whether losing one host may lose the stack."""
        return self in (Environment.DEV, Environment.TEST)


class Role(StrEnum):
    """What a stack is to its peers. This one line is the failover."""

    PRIMARY = "primary"  # takes writes
    STANDBY = "standby"  # follows another region
    FENCED = "fenced"  # takes no traffic at all


class Target(StrEnum):
    """What carries the workloads."""

    DOCKER = "docker"
    KUBERNETES = "kubernetes"


class Host(Settings):
    """A machine with a Docker engine."""

    address: IPv4Address = Field(description="where other hosts, and people, reach it")
    zone: Name = Field(description="its failure domain inside the region")
    cores: int = Field(ge=1, le=1024, description="that it has")
    memory_gb: float = Field(gt=0, le=8192, description="that it has, in GiB")
    engine: str = Field(
        default="unix:///var/run/docker.sock",
        description="unix:///path, ssh://user@host[:port] (22 unless written) or tcp://host:port (then with TLS)",
    )
    engine_certificates: str | None = Field(
        default=None,
        description="folder with ca.pem, cert.pem, key.pem, for a tcp engine; without it basalt hosts site makes them",
    )
    tiers: tuple[Tier, ...] = Field(default=tuple(Tier), description="what it may carry")
    disk_gb: int | None = Field(
        default=None,
        ge=1,
        description="GB that its disk must hold: basalt cost prices them, ansible/playbooks/verify.yml looks for them",
    )
    traffic_gb: int | None = Field(
        default=None, ge=0, description="GB that leave it for the internet in a month, for basalt cost"
    )

    @field_validator("engine")
    @classmethod
    def _known_scheme(cls, engine: str) -> str:
        url = urlsplit(engine)
        if url.scheme == "unix" and url.path.startswith("/"):
            return engine
        if url.scheme in ("ssh", "tcp") and url.hostname:
            return engine
        raise ValueError("write unix:///path, ssh://user@host or tcp://host:port")

    @property
    def memory(self) -> int:
        """MiB."""
        return int(self.memory_gb * 1024)


def own_certificates(stack: str) -> str:
    """Below the clone, so that it is the same in all: the folder of the certificates that `basalt hosts site` makes for
    those who speak to the tcp engines of a stack."""
    return f".basalt/engines/{stack}"


class Peer(Settings):
    """Another region's stack."""

    authority: Name = Field(description="the witness that decides between the two")


class Promise(Settings):
    """What the database must keep."""

    write_outage_seconds: int = Field(default=30, ge=1, le=3600, description="without writes, at a failover")
    loss: Literal["none", "bounded"] = Field(default="none", description="what may be lost at a failover")


class CertificateLife(Settings):
    """Of leaf certificates."""

    days: int = Field(default=90, ge=1, le=397, description="that one lasts")
    renew: int = Field(default=30, ge=1, description="days before its end in which an up renews it")

    @model_validator(mode="after")
    def _renews_before_its_end(self) -> "CertificateLife":
        if self.renew >= self.days:
            raise ValueError(
                f"renew {self.renew} days before the end of {self.days}: every up would renew; make it smaller"
            )
        return self


class Topology(Settings):
    """One environment in one region. `services` holds each service's own settings, by name."""

    name: Name
    environment: Environment = Field(description="how much safety is asked: dev and test may stand on one host")
    region: Name = Field(description="where it is")
    role: Role = Field(default=Role.PRIMARY, description="what it is to its peers; this one line is the failover")
    target: Target = Field(default=Target.DOCKER, description="what carries the workloads")
    # On several hosts each engine has the same network to itself: workloads then meet by the hosts' addresses.
    network: IPv4Network = Field(description="addresses of the containers, a /22 or larger")
    promise: Promise = Promise()
    certificates: CertificateLife = CertificateLife()
    peers: dict[Name, Peer] = {}
    hosts: dict[Name, Host] = Field(min_length=1)
    services: dict[Name, SerializeAsAny[Settings]] = Field(min_length=1, description="each with its own settings")

    @field_validator("network")
    @classmethod
    def _room_enough(cls, network: IPv4Network) -> IPv4Network:
        if network.prefixlen > 22:
            raise ValueError("too small; a /22 or larger keeps addresses stable when services are added")
        return network

    def hosts_of(self, tier: Tier) -> dict[str, Host]:
        """The hosts that may carry the tier, by name."""
        return {name: host for name, host in self.hosts.items() if tier in host.tiers}

    def zones_of(self, tier: Tier) -> set[str]:
        """The failure zones in which the tier has hosts."""
        return {host.zone for host in self.hosts_of(tier).values()}

    def service(self, kind: type[S]) -> S | None:
        """The settings of a service by their type, or None where the stack does not have it."""
        return next((block for block in self.services.values() if isinstance(block, kind)), None)

    def share(self, tier: Tier, members: int, fraction: float, most: int) -> int:
        """MiB for one of `members`, when together they may take `fraction` of the smallest host of their tier."""
        hosts = self.hosts_of(tier)
        if not hosts:
            return most
        on_one_host = -(-members // len(hosts))
        smallest = min(host.memory for host in hosts.values())
        return min(most, int(smallest * fraction / on_one_host))
