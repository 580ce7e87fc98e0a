"""A plan as Pulumi resources on Docker engines. Loops over instances; every decision was taken in the plan."""

from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

import pulumi
import pulumi_docker as docker

from basalt.images import reference
from basalt.plan import Plan, Planned
from basalt.site import Instance
from basalt.targets.authority import AuthorityResource
from basalt.targets.docker import container as words
from basalt.targets.docker.address import describe
from basalt.targets.docker.contents import Contents, reloadable
from basalt.targets.docker.digest import RESTART_LABEL, restart_digest
from basalt.targets.docker.files import FilesArgs, FilesResource
from basalt.targets.docker.gates import Completed, Guarded, GuardedArgs, Healthy, Settled
from basalt.targets.docker.preflight import Preflight
from basalt.targets.docker.wanted import wanted
from basalt.targets.secrets import Secrets
from basalt.topology.model import Host
from basalt.workload import Guard, Settle, Tier, Workload

# Seconds. The longest of each seen on two busy cores took a third.
_ROLL = 300
_READY = 600
_TASK = 600


class _Lean(pulumi.CustomResource):
    """As the SDK's own, but for its outputs: of each it works out dozens, and their types, where two are asked for."""

    name: pulumi.Output[str]

    def __init__(self, kind: str, name: str, arguments: object, opts: pulumi.ResourceOptions) -> None:
        # An input type is taken for the mapping that it stands for (pulumi/resource.py, Resource.__init__).
        super().__init__(f"docker:index/{kind.lower()}:{kind}", name, cast("Mapping[str, Any]", arguments), opts)


