"""Two versions of a server that differ in chosen places: one plant for every kind of change."""

from __future__ import annotations

import copy
import hashlib
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, TypeAlias, TypeVar

from mcpinstall.model.artifact import Artifact
from mcpinstall.model.lock import Lock, LockedPackage
from mcpinstall.model.manifest import (
    Audience,
    Hook,
    HookKind,
    Manifest,
    PackageChoice,
    Permissions,
    RemoteChoice,
    Review,
    ToolVariation,
)
from mcpinstall.model.server_json import (
    EnvironmentInput,
    HeaderInput,
    Input,
    NamedArgument,
    Package,
    RemoteServer,
    ServerJson,
)
from mcpinstall.model.tool_text import canonical_tools
from mcpinstall.planning.changes import ChangeKind, Described, HeldBack, WheelFacts
from tests.builders import plans
from tests.builders.servers import CLOCK, CONVERTER

Plant: TypeAlias = Callable[[Described], Described]

URL = "https://mcp.example.com/mcp"
OWN = "mcp-server-git"
DELETER = {"name": "delete_branch", "description": "Delete a branch", "annotations": {"a": 1}}
ALWAYS = (
    "plain", "gone", "hooked", "unhooked", "accepted", "native", "pure", "compiled", "program",
    "scripted", "unscripted", "rescripted", "unknown", "marked", "replaced", "refilled",
    "shrunk", "newer", "older", "signed", "resigned", "unsigned", "listed", "unlisted", "held",
)  # fmt: skip
"""Packages of the version before; each plant has its own."""


def digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def wheel(package: str, version: str = "1.0", content: str = "", tag: str = "any") -> Artifact:
    """Return a wheel of pretended bytes."""
    return Artifact(
        filename=f"{package}-{version}-py3-none-{tag}.whl",
        package=package,
        version=version,
        size=1000 + len(content),
        sha256=digest(f"{package} {version} {content} {tag}"),
    )


def facts(of: Artifact, **changes: object) -> WheelFacts:
    """Return what an inspection of it finds."""
    values: dict[str, Any] = {
        "sha256": of.sha256,
        "package": of.package,
        "unpacked": 3 * of.size,
        "files": 4,
    }
    return WheelFacts(**(values | changes))


def hook(
    package: str, kind: HookKind = HookKind.STARTUP, content: str = "", version: str = "1.0"
) -> Hook:
    """Return something that has to be accepted."""
    return Hook(
        wheel=wheel(package, version).filename,
        member=f"{package}.pth",
        sha256=digest(f"hook {package} {content}"),
        kind=kind,
        reason="its own reader",
    )


def locked(*wheels: Artifact, marker: str | None = None) -> LockedPackage:
    first = wheels[0]
    return LockedPackage(name=first.package, version=first.version, marker=marker, wheels=wheels)


def server_json(**changes: object) -> ServerJson:
    values: dict[str, Any] = {
        "name": plans.GIT,
        "description": "Git tools",
        "version": "2026.10.19",
        "repository": "https://git.example.com/servers",
        "packages": (
            Package(
                registry_type="pypi",
                identifier=OWN,
                version="2026.10.19",
                transport="stdio",
                arguments=(NamedArgument(name="--repository", input=Input(required=True)),),
                environment=(EnvironmentInput(name="GIT_ZONE", input=Input(default="UTC")),),
            ),
        ),
        "remotes": (
            RemoteServer(
                transport="streamable-http",
                url=URL,
                headers=(HeaderInput(name="X-Team", input=Input()),),
            ),
            RemoteServer(transport="sse", url=f"{URL}/old"),
        ),
    }
    return ServerJson(**(values | changes))


