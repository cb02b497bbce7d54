"""The table of hosts, from `hosts.toml`, parsed strictly."""

from __future__ import annotations

import difflib
import functools
import re
import tomllib
from pathlib import Path

from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.model.fields import Fields
from mcpinstall.model.host import Format, HostRow, SecretStyle
from mcpinstall.model.names import is_environment_variable

_INVALID = ErrorCode.HOST_CONFIG_INVALID
_SYSTEMS = ("linux", "darwin", "win32")
_ID = re.compile(r"[a-z0-9][a-z0-9-]*")
_NAME_PATTERN = "[A-Za-z0-9][A-Za-z0-9_-]{0,63}"
_KEYS = (
    "id", "product", "title", "format", "scope", "path-pick", "servers-key", "programs",
    "entry-type", "secret-style", "secret-template", "name-pattern", "reserved-names",
    "literal-dollar", "rewrites-file", "reload", "bom", "terminal-variables", "paths",
    "overrides", "applications", "managed-files",
)  # fmt: skip


@functools.cache
def table() -> tuple[HostRow, ...]:
    """Return every row, in the order of the file."""
    return parse_table(Path(__file__).with_name("hosts.toml").read_bytes())


def parse_table(data: bytes) -> tuple[HostRow, ...]:
    """Parse the text of a table of hosts.

    Raises:
        McpInstallError: `host-config-invalid`, naming the key path.
    """
    try:
        document = tomllib.loads(data.decode("utf-8"))
    except ValueError as error:
        raise McpInstallError(_INVALID, f"the table of hosts is not TOML: {error}") from None
    root = Fields.of(document, _INVALID)
    root.only("schema", "hosts")
    root.integer("schema", low=1, high=1)
    rows = tuple(_row(fields) for fields in root.each("hosts"))
    ids = [row.id for row in rows]
    for twice in {row_id for row_id in ids if ids.count(row_id) > 1}:
        raise McpInstallError(_INVALID, f"the table of hosts has two rows `{twice}`")
    return rows


def find_rows(selector: str) -> HostRow:
    """Return the row that `--host` names: a row id, or a product (its first user row).

    Raises:
        McpInstallError: `host-unknown`, with the nearest names.
    """
    wanted = selector.lower()
    for row in table():
        if row.id == wanted:
            return row
    for row in table():
        if row.product == wanted and row.scope == "user":
            return row
    products = sorted({row.product for row in table()})
    near = difflib.get_close_matches(wanted, products, n=3)
    named = ", ".join(f"`{name}`" for name in near or products)
    raise McpInstallError(
        ErrorCode.HOST_UNKNOWN,
        f"`{selector[:100]}` is not a known host",
        hint=f"did you mean {named}?" if near else f"known hosts are {named}",
    )


def _row(fields: Fields) -> HostRow:
    fields.only(*_KEYS)
    style = SecretStyle(_choice(fields, "secret-style", tuple(SecretStyle)))
    return HostRow(
        id=fields.parsed("id", _identifier),
        product=fields.parsed("product", _identifier),
        title=fields.text("title"),
        format=Format(_choice(fields, "format", tuple(Format))),
        scope=_choice(fields, "scope", ("user",)),
        paths=_systems(fields, "paths", required=True),
        path_pick=_choice(
            fields, "path-pick", ("single", "first-existing", "ask-if-ambiguous"), "single"
        ),
        overrides=_overrides(fields),
        programs=fields.texts("programs"),
        applications=_systems(fields, "applications"),
        servers_key=_servers_key(fields),
        entry_type=fields.optional_text("entry-type"),
        secret_style=style,
        secret_template=_secret_template(fields, style),
        name_pattern=_name_pattern(fields),
        reserved_names=fields.texts("reserved-names"),
        literal_dollar=_required_boolean(fields, "literal-dollar"),
        rewrites_file=_required_boolean(fields, "rewrites-file"),
        reload=fields.text("reload"),
        bom=_choice(fields, "bom", ("reject", "tolerated-with-error", "unknown")),
        terminal_variables=fields.texts("terminal-variables"),
        managed_files=_systems(fields, "managed-files"),
    )


def _identifier(text: str) -> str:
    if not _ID.fullmatch(text):
        raise ValueError("is not an identifier such as `claude-code`")
    return text


def _choice(fields: Fields, key: str, choices: tuple[str, ...], default: str | None = None) -> str:
    value = fields.text(key, default)
    if value not in choices:
        raise fields.error(key, f"is not one of {', '.join(choices)}")
    return value


def _required_boolean(fields: Fields, key: str) -> bool:
    if key not in fields.table:
        raise fields.error(key, "is missing")
    return fields.boolean(key)


def _systems(
    fields: Fields, key: str, *, required: bool = False
) -> tuple[tuple[str, tuple[str, ...]], ...]:
    systems = fields.fields(key)
    systems.only(*_SYSTEMS)
    if required and not any(systems.texts(system) for system in _SYSTEMS):
        raise fields.error(key, "names no path")
    return tuple((system, systems.texts(system)) for system in _SYSTEMS if system in systems.table)


def _overrides(fields: Fields) -> tuple[tuple[str, str], ...]:
    overrides = fields.fields("overrides")
    for variable in overrides.table:
        if not is_environment_variable(variable):
            raise overrides.error(variable, "is not an environment variable")
        if not overrides.text(variable).startswith(f"${{{variable}}}/"):
            raise overrides.error(variable, "does not begin with its variable")
    return tuple((variable, overrides.text(variable)) for variable in overrides.table)


def _servers_key(fields: Fields) -> tuple[str, ...]:
    if "servers-key" not in fields.table:
        raise fields.error("servers-key", "is missing")
    return fields.texts("servers-key")


def _secret_template(fields: Fields, style: SecretStyle) -> str | None:
    template = fields.optional_text("secret-template")
    if (style is SecretStyle.TEMPLATE) != (template is not None):
        raise fields.error("secret-template", "goes with the style `template` only")
    if template is not None and template.count("%s") != 1:
        raise fields.error("secret-template", "does not hold `%s` once")
    return template


def _name_pattern(fields: Fields) -> str:
    pattern = fields.text("name-pattern", _NAME_PATTERN)
    try:
        re.compile(pattern)
    except re.error:
        raise fields.error("name-pattern", "is not a regular expression") from None
    return pattern
