"""The commands of `docs/own-registry.md` and `docs/reviewing.md`, run as they stand there."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from mcpinstall.model import manifest_text
from tests.builders import private_instance
from tests.builders.index_server import IndexServer
from tests.builders.manifest_folders import ManifestFolder
from tests.builders.packages import publish
from tests.builders.shell import Ran, run
from tests.builders.tuf_world import Site
from tests.builders.world import World
from tests.conftest import ROOT

pytestmark = pytest.mark.e2e

SECTION = re.compile(r"^##+ (.+)\n((?:(?!^##).*\n?)*)", re.MULTILINE)
BLOCK = re.compile(r"^```console\n(.*?)^```$", re.MULTILINE | re.DOTALL)
ANSWERED = ("key", "init", "publish", "delegate", "rotate", "sign")
"""Commands of owners that ask for passphrases; a pipe stands for the terminal."""
PASSPHRASE = "correct horse " + "battery"


def sections(page: str) -> dict[str, list[list[str]]]:
    """Return the commands of each section of a page, as words."""
    text = (ROOT / "docs" / page).read_text(encoding="utf-8")
    return {
        title: [
            shlex.split(line.removeprefix("$ "))
            for block in BLOCK.findall(body)
            for line in block.splitlines()
        ]
        for title, body in SECTION.findall(text)
        if BLOCK.search(body)
    }


@dataclass
class Shell:
    """A folder in which the commands run one after the other, and what their reader fills in."""

    cwd: Path
    home: Path
    keys: dict[str, str]
    url: str = ""

    def run(
        self,
        words: list[str],
        *more: str,
        status: int = 0,
        variables: Mapping[str, str] | None = None,
    ) -> str:
        """Run one line of a page."""
        assert words[0] == "mcpi"
        filled = [self._filled(word) for word in words[1:]]
        asks = words[1] == "registry" and words[2] in ANSWERED and "--key" in words
        asks = asks or words[2:3] in (["key"], ["init"])
        done = subprocess.run(
            [sys.executable, "-m", "mcpinstall", *filled, *more]
            + (["--passphrase-stdin"] if asks else []),
            cwd=self.cwd, input=PASSPHRASE, capture_output=True, text=True, check=False,
            env={
                **os.environ, "HOME": str(self.home), "PYTHONPATH": str(ROOT), **(variables or {}),
            },
        )  # fmt: skip
        assert done.returncode == status, (filled, done.stdout, done.stderr)
        if words[2:3] == ["key"]:
            self.keys[words[3]] = "".join(done.stderr.split()).partition("iskey")[2]
        return done.stdout + done.stderr

    def _filled(self, word: str) -> str:
        fill: dict[str, Callable[[], str]] = {
            "SHA256": self._root,
            "DIGEST": self._waiting,
            "KEY": lambda: self.keys["online.pem"],
            "https://mcp.example.com/registry": lambda: self.url,
        }
        return fill[word]() if word in fill else word

    def _root(self) -> str:
        root = self.cwd / "site" / "metadata" / "1.root.json"
        return hashlib.sha256(root.read_bytes()).hexdigest()

    def _waiting(self) -> str:
        shown = self.run(["mcpi", "registry", "sign", "site"])
        (line,) = [one for one in shown.splitlines() if one.startswith("sha256:")]
        return line.removeprefix("sha256:")


@pytest.fixture
def folder(tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ManifestFolder]:
    with IndexServer() as index:
        monkeypatch.setenv("UV_DEFAULT_INDEX", index.url)
        monkeypatch.setenv("NO_PROXY", "*")
        yield ManifestFolder(tmp_path / "work" / "manifests", index)


@pytest.fixture
def shell(folder: ManifestFolder, home: Path) -> Shell:
    return Shell(cwd=folder.folder.parent, home=home, keys={})


OWN = sections("own-registry.md")
SIGSTORE = "A folder signed with Sigstore"
NEW, USERS = "Add a server, and keep it new", "What users do then"
EMPTY = "Begin with an empty folder"


def test_a_tuf_registry_is_owned_as_the_page_says(shell: Shell) -> None:
    (shell.cwd / "site").mkdir()
    said = ""
    with Site(shell.cwd / "site") as site:
        shell.url = site.url
        for title, commands in OWN.items():
            if title not in (SIGSTORE, NEW, USERS, EMPTY):
                said += "".join(shell.run(words) for words in commands)

    assert "Clock" in said
    assert "namespace io.github.user gets the key" in said
    assert site.requests


def test_a_registry_begins_with_what_the_page_says(tmp_path: Path, home: Path) -> None:
    page = (ROOT / "docs" / "own-registry.md").read_text(encoding="utf-8")
    (text,) = re.findall(r"^```toml\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    (tmp_path / "manifests").mkdir()
    (tmp_path / "manifests" / "registry.toml").write_text(text, encoding="utf-8")
    shell = Shell(cwd=tmp_path, home=home, keys={})

    for words in OWN[EMPTY]:
        shell.run(words, "--yes")

    said = shell.run(["mcpi", "manifest", "verify", "manifests"])
    assert "0 manifests: no findings" in said


def test_a_server_is_added_kept_new_and_moved_as_the_page_says(world: World) -> None:
    full = "io.github.user/weather"
    for name in ("weather-server", "sky-maps"):
        world.index.pages.pop(name, None)
    publish(world.index, "sky-maps", "1.0", body=None)
    publish(
        world.index, "weather-server", "1.0", requires=("sky-maps",), readme=f"mcp-name: {full}"
    )
    manifests = world.registry.folder
    made = [
        [str(manifests) if word == "manifests" else word for word in words[1:]]
        for words in OWN[NEW]
    ]

    def done(words: list[str], *more: str) -> Ran:
        ran = run(*words, *more, person=False)
        assert (ran.status, ran.faults()) == (0, []), (words, ran.seen)
        return ran

    new, index, verify, lock = made
    lock[-1] = str(world.root / lock[-1])
    done(new, "--yes", "--probe")
    manifest = manifests / full / "1.0" / "manifest.toml"
    manifest.write_text(manifest.read_text().replace('title = "', 'title = "Honest '))
    assert "weather 1.0" in done(index, "--yes").seen
    assert "MV302" not in run(*verify, "--files-only", person=False).seen
    world.install("weather", hosts=("cursor",))
    publish(world.index, "weather-server", "2.0", requires=("sky-maps",))
    ran = run(*lock, "--yes", "--probe", person=False)
    assert "weather" in (world.root / "changes.md").read_text(), ran.seen

    outdated, update, rollback = OWN[USERS]
    assert "2.0" in done(outdated[1:]).seen
    done(update[1:], "--yes")
    assert world.receipts()["weather"].version == "2.0"
    done(rollback[1:], "--yes")
    assert world.receipts()["weather"].version == "1.0"


def test_a_folder_is_signed_as_the_page_says(
    shell: Shell, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    token = private_instance.token("https://issuer.example", "ada@example.com", email="ada@e.org")
    with (
        private_instance.started(tmp_path_factory.mktemp("instance")) as config,
        private_instance.forge(token) as variables,
    ):
        for words in OWN[SIGSTORE]:
            shell.run(words, "--yes", "--trust-config", str(config), variables=variables)

    assert (shell.cwd / "manifests" / "registry.sigstore.json").is_file()


@pytest.mark.skipif(shutil.which("git") is None, reason="needs git")
def test_a_proposal_is_reviewed_as_the_page_says(shell: Shell, folder: ManifestFolder) -> None:
    names = ("-c", "user.name=a", "-c", "user.email=a@example.com")
    for git in (("init", "-qb", "main"), ("add", "-A"), ("commit", "-qm", "one")):
        subprocess.run(["git", *names, *git], cwd=shell.cwd, check=True, capture_output=True)
    old = folder.path("manifest.toml").parent
    new = shutil.copytree(old, old.with_name("1.3.0"))
    server = json.loads((new / "server.json").read_bytes())
    (new / "server.json").write_text(json.dumps({**server, "version": "1.3.0"}))
    sha256 = hashlib.sha256((new / "server.json").read_bytes()).hexdigest()
    found = manifest_text.parse((new / "manifest.toml").read_bytes())
    files = tuple(dict(found.files, **{"server.json": sha256}).items())
    again = replace(found, version="1.3.0", title="Another", files=files)
    (new / "manifest.toml").write_bytes(manifest_text.dump(again))

    said = []
    for words in (one for commands in sections("reviewing.md").values() for one in commands):
        looks = words[2] == "verify"  # 1.3.0 is in no index yet, and that is a finding
        said.append(shell.run(words, status=1 if looks else 0))

    assert "MV302 index-stale" in said[0]
    assert "clock_start.pth" in said[1]
    assert "Another" in said[2]
