"""Tiny wheels, inspected by hand, locks of them, and the Pythons of this machine."""

from __future__ import annotations

import base64
import functools
import hashlib
import os
import shutil
import sys
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from mcpinstall import environments
from mcpinstall.errors import McpInstallError
from mcpinstall.model.artifact import (
    Artifact,
    EntryPoint,
    Inspection,
    Scheme,
    VerifiedArtifact,
    WheelFile,
)
from mcpinstall.model.environment import Interpreter, StagedEnvironment
from mcpinstall.model.lock import Lock, LockedPackage
from mcpinstall.system.machine import Machine

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mcpinstall.model.manifest import Hook

SERVER = """\
import os, sys
from tiny_server import part

def main():
    print(part.TEXT, sys.prefix, sys.executable, sys.argv[0], *sys.argv[1:], sep="\\n", flush=True)
    if "--wait" in sys.argv:
        sys.stdin.readline()
        from tiny_server import late
        print(late.TEXT, flush=True)
    return 0

class App:
    @staticmethod
    def run():
        return main()
"""
"""A server that says where it runs, and imports once more after a line of input."""

ENTRY_POINT = EntryPoint(name="tiny-server", module="tiny_server", attribute="main")


def server_files(text: str = "one") -> dict[str, str]:
    """Return the files of a tiny server whose modules say `text`."""
    return {
        "tiny_server/__init__.py": SERVER,
        "tiny_server/part.py": f"TEXT = {text!r}\n",
        "tiny_server/late.py": f"TEXT = 'late {text}'\n",
        "tiny_server/template.py": "class {{ name }}:\n",
    }


