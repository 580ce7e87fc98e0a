"""Topology -> Plan: every service's workloads, placed, with the files each instance reads. Pure: no I/O, no Pulumi."""

from dataclasses import dataclass

from basalt import services
from basalt.site import Instance, Site, place
from basalt.topology.model import Topology
from basalt.workload import Certificate, File


@dataclass(frozen=True)
class Planned:
    """An instance with all that it reads."""

    instance: Instance
    files: tuple[File, ...]
    certificates: tuple[Certificate, ...]


@dataclass(frozen=True)
class Plan:
    """All that a target needs to make a topology real."""

    site: Site
    planned: tuple[Planned, ...]

    @property
    def topology(self) -> Topology:
        """The declared topology."""
        return self.site.topology


def survey(topology: Topology) -> Site:
    """Where everything will be, before any file is rendered."""
    pairs = [
        (name, workload)
        for name, settings in topology.services.items()
        for workload in services.workloads(name, settings, topology)
    ]
    return place(topology, pairs)


def plan(topology: Topology) -> Plan:
    """The whole plan. Cheap: a topology of 150 containers takes well under a second (bench/planning)."""
    site = survey(topology)
    planned = tuple(
        Planned(
            instance,
            services.files(instance.service, instance, site),
            services.certificates(instance.service, instance, site),
        )
        for instance in site.instances
    )
    return Plan(site, planned)