class Graph:
    """Declares the resources of a plan in an order in which each finds what it depends on."""

    def __init__(
        self, plan: Plan, secrets: Secrets, authorities: Mapping[str, AuthorityResource], parent: pulumi.Resource
    ) -> None:
        self._plan, self._site, self._parent = plan, plan.site, parent
        self._engines = {name: self._engine(name, host) for name, host in plan.topology.hosts.items()}
        self._preflight = Preflight(wanted(plan), self._child())
        self._networks = {host: self._network(host) for host in plan.topology.hosts}
        self._contents = Contents(plan, secrets, authorities)
        self._volumes = dict(pair for instance in self._site.instances for pair in self._own_volumes(instance))
        self._containers: dict[str, _Lean] = {}
        self._gates: dict[str, list[pulumi.Resource]] = defaultdict(list)
        self._guards = guards(plan)
        self._guarded: dict[Guard, Guarded] = {}
        self._quorums = sorted({i.workload.name for i in self._site.instances if i.workload.tier is Tier.CONTROL})
        self.names = [words.container_name(self._site, instance) for instance in self._site.instances]

    def _child(self, **more: Any) -> pulumi.ResourceOptions:
        return pulumi.ResourceOptions(parent=self._parent, **more)

    def _first(self, **more: Any) -> pulumi.ResourceOptions:
        """For what is the first to change something on an engine."""
        return self._child(depends_on=[self._preflight], **more)

    def _engine(self, name: str, host: Host) -> docker.Provider:
        # The plugin knows no homes; it runs in this program's folder, as what is relative asks.
        own = host.engine_certificates and str(Path(host.engine_certificates).expanduser())
        return docker.Provider(f"engine-{name}", host=host.engine, cert_path=own, opts=self._child())

    def _network(self, host: str) -> _Lean:
        topology = self._plan.topology
        gateway = str(topology.network.network_address + 1)
        arguments = docker.NetworkArgs(
            name=topology.name,
            ipam_configs=[docker.NetworkIpamConfigArgs(subnet=str(topology.network), gateway=gateway)],
            labels=[docker.NetworkLabelArgs(label="basalt.stack", value=topology.name)],
        )
        return _Lean("Network", f"network-{host}", arguments, self._first(provider=self._engines[host]))

    def _own_volumes(self, instance: Instance) -> list[tuple[str, _Lean]]:
        # State outlives its declaration: only `basalt down --data delete` removes it.
        opts = self._first(provider=self._engines[instance.host], retain_on_delete=True)
        labels = [docker.VolumeLabelArgs(label=k, value=v) for k, v in words.labels(self._site, instance).items()]
        names = [(v.name, words.volume_name(self._site, instance, v)) for v in instance.workload.volumes if not v.of]
        return [
            (name, _Lean("Volume", f"{instance.name}-{short}", docker.VolumeArgs(name=name, labels=labels), opts))
            for short, name in names
        ]

    def fill(self) -> Healthy:
        """Everything that the plan says; known when everything is healthy."""
        for planned in in_order(self._plan):
            self._add(planned)
        return self._close()

    def _add(self, planned: Planned) -> None:
        """One instance: its certificates, files, container, and the gate that others wait at."""
        instance = planned.instance
        contents = self._contents.of(planned)
        files = self._files(planned, contents)
        labels: dict[str, pulumi.Input[str]] = {**words.labels(self._site, instance)}
        labels[RESTART_LABEL] = _made_with(planned, contents, files)
        network = self._networks[instance.host].name
        arguments = docker.ContainerArgs(
            **words.arguments(planned, self._site, reference(instance.workload.image)),
            networks_advanced=[docker.ContainerNetworksAdvancedArgs(name=network, ipv4_address=instance.address)],
            labels=[docker.ContainerLabelArgs(label=key, value=value) for key, value in labels.items()],
        )
        opts = self._child(
            provider=self._engines[instance.host],
            depends_on=[files, *self._before(instance)],
            delete_before_replace=True,
        )
        container = _Lean("Container", instance.name, arguments, opts)
        self._containers[instance.name] = container
        self._gate(instance, container)

    def _files(self, planned: Planned, contents: pulumi.Output[str]) -> FilesResource:
        instance, how = planned.instance, planned.instance.workload.reload
        args = FilesArgs(
            engine=describe(self._site.host(instance)),
            volume=words.files_volume(self._site, instance),
            files=contents,
            reload={
                "container": words.container_name(self._site, instance),
                "signal": how.signal if how else "",
                "command": list(how.command) if how else [],
                "files": reloadable(planned),
            },
            image=reference(instance.workload.image),
            labels=words.labels(self._site, instance),
            certificates=self._contents.leaves(planned),
            owner=instance.workload.uid,
        )
        # The files, so that who is not to be touched finds none that are new when the engine starts it again.
        first = [self._before_all_of(guard) for guard in self._guards.get(instance.service, ())]
        opts = self._child(depends_on=[self._preflight, *first])
        return FilesResource(f"{instance.name}-files", args, opts)

    def _before_all_of(self, guard: Guard) -> Guarded:
        """One for all that it guards. What it needs is declared by now (`in_order`)."""
        if guard not in self._guarded:
            needed = [instance for name in guard.needs for instance in self._site.of(name)]
            args = GuardedArgs(
                stack=self._plan.topology.name,
                command=list(guard.command),
                of=list(guard.of),
                containers=[self._where(instance) for instance in needed if not instance.workload.task],
                made_of=self._contents.made_of(guard.of),
                seconds=_READY,
            )
            settled = [gate for name in guard.needs for gate in self._gates[name]]
            opts = self._child(depends_on=[*(self._containers[instance.name] for instance in needed), *settled])
            self._guarded[guard] = Guarded(f"{guard.command[0]}-before-{'-'.join(guard.of)}", args, opts)
        return self._guarded[guard]

    def _before(self, instance: Instance) -> list[pulumi.Resource]:
        """What must be there first: volumes, tasks it waits for, and, in a roll, the instance before it. Who watches
        comes after a quorum: it would take the processors from those that all others come to life by."""
        names = [words.volume_name(self._site, instance, volume) for volume in instance.workload.volumes]
        volumes: list[pulumi.Resource] = [self._volumes[name] for name in names]
        tasks = [gate for task in instance.workload.after for gate in self._gates[task]]
        quorums = self._quorums if instance.workload.tier is Tier.WATCH else []
        last = [gate for name in (*quorums, instance.workload.name) for gate in self._gates[name][-1:]]
        return volumes + tasks + last

    def _gate(self, instance: Instance, container: _Lean) -> None:
        workload = instance.workload
        if workload.task:
            opts = self._child(depends_on=[container])
            seen = self._seen(instance, container)
            completed = Completed(f"{instance.name}-completed", seen, _TASK, opts)
            self._gates[workload.name].append(completed)
            if workload.settle:
                self._gates[workload.name].append(self._settled(instance, workload.settle, completed))
            return
        everyone, size, last = self._site.of(workload.name), at_once(workload), instance.ordinal
        if last % size == 0 and last < len(everyone):
            # All before, not the last wave alone: one may have been passed by, since those after it did not run.
            wave = [self._seen(other, self._containers[other.name]) for other in everyone[:last]]
            before = [self._where(other) for other in everyone[last : last + size]]
            gate = Healthy(f"{instance.name}-healthy", wave, _ROLL, self._child(), on_create=False, before=before)
            self._gates[workload.name].append(gate)

    def _settled(self, instance: Instance, settle: Settle, completed: Completed) -> Settled:
        name, stack = f"{instance.name}-settled", self._plan.topology.name
        replaced = [self._containers[member.name] for member in self._site.of(settle.of)]
        opts = self._child(depends_on=[completed, *replaced, *self._gates[settle.of]])
        return Settled(name, self._where(instance), settle, stack, _TASK, opts)

    def _where(self, instance: Instance) -> dict[str, Any]:
        return {
            "name": words.container_name(self._site, instance),
            "engine": describe(self._site.host(instance)),
        }

    def _seen(self, instance: Instance, container: _Lean) -> dict[str, Any]:
        return {**self._where(instance), "id": container.id}

    def _close(self) -> Healthy:
        """The last gate: everything that lasts is healthy."""
        lasting = [instance for instance in self._site.instances if not instance.workload.task]
        seen = [self._seen(instance, self._containers[instance.name]) for instance in lasting]
        gates = [gate for gates in self._gates.values() for gate in gates]
        return Healthy("ready", seen, _READY, self._child(depends_on=gates), on_create=True)


