"""What the files of an instance hold: rendered texts with their secrets, and the certificates it bears."""

import json
from collections.abc import Mapping
from typing import Any

import pulumi

from basalt.plan import Plan, Planned
from basalt.targets.authority import AuthorityResource
from basalt.targets.derive import value
from basalt.targets.docker.digest import encode
from basalt.targets.docker.wanted import made_of
from basalt.targets.secrets import Secrets
from basalt.workload import Certificate, SecretRef


class Contents:
    """Fills files for every instance of a plan. `authorities`: by name."""

    def __init__(self, plan: Plan, secrets: Secrets, authorities: Mapping[str, AuthorityResource]) -> None:
        self._plan, self._secrets, self._authorities = plan, secrets, authorities
        self._signers = {name: pulumi.Output.all(one.certificate, one.key) for name, one in authorities.items()}

    def of(self, planned: Planned) -> pulumi.Output[str]:
        """What an instance reads, as `digest.encode` gives it; secret. Its own certificates are not among it."""
        texts = {file.path: (file.text, file.executable) for file in planned.files}
        wanted = {ref.name for file in planned.files for ref in file.secrets}
        authorities = {
            _authority_path(c): self._authorities[c.authority.name].certificate for c in planned.certificates
        }

        def fill(known: dict[str, Any]) -> str:
            seed, given = known.pop("seed"), known.pop("given")
            values = {name: value(seed, given, name) for name in wanted}
            filled = {path: (SecretRef.fill(text, values), executable) for path, (text, executable) in texts.items()}
            return encode({**filled, **{path: (pem, False) for path, pem in known.items()}})

        inputs: dict[str, Any] = {"seed": self._secrets.seed, "given": self._secrets.given, **authorities}
        return pulumi.Output.secret(pulumi.Output.all(**inputs).apply(fill))

    def made_of(self, services: tuple[str, ...]) -> pulumi.Output[dict[str, str]]:
        """As `wanted.made_of`; for everybody to see."""
        known = pulumi.Output.all(self._secrets.seed, self._secrets.given)
        return pulumi.Output.unsecret(known.apply(lambda pair: made_of(self._plan, services, pair[0], pair[1])))

    def leaves(self, planned: Planned) -> pulumi.Output[str]:
        """The certificates that an instance bears, as JSON of `targets.leaves.Wanted`; secret. Their keys are issued
        with its files."""
        life = self._plan.topology.certificates
        borne = [certificate for certificate in planned.certificates if certificate.key]

        def tell(signers: dict[str, list[str]]) -> str:
            told = {}
            for certificate in borne:
                authority, key = signers[certificate.authority.name]
                told[_folder(certificate)] = {
                    "names": list(certificate.names),
                    "days": life.days,
                    "renew": life.renew,
                    "authority": authority,
                    "authority_key": key,
                }
            return json.dumps(told)

        names = {certificate.authority.name for certificate in borne}
        return pulumi.Output.all(**{name: self._signers[name] for name in sorted(names)}).apply(tell)


def reloadable(planned: Planned) -> list[str]:
    """Paths that a running instance takes up: its files that say so, and its certificates. None where the workload
    cannot reload."""
    if planned.instance.workload.reload is None:
        return []
    own = [file.path for file in planned.files if file.reloads]
    return sorted([*own, *(path for c in planned.certificates for path in _certificate_paths(c))])


def _certificate_paths(certificate: Certificate) -> list[str]:
    own = [f"{_folder(certificate)}/{name}" for name in ("tls.crt", "tls.key")] if certificate.key else []
    return [_authority_path(certificate), *own]


def _authority_path(certificate: Certificate) -> str:
    return f"{_folder(certificate)}/ca.crt"


def _folder(certificate: Certificate) -> str:
    """Below `words.FILES`; what `Certificate.folder` is inside the container."""
    return f"tls/{certificate.authority.name}"
