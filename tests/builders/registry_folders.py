"""A registry in a folder, honest until one of its verbs is used."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from mcpinstall.model import manifest_text, registry_text
from mcpinstall.model.manifest import (
    Audience,
    Integrates,
    Manifest,
    PackageChoice,
    Permissions,
    ProbeSettings,
    Review,
)
from mcpinstall.model.registry import IndexRow
from mcpinstall.model.registry_text import RegistryFile
from mcpinstall.model.revocation import AnyRevocation, Revocation

NAME, VERSION, PACKAGE = "io.github.user/clock", "1.2.0", "clock-server"
ISSUED = datetime(2026, 11, 22, tzinfo=UTC)
EXPIRES = datetime(2027, 5, 21, tzinfo=UTC)
SCHEMA = "https://static.modelcontextprotocol.io/schemas/2025-12-11/server.schema.json"
TOOLS = b'{"tools":[{"description":"Tell the time","name":"now"}]}\n'


def server_json(name: str = NAME, version: str = VERSION, **package: object) -> bytes:
    """A `server.json` with one package; `package` adds keys to it, `remotes` stands beside it."""
    remotes = package.pop("remotes", None)
    return json.dumps(
        {
            "$schema": SCHEMA,
            "name": name,
            "description": "Tells the time",
            "version": version,
            "packages": [
                {
                    "registryType": "pypi",
                    "identifier": PACKAGE,
                    "version": version,
                    "transport": {"type": "stdio"},
                }
                | package
            ],
            **({"remotes": remotes} if remotes else {}),
        }
    ).encode()


def lock(version: str = VERSION, *, extra: str = "") -> bytes:
    """A lock of one package with one wheel."""
    digest = f'hashes = {{ sha256 = "{"a" * 64}" }}'
    return f"""\
lock-version = "1.0"
created-by = "uv"
requires-python = ">=3.11,<3.15"

[[packages]]
name = "{PACKAGE}"
version = "{version}"
wheels = [
    {{ path = "clock_server-{version}-py3-none-any.whl", size = 1000, {digest} }},
]
{extra}""".encode()


def manifest(name: str = NAME, version: str = VERSION) -> Manifest:
    """A manifest that fits `server_json` and `lock`; its digests are filled in by the folder."""
    return Manifest(
        name=name,
        version=version,
        title="Clock",
        summary="Tells the time",
        try_sentence="What time is it?",
        files=(),
        package=PackageChoice(
            registry_type="pypi",
            identifier=PACKAGE,
            version=version,
            script=PACKAGE,
            requires_python=">=3.11,<3.15",
            platforms=("linux-x86_64-glibc",),
        ),
        publisher=None,
        publisher_absent="the index offers no attestation",
        permissions=Permissions(),
        probe=ProbeSettings(),
        hooks=(),
        varies=(),
        audience=Audience.EVERYONE,
        integrates=Integrates.LOCAL,
        reviews=(Review(by="somebody", on="2026-11-22", criteria=("locked", "inspected")),),
    )


class RegistryFolder:
    """A registry of servers in a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.file = RegistryFile(
            name="test",
            serial=1,
            issued=ISSUED,
            expires=EXPIRES,
            index="",
            owner="somebody",
        )
        self._rows: list[IndexRow] = []

    def add(
        self, described: Manifest | None = None, *, server: bytes = b"", locked: bytes = b"",
        tools: bytes = TOOLS, alias: str = "", lock_name: str = "pylock.toml",
        attestations: bytes = b"",
    ) -> RegistryFolder:  # fmt: skip
        """Add a server; what is not given is made to fit."""
        found = described or manifest()
        files = {
            "server.json": server or server_json(found.name, found.version),
            lock_name: locked or lock(found.version),
            "tools.json": tools,
            **({"attestations.json": attestations} if attestations else {}),
        }
        return self._add(found, files, alias)

    def add_remote(
        self, described: Manifest, server: bytes, tools: bytes | None, *, alias: str = ""
    ) -> RegistryFolder:
        """Add a server without a package; without `tools`, nobody knows them."""
        files = {"server.json": server, **({} if tools is None else {"tools.json": tools})}
        return self._add(described, files, alias)

    def _add(self, found: Manifest, files: dict[str, bytes], alias: str) -> RegistryFolder:
        digests = tuple((name, _sha256(data)) for name, data in sorted(files.items()))
        text = manifest_text.dump(replace(found, files=digests))
        for name, data in {**files, "manifest.toml": text}.items():
            path = self.path(name, found.name, found.version)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
        self._rows.append(
            IndexRow(
                name=found.name,
                version=found.version,
                title=found.title,
                summary=found.summary,
                sha256=_sha256(text),
            )
        )
        if alias:
            self.file = replace(self.file, aliases=(*self.file.aliases, (alias, found.name)))
        return self.publish()

    def forget(self, name: str) -> None:
        """Take every version of a server, and its aliases, out of the index."""
        self._rows = [row for row in self._rows if row.name != name]
        kept = tuple(pair for pair in self.file.aliases if pair[1] != name)
        self.file = replace(self.file, aliases=kept)

    def publish(self, *, serial: int = 1, expires: datetime = EXPIRES) -> RegistryFolder:
        """Write index and registry files that pin what is there."""
        index = registry_text.dump_index(self._rows)
        self.file = replace(self.file, serial=serial, expires=expires, index=_sha256(index))
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / "index.toml").write_bytes(index)
        (self.folder / "registry.toml").write_bytes(registry_text.dump(self.file))
        return self

    def revoke(self, version: str, reason: str) -> RegistryFolder:
        """Withdraw a version of the first server."""
        return self.withdraw(
            Revocation(name=NAME, version=version, reason=reason, date="2026-11-23")
        )

    def withdraw(self, *items: AnyRevocation) -> RegistryFolder:
        """Revoke whatever it is, under the next serial."""
        self.file = replace(self.file, revocations=(*self.file.revocations, *items))
        return self.publish(serial=self.file.serial + 1, expires=self.file.expires)

    def retitle(self, title: str) -> RegistryFolder:
        """Give the first server another title, in the index only."""
        self._rows[0] = replace(self._rows[0], title=title)
        return self.publish()

    def path(self, file: str, name: str = NAME, version: str = VERSION) -> Path:
        """Path of one file of a server."""
        return self.folder.joinpath(*name.split("/"), version, file)

    def swap(self, file: str, data: bytes) -> None:
        """Replace a file of the first server, and leave every digest as it is."""
        self.path(file).write_bytes(data)


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
