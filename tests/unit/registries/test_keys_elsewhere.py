"""Keys in devices and services, through the door of securesystemslib.

Where SoftHSM and `python-pkcs11` are installed (CI, every night), a token of it signs.  Elsewhere
a device is played by a signer that is registered as the library lets others register theirs; the
rest, from the option to the client that verifies, is real.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from securesystemslib.signer import (
    SIGNER_FOR_URI_SCHEME,
    CryptoSigner,
    Key,
    SecretsHandler,
    Signature,
    Signer,
    SSlibKey,
)

from mcpinstall import registries
from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.model.secret import Secret
from mcpinstall.operations import registry_keys, registry_owner
from mcpinstall.operations.registry_keys import Elsewhere
from mcpinstall.operations.registry_owner import Rotation
from mcpinstall.registries import tuf_elsewhere, tuf_keys
from tests.builders.registry_folders import NAME, RegistryFolder
from tests.builders.tuf_world import PASSPHRASE, TufWorld, lonely_context

URI = "hsm:2?label=registry"
PIN = "12" + "34" * 3
UTIL, DRIVER = shutil.which("softhsm2-util"), os.environ.get("PYKCS11LIB", "")
PKCS11 = importlib.util.find_spec("pkcs11") is not None
Private = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey


class Device(Signer):
    """A device with one key, that opens with a PIN."""

    key: Private = ec.generate_private_key(ec.SECP256R1())
    is_plugged = True

    def __init__(self, public_key: SSlibKey, pin: Callable[[str], str] | None) -> None:
        assert pin is not None
        self._public, self._pin = public_key, pin

    @property
    def public_key(self) -> SSlibKey:
        return self._public

    @classmethod
    def from_priv_key_uri(
        cls, priv_key_uri: str, public_key: Key, secrets_handler: SecretsHandler | None = None
    ) -> Signer:
        assert priv_key_uri == URI
        assert isinstance(public_key, SSlibKey)
        return cls(public_key, secrets_handler)

    def sign(self, payload: bytes) -> Signature:
        if not self.is_plugged or self._pin("pin") != PIN:
            message = "no token"
            raise OSError(message)
        return CryptoSigner(self.key, self._public).sign(payload)


@pytest.fixture
def device(monkeypatch: pytest.MonkeyPatch) -> type[Device]:
    monkeypatch.setitem(SIGNER_FOR_URI_SCHEME, "hsm", Device)
    monkeypatch.setattr(Device, "key", ec.generate_private_key(ec.SECP256R1()))
    monkeypatch.setattr(Device, "is_plugged", True)
    return Device


def written(path: Path, key: Private) -> Path:
    path.write_bytes(
        key.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )
    )
    return path


def ask(path: Path) -> Secret:
    return Secret(PIN) if str(path) == URI else PASSPHRASE


@pytest.fixture
def tuf(tmp_path: Path) -> TufWorld:
    folder = RegistryFolder(tmp_path / "manifests").add(alias="clock")
    (tmp_path / "user").mkdir()
    made = TufWorld(
        root=tmp_path, manifests=folder.folder, context=lonely_context(tmp_path / "user")
    )
    made.begin().publish()
    return made


def given_to(tuf: TufWorld, key: Private) -> Elsewhere:
    """Make a key of a device the second of the machine that publishes."""
    public = written(tuf.root / "device.pub", key)
    tuf.rotate(
        Rotation(role="online", add=(public,)),
        "root-1",
        "root-2",
        "targets-1",
        "targets-2",
        "online",
    )
    return Elsewhere(public=public, uri=URI)


def renewed(tuf: TufWorld, key: Elsewhere) -> None:
    registry_owner.publish(tuf.folder, None, [key], ask, tuf.at(tuf.later(days=1)))


@pytest.mark.parametrize(
    "key",
    [ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP384R1()),
     rsa.generate_private_key(65537, 2048)],
    ids=["P-256", "P-384", "RSA"],
)  # fmt: skip
def test_a_device_signs_what_a_client_believes(
    tuf: TufWorld, device: type[Device], key: Private
) -> None:
    device.key = key
    source = tuf.trust(str(tuf.folder))

    renewed(tuf, given_to(tuf, key))

    found = registries.open_tuf(
        source, tuf.context.paths, tuf.later(days=2.5), machine=tuf.context.machine, strict=True
    )
    assert found.find(NAME).manifest.version == "1.2.0"
    assert found.state.serial == 3


def test_a_device_that_is_not_there_is_told(tuf: TufWorld, device: type[Device]) -> None:
    key = given_to(tuf, device.key)
    before = (tuf.metadata / "timestamp.json").read_bytes()
    device.is_plugged = False

    with pytest.raises(McpInstallError) as refused:
        renewed(tuf, key)

    assert refused.value.code is ErrorCode.SIGNING_FAILED
    assert "no token" in refused.value.evidence
    assert (tuf.metadata / "timestamp.json").read_bytes() == before


def test_a_device_with_another_key_signs_nothing(tuf: TufWorld, device: type[Device]) -> None:
    key = given_to(tuf, device.key)
    device.key = ec.generate_private_key(ec.SECP256R1())

    with pytest.raises(McpInstallError) as refused:
        renewed(tuf, key)

    assert refused.value.code is ErrorCode.SIGNING_FAILED


if UTIL and DRIVER and PKCS11:

    @pytest.fixture
    def token(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Private:
        """A key in a token of SoftHSM, in the slot of the URI."""
        assert UTIL is not None
        (tmp_path / "tokens").mkdir()
        settings = tmp_path / "softhsm2.conf"
        settings.write_text(f"directories.tokendir = {tmp_path / 'tokens'}\n")
        monkeypatch.setenv("SOFTHSM2_CONF", str(settings))
        key = ec.generate_private_key(ec.SECP256R1())
        file = tmp_path / "key.pem"
        file.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
        )
        for words in (
            ("--init-token", "--free", "--label", "registry", "--so-pin", PIN),
            ("--import", file, "--token", "registry", "--label", "key", "--id", "02"),
        ):
            command = [UTIL, "--module", DRIVER, *words, "--pin", PIN]
            subprocess.run(command, check=True, capture_output=True)
        return key

    def test_a_real_token_signs_what_a_client_believes(tuf: TufWorld, token: Private) -> None:
        source = tuf.trust(str(tuf.folder))
        key = given_to(tuf, token)

        with pytest.raises(McpInstallError) as refused:
            registry_owner.publish(
                tuf.folder, None, [key], lambda path: PASSPHRASE, tuf.at(tuf.later(days=1))
            )
        renewed(tuf, key)

        assert refused.value.code is ErrorCode.SIGNING_FAILED
        found = registries.open_tuf(
            source, tuf.context.paths, tuf.later(days=2.5), machine=tuf.context.machine, strict=True
        )
        assert found.state.serial == 3


PLACES = {
    "hsm": URI,
    "awskms": "awskms:alias/registry",
    "gcpkms": "gcpkms:projects/p/locations/l/keyRings/r/cryptoKeys/k/cryptoKeyVersions/1",
    "azurekms": "azurekms://vault.example/keys/registry/1",
    "hv": "hv:registry/1",
}


@pytest.mark.parametrize("scheme", [one for one in PLACES if one != "hsm" or not PKCS11])
def test_a_library_that_is_missing_is_named(tmp_path: Path, scheme: str) -> None:
    public = written(tmp_path / "k.pub", ec.generate_private_key(ec.SECP256R1()))

    with pytest.raises(McpInstallError) as refused:
        tuf_elsewhere.signer(public, PLACES[scheme], lambda: Secret(PIN))

    assert f"securesystemslib[{tuf_elsewhere.EXTRAS[scheme]}]" in refused.value.hint


def test_every_place_is_one_that_the_library_knows() -> None:
    assert set(PLACES) == set(tuf_elsewhere.EXTRAS)
    assert set(tuf_elsewhere.EXTRAS) <= set(SIGNER_FOR_URI_SCHEME)


@pytest.mark.parametrize("uri", ["file2:/tmp/key", "gnupg:0", "https://example.com", "hsm", ""])
def test_no_other_place_is_asked(tmp_path: Path, uri: str) -> None:
    public = written(tmp_path / "k.pub", ec.generate_private_key(ec.SECP256R1()))

    with pytest.raises(McpInstallError) as refused:
        tuf_elsewhere.signer(public, uri, lambda: Secret(PIN))

    assert refused.value.code is ErrorCode.INPUT_INVALID


@pytest.mark.parametrize("text", ["release.pub", "=hsm:", "release.pub="])
def test_where_a_key_is_has_two_halves(text: str) -> None:
    with pytest.raises(McpInstallError) as refused:
        registry_keys.elsewhere(text)

    assert refused.value.code is ErrorCode.INPUT_INVALID


@pytest.mark.parametrize(
    "key",
    [
        rsa.generate_private_key(65537, 1024),  # noqa: S505 (on purpose)
        ec.generate_private_key(ec.SECP256K1()),
    ],
    ids=["RSA 1024", "secp256k1"],
)
def test_weak_and_unusual_keys_are_refused(tmp_path: Path, key: Private) -> None:
    with pytest.raises(McpInstallError) as refused:
        tuf_keys.public(written(tmp_path / "k.pub", key))

    assert refused.value.code is ErrorCode.INPUT_INVALID
