"""Scrapes of those that look at others from outside. Names no service."""

from basalt.probing import TLS, Look, looks, route_seconds
from basalt.services.monitoring.scrapes import Job, Target, labels
from basalt.site import Instance, Site
from basalt.workload import FILES

#: Seconds: a certificate ends on a day.
_CERTIFICATES = 120


def jobs(site: Site, interval: int) -> tuple[Job, ...]:
    """Two a prober: certificates, routes. `interval` is that of all other scrapes; certificates are not looked at more
    often."""
    probers = {i.workload.name: site.of(i.workload.name) for i in site.instances if i.workload.probes}
    made = []
    for instances in probers.values():
        every = looks(site)
        certificates = [look for look in every if look.module.kind == TLS]
        routes = [look for look in every if look.module.kind != TLS]
        made.append(_job("certificates", certificates, instances, site, max(interval, _CERTIFICATES)))
        made.append(_job("routes", routes, instances, site, route_seconds(routes)))
    return tuple(job for job in made if job.targets)


def _job(what: str, asked: list[Look], instances: tuple[Instance, ...], site: Site, interval: int) -> Job:
    workload = instances[0].workload
    port = workload.ports[workload.probes]
    return Job(
        name=f"{port.scheme}://{workload.name}.{workload.probes}/probe#{what}",
        scheme=port.scheme,
        certified=workload.name,
        authority=f"{FILES}/tls/{port.authority.name}/ca.crt",
        path="/probe",
        params=(),
        targets=tuple(_target(look, prober, site) for prober in instances for look in asked),
        interval=interval,
        about_others=True,
    )


def _target(look: Look, prober: Instance, site: Site) -> Target:
    """`up` is about the prober, everything that it answers about the other: its labels take the places of the
    prober's when the answer is read (metric_relabel_configs leave `up` alone)."""
    asked = (("__param_module", look.module.name), ("__param_target", look.target), ("target", look.target))
    about = dict(labels("probe", look.subject, site))
    other = tuple((f"about_{key}", about[key]) for key in ("subject", "workload", "service", "host", "zone"))
    return Target(site.dial(prober, prober.workload.probes), (*labels("probe", prober, site), *asked, *other))
