"""`mcpi manifest sign` of a person: a login in a browser, at a provider on loopback."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from mcpinstall.model.registry import ReviewState
from mcpinstall.registries import REGISTRY_SIGNATURES
from tests.builders import login, private_instance
from tests.builders.login import Provider
from tests.builders.signed_folders import SignedFolder
from tests.conftest import ROOT

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.skipif(sys.platform == "win32", reason="needs POSIX"),
]

ADA = "ada@example.com"


@dataclass(frozen=True, kw_only=True)
class Desk:
    """Where a person sits."""

    cwd: Path
    variables: dict[str, str] = field(default_factory=dict)
    program: str = sys.executable

    def environment(self) -> dict[str, str]:
        around = {"HOME": str(self.cwd), "PYTHONPATH": str(ROOT), "PATH": os.defpath}
        return {**around, "NO_COLOR": "1", **self.variables}


@dataclass(frozen=True, kw_only=True)
class Person:
    """Ada at her desk, and her provider."""

    desk: Desk
    provider: Provider
    config: Path
    folder: SignedFolder

    def signs(self) -> tuple[int, str]:
        """Sign the registry; return exit status and screen."""
        from tests.builders.terminals import at_a_terminal

        words = ("-m", "mcpinstall", "manifest", "sign", str(self.folder.registry.folder))
        with at_a_terminal(self.desk, *words, "--trust-config", str(self.config)) as screen:
            screen.until("Sign it?")
            screen.type("y\n")
            status = screen.status()
        return status, screen.shown


@pytest.fixture(scope="module")
def instance(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    with private_instance.started(tmp_path_factory.mktemp("instance")) as config:
        yield config


@pytest.fixture
def ada(tmp_path: Path, home: Path, instance: Path) -> Iterator[Person]:
    place = tmp_path / "place"
    place.mkdir()
    with login.provider() as provider:
        provider.token = private_instance.token(provider.url, ADA, email=ADA)
        document = json.loads(instance.read_bytes())
        services = document["signingConfig"]
        services["oidcUrls"] = [{**services["caUrls"][0], "url": provider.url}]
        config = tmp_path / "instance.json"
        config.write_text(json.dumps(document))
        folder = SignedFolder(place)
        (folder.paths.config / "instance.json").write_bytes(config.read_bytes())
        folder.trust({"name": "ada", "issuer": provider.url, "identity": ADA})
        desk = Desk(cwd=home, variables={"BROWSER": login.browser(tmp_path)})
        yield Person(desk=desk, provider=provider, config=config, folder=folder)


def test_a_person_logs_in_and_signs(ada: Person) -> None:
    status, screen = ada.signs()

    assert status == 0, screen
    assert ADA in screen
    assert ada.provider.token not in screen
    assert ada.provider.asked == ["/.well-known/openid-configuration", "/authorize", "/token"]
    assert ada.folder.found().registry.review is ReviewState.CERTIFIED


@pytest.mark.parametrize(
    "wrong", [{"state": "of-somebody-else"}, {"error": "access_denied"}, {"token": "no-token"}]
)
def test_a_login_that_went_wrong_signs_nothing(ada: Person, wrong: dict[str, str]) -> None:
    for name, value in wrong.items():
        setattr(ada.provider, name, value)

    status, screen = ada.signs()

    assert status == 5, screen
    assert "signing-failed" in screen
    assert "Traceback" not in screen
    assert not (ada.folder.registry.folder / REGISTRY_SIGNATURES).exists()
