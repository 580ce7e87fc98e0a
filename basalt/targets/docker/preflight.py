"""What must be on the engines before anything is changed."""

import docker.errors
import pulumi

from basalt.images import reference
from basalt.plan import Plan
from basalt.targets.docker.engine import connect, describe


def require_images(plan: Plan) -> None:
    """RunError when a host's engine lacks an image of its instances, with the command that brings it."""
    missing = []
    for host, declared in plan.topology.hosts.items():
        wanted = {reference(i.workload.image) for i in plan.site.instances if i.host == host}
        images = connect(describe(declared)).images
        for image in sorted(wanted):
            try:
                images.get(image)
            except docker.errors.ImageNotFound:
                missing.append(f"{image} on {host}")
    if missing:
        remedy = f"run: basalt images --stack {plan.topology.name}"
        raise pulumi.RunError("images are missing, nothing was changed: " + ", ".join(missing) + f"; {remedy}")
