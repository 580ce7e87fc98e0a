"""Containers hold no more rights than they need."""

from tests.live.project import Project


def test_no_container_is_root_or_privileged(project: Project) -> None:
    users = {i.name: i.workload.uid for i in project.plan.site.instances}
    capabilities = {i.name: i.workload.capabilities for i in project.plan.site.instances}
    for name, container in project.containers().items():
        config, host = container.attrs["Config"], container.attrs["HostConfig"]
        assert config["User"] == f"{users[name]}:{users[name]}", name
        assert host["Privileged"] is False, name
        assert host["CapDrop"] == ["ALL"], name
        kept = [f"CAP_{capability}" for capability in capabilities.get(name, ())]
        assert [cap if cap.startswith("CAP_") else f"CAP_{cap}" for cap in host["CapAdd"] or ()] == kept, name
        # A file's capability does not count without new privileges.
        assert f"no-new-privileges:{'false' if kept else 'true'}" in host["SecurityOpt"], name
    assert set(capabilities.values()) == {(), ("DAC_READ_SEARCH",), ("KILL",)}


def test_every_root_file_system_is_read_only(project: Project) -> None:
    for name, container in project.containers().items():
        assert container.attrs["HostConfig"]["ReadonlyRootfs"] is True, name
        if container.status == "running":
            code, _ = container.exec_run(["sh", "-c", "touch /usr/planted 2>/dev/null"])
            assert code != 0, name


def test_every_container_has_limits_restart_and_log_rotation(project: Project) -> None:
    tasks = {i.name for i in project.plan.site.instances if i.workload.task}
    for name, container in project.containers().items():
        host = container.attrs["HostConfig"]
        assert 0 < host["Memory"] == host["MemorySwap"], name
        assert host["NanoCpus"] > 0, name
        assert host["LogConfig"]["Config"]["max-size"], name
        assert host["RestartPolicy"]["Name"] == ("no" if name in tasks else "always"), name


def test_processes_run_as_the_declared_user(project: Project) -> None:
    users = {i.name: i.workload.uid for i in project.plan.site.instances}
    for name, container in project.containers().items():
        if container.status == "running":
            rows = container.top(ps_args="-eo uid,pid,args")["Processes"]
            # Of a health check that begins: what starts it has not yet become what it is started for.
            assert {uid for uid, _, command in rows if command != "runc init"} == {str(users[name])}, (name, rows)


def test_who_observes_the_host_reads_no_file_of_another_container(project: Project) -> None:
    containers = project.containers()
    observers = [i.name for i in project.plan.site.instances if i.workload.observes_host]
    others = [c for name, c in containers.items() if name not in observers and c.status == "running"]
    assert observers
    for name in observers:
        for other in others:
            files = f"/host/proc/{other.attrs['State']['Pid']}/root/etc/basalt"
            code, _ = containers[name].exec_run(["ls", files])
            assert code != 0, f"{name} reads the files of {other.name}"


def test_what_is_published_is_what_is_declared(project: Project) -> None:
    declared = {(p.address, str(p.number)) for i in project.plan.site.instances for p in i.workload.publish}
    opened = {
        (binding["HostIp"], binding["HostPort"])
        for container in project.containers().values()
        for bindings in (container.attrs["HostConfig"]["PortBindings"] or {}).values()
        for binding in bindings
    }
    assert opened == declared
