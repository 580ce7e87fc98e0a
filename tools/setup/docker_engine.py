"""The Docker engine of this machine."""

import shutil
import subprocess
import time
from pathlib import Path

from tools.setup import apt, engine_api, paths
from tools.setup.process import Process
from tools.setup.step import Log, SetupError, Step

DAEMON_LOG = Path("/var/log/basalt-dockerd.log")
PIDFILE = Path("/run/basalt-dockerd.pid")
START_SECONDS = 60
STOP_SECONDS = 60
_PROBE_INTERVAL = 0.1


class DockerEngine(Step):
    name = "docker engine"
    estimate = "20 s"
    remedy = (
        "start a Docker engine yourself, or point DOCKER_HOST at one; "
        f"a daemon started by set-up writes {DAEMON_LOG} (as root: apt-get install docker.io iproute2 iptables)"
    )

    def check(self) -> str | None:
        version = engine_api.version()
        if not version or not shutil.which("docker"):
            return None
        started = " (started by this clone)" if Process.load(paths.ENGINE_RECORD) else ""
        return f"{version} at {engine_api.host()}{started}"

    def make(self, log: Log) -> str:
        how = "answers already" if engine_api.version() else _start(log)
        if not shutil.which("docker"):
            _install_command(log)
        return how


def _start(log: Log) -> str:
    if engine_api.host() != engine_api.DEFAULT_HOST:
        raise SetupError(f"no engine answers at DOCKER_HOST={engine_api.host()}")
    apt.ensure(log, {"dockerd": "docker.io", "ip": "iproute2", "iptables": "iptables"})
    if engine_api.version():
        return "installed; its package started it"
    if Path("/run/systemd/system").is_dir():
        log.run(["systemctl", "start", "docker"])
        return "started by systemd"
    start_by_hand(log)
    return f"started by hand, log {DAEMON_LOG}"


def _install_command(log: Log) -> None:
    """The `docker` command is a package of its own since Debian 13; before, docker.io brings it."""
    try:
        apt.install(log, ["docker-cli"])
    except SetupError:
        apt.install(log, ["docker.io"])


def start_by_hand(log: Log) -> None:
    """For machines without a service manager: containers and minimal virtual machines."""
    dockerd = shutil.which("dockerd") or "/usr/sbin/dockerd"
    argv = [dockerd, "--pidfile", str(PIDFILE)]
    log.say("$ " + " ".join(argv))
    with DAEMON_LOG.open("ab") as output:
        # A session of its own: it must outlive the terminal and the make that started it.
        child = subprocess.Popen(
            argv, stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True, cwd="/"
        )
    daemon = Process.of(child.pid)
    if daemon:
        daemon.save(paths.ENGINE_RECORD)
    await_answer(daemon)


def await_answer(daemon: Process | None) -> None:
    deadline = time.monotonic() + START_SECONDS
    while not engine_api.version():
        if daemon is None or daemon.ended_within(_PROBE_INTERVAL):
            tail = "\n".join(DAEMON_LOG.read_text(errors="replace").splitlines()[-5:])
            raise SetupError(f"dockerd ended at once:\n{tail}")
        if time.monotonic() > deadline:
            raise SetupError(f"dockerd did not answer within {START_SECONDS} s, see {DAEMON_LOG}")


def stop() -> str:
    """Stop the engine that this clone started, and no other one."""
    daemon = Process.load(paths.ENGINE_RECORD)
    if daemon is None:
        paths.ENGINE_RECORD.unlink(missing_ok=True)
        return "this clone started no engine that still runs"
    if not daemon.terminate(STOP_SECONDS):
        raise SetupError(f"dockerd (process {daemon.pid}) still runs {STOP_SECONDS} s after SIGTERM, see {DAEMON_LOG}")
    paths.ENGINE_RECORD.unlink(missing_ok=True)
    return f"stopped the engine that this clone started (process {daemon.pid})"
