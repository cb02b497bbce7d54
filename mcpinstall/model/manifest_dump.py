"""A manifest printed as `manifest.toml`: one way to write each value."""

from __future__ import annotations

from typing import TypeAlias

from mcpinstall.model.manifest import Manifest

Toml: TypeAlias = "str | int | list[Toml] | dict[str, Toml]"


def dump(manifest: Manifest) -> bytes:
    """Return the bytes of `manifest.toml`; `manifest_text.parse` gives the manifest back."""
    import tomli_w

    document: dict[str, Toml] = {
        "schema": 1,
        "name": manifest.name,
        "version": manifest.version,
        "title": manifest.title,
        "summary": manifest.summary,
        "try": manifest.try_sentence,
        "audience": manifest.audience.value,
        "integrates": manifest.integrates.value,
        "files": dict(manifest.files),
        **_optional("package", _package(manifest)),
        **_optional("remotes", _remotes(manifest)),
        "publisher": _publisher(manifest),
        "permissions": _permissions(manifest),
        **_optional("probe", _probe(manifest)),
        **_optional("hooks", _hooks(manifest)),
        **_optional("tools", _tools(manifest)),
        **_optional("reviews", _reviews(manifest)),
    }
    return tomli_w.dumps(document).encode()


def _optional(key: str, value: Toml) -> dict[str, Toml]:
    return {key: value} if value else {}


def _package(manifest: Manifest) -> Toml:
    package = manifest.package
    if package is None:
        return {}
    return {
        "registryType": package.registry_type,
        "identifier": package.identifier,
        "version": package.version,
        "script": package.script,
        "requires-python": package.requires_python,
        "platforms": list(package.platforms),
    }


def _remotes(manifest: Manifest) -> Toml:
    return [{"transport": remote.transport, "url": remote.url} for remote in manifest.remotes]


def _publisher(manifest: Manifest) -> Toml:
    publisher = manifest.publisher
    if publisher is None:
        return {"absent": manifest.publisher_absent}
    return {
        "issuer": publisher.issuer,
        "repository": publisher.repository,
        "repository-id": publisher.repository_id,
        "owner-id": publisher.owner_id,
        "workflow": publisher.workflow,
        "ref": publisher.ref,
        **_optional("runner", publisher.runner),
    }


def _permissions(manifest: Manifest) -> Toml:
    declared = manifest.permissions
    return {
        "network": list(declared.network),
        "read": list(declared.read),
        "write": list(declared.write),
        "exec": list(declared.exec),
    }


def _probe(manifest: Manifest) -> Toml:
    probe = manifest.probe
    return {
        **_optional("arguments", list(probe.arguments)),
        **_optional("environment", dict(probe.environment)),
        **_optional("inputs", dict(probe.inputs)),
    }


def _hooks(manifest: Manifest) -> Toml:
    return [
        {
            "wheel": hook.wheel,
            "member": hook.member,
            "sha256": hook.sha256,
            "kind": hook.kind.value,
            "reason": hook.reason,
        }
        for hook in manifest.hooks
    ]


def _tools(manifest: Manifest) -> Toml:
    varies: list[Toml] = [
        {
            "pointer": place.pointer,
            "reason": place.reason,
            **({} if place.pattern is None else {"pattern": place.pattern}),
            **({} if place.when is None else {"when": place.when}),
        }
        for place in manifest.varies
    ]
    return _optional("varies", varies)


def _reviews(manifest: Manifest) -> Toml:
    return [
        {
            "by": review.by,
            "on": review.on,
            "criteria": list(review.criteria),
            **_optional("platforms", list(review.platforms)),
            **_optional("notes", review.notes),
        }
        for review in manifest.reviews
    ]
