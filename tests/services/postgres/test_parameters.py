"""What the server would refuse is refused at load."""

import pytest

from basalt.services.postgres.parameters import Value, wrong
from basalt.topology.problem import StackError
from tests.stacks import DATABASE, topology


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("work_mem", "4MB"),
        ("work_mem", 65536),
        ("work_mem", " 1.5 GB "),
        ("checkpoint_timeout", "15min"),
        ("jit", False),
        ("jit", "yes"),
        ("wal_compression", "zstd"),
        ("wal_compression", True),
        ("synchronous_commit", "remote_apply"),
        ("autovacuum_vacuum_scale_factor", "0.01"),
        ("log_line_prefix", "%m "),
        ("cron.max_running_jobs", 5),
        ("shop.tenant", "x"),
        ("shared_buffers", "128MB"),
        ("vacuum_cost_delay", "2ms"),
    ],
)
def test_what_the_server_takes(name: str, value: Value) -> None:
    assert wrong(name, value) is None


@pytest.mark.parametrize(
    ("name", "value", "remedy"),
    [
        ("wrok_mem", "4MB", "did you mean work_mem?"),
        ("cron.max_jobs", 5, "no such parameter"),
        ("server_version", "16", "no such parameter, or lets nobody set it"),
        ("work_mem", "4mb", "with a unit of B, kB, MB"),
        ("work_mem", "4s", "with a unit"),
        ("work_mem", "1kB", "out of range; write 64 to"),
        ("work_mem", True, "write a number"),
        ("checkpoint_timeout", "1s", "out of range; write 30 to 86400 s"),
        ("jit", "maybe", "write on or off"),
        ("wal_compression", "gzip", "write one of pglz, lz4, zstd"),
        ("synchronous_commit", "sometimes", "write one of local"),
        ("autovacuum_vacuum_scale_factor", 101, "out of range; write 0 to 100"),
    ],
)
def test_what_it_does_not_take_is_told_with_a_remedy(name: str, value: Value, remedy: str) -> None:
    assert remedy in str(wrong(name, value))


def test_a_stack_file_with_one_does_not_load() -> None:
    with pytest.raises(StackError, match=r"services\.postgres\.parameters\.wrok_mem: '4MB': .* did you mean work_mem"):
        topology(DATABASE, services__postgres__parameters={"wrok_mem": "4MB"})