def described() -> Described:
    """Return a version about which everything is known."""
    wheels = [wheel(OWN, "2026.10.19"), *(wheel(name) for name in ALWAYS)]
    second = wheel("shrunk", tag="more")
    found = {one.package: {} for one in wheels}  # type: dict[str, dict[str, Any]]
    found["unhooked"] = {"hooks": (hook("unhooked"),)}
    found["pure"] = {"native": ("pure/_c.cpython-311-x86_64-linux-gnu.so",)}
    found["compiled"] = {"native": ("compiled/_c.cpython-311-x86_64-linux-gnu.so",)}
    for name in ("unscripted", "rescripted"):
        found[name] = {"scripts": ((name, f"{name}.cli:main"),)}
    return Described(
        manifest=plans.manifest(
            hooks=(hook("unhooked"),),
            varies=(ToolVariation(pointer="/tools/convert_time", reason="x", pattern="{zone}"),),
            remotes=(
                RemoteChoice(transport="streamable-http", url=URL),
                RemoteChoice(transport="sse", url=f"{URL}/old"),
            ),
        ),
        server=server_json(),
        lock=Lock(
            requires_python=">=3.11",
            packages=tuple(
                locked(one, *([second] if one.package == "shrunk" else [])) for one in wheels
            ),
            text=b"",
            sha256=digest("lock"),
        ),
        tools=canonical_tools([CLOCK, CONVERTER, DELETER]),
        wheels=tuple(facts(one, **found[one.package]) for one in (*wheels, second)),
        publishers=(("unsigned", "ada/unsigned"), ("resigned", "ada/resigned")),
        advisories=(("unlisted", "PYSEC-1"),),
    )


T = TypeVar("T", Manifest, PackageChoice, Permissions, ServerJson, Package)


def _changed(of: T, changes: Mapping[str, object]) -> T:
    values: dict[str, Any] = dict(changes)
    return replace(of, **values)


# Plants ----------------------------------------------------------------------------------------


def package(name: str, version: str = "1.1", *, content: str = "", **found: object) -> Plant:
    """Put another version of a package into the lock, and what an inspection finds in it."""

    def plant(of: Described) -> Described:
        come = wheel(name, version, content)
        kept = tuple(one for one in of.lock.packages if one.name != name)
        known = tuple(one for one in of.wheels if one.package != name)
        lock = replace(of.lock, packages=(*kept, locked(come)))
        return replace(of, lock=lock, wheels=(*known, facts(come, **found)))

    return plant


def _lock(name: str, change: Callable[[LockedPackage], LockedPackage | None]) -> Plant:
    def plant(of: Described) -> Described:
        changed = [change(one) if one.name == name else one for one in of.lock.packages]
        packages = tuple(one for one in changed if one is not None)
        known = {one.sha256 for one in of.wheels}
        own = (one for package in packages if package.name == name for one in package.wheels)
        more = (one for one in own if one.sha256 not in known)
        wheels = (*of.wheels, *(facts(one) for one in more))
        return replace(of, lock=replace(of.lock, packages=packages), wheels=wheels)

    return plant


def _manifest(**changes: object) -> Plant:
    return lambda of: replace(of, manifest=_changed(of.manifest, changes))


def _choice(**changes: object) -> Plant:
    def plant(of: Described) -> Described:
        choice = _changed(of.manifest.local, changes)
        return _manifest(package=choice)(of)

    return plant


def _permissions(**changes: object) -> Plant:
    def plant(of: Described) -> Described:
        allowed = _changed(of.manifest.permissions, changes)
        return _manifest(permissions=allowed)(of)

    return plant


def _criteria(*criteria: str) -> Plant:
    return _manifest(reviews=(Review(by="Grace", on="2026-11-20", criteria=criteria),))


def _server(**changes: object) -> Plant:
    return lambda of: replace(of, server=_changed(of.server, changes))


def _own_package(**changes: object) -> Plant:
    def plant(of: Described) -> Described:
        own = _changed(of.server.packages[0], changes)
        return _server(packages=(own, *of.server.packages[1:]))(of)

    return plant


def _remotes(url: str, was: str) -> Plant:
    def plant(of: Described) -> Described:
        moved = tuple(replace(one, url=url) if one.url == was else one for one in of.server.remotes)
        chosen = tuple(
            replace(one, url=url) if one.url == was else one for one in of.manifest.remotes
        )
        return _manifest(remotes=chosen)(_server(remotes=moved)(of))

    return plant