def _made_with(planned: Planned, contents: pulumi.Output[str], files: FilesResource) -> pulumi.Output[str]:
    """The label that replaces a container whose instance cannot take up what changed. Certificates are renewed while
    the resource of the files is; who reloads them need not wait to know its label."""
    reloads = reloadable(planned)
    if planned.instance.workload.reload is not None or not planned.certificates:
        return pulumi.Output.unsecret(contents.apply(lambda told: restart_digest(told, reloads)))
    both = pulumi.Output.all(contents, files.ends)
    return pulumi.Output.unsecret(both.apply(lambda known: restart_digest(known[0], reloads, known[1])))


def at_once(workload: Workload) -> int:
    """How many instances are replaced together. Those that hold state or vote go one by one."""
    careful = workload.quorum or workload.tier in (Tier.DATA, Tier.CONTROL)
    return 1 if careful else max(1, int(workload.count * workload.roll))


def guards(plan: Plan) -> dict[str, tuple[Guard, ...]]:
    """By service: what must have ended well before anything of it is touched."""
    found = dict.fromkeys(instance.workload.guard for instance in plan.site.instances)
    declared = [guard for guard in found if guard]
    services = {service for guard in declared for service in guard.of}
    return {service: tuple(guard for guard in declared if service in guard.of) for service in services}


def in_order(plan: Plan) -> list[Planned]:
    """Who is waited for before those that wait, ordinals in a row: the order in which the graph is declared. Where
    nobody waits, what all the others come to life by goes first: consensus, then data, and last who watches."""
    by_workload: dict[str, list[Planned]] = defaultdict(list)
    for planned in plan.planned:
        by_workload[planned.instance.workload.name].append(planned)
    done: dict[str, None] = {}
    guarding = guards(plan)

    def visit(name: str) -> None:
        if name not in done:
            instance = by_workload[name][0].instance
            settled = [instance.workload.settle.of] if instance.workload.settle else []
            needed = [other for guard in guarding.get(instance.service, ()) for other in guard.needs]
            for other in (*instance.workload.after, *settled, *needed):
                visit(other)
            done[name] = None

    tiers = list(Tier)
    for name in sorted(by_workload, key=lambda name: tiers.index(by_workload[name][0].instance.workload.tier)):
        visit(name)
    return [planned for name in done for planned in by_workload[name]]
