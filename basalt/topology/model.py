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
    """A machine with a Docker engine. `zone` is its failure domain inside the region."""

    address: IPv4Address
    zone: Name
    cores: int = Field(ge=1, le=1024)
    memory_gb: float = Field(gt=0, le=8192)
    #: unix:///path, ssh://user@host[:port] (22 unless written here) or tcp://host:port (TLS is then required).
    engine: str = "unix:///var/run/docker.sock"
    #: Folder with ca.pem, cert.pem, key.pem for a tcp engine.
    engine_certificates: str | None = None
    tiers: tuple[Tier, ...] = tuple(Tier)
    #: GB that its disk must hold: `basalt cost` prices them, ansible/playbooks/verify.yml looks whether they are there.
    disk_gb: int | None = Field(default=None, ge=1)
    #: GB that leave it for the internet in a month, for `basalt cost`.
    traffic_gb: int | None = Field(default=None, ge=0)

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


class Peer(Settings):
    """Another region's stack. `authority` names the witness that decides between the two."""

    authority: Name


class Promise(Settings):
    """What the database must keep: seconds without writes at a failover, and what may be lost."""

    write_outage_seconds: int = Field(default=30, ge=1, le=3600)
    loss: Literal["none", "bounded"] = "none"


class CertificateLife(Settings):
    """Days that a leaf certificate lasts, and how long before its end an `up` renews it."""

    days: int = Field(default=90, ge=1, le=397)
    renew: int = Field(default=30, ge=1)

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
    environment: Environment
    region: Name
    role: Role = Role.PRIMARY
    target: Target = Target.DOCKER
    #: Addresses of the containers. On several hosts each engine has the same network to itself: workloads then meet
    #: by the hosts' addresses.
    network: IPv4Network
    promise: Promise = Promise()
    certificates: CertificateLife = CertificateLife()
    peers: dict[Name, Peer] = {}
    hosts: dict[Name, Host] = Field(min_length=1)
    services: dict[Name, SerializeAsAny[Settings]] = Field(min_length=1)

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