def _more_remotes(of: Described) -> Described:
    more = RemoteChoice(transport="new-transport", url=f"{URL}/new")
    return _manifest(remotes=(*of.manifest.remotes, more))(of)


def _fewer_remotes(of: Described) -> Described:
    kept = tuple(one for one in of.manifest.remotes if one.transport != "sse")
    return _manifest(remotes=kept)(of)


def _headers(of: Described) -> Described:
    asked = HeaderInput(name="Authorization", input=Input(required=True, secret=True))
    first, *others = of.server.remotes
    return _server(remotes=(replace(first, headers=(*first.headers, asked)), *others))(of)


def tool(name: str, change: Callable[[dict[str, Any]], dict[str, Any] | None]) -> Plant:
    def plant(of: Described) -> Described:
        tools = [copy.deepcopy(one) for one in of.tools.tools]
        changed = [change(one) if one["name"] == name else one for one in tools]  # type: ignore[arg-type,index,call-overload]
        return replace(of, tools=canonical_tools([one for one in changed if one is not None]))

    return plant


def _more_tools(of: Described) -> Described:
    return replace(of, tools=canonical_tools([*of.tools.tools, {"name": "new_tool"}]))


def _required(tool: dict[str, Any]) -> dict[str, Any]:
    tool["inputSchema"]["properties"]["secret"] = {"type": "string"}
    tool["inputSchema"]["required"] = ["secret"]
    return tool


def _signed(package: str, identity: str | None) -> Plant:
    def plant(of: Described) -> Described:
        kept = tuple(pair for pair in of.publishers if pair[0] != package)
        return replace(of, publishers=(*kept, *([(package, identity)] if identity else [])))

    return plant


def _hooked(of: Described) -> Described:
    return _manifest(hooks=(*of.manifest.hooks, hook("hooked")))(of)


def _accepted(of: Described) -> Described:
    more = hook("accepted", HookKind.SCRIPT)
    return _manifest(hooks=(*of.manifest.hooks, more))(of)


def _without_hook(of: Described) -> Described:
    kept = tuple(one for one in of.manifest.hooks if one.member != "unhooked.pth")
    return package("unhooked")(_manifest(hooks=kept)(of))


def _uninspected(of: Described) -> Described:
    moved = package("unknown")(of)
    return replace(moved, wheels=tuple(one for one in moved.wheels if one.package != "unknown"))


def _advisories(*pairs: tuple[str, str], without: tuple[str, ...] = ()) -> Plant:
    def plant(of: Described) -> Described:
        kept = tuple(pair for pair in of.advisories if pair[0] not in without)
        return replace(of, advisories=(*kept, *pairs))

    return plant


def _held(of: Described) -> Described:
    held = HeldBack(package="held", version="1.0", newest="2.0", days=40, advisories=("PYSEC-3",))
    return replace(of, held=(held,))


