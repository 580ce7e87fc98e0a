"""See tests/tools/test_docker_plugin.py, which says by PROBE what differs."""

import json
import os

import pulumi_docker as docker
from noted import Note  # type: ignore[import-not-found]  # beside this file, as Pulumi runs it

probe = json.loads(os.environ["PROBE"])
name, subnet = probe["name"], probe["subnet"]
owner = {"label": "basalt.owner", "value": name}

network = docker.Network(
    "network",
    name=name,
    ipam_configs=[docker.NetworkIpamConfigArgs(subnet=f"{subnet}.0/24")],
    labels=[docker.NetworkLabelArgs(**owner)],
)
volume = docker.Volume("volume", name=name)
read_only = docker.Volume("read-only", name=f"{name}-ro")

docker.Container(
    "container",
    name=name,
    image=probe["image"],
    command=["sh", "-c", "trap 'echo bye > /data/bye; exit 0' TERM; echo hello; while :; do sleep 0.1; done"],
    healthcheck=docker.ContainerHealthcheckArgs(
        tests=["CMD-SHELL", probe.get("healthcheck", "true")],
        interval="1s",
        timeout="60s",
        start_period="90s",
        retries=3,
    ),
    wait=True,
    wait_timeout=probe.get("wait", 30),
    cpus=probe.get("cpus", "0.5"),
    memory=probe.get("memory", 64),
    memory_swap=probe.get("memory", 64),
    memory_reservation=32,
    tmpfs={"/run": "rw,size=16m,mode=0755", "/tmp": "rw,noexec"},  # noqa: S108 - inside the container
    read_only=True,
    capabilities=docker.ContainerCapabilitiesArgs(drops=["ALL"], adds=["NET_BIND_SERVICE", "CHOWN"]),
    networks_advanced=[
        docker.ContainerNetworksAdvancedArgs(name=network.name, ipv4_address=f"{subnet}.10", aliases=["one", "two"])
    ],
    hosts=[docker.ContainerHostArgs(host="peer", ip=f"{subnet}.99")],
    labels=[docker.ContainerLabelArgs(**owner), docker.ContainerLabelArgs(label="a", value="b")],
    log_driver="json-file",
    log_opts={"max-size": "1m", "max-file": "2"},
    restart="always",
    user="0:0",
    ulimits=[docker.ContainerUlimitArgs(name="nofile", soft=1024, hard=4096)],
    volumes=[
        docker.ContainerVolumeArgs(volume_name=volume.name, container_path="/data"),
        docker.ContainerVolumeArgs(volume_name=read_only.name, container_path="/ro", read_only=True),
        docker.ContainerVolumeArgs(container_path="/etc/files"),
    ],
    ports=[
        docker.ContainerPortArgs(internal=8080, external=probe["port"], ip="127.0.0.1"),
        docker.ContainerPortArgs(internal=80, external=probe["port"] + 1, ip="127.0.0.1"),
    ],
    stop_signal="SIGTERM",
    stop_timeout=30,
    destroy_grace_seconds=20,
    security_opts=["no-new-privileges"],
    init=True,
    sysctls={"net.core.somaxconn": "1024"},
    uploads=[
        docker.ContainerUploadArgs(
            file="/etc/files/tls/key", content="key", permissions="0400", owner="33", group="33"
        ),
        docker.ContainerUploadArgs(file="/etc/files/plain", content="plain"),
    ],
)

Note("note", "ready")
