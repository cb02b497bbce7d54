"""`server.json` as text: the official schema's rules, and the semantic ones that it lacks.

The schema is no security boundary: hostile documents pass it.  This parser needs no schema at
run time; tests compare what it accepts with the official one.
"""

from __future__ import annotations

import re

from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.model import json_text, names, remote_url, server_inputs
from mcpinstall.model.fields import Fields
from mcpinstall.model.mixed_scripts import require_one_script
from mcpinstall.model.server_json import (
    REMOTE_TRANSPORTS,
    NamedArgument,
    Package,
    PositionalArgument,
    RemoteServer,
    ServerJson,
)
from mcpinstall.model.server_packages import (
    REGISTRY_TYPES,
    RUNTIMES,
    https_fault,
    identifier_fault,
    runtime_fault,
    version_fault,
)

SCHEMAS = ("2025-12-11", "2025-10-17", "2025-10-11", "2025-09-29", "2025-09-16")
"""Dated schemas that are read, newest first; older ones used other names for the keys."""

_SCHEMA_URL = re.compile(
    r"https://static\.modelcontextprotocol\.io/schemas/([0-9]{4}-[0-9]{2}-[0-9]{2})"
    r"/server\.schema\.json"
)
_ICON_TYPES = ("image/png", "image/jpeg", "image/jpg", "image/svg+xml", "image/webp")
_MOST_PACKAGES = 20
_LOOPBACK = re.compile(r"http://(localhost|127\.0\.0\.1|\[::1\])(:([0-9]{1,5}|\{[^{}/]+\}))?(/.*)?")


def parse(data: bytes, where: str) -> ServerJson:
    """Parse and check a `server.json`.

    Raises:
        McpInstallError: `server-json-invalid`, `json-invalid` or `text-hostile`.
    """
    top = Fields.of(json_text.parse(data, where), ErrorCode.SERVER_JSON_INVALID)
    top.only(
        "$schema", "name", "description", "title", "version", "repository", "websiteUrl",
        "icons", "packages", "remotes", "_meta",
    )  # fmt: skip
    _require_schema(top)
    _require_links(top)
    return ServerJson(
        name=top.parsed("name", names.server_name),
        description=_words(top, "description"),
        version=top.parsed("version", _version),
        title=_words(top, "title") if "title" in top.table else None,
        repository=_repository(top),
        packages=tuple(_package(item) for item in _few(top, "packages")),
        remotes=tuple(_remote(item) for item in _few(top, "remotes")),
    )


def require_default_index(package: Package, index_url: str) -> None:
    """Refuse a package whose `registryBaseUrl` is not the index that the user's uv uses.

    Compared by scheme, host and port, for the base URL that registries publish lacks the path
    that installers need.

    Raises:
        McpInstallError: `index-forbidden`.
    """
    from urllib.parse import urlsplit

    if package.registry_base_url is None:
        return
    base, index = urlsplit(package.registry_base_url), urlsplit(index_url)
    if (base.scheme, base.hostname, base.port) != (index.scheme, index.hostname, index.port):
        raise McpInstallError(
            ErrorCode.INDEX_FORBIDDEN,
            f"`{package.identifier}` wants to come from `{package.registry_base_url}`, "
            "which is not your package index",
            hint="a server does not choose where its files come from; your configuration does",
        )


def _require_schema(top: Fields) -> None:
    found = _SCHEMA_URL.fullmatch(top.text("$schema", limit=255))
    if found is None or found[1] not in SCHEMAS:
        raise top.error("$schema", f"is not a schema that is read; the newest is `{SCHEMAS[0]}`")


def _require_links(top: Fields) -> None:
    if "websiteUrl" in top.table and (fault := https_fault(top.text("websiteUrl"))):
        raise top.error("websiteUrl", fault)
    for icon in _few(top, "icons"):
        icon.only("src", "mimeType", "sizes", "theme")
        if fault := https_fault(icon.text("src", limit=255)):
            raise icon.error("src", fault)
        if "mimeType" in icon.table and icon.text("mimeType") not in _ICON_TYPES:
            raise icon.error("mimeType", "is not a known type of image")
        if icon.text("theme", "light") not in {"light", "dark"}:
            raise icon.error("theme", "is neither `light` nor `dark`")
        for size in icon.texts("sizes", limit=20):
            if not re.fullmatch(r"[0-9]+x[0-9]+|any", size):
                raise icon.error("sizes", f"holds `{size}`, which is not a size")
    top.fields("_meta").only("io.modelcontextprotocol.registry/publisher-provided")


def _words(top: Fields, key: str) -> str:
    text = top.text(key, limit=100)
    if not text.strip():
        raise top.error(key, "is empty")
    return require_one_script(text, top.path(key))


def _version(text: str) -> str:
    if fault := version_fault("server", names.version(text)):
        raise ValueError(fault)
    return text