PLANTS: dict[ChangeKind, Plant] = {
    ChangeKind.HOOK_ADDED: _hooked,
    ChangeKind.FILE_REPLACED: _lock(
        "replaced", lambda one: replace(one, wheels=(wheel("replaced", content="other"),))
    ),
    ChangeKind.PUBLISHER_CHANGED: _signed("resigned", "eve/resigned"),
    ChangeKind.PUBLISHER_LOST: _signed("unsigned", None),
    ChangeKind.NATIVE_ADDED: package("native", native=("native/_c.abi3.so",)),
    ChangeKind.PROGRAM_ADDED: package("program", native=("p/run",), programs=("p/run",)),
    ChangeKind.PERMISSION_WIDENED: _permissions(network=("*",)),
    ChangeKind.SCRIPT_ADDED: package("scripted", scripts=(("scripted", "scripted:main"),)),
    ChangeKind.SCRIPT_CHANGED: package("rescripted", scripts=(("rescripted", "evil:main"),)),
    ChangeKind.NOT_COMPARED: _uninspected,
    ChangeKind.ADVISORY: _advisories(("listed", "PYSEC-2")),
    ChangeKind.TOOL_DESCRIPTION: tool(
        "get_current_time", lambda tool: tool | {"description": "Get the current date in a zone"}
    ),
    ChangeKind.TOOL_ADDED: _more_tools,
    ChangeKind.TOOL_INPUT: tool("get_current_time", _required),
    ChangeKind.TOOL_ANNOTATIONS: tool(
        "convert_time", lambda tool: tool | {"annotations": {"destructiveHint": True}}
    ),
    ChangeKind.REMOTE_ADDRESS: _remotes("https://mcp.example.net/mcp", URL),
    ChangeKind.REMOTE_ADDED: _more_remotes,
    ChangeKind.DEPENDENCY_DOWNGRADED: package("older", "0.9"),
    ChangeKind.DEPENDENCY_ADDED: package("brand-new"),
    ChangeKind.START: _choice(script="another-script"),
    ChangeKind.ARGUMENTS: _own_package(arguments=()),
    ChangeKind.ENVIRONMENT: _own_package(environment=()),
    ChangeKind.HEADERS: _headers,
    ChangeKind.REPOSITORY: _server(repository="https://git.example.net/servers"),
    ChangeKind.CRITERIA_LOST: _criteria("locked", "probed"),
    ChangeKind.VARIATION: _manifest(
        varies=(ToolVariation(pointer="/tools/convert_time", reason="x", pattern="{a}{b}"),)
    ),
    ChangeKind.TOOL_FIELD: tool("convert_time", lambda tool: tool | {"icons": []}),
    ChangeKind.FILE_ADDED: _lock(
        "refilled", lambda one: replace(one, wheels=(*one.wheels, wheel("refilled", tag="more")))
    ),
    ChangeKind.USE: _manifest(audience=Audience.TECHNICAL),
    ChangeKind.ACCEPTED_FILE: _accepted,
    ChangeKind.TOOL_REMOVED: tool("delete_branch", lambda tool: None),
    ChangeKind.NATIVE_CHANGED: package("compiled", native=("compiled/_d.so",)),
    ChangeKind.DEPENDENCY_VERSION: package("newer"),
    ChangeKind.HELD_BACK: _held,
    ChangeKind.PUBLISHER_ADDED: _signed("signed", "ada/signed"),
    ChangeKind.DEPENDENCY_MARKER: _lock(
        "marked", lambda one: replace(one, marker="sys_platform == 'win32'")
    ),
    ChangeKind.PLATFORM: _choice(platforms=("linux-x86_64-glibc",)),
    ChangeKind.PYTHON: _choice(requires_python=">=3.12"),
    ChangeKind.PROBE: lambda of: _manifest(
        probe=replace(of.manifest.probe, arguments=("--quiet",))
    )(of),
    ChangeKind.WORDS: _manifest(title="Git, better"),
    ChangeKind.DEPENDENCY_REMOVED: _lock("gone", lambda one: None),
    ChangeKind.HOOK_REMOVED: _without_hook,
    ChangeKind.NATIVE_REMOVED: package("pure"),
    ChangeKind.SCRIPT_REMOVED: package("unscripted"),
    ChangeKind.REMOTE_REMOVED: _fewer_remotes,
    ChangeKind.PERMISSION_NARROWED: _permissions(exec=()),
    ChangeKind.FILE_REMOVED: _lock("shrunk", lambda one: replace(one, wheels=one.wheels[:1])),
    ChangeKind.ADVISORY_GONE: _advisories(without=("unlisted",)),
    ChangeKind.OTHER: _manifest(publisher_absent="nobody asked"),
    ChangeKind.SIZE: package("plain", content="more"),
    ChangeKind.VERSION: _manifest(version="2026.11.1"),
}
"""Each makes a change of its kind, and takes nothing away from the others."""
