"""etcd: consensus over TLS with client certificates."""

import yaml

from basalt.plan import plan
from tests.stacks import topology


def test_every_member_knows_all_members() -> None:
    made = plan(topology())
    for planned in made.planned:
        config = yaml.safe_load(planned.files[0].text)
        assert config["name"] == planned.instance.name
        assert config["initial-cluster"].count("https://etcd-") == 3


def test_both_links_ask_for_client_certificates() -> None:
    config = yaml.safe_load(plan(topology()).planned[0].files[0].text)
    for link in ("client-transport-security", "peer-transport-security"):
        assert config[link]["client-cert-auth"] is True


def test_members_hold_certificates_of_the_control_authority_only() -> None:
    (certificate,) = plan(topology()).planned[0].certificates
    assert certificate.authority.name == "control"


def test_the_database_quota_fits_the_memory_limit() -> None:
    config = yaml.safe_load(plan(topology(services__etcd__memory=512)).planned[0].files[0].text)
    assert config["quota-backend-bytes"] == 256 * 1024 * 1024