def _repository(top: Fields) -> str | None:
    if not top.table.get("repository"):
        return None
    fields = top.fields("repository")
    fields.only("url", "source", "id", "subfolder")
    fields.text("source", limit=50)
    for key in ("id", "subfolder"):
        fields.optional_text(key, limit=255)
    if ".." in fields.text("subfolder", "").split("/"):
        raise fields.error("subfolder", "is not a clean relative path")
    if fault := https_fault(fields.text("url", limit=500)):
        raise fields.error("url", fault)
    return fields.text("url", limit=500)


def _few(fields: Fields, key: str) -> tuple[Fields, ...]:
    items = tuple(fields.each(key))
    if len(items) > _MOST_PACKAGES:
        raise fields.error(key, f"has more than {_MOST_PACKAGES} items")
    return items


def _package(fields: Fields) -> Package:
    fields.only(
        "registryType", "registryBaseUrl", "identifier", "version", "fileSha256", "runtimeHint",
        "transport", "runtimeArguments", "packageArguments", "environmentVariables",
    )  # fmt: skip
    kind = fields.text("registryType", limit=50)
    if kind not in REGISTRY_TYPES:
        raise fields.error("registryType", f"is none of {', '.join(REGISTRY_TYPES)}")
    identifier = fields.text("identifier", limit=500)
    if fault := identifier_fault(kind, identifier):
        raise fields.error("identifier", fault)
    version = fields.optional_text("version", limit=255)
    if fault := version_fault(kind, version):
        raise fields.error("version", fault)
    package = Package(
        registry_type=kind,
        identifier=identifier,
        version=version,
        transport=_local_transport(fields.fields("transport")),
        registry_base_url=_base_url(fields),
        file_sha256=_file_sha256(fields, kind),
        runtime_hint=_runtime_hint(fields, kind),
        runtime_arguments=server_inputs.arguments(fields, "runtimeArguments"),
        arguments=server_inputs.arguments(fields, "packageArguments"),
        environment=server_inputs.environment(fields),
    )
    _require_harmless_runtime(fields, package)
    return package


def _base_url(fields: Fields) -> str | None:
    url = fields.optional_text("registryBaseUrl", limit=500)
    if url is not None and (fault := https_fault(url)):
        raise fields.error("registryBaseUrl", fault)
    return url


def _file_sha256(fields: Fields, kind: str) -> str | None:
    digest = fields.optional_text("fileSha256", limit=64)
    if digest is None and kind == "mcpb":
        raise fields.error("fileSha256", "is missing: a bundle is nothing without its digest")
    if digest is not None and not re.fullmatch(r"[0-9a-f]{64}", digest):
        raise fields.error("fileSha256", "is not 64 lowercase hexadecimal characters")
    return digest


def _runtime_hint(fields: Fields, kind: str) -> str | None:
    hint = fields.optional_text("runtimeHint", limit=50)
    if hint is not None and RUNTIMES.get(hint) != kind:
        raise fields.error("runtimeHint", f"is no known way to start a package of type `{kind}`")
    return hint


def _require_harmless_runtime(fields: Fields, package: Package) -> None:
    for number, argument in enumerate(package.runtime_arguments):
        key = f"runtimeArguments[{number}]"
        if isinstance(argument, NamedArgument):
            flag, value = argument.name, argument.input.value or argument.input.default
            if fault := runtime_fault(package.registry_type, flag, value):
                raise fields.error(key, fault)
        elif package.registry_type != "pypi" or _text(argument).startswith("-"):
            raise fields.error(
                key, f"passes `{_text(argument)}` to the program that starts the package"
            )


def _text(argument: PositionalArgument) -> str:
    return argument.input.value or argument.input.default or argument.hint or ""


def _local_transport(fields: Fields) -> str:
    kind = fields.text("type", limit=50)
    if kind == "stdio":
        fields.only("type")
    elif kind in {"streamable-http", "sse"}:
        fields.only("type", "url", "headers")
        url = fields.text("url", limit=1000)
        if not _LOOPBACK.fullmatch(url) and (fault := https_fault(url)):
            raise fields.error("url", fault)
        server_inputs.headers(fields)
    else:
        raise fields.error("type", "is none of `stdio`, `streamable-http`, `sse`")
    return kind


def _remote(fields: Fields) -> RemoteServer:
    fields.only("type", "url", "headers", "variables")
    kind = fields.text("type", limit=50)
    if kind not in REMOTE_TRANSPORTS:
        raise fields.error("type", "is neither `streamable-http` nor `sse`")
    url = fields.text("url", limit=1000)
    if fault := remote_url.fault(url):
        raise fields.error("url", fault)
    variables = server_inputs.variables(fields)
    server_inputs.require_defined(fields, "url", url, {name for name, _ in variables})
    return RemoteServer(
        transport=kind, url=url, headers=server_inputs.headers(fields), variables=variables
    )
