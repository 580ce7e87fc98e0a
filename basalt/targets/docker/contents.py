"""What the files of an instance hold: rendered texts with their secrets, and the certificates it bears."""

from typing import Any

import pulumi

from basalt.plan import Plan, Planned
from basalt.site import Instance
from basalt.targets.certificates import AuthorityResource, LeafResource
from basalt.targets.derive import value
from basalt.targets.docker.files import encode
from basalt.targets.secrets import Secrets
from basalt.workload import Certificate, SecretRef


class Contents:
    """Fills files for every instance of a plan; makes the stack's authorities and certificates on the way."""

    def __init__(self, plan: Plan, secrets: Secrets, opts: pulumi.ResourceOptions) -> None:
        self._plan, self._secrets, self._opts = plan, secrets, opts
        names = sorted({c.authority.name for planned in plan.planned for c in planned.certificates})
        self._authorities = {name: self._authority(name) for name in names}

    def of(self, planned: Planned) -> pulumi.Output[str]:
        """Everything that an instance reads, as `files.encode` gives it; secret."""
        texts = {file.path: (file.text, file.executable) for file in planned.files}
        wanted = {ref.name for file in planned.files for ref in file.secrets}
        pems = [pair for certificate in planned.certificates for pair in self._pems(planned.instance, certificate)]

        def fill(known: dict[str, Any]) -> str:
            seed, given = known.pop("seed"), known.pop("given")
            values = {name: value(seed, given, name) for name in wanted}
            filled = {path: (SecretRef.fill(text, values), executable) for path, (text, executable) in texts.items()}
            return encode({**filled, **{path: (pem, False) for path, pem in known.items()}})

        inputs: dict[str, Any] = {"seed": self._secrets.seed, "given": self._secrets.given, **dict(pems)}
        return pulumi.Output.secret(pulumi.Output.all(**inputs).apply(fill))

    def _authority(self, name: str) -> AuthorityResource:
        return AuthorityResource(f"authority-{name}", f"basalt {self._plan.topology.name} {name}", self._opts)

    def _pems(self, instance: Instance, certificate: Certificate) -> list[tuple[str, pulumi.Output[str]]]:
        folder = f"tls/{certificate.authority.name}"
        authority = self._authorities[certificate.authority.name]
        pems = [(f"{folder}/ca.crt", authority.certificate)]
        if certificate.key:
            life = self._plan.topology.certificates
            name = f"{instance.name}-{certificate.authority.name}"
            leaf = LeafResource(name, list(certificate.names), (life.days, life.renew), authority, self._opts)
            pems += [(f"{folder}/tls.crt", leaf.certificate), (f"{folder}/tls.key", leaf.key)]
        return pems


def reloadable(planned: Planned) -> list[str]:
    """Paths that a running instance takes up: its files that say so, and its certificates. None where the workload
    cannot reload."""
    if planned.instance.workload.reload is None:
        return []
    own = [file.path for file in planned.files if file.reloads]
    return sorted([*own, *(path for c in planned.certificates for path in _certificate_paths(c))])


def _certificate_paths(certificate: Certificate) -> list[str]:
    names = ("ca.crt", "tls.crt", "tls.key") if certificate.key else ("ca.crt",)
    return [f"tls/{certificate.authority.name}/{name}" for name in names]