def build_wheel(
    folder: Path,
    files: Mapping[str, str | bytes],
    *,
    name: str = "tiny-server",
    version: str = "1.0",
    scripts: Sequence[EntryPoint] = (ENTRY_POINT,),
    accepted: Sequence[Hook] = (),
) -> VerifiedArtifact:
    """Write a wheel with a correct RECORD into `folder`, as verification would hand it on."""
    stem = f"{name.replace('-', '_')}-{version}"
    information = f"{stem}.dist-info"
    members = {path: _bytes(text) for path, text in files.items()} | {
        f"{information}/METADATA": (
            f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n".encode()
        ),
        f"{information}/WHEEL": b"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    if scripts:
        lines = [f"{one.name} = {one.module}:{one.attribute}" for one in scripts]
        text = "\n".join(["[console_scripts]", *lines, ""])
        members[f"{information}/entry_points.txt"] = text.encode()
    record = "".join(
        f"{path},sha256={_record_digest(data)},{len(data)}\n" for path, data in members.items()
    )
    members[f"{information}/RECORD"] = f"{record}{information}/RECORD,,\n".encode()
    path = folder / f"{stem}-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        for member, data in members.items():
            archive.writestr(zipfile.ZipInfo(member, (2026, 1, 1, 0, 0, 0)), data)
    return VerifiedArtifact(
        artifact=artifact_of(path, name, version),
        path=path,
        inspection=Inspection(
            files=tuple(
                sorted((_wheel_file(*item) for item in members.items()), key=lambda f: f.path)
            ),
            record=members[f"{information}/RECORD"],
            dist_info=information,
            scripts=tuple(scripts),
            accepted=tuple(accepted),
            members=len(members),
        ),
    )


def artifact_of(path: Path, name: str, version: str) -> Artifact:
    """Return what a lock says about a file."""
    data = path.read_bytes()
    return Artifact(
        filename=path.name, package=name, version=version, size=len(data),
        sha256=hashlib.sha256(data).hexdigest(),
    )  # fmt: skip


def lock_of(verified: Sequence[VerifiedArtifact]) -> Lock:
    """Return a lock of exactly these wheels."""
    lines = ['lock-version = "1.0"', 'created-by = "tests"', 'requires-python = ">=3.11"']
    for one in verified:
        found = one.artifact
        lines += [
            "[[packages]]",
            f'name = "{found.package}"',
            f'version = "{found.version}"',
            "[[packages.wheels]]",
            f'path = "{found.filename}"',
            f"size = {found.size}",
            f'hashes = {{sha256 = "{found.sha256}"}}',
        ]
    text = "\n".join([*lines, ""]).encode()
    packages = tuple(
        LockedPackage(
            name=one.artifact.package,
            version=one.artifact.version,
            marker=None,
            wheels=(one.artifact,),
        )
        for one in verified
    )
    return Lock(
        requires_python=">=3.11", packages=packages, text=text,
        sha256=hashlib.sha256(text).hexdigest(),
    )  # fmt: skip


def machine_at(folder: Path, **changes: object) -> Machine:
    """Return a machine whose home and working directory are new folders of a test."""
    home, cwd = folder / "home", folder / "cwd"
    for path in (home, cwd):
        path.mkdir(mode=0o700, exist_ok=True)
    values: dict[str, object] = {
        "platform": "linux" if sys.platform.startswith("linux") else sys.platform,
        "home": home,
        "environ": {"PATH": os.environ.get("PATH", "")},
        "cwd": cwd,
    }
    return Machine(**(values | changes))  # type: ignore[arg-type]


@functools.cache
def pythons() -> tuple[Path, ...]:
    """Return one base interpreter of each version from 3.11 on, from PATH and pyenv."""
    found: dict[str, Path] = {}
    names = [f"python3.{minor}" for minor in range(11, 16)]
    versions = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv") / "versions"
    places = [Path(path) for name in names if (path := shutil.which(name))]
    places += [path for name in names for path in sorted(versions.glob(f"*/bin/{name}"))]
    for place in (Path(sys.executable), *reversed(places)):
        try:
            asked = environments.examine(place, _anywhere())
        except McpInstallError:
            continue
        found.setdefault(asked.version.rpartition(".")[0], asked.path)
    return tuple(path for _, path in sorted(found.items()))


@functools.cache
def interpreter(path: Path | None = None) -> Interpreter:
    """Return what the interpreter at `path` says about itself; without it our own base."""
    return environments.examine(path or Path(sys.executable), _anywhere())


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """A tiny server, staged for a home."""

    home: Path
    staged: StagedEnvironment
    verified: tuple[VerifiedArtifact, ...]
    lock: Lock


def stage_server(
    folder: Path,
    verified: Sequence[VerifiedArtifact] = (),
    *,
    python: Interpreter | None = None,
    home: Path | None = None,
    text: str = "one",
    machine: Machine | None = None,
    entry_point: EntryPoint = ENTRY_POINT,
) -> Server:
    """Stage a tiny server, or these wheels, below `folder`."""
    wheels = folder / f"wheels-{text}"
    wheels.mkdir(exist_ok=True)
    found = tuple(verified) or (build_wheel(wheels, server_files(text)),)
    place, lock = home or folder / "servers" / "tiny-0123456789ab", lock_of(found)
    staged = environments.stage(
        lock=lock,
        verified=found,
        interpreter=python or interpreter(),
        entry_point=entry_point,
        final=place / environments.new_generation("1.0"),
        staging=folder / f"staging-{text}",
        machine=machine or machine_at(folder),
        uv=environments.uv_program(),
    )
    return Server(home=place, staged=staged, verified=found, lock=lock)


def _anywhere() -> Machine:
    return Machine(
        platform="linux" if sys.platform.startswith("linux") else sys.platform,
        home=Path.home(), environ={}, cwd=Path.home(),
    )  # fmt: skip


def _wheel_file(member: str, data: bytes) -> WheelFile:
    scheme, path = Scheme.SITE, member
    if ".data/" in member:
        _, kind, path = member.split("/", 2)
        scheme = Scheme.SITE if kind in ("purelib", "platlib") else Scheme(kind)
    return WheelFile(
        scheme=scheme, path=path, sha256=hashlib.sha256(data).hexdigest(), size=len(data)
    )


def _record_digest(data: bytes) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()


def _bytes(text: str | bytes) -> bytes:
    return text.encode() if isinstance(text, str) else text
