"""VictoriaLogs keeps and finds; a shipper on each host tails Docker's files (syslog-ng), an exporter tells of it."""

from collections.abc import Iterator
from dataclasses import replace

from basalt.services.logs import shipper
from basalt.services.logs.settings import Settings, published
from basalt.site import Instance, Site
from basalt.topology.model import Topology
from basalt.workload import (
    FILES,
    RARELY,
    STACK,
    Certificate,
    Endpoint,
    File,
    HostFolder,
    Limits,
    LogFormat,
    Port,
    Probe,
    Publish,
    Reload,
    Scrape,
    SecretRef,
    Tier,
    Tmpfs,
    Volume,
    Workload,
    asks_https,
    exporter,
)

STORE = "logs.web"
#: Who may write and search; the password is the secret.
USER, PASSWORD = "basalt", "logs/password"

_WEB, _METRICS = 9428, 9577
_GB = 1024**3
#: The one program of the image that may get the capability. From it on no process gets more, and none may use it for
#: files outside the folder that it is meant for: open_by_handle_at(2) would open any of the same file system.
_CONFINED = (
    *("capable-setpriv", "--no-new-privs", "--inh-caps=+dac_read_search", "--ambient-caps=+dac_read_search"),
    *("enosys", "--syscall=open_by_handle_at"),
)
_CONTROL = Volume("control", "/run/control")


def workloads(settings: Settings, topology: Topology) -> Iterator[Workload]:
    """`logs`, `log-shipper`, `log-shipper-exporter`"""
    yield _store(settings, topology)
    yield _shipper(settings)
    yield _exporter(len(topology.hosts))


def _store(settings: Settings, topology: Topology) -> Workload:
    listener = published(settings, topology)
    note = f"user {USER}; basalt secret {PASSWORD} {{stack}}"
    return Workload(
        name="logs",
        image="logs",
        command=("victoria-logs", *_arguments(settings)),
        # The collector is told where its room ends; else it would find out from the kernel.
        environment={"GOMEMLIMIT": f"{settings.memory * 8 // 10}MiB"},
        tier=Tier.WATCH,
        ports={"web": Port(_WEB, "https")},
        publish=(Publish("web", *listener, note),) if listener else (),
        volumes=(Volume("data", "/var/lib/victoria-logs"),),
        limits=Limits(memory=settings.memory),
        probe=asks_https(f"https://localhost:{_WEB}/health", interval=RARELY),
        # Certificate and password are read again when their files change.
        reload=Reload(("true",)),
        scrapes=(Scrape("web", login=(USER, PASSWORD)),),
        keeps_logs="web",
    )


def _arguments(settings: Settings) -> tuple[str, ...]:
    return (
        "-storageDataPath=/var/lib/victoria-logs",
        f"-retentionPeriod={settings.retention_days}d",
        f"-retention.maxDiskSpaceUsageBytes={settings.storage_gb}GiB",
        # The rest of its memory is for what it takes in and looks for.
        f"-memory.allowedBytes={settings.memory * 4 // 10}MiB",
        "-tls",
        f"-tlsCertFile={FILES}/tls/stack/tls.crt",
        f"-tlsKeyFile={FILES}/tls/stack/tls.key",
        "-tlsMinVersion=TLS12",
        f"-httpAuth.username={USER}",
        f"-httpAuth.password=file://{FILES}/secrets/{PASSWORD}",
        "-http.disableCORS",
        # What is searched for is nobody's business but the asker's.
        "-search.logSlowQueryDuration=0",
        "-loggerFormat=json",
    )


def _shipper(settings: Settings) -> Workload:
    return Workload(
        name="log-shipper",
        image="logs",
        command=(*_CONFINED, "basalt-shipper"),
        every_host=True,
        tier=Tier.WATCH,
        uses=(Endpoint.parse(STORE),),
        # Docker's files belong to root, in folders that nobody else may list.
        capabilities=("DAC_READ_SEARCH",),
        host_folders=(HostFolder(settings.containers, "/host/containers"),),
        volumes=(Volume("buffer", "/var/lib/shipper"), _CONTROL),
        tmpfs=(Tmpfs("/tmp"), Tmpfs("/run/shipper", 1)),  # noqa: S108  the container's own
        # Docker rotates away what is not read in time. A third is the cache of its buffer, which a flood fills.
        limits=Limits(memory=192, weight=4),
        # One arena for the few threads that allocate: more of them only keep memory that is free.
        environment={"MALLOC_ARENA_MAX": "2"},
        probe=Probe(("syslog-ng-ctl", "healthcheck", "--control=/run/control/syslog-ng.ctl"), interval=RARELY),
        reload=Reload(signal="SIGHUP"),
        log_format=LogFormat(r"^\[\S+\] (?P<message>.*)"),
        roll=1.0,
    )


def _exporter(hosts: int) -> Workload:
    """Apart from the shipper: who may read every container's log listens to nobody."""
    command = (
        "prometheus-exporter-exporter",
        f"-config.file={FILES}/exporter.yml",
        "-web.listen-address=",
        f"-web.tls.listen-address=:{_METRICS}",
        f"-web.tls.cert={FILES}/tls/stack/tls.crt",
        f"-web.tls.key={FILES}/tls/stack/tls.key",
        "-log.json",
    )
    return replace(
        exporter("log-shipper", command, _METRICS, count=hosts),
        image="logs",
        volumes=(replace(_CONTROL, of="log-shipper", read_only=True),),
        limits=Limits(memory=32, cpus=0.25),
        scrapes=(Scrape(path="/proxy", params=(("module", "shipper"),), job="log-shipper"),),
        reload=None,
    )


def certificates(instance: Instance, site: Site) -> Iterator[Certificate]:
    """The shipper verifies the store and shows none itself."""
    listens = bool(instance.workload.ports)
    yield site.certificate(instance) if listens else Certificate(STACK, (instance.name,), key=False)


def files(instance: Instance, site: Site) -> Iterator[File]:
    """Each workload's own."""
    kinds = {"logs": _store_files, "log-shipper": _shipper_files}
    yield from kinds.get(instance.workload.name, _exporter_files)(instance, site)


def _store_files(instance: Instance, site: Site) -> Iterator[File]:
    yield File(f"secrets/{PASSWORD}", SecretRef(PASSWORD))
    yield File("search", site.render("logs/search.j2", user=USER, password=PASSWORD))


def _shipper_files(instance: Instance, site: Site) -> Iterator[File]:
    settings = site.topology.service(Settings)
    assert settings is not None  # noqa: S101  its own instance
    (store,) = site.addresses(STORE, instance)
    yield File("stack", site.topology.name)
    yield File(
        "syslog-ng.conf",
        site.render(
            "logs/syslog-ng.conf.j2",
            store=store,
            user=USER,
            stack=site.topology.name,
            host=instance.host,
            compressed=site.several_hosts,
            buffer=int(settings.buffer_gb * _GB),
            rules=shipper.rules(),
            formats=shipper.plain(site),
            levels=tuple((ours, shipper.quoted(f"(?i)^({theirs})$")) for ours, theirs in shipper.LEVELS),
            fatal=shipper.quoted(shipper.FATAL),
        ),
    )


def _exporter_files(instance: Instance, site: Site) -> Iterator[File]:
    yield File("exporter.yml", site.render("logs/exporter.yml.j2"))
