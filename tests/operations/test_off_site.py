"""A bundle that was changed, or is another stack's, is refused; what opens a bucket reads back as it was written."""

from dataclasses import replace

import pytest

from basalt.operations.off_site import access as keys
from basalt.operations.off_site.access import Access
from basalt.operations.off_site.bundle import Bundle, BundleError, read, sign, verify
from basalt.services.backup.settings import S3

BUNDLE = Bundle("prod", "2026-11-26T01:00:00Z", "d478744", {"app": "registry/shop:1"}, "config: {}\n")
BUCKET = S3.model_validate({"endpoint": "s3.example.com", "bucket": "copies", "key": "AKIA0", "secret": "bucket"})
OPENS = Access(BUCKET, "the-secret-part", "the-signing-key")


def test_a_signed_bundle_reads_back() -> None:
    found = read(sign(BUNDLE, "key"), "prod")
    verify(found, "key")
    assert replace(found, signature="") == BUNDLE


@pytest.mark.parametrize("change", [{"file": "config: {x: 1}\n"}, {"images": {}}, {"at": "2020-01-01T00:00:00Z"}])
def test_a_changed_bundle_is_refused(change: dict[str, object]) -> None:
    found = read(sign(BUNDLE, "key"), "prod")
    with pytest.raises(BundleError, match="somebody has changed it"):
        verify(replace(found, **change), "key")  # type: ignore[arg-type]
    with pytest.raises(BundleError, match="somebody has changed it"):
        verify(found, "another key")


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"stack": "prod", "more": 1}'])
def test_what_is_no_bundle_is_refused(text: str) -> None:
    with pytest.raises(BundleError, match="no bundle"):
        read(text, "prod")


def test_a_bundle_of_another_stack_is_refused() -> None:
    with pytest.raises(BundleError, match="of stack prod, not of staging"):
        read(sign(BUNDLE, "key"), "staging")


def test_what_opens_a_bucket_reads_back() -> None:
    assert keys.read(keys.write(OPENS)) == OPENS


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "TypeError"),
        ("s3: {}", "endpoint: Field required"),
        ("s3: {endpoint: 'a b'}\nsecret: hidden-one", "endpoint: "),
    ],
)
def test_what_opens_nothing_is_told_without_its_secret(text: str, says: str) -> None:
    with pytest.raises(BundleError, match=says) as caught:
        keys.read(text)
    assert "hidden-one" not in str(caught.value)
