"""The limiter inside a real nginx: what is admitted, what is told, whose token counts."""

import base64
import hashlib
import hmac
import json
import ssl
import time
from collections.abc import Iterator
from pathlib import Path

import docker
import httpx
import pytest

from basalt.images import reference
from basalt.operations.build import build
from basalt.plan import survey
from basalt.services.nginx.plan import files
from basalt.site import Instance, Site
from basalt.targets.certificates import make_authority, make_leaf
from basalt.targets.docker.volume import ABOVE, archive
from basalt.workload import UID, SecretRef
from tests.services.app.stack import SHOP
from tests.stacks import topology
from tests.waiting import until

pytestmark = pytest.mark.live

KEYS = ("k" * 32, "older" * 8)
LIMITS = {"anonymous": "600/min", "client": "60/min", "driver": "20/s", "partner": "1000/s", "admin": "5/s"}


def token(sub: str, tier: str, key: str = KEYS[0], seconds: int = 60) -> str:
    """As the application signs it."""
    claims = {"sub": sub, "tier": tier, "exp": int(time.time()) + seconds}
    parts = [_base64(json.dumps(part).encode()) for part in ({"alg": "HS256", "typ": "JWT"}, claims)]
    signature = hmac.new(key.encode(), ".".join(parts).encode(), hashlib.sha256).digest()
    return ".".join([*parts, _base64(signature)])


def _base64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


@pytest.fixture(scope="module")
def edge(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    """nginx as the plan has it, in front of replicas that are all down: what is admitted is answered with 502."""
    folder = tmp_path_factory.mktemp("edge")
    build(["nginx"], folder, print)
    site = survey(topology(SHOP, services__nginx={"limits": LIMITS}))
    (instance,) = site.of("nginx")
    content = contents(instance, site)
    container = docker.from_env().containers.create(
        reference("nginx"),
        list(instance.workload.command),
        ports={"8443/tcp": ("127.0.0.1", 0)},
    )
    try:
        container.put_archive(ABOVE, archive({path: (text, False) for path, text in content.items()}, UID))
        container.start()
        container.reload()
        (published,) = container.ports["8443/tcp"] or []
        base, verify = f"https://127.0.0.1:{published['HostPort']}", _tls(folder, content["tls/stack/ca.crt"])
        with httpx.Client(base_url=base, verify=verify) as client:
            until(lambda: _answers(client), "the edge", 60)
            yield client
    finally:
        container.remove(force=True)


def contents(instance: Instance, site: Site) -> dict[str, str]:
    """The files of the plan, filled, and a certificate."""
    secrets = {"app/token-key": "\n".join(KEYS)}
    authority = make_authority("test")
    leaf = make_leaf(["localhost", "127.0.0.1"], 1, authority["certificate"], authority["key"])
    return {
        **{file.path: SecretRef.fill(file.text, secrets) for file in files(instance, site)},
        "tls/stack/ca.crt": authority["certificate"],
        "tls/stack/tls.crt": leaf["certificate"],
        "tls/stack/tls.key": leaf["key"],
    }


def _answers(client: httpx.Client) -> bool:
    try:
        return client.get("/").status_code == 502
    except httpx.TransportError:
        return False


def _tls(folder: Path, authority: str) -> ssl.SSLContext:
    (folder / "ca.crt").write_text(authority)
    return ssl.create_default_context(cafile=str(folder / "ca.crt"))


def ask(edge: httpx.Client, bearer: str = "", path: str = "/") -> httpx.Response:
    return edge.get(path, headers={"Authorization": f"Bearer {bearer}"} if bearer else {})


def told(answer: httpx.Response) -> tuple[int, int]:
    """The limit and what is left of it."""
    return int(answer.headers["X-RateLimit-Limit"]), int(answer.headers["X-RateLimit-Remaining"])


@pytest.mark.parametrize(("tier", "limit"), [("client", 60), ("driver", 20), ("partner", 1000), ("admin", 5)])
def test_each_tier_of_a_verified_token_has_its_own_limit(edge: httpx.Client, tier: str, limit: int) -> None:
    assert told(ask(edge, token(f"first-{tier}", tier))) == (limit, limit - 1)


def test_each_subject_is_counted_for_itself(edge: httpx.Client) -> None:
    ask(edge, token("one", "driver"))
    assert told(ask(edge, token("other", "driver"))) == (20, 19)


def test_a_rotated_key_still_verifies(edge: httpx.Client) -> None:
    assert told(ask(edge, token("rotated", "client", key=KEYS[1])))[0] == 60


@pytest.mark.parametrize(
    "bearer",
    [token("x", "admin", key="z" * 32), token("x", "admin", seconds=-1), token("x", "root"), "a.b.c", "x" * 5000],
    ids=["forged", "expired", "unknown tier", "no token", "too long"],
)
def test_what_does_not_verify_counts_as_nobody(edge: httpx.Client, bearer: str) -> None:
    assert told(ask(edge, bearer))[0] == 600


def test_the_whole_allowance_comes_at_once_then_evenly(edge: httpx.Client) -> None:
    bearer, started, codes = token("flood", "client"), time.monotonic(), [0]
    # A slow machine gets there too: what is not asked for now is still granted later, up to the whole allowance.
    while (spent := time.monotonic() - started) < 4 or codes[-1] != 429:
        codes.append(ask(edge, bearer).status_code)
    due = 60 + spent
    assert due - 2 < codes.count(502) <= due + 0.1


def test_a_refusal_says_when_to_come_back_and_is_then_admitted(edge: httpx.Client) -> None:
    bearer = token("patient", "admin")
    answers = [ask(edge, bearer)]
    while answers[-1].status_code != 429:
        answers.append(ask(edge, bearer))
    refused = answers[-1]
    assert refused.json() == {"detail": "too many requests"}
    assert told(refused) == (5, 0)
    time.sleep(int(refused.headers["Retry-After"]))
    assert ask(edge, bearer).status_code != 429


def test_a_login_is_limited_by_address_whoever_asks(edge: httpx.Client) -> None:
    answers = [ask(edge, token(f"guess-{number}", "partner"), "/login") for number in range(7)]
    assert [answer.status_code for answer in answers] == [502] * 5 + [429] * 2
    assert told(answers[0]) == (5, 4), "of two limits the nearer is told"
    assert told(ask(edge, token("guess-1", "partner")))[1] >= 998, "a refused login costs nothing of the other limit"
