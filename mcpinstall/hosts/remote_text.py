"""The part of `hosts.toml` that says how a host spells a remote server, parsed strictly."""

from __future__ import annotations

from mcpinstall.model.fields import Fields
from mcpinstall.model.host import RemoteShape

_KEYS = (
    "http", "sse", "url-key", "sse-url-key", "headers-key", "name-key", "template", "names-key",
    "bearer-key", "variables-key", "auth-key", "auth", "older-url-keys",
)  # fmt: skip


def remote_shape(fields: Fields, template: str | None) -> RemoteShape:
    """Parse `remote` of a row; `template` is how the row names a variable in a value.

    Every row has one: that a host takes no remote server is a fact, too.

    Raises:
        McpInstallError: `host-config-invalid`, naming the key path.
    """
    if "remote" not in fields.table:
        raise fields.error(
            "remote", "is missing: how the host spells a remote server, or `why` not"
        )
    remote = fields.fields("remote")
    if "why" in remote.table:
        remote.only("why", "instead")
        return RemoteShape(why=remote.text("why"), instead=remote.text("instead"))
    remote.only(*_KEYS)
    url_key = remote.text("url-key", "url")
    shape = RemoteShape(
        http=_constants(remote, "http"),
        sse=_constants(remote, "sse"),
        url_key=url_key,
        sse_url_key=remote.text("sse-url-key", url_key),
        older_url_keys=remote.texts("older-url-keys"),
        headers_key=remote.texts("headers-key") if "headers-key" in remote.table else ("headers",),
        name_key=remote.optional_text("name-key"),
        template=_template(remote) if "template" in remote.table else template,
        names_key=remote.optional_text("names-key"),
        bearer_key=remote.optional_text("bearer-key"),
        variables_key=remote.optional_text("variables-key"),
        auth_key=remote.optional_text("auth-key"),
        auth=_auth(remote),
    )
    if shape.http is None and shape.sse is None:
        raise remote.error("http", "or `sse` is needed: a transport that the host speaks")
    return shape


def _template(remote: Fields) -> str | None:
    """Return how a header's text names a variable; an empty one says that none can be named."""
    template = remote.text("template")
    if template and template.count("%s") != 1:
        raise remote.error("template", "does not hold `%s` once")
    return template or None


def _constants(remote: Fields, key: str) -> tuple[tuple[str, str | bool], ...] | None:
    if key not in remote.table:
        return None
    fields = remote.fields(key)
    return tuple(
        (name, fields.boolean(name) if isinstance(value, bool) else fields.text(name))
        for name, value in fields.table.items()
    )


def _auth(remote: Fields) -> tuple[tuple[str, str], ...]:
    if ("auth" in remote.table) != ("auth-key" in remote.table):
        raise remote.error("auth-key", "goes with `auth`")
    fields = remote.fields("auth")
    return tuple((name, fields.text(name)) for name in fields.table)
