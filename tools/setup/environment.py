"""The environment in which plain `pulumi` and `ansible` commands work in this clone."""

import os
import shlex
from collections.abc import Mapping

from tools.setup import paths

_DEFAULTS = {
    # Without a note on each file's content type, which nobody reads: a `pulumi` killed while it writes one leaves a
    # state that cannot be loaded (gocloud.dev/blob/fileblob, URLOpener, "metadata").
    "PULUMI_BACKEND_URL": f"file://{paths.STATE}?metadata=skip",
    "PULUMI_HOME": str(paths.PULUMI_HOME),
    # The plugins of PULUMI_HOME, without a warning in every update that others of the same name are on PATH.
    "PULUMI_IGNORE_AMBIENT_PLUGINS": "true",
    "PULUMI_SKIP_UPDATE_CHECK": "true",
    # One resource after the other is compared with its state, unless this is set: on two cores a sixth of an update in
    # which nothing changes.
    "PULUMI_PARALLEL_DIFF": "true",
    # Set-up brings every plugin; the engine would try to download the ones of all installed SDKs in every command,
    # three seconds each where it cannot (that of pulumi-kubernetes also for stacks without Kubernetes).
    "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
    # An engine and its plugins live for seconds: looking for garbage less often saves a sixth of their processor
    # time and costs memory, up to a limit (pkg.go.dev/runtime, "Environment Variables").
    "GOGC": "400",
    "GOMEMLIMIT": "400MiB",
    # Ansible looks for its configuration in the working directory only.
    "ANSIBLE_CONFIG": str(paths.ANSIBLE_CONFIG),
}


def variables(given: Mapping[str, str] = os.environ) -> dict[str, str]:
    """Only defaults: a variable that is set keeps its value."""
    first = [str(paths.VENV / "bin"), str(paths.LINKS)]
    rest = [entry for entry in given.get("PATH", "").split(os.pathsep) if entry not in first]
    made = {"PATH": os.pathsep.join([*first, *rest])}
    made |= {name: given.get(name, value) for name, value in _DEFAULTS.items()}
    if "PULUMI_CONFIG_PASSPHRASE" not in given:
        made["PULUMI_CONFIG_PASSPHRASE_FILE"] = given.get("PULUMI_CONFIG_PASSPHRASE_FILE", str(paths.PASSPHRASE))
    return made


def shell() -> str:
    """For `eval` in any POSIX shell. PATH is that of the shell, not of this process: a wrapper may have changed it."""
    made = variables()
    first = made.pop("PATH").split(os.pathsep)[:2]
    lines = [f'export PATH={shlex.quote(os.pathsep.join(first))}"${{PATH:+:$PATH}}"']
    return "\n".join(lines + [f"export {name}={shlex.quote(value)}" for name, value in made.items()])
