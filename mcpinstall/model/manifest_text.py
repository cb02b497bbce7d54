"""`manifest.toml` as text: parsed strictly, printed back to the same bytes."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from enum import StrEnum
from typing import TypeVar

from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.model import manifest_dump, names, platforms, remote_url, toml_text
from mcpinstall.model.fields import Fields
from mcpinstall.model.loader_variables import environment_fault
from mcpinstall.model.manifest import (
    CRITERIA,
    REMOTE_CRITERIA,
    Audience,
    Hook,
    HookKind,
    Integrates,
    Manifest,
    PackageChoice,
    Permissions,
    ProbeSettings,
    Publisher,
    RemoteChoice,
    Review,
    ToolVariation,
)
from mcpinstall.model.mixed_scripts import require_one_script
from mcpinstall.model.server_json import REMOTE_TRANSPORTS
from mcpinstall.model.server_packages import REGISTRY_TYPES, https_fault, identifier_fault
from mcpinstall.model.specifiers import checked_specifiers

E = TypeVar("E", bound=StrEnum)

dump = manifest_dump.dump

FILES = ("attestations.json", "package-lock.json", "pylock.toml", "server.json", "tools.json")
"""Every name that `[files]` can hold."""

_TEXT = 300  # characters of a title, summary, reason: more is not read
_NOTES = 2000
_LIST = 1000  # items of a list
_SHA256 = re.compile(r"[0-9a-f]{64}")
_SCRIPT = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}")
_HOST = re.compile(
    r"\*|(\*\.)?([A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?|\[[0-9A-Fa-f:.]+\]|\{[A-Za-z0-9_.-]+\})"
    r"(:[0-9]{1,5})?"
)
_POINTER = re.compile(r"(/([^~/]|~[01])*)+")


def parse(data: bytes, where: str = "manifest.toml", *, draft: bool = False) -> Manifest:
    """Parse and check a manifest; unknown keys are refused.

    A `draft` may lack what a person still owes: reasons of hooks, the tool list.

    Raises:
        McpInstallError: `manifest-invalid`, or `text-hostile`.
    """
    top = toml_text.parse(data, ErrorCode.MANIFEST_INVALID, where)
    top.only(
        "schema", "name", "version", "title", "summary", "try", "audience", "integrates",
        "files", "package", "remotes", "publisher", "permissions", "probe", "hooks", "tools",
        "reviews",
    )  # fmt: skip
    top.integer("schema", low=1, high=1)
    publisher, absent = _publisher(top.fields("publisher"))
    package = _package(top.fields("package")) if "package" in top.table else None
    remotes = tuple(_remote(item) for item in _bounded(top, "remotes"))
    if package is None and not remotes:
        raise top.error("package", "is missing, and there are no `remotes` either")
    if len(set(remotes)) != len(remotes):
        raise top.error("remotes", "names a remote twice")
    found = Manifest(
        name=top.parsed("name", names.registered_name),
        version=top.parsed("version", names.registered_version),
        title=_title(top, "title", 100),
        summary=_title(top, "summary", _TEXT),
        try_sentence=_title(top, "try", _TEXT),
        files=_files(top.fields("files"), locked=package is not None, draft=draft),
        package=package,
        remotes=remotes,
        publisher=publisher,
        publisher_absent=absent,
        permissions=_permissions(top.fields("permissions")),
        probe=_probe(top.fields("probe")),
        hooks=tuple(_hook(item, draft=draft) for item in _bounded(top, "hooks")),
        varies=_varies(top.fields("tools")),
        audience=top.parsed("audience", _choice(Audience)),
        integrates=top.parsed("integrates", _choice(Integrates)),
        reviews=tuple(_review(item) for item in _bounded(top, "reviews")),
    )
    _require_claims(found, top)
    return found


def _require_claims(manifest: Manifest, top: Fields) -> None:
    """Refuse what a manifest without a package says of a package (design §4)."""
    if manifest.package is not None:
        return
    if manifest.hooks:
        raise top.error("hooks", "accepts members of wheels, and there is no package")
    for name in manifest.criteria:
        if name not in REMOTE_CRITERIA:
            raise top.error("reviews", f"claims `{name}`, and there is no package")
    if "probed" in manifest.criteria and "tools.json" not in dict(manifest.files):
        raise top.error("reviews", "claims `probed`, and `files` has no `tools.json`")


def _title(fields: Fields, key: str, limit: int) -> str:
    text = fields.text(key, limit=limit)
    if not text.strip():
        raise fields.error(key, "is empty")
    return require_one_script(text, fields.path(key))


def _choice(kind: type[E]) -> Callable[[str], E]:
    def pick(text: str) -> E:
        try:
            return kind(text)
        except ValueError:
            known = ", ".join(f"`{item}`" for item in kind)
            message = f"is none of {known}"
            raise ValueError(message) from None

    return pick


def _bounded(fields: Fields, key: str) -> tuple[Fields, ...]:
    items = tuple(fields.each(key))
    if len(items) > _LIST:
        raise fields.error(key, f"has more than {_LIST} items")
    return items


def _files(fields: Fields, *, locked: bool, draft: bool) -> tuple[tuple[str, str], ...]:
    """Return name and digest of each file; a server without a package has no lock.

    The tools of one that wants authorization are not known to everybody, so they may be absent.
    """
    fields.only(*FILES)
    locks = {"package-lock.json", "pylock.toml"} & fields.table.keys()
    needed = {"server.json", "tools.json"} if locked and not draft else {"server.json"}
    if "attestations.json" in fields.table and not locked:
        raise fields.error("attestations.json", "is about files, and there is no package")
    if len(locks) != locked or not needed <= fields.table.keys():
        raise McpInstallError(
            fields.code,
            "`files` does not name `server.json`, `tools.json` and one lock"
            if locked
            else "`files` does not name `server.json`, or names a lock without a package",
        )
    return tuple((name, _sha256(fields, name)) for name in sorted(fields.table))


def _sha256(fields: Fields, key: str) -> str:
    text = fields.text(key)
    if not _SHA256.fullmatch(text):
        raise fields.error(key, "is not a sha256 of 64 lowercase hexadecimal characters")
    return text


def _package(fields: Fields) -> PackageChoice:
    fields.only("registryType", "identifier", "version", "script", "requires-python", "platforms")
    kind = fields.text("registryType", limit=20)
    if kind not in REGISTRY_TYPES:
        raise fields.error("registryType", "is not a known type of registry")
    identifier = fields.text("identifier", limit=300)
    if fault := identifier_fault(kind, identifier):
        raise fields.error("identifier", fault)
    script = fields.text("script", limit=100)
    if not _SCRIPT.fullmatch(script):
        raise fields.error("script", "is not the name of a console script")
    claimed = fields.texts("platforms", limit=40)
    for name in claimed:
        if name not in platforms.PLATFORMS:
            raise fields.error("platforms", f"names `{name}`, which is not a known platform")
    if not claimed or len(set(claimed)) != len(claimed):
        raise fields.error("platforms", "is empty or names a platform twice")
    return PackageChoice(
        registry_type=kind,
        identifier=identifier,
        version=fields.parsed("version", names.version),
        script=script,
        requires_python=fields.parsed("requires-python", checked_specifiers),
        platforms=claimed,
    )


def _remote(fields: Fields) -> RemoteChoice:
    fields.only("transport", "url")
    transport = fields.text("transport", limit=20)
    if transport not in REMOTE_TRANSPORTS:
        raise fields.error("transport", "is neither `streamable-http` nor `sse`")
    url = fields.text("url")
    if fault := remote_url.fault(url):
        raise fields.error("url", fault)
    return RemoteChoice(transport=transport, url=url)


def _publisher(fields: Fields) -> tuple[Publisher | None, str]:
    if "absent" in fields.table or not fields.table:
        fields.only("absent")
        return None, _title(fields, "absent", _TEXT)
    fields.only("issuer", "repository", "repository-id", "owner-id", "workflow", "ref", "runner")
    for key in ("issuer", "repository"):
        if fault := https_fault(fields.text(key, limit=_TEXT)):
            raise fields.error(key, fault)
    for key in ("repository-id", "owner-id"):
        if not re.fullmatch(r"[0-9]{1,20}", fields.text(key)):
            raise fields.error(key, "is not a numeric id")
    return Publisher(
        issuer=fields.text("issuer", limit=_TEXT),
        repository=fields.text("repository", limit=_TEXT),
        repository_id=fields.text("repository-id"),
        owner_id=fields.text("owner-id"),
        workflow=fields.text("workflow", limit=_TEXT),
        ref=fields.text("ref", limit=_TEXT),
        runner=fields.text("runner", "", limit=_TEXT),
    ), ""


def _permissions(fields: Fields) -> Permissions:
    fields.only("network", "read", "write", "exec")
    hosts = fields.texts("network", limit=_TEXT)
    for number, host in enumerate(hosts):
        if not _HOST.fullmatch(host):
            raise fields.error(f"network[{number}]", "is neither a host's name nor `*`")
    read, write, programs = (
        tuple(require_one_script(text, fields.path(key)) for text in fields.texts(key, limit=_TEXT))
        for key in ("read", "write", "exec")
    )
    return Permissions(network=hosts, read=read, write=write, exec=programs)


def _probe(fields: Fields) -> ProbeSettings:
    fields.only("arguments", "environment", "inputs")
    environment = fields.fields("environment")
    for name in environment.table:
        if fault := environment_fault(name):
            raise environment.error(name, fault)
    return ProbeSettings(
        arguments=fields.texts("arguments"),
        environment=_pairs(environment),
        inputs=_pairs(fields.fields("inputs")),
    )


def _pairs(fields: Fields) -> tuple[tuple[str, str], ...]:
    if not all(re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}", key) for key in fields.table):
        raise McpInstallError(fields.code, f"`{fields.where}` has a key that is not a plain name")
    return tuple((key, fields.text(key)) for key in sorted(fields.table))


def _hook(fields: Fields, *, draft: bool) -> Hook:
    fields.only("wheel", "member", "sha256", "kind", "reason")
    wheel = fields.text("wheel", limit=240)
    if not re.fullmatch(r"[A-Za-z0-9_.+!-]+\.whl", wheel):
        raise fields.error("wheel", "is not the bare name of a wheel")
    return Hook(
        wheel=wheel,
        member=fields.text("member", limit=240),
        sha256=_sha256(fields, "sha256"),
        kind=fields.parsed("kind", _choice(HookKind)),
        reason="" if draft and not fields.text("reason") else _title(fields, "reason", _TEXT),
    )


def _varies(tools: Fields) -> tuple[ToolVariation, ...]:
    tools.only("varies")
    return tuple(_variation(item) for item in _bounded(tools, "varies"))


def _variation(fields: Fields) -> ToolVariation:
    fields.only("pointer", "reason", "pattern", "when")
    pointer = fields.text("pointer", limit=_TEXT)
    if not _POINTER.fullmatch(pointer):
        raise fields.error("pointer", "is not a JSON pointer (RFC 6901)")
    found = ToolVariation(
        pointer=pointer,
        reason=_title(fields, "reason", _TEXT),
        pattern=fields.optional_text("pattern", limit=_NOTES),
        when=fields.optional_text("when", limit=_TEXT),
    )
    if (found.pattern is None) == (found.when is None):
        raise fields.error("pattern", "or `when`: exactly one of the two is needed")
    if found.when is not None:
        fields.parsed("when", _marker)
    return found


def _marker(text: str) -> str:
    from mcpinstall.model.lock_text import checked_marker

    return checked_marker(text)


def _review(fields: Fields) -> Review:
    fields.only("by", "on", "criteria", "platforms", "notes")
    criteria = fields.texts("criteria", limit=40)
    for name in criteria:
        if name not in CRITERIA:
            raise fields.error("criteria", f"names `{name}`, which is not a known criterion")
    if not criteria or len(set(criteria)) != len(criteria):
        raise fields.error("criteria", "is empty or names a criterion twice")
    tested = fields.texts("platforms", limit=40)
    for name in tested:
        if name not in platforms.PLATFORMS:
            raise fields.error("platforms", f"names `{name}`, which is not a known platform")
    return Review(
        by=_title(fields, "by", 100),
        on=fields.parsed("on", _date),
        criteria=criteria,
        platforms=tested,
        notes=fields.text("notes", "", limit=_NOTES),
    )


def _date(text: str) -> str:
    if date.fromisoformat(text).isoformat() != text:
        message = "is not a date such as `2026-11-22`"
        raise ValueError(message)
    return text
