"""Make `manifests/` from `.ci/drafts/`: `python .ci/make_manifests.py --python 3.11 …`.

Needs the package index, and the remotes of servers that have some.  The same drafts give the same
bytes.  Names of drafts choose some.

`--offline` writes what a person changed in a draft into the manifest that is there: locks, tools
and hooks stay as they are.
"""

import argparse
import hashlib
import sys
import tomllib
from dataclasses import replace
from pathlib import Path
from typing import Any

import tomli_w

from mcpinstall import environments
from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.model import lock_authoring, lock_text, manifest_text, registry_text
from mcpinstall.model.lock_authoring import MadeWith
from mcpinstall.model.names import normalized_package
from mcpinstall.operations import (
    authoring,
    authoring_attestations,
    authoring_tools,
    manifest_present,
)
from mcpinstall.operations.context import Context

ROOT = Path(__file__).resolve().parent.parent
DRAFTS = ROOT / ".ci" / "drafts"
MANIFESTS = ROOT / "manifests"
NO_MANIFESTS = {"registry", "reasons"}
NOTHING = hashlib.sha256(b"").hexdigest()


class Words:
    """Progress, as lines."""

    def step(self, text: str) -> None:
        """Print what is being done."""
        print(f"  {text}", file=sys.stderr)

    def transferred(self, done: int, total: int) -> None:
        """Say nothing of bytes."""


def reasons() -> tuple[tuple[str, str, str], ...]:
    """Return package, member and reason of everything that is accepted."""
    table = tomllib.loads((DRAFTS / "reasons.toml").read_text(encoding="utf-8"))
    return tuple(
        (package, member, why) for package, rows in table.items() for member, why in rows.items()
    )


def draft(path: Path) -> authoring.Draft:
    """Return one draft; its `server.json` lies where it will stay."""
    table: dict[str, Any] = tomllib.loads(path.read_text(encoding="utf-8"))
    lock = table.pop("lock", {})  # there is none without a package
    names = ("server.json", "tools.json", *(["pylock.toml"] if "package" in table else []))
    text = tomli_w.dumps({**table, "files": dict.fromkeys(names, NOTHING)})
    described = replace(manifest_text.parse(text.encode(), path.name), files=())
    folder = MANIFESTS.joinpath(*described.name.split("/"), described.version)
    return authoring.Draft(
        manifest=described,
        server=(folder / "server.json").read_bytes(),
        constraints=tuple(lock.get("constraints", ())),
        exclude_newer=lock["exclude-newer"] if described.package else "",
        reasons=reasons(),
    )


def allowed(found: authoring.Draft, pythons: list[str], context: Context) -> list[str]:
    """Return those interpreters that the server allows; a package may be for one Python only."""
    package = found.manifest.package
    if package is None:
        return pythons
    kept = []
    for python in pythons:
        try:
            environments.choose_interpreter(package.requires_python, context.machine, python)
        except McpInstallError as error:
            if error.code is not ErrorCode.INTERPRETER_MISSING:
                raise
            print(f"  not under {python}: {error.message}")
        else:
            kept.append(python)
    return kept


def make(path: Path, pythons: list[str], context: Context) -> None:
    """Make the files of one server."""
    print(path.stem)
    found = draft(path)
    locked = authoring.lock(found, context)
    accepted = authoring.hooks(found, locked, context)
    pythons = allowed(found, pythons, context)
    if found.manifest.package:
        wheels = sum(len(package.wheels) for package in locked.packages)
        print(f"  locked: {len(locked.packages)} packages, {wheels} wheels")
        print(f"  inspected: {wheels} wheels, {len(accepted)} hooks accepted")
        print(f"  started under Python {', '.join(pythons)}")
    tools = authoring_tools.tools(found, locked, accepted, context, pythons=pythons)
    print(f"  probed: {len(tools.tools)} tools" if tools.known else "  not probed: nobody answered")
    carried = authoring_attestations.carried(found, locked, context)
    written = authoring.write(MANIFESTS, found, locked, accepted, tools, attestations=carried)
    print(f"  wrote {written.relative_to(ROOT)}")


def restate(path: Path) -> None:
    """Write a draft's decisions into the files that are there; nothing is resolved or started."""
    found = draft(path)
    folder = MANIFESTS.joinpath(*found.manifest.name.split("/"), found.manifest.version)
    there = manifest_present.present(folder)
    locked = there.lock
    if found.manifest.package:
        made_with = MadeWith(constraints=found.constraints, exclude_newer=found.exclude_newer)
        text = lock_authoring.restated(locked, made_with)
        locked = lock_text.parse(text, "pylock.toml")
    kept = {(package, member): why for package, member, why in found.reasons}
    accepted = [
        authoring.with_reason(hook, normalized_package(hook.wheel.partition("-")[0]), kept)
        for hook in there.manifest.hooks
    ]
    attestations = folder / "attestations.json"
    carried = attestations.read_bytes() if attestations.exists() else b""
    authoring.write(MANIFESTS, found, locked, accepted, there.tools, attestations=carried)
    print(f"restated {path.stem}")


def registry() -> registry_text.RegistryFile:
    """Return the registry of the drafts; a higher serial, of `mcpi manifest lock`, is kept."""
    table = tomllib.loads((DRAFTS / "registry.toml").read_text(encoding="utf-8"))
    text = tomli_w.dumps({**table, "index": NOTHING}).encode()
    drafted = registry_text.parse(text, "registry.toml")
    path = MANIFESTS / "registry.toml"
    if not path.exists():
        return drafted
    there = registry_text.parse(path.read_bytes(), str(path))
    if there.serial <= drafted.serial:
        return drafted
    return replace(drafted, serial=there.serial, issued=there.issued, expires=there.expires)


def main() -> None:
    """Make the chosen servers, then index and registry file."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--python", action="append", default=[], help="path or version")
    options.add_argument("--offline", action="store_true", help="only what a draft says itself")
    options.add_argument("names", nargs="*")
    chosen = options.parse_args()
    context = Context.current(Words())
    drafts = [path for path in sorted(DRAFTS.glob("*.toml")) if path.stem not in NO_MANIFESTS]
    try:
        for path in drafts:
            if chosen.names and path.stem not in chosen.names:
                continue
            if chosen.offline:
                restate(path)
            else:
                make(path, chosen.python or ["3.11"], context)
        authoring.write_registry(MANIFESTS, registry())
    except McpInstallError as error:
        raise SystemExit(
            f"error[{error.code}]: {error.message}\n{error.hint}\n{error.evidence}"
        ) from None


if __name__ == "__main__":
    main()
