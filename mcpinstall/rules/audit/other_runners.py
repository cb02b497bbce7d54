"""Runners of containers, .NET, Go, Rust, Nix and Java."""

from __future__ import annotations

import itertools
from dataclasses import replace

from mcpinstall.model.audited import Value
from mcpinstall.rules.audit import specs
from mcpinstall.rules.audit.fetched import Fetch
from mcpinstall.rules.audit.options import Words, read
from mcpinstall.rules.audit.runner_options import CARGO, DNX, DOCKER, DOCKER_RUN, GO, JAVA, NIX
from mcpinstall.rules.audit.specs import Kind, Package

# Containers --------------------------------------------------------------------------------------


def docker(name: str, words: tuple[Value, ...]) -> Fetch | None:
    """Read `docker run` and `docker create`."""
    before = read(words, DOCKER)
    rest = before.rest
    if rest and rest[0].text == "container":
        rest = rest[1:]
    if not rest or rest[0].text not in {"run", "create"}:
        return None
    found = read(rest[1:], DOCKER_RUN)
    image = found.rest[0] if found.rest and not found.has("--rootfs") else None
    pulls = [one.text for one in found.all("--pull")]
    return Fetch(
        runner=f"{name} {rest[0].text}", packages=(specs.image(image),) if image else (),
        options=(*before.options, *found.options), arguments=found.rest[1:],
        is_offline=pulls[-1:] == ["never"],
    )  # fmt: skip


# Others ------------------------------------------------------------------------------------------


def dnx(runner: str, words: tuple[Value, ...]) -> Fetch:
    """Read `dnx PACKAGE`."""
    found = read(words, DNX)
    after = read(found.rest[1:], DNX)  # its own options may follow the package, up to `--`
    options = (*found.options, *after.options)
    version = next((one.text for one in options if one.name == "--version"), "")
    return Fetch(
        runner=runner, options=options, arguments=after.rest,
        packages=tuple(specs.versioned(Kind.NUGET, one, version) for one in found.rest[:1]),
    )  # fmt: skip


def dotnet(_: str, words: tuple[Value, ...]) -> Fetch | None:
    """Read `dotnet tool exec`, `dotnet tool run` and `dotnet dnx`."""
    words = tuple(itertools.dropwhile(lambda one: one.text in {"-d", "--diagnostics"}, words))
    verbs = [one.text for one in words[:2]]
    if verbs == ["tool", "run"]:  # a tool of the manifest in the folder
        return Fetch(runner="dotnet tool run", arguments=words[3:])
    if verbs in (["tool", "exec"], ["tool", "execute"]):
        return dnx(f"dotnet tool {verbs[1]}", words[2:])
    return dnx("dotnet dnx", words[1:]) if verbs[:1] == ["dnx"] else None


def go(_: str, words: tuple[Value, ...]) -> Fetch | None:
    """Read `go run` and `go install`."""
    before = read(words, GO)
    if not before.rest or before.rest[0].text not in {"run", "install"}:
        return None
    found = read(before.rest[1:], GO)
    return Fetch(
        runner=f"go {before.rest[0].text}", packages=tuple(specs.go(one) for one in found.rest[:1]),
        options=found.options, arguments=found.rest[1:],
    )  # fmt: skip


def cargo(_: str, words: tuple[Value, ...]) -> Fetch | None:
    """Read `cargo run` and `cargo install`."""
    before = read([one for one in words if one.text[:1] != "+"], CARGO)
    verb = before.rest[0].text if before.rest else ""
    if verb in {"run", "r"}:
        return Fetch(runner="cargo run")
    if verb not in {"install", "binstall"}:
        return None
    found = read(before.rest[1:], replace(CARGO, mixed=True))
    if found.all("--path"):
        return Fetch(runner="cargo install", options=found.options)
    return Fetch(
        runner=f"cargo {verb}", packages=_crates(found), options=found.options,
        is_offline=before.has("--offline", "--frozen") or found.has("--offline", "--frozen"),
    )  # fmt: skip


def _crates(found: Words) -> tuple[Package, ...]:
    address = next((one.value for one in found.all("--git") if one.value), None)
    if address is None:
        version = next((one.text for one in found.all("--version", "--vers")), "")
        return tuple(specs.versioned(Kind.CRATES, one, version) for one in found.rest)
    commit = next((one.text for one in found.all("--rev")), "")
    return (specs.repository(address, commit),)


def nix(_: str, words: tuple[Value, ...]) -> Fetch | None:
    """Read `nix run` and `nix shell`."""
    before = read(words, NIX)
    if not before.rest or before.rest[0].text not in {"run", "shell"}:
        return None
    found = read(before.rest[1:], NIX)
    named = found.rest[:1]
    if before.rest[0].text == "shell":  # `nix shell a b --command x`
        named = tuple(itertools.takewhile(lambda one: one.text[:1] != "-", found.rest))
    return Fetch(
        runner=f"nix {before.rest[0].text}", arguments=found.rest[len(named) :],
        packages=tuple(specs.nix(one) for one in named),
        options=found.options, is_offline=found.has("--offline"),
    )  # fmt: skip


def java(_: str, words: tuple[Value, ...]) -> Fetch | None:
    """Read `java -jar FILE`; what follows the file is the program's."""
    options = read(words, JAVA).options
    jar = next((one for one in options if one.name == "-jar"), None)
    if jar is None or jar.value is None:
        return None
    behind = next(n for n, one in enumerate(words, 1) if one is jar.value)
    return Fetch(
        runner="java", packages=(specs.jar(jar.value),), arguments=words[behind:],
        options=(*itertools.takewhile(lambda one: one is not jar, options), jar),
    )  # fmt: skip
