"""`hosts.toml`, parsed strictly: this is the schema of the table of hosts."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping

from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.hosts import remote_text
from mcpinstall.model.fields import Fields
from mcpinstall.model.host import (
    CommandForm,
    EntryShape,
    Format,
    HomePointer,
    HostRow,
    SecretInputs,
    SecretStyle,
    Superseded,
)
from mcpinstall.model.names import is_environment_variable

_INVALID = ErrorCode.HOST_CONFIG_INVALID
_SYSTEMS = ("linux", "darwin", "win32")
_ID = re.compile(r"[a-z0-9][a-z0-9-]*")
_NAME_PATTERN = "[A-Za-z0-9][A-Za-z0-9_-]{0,63}"
_SCOPES = ("user", "user-profile", "user-remote", "user-per-project", "project", "deployment")
_PICKS = ("single", "first-existing", "ask-if-ambiguous")
_STATUSES = ("active", "maintenance", "legacy", "deprecated", "archived")
_DIALECT = (
    "product", "format", "servers-key", "is-list", "entry", "remote", "secret-style",
    "secret-template", "secret-inputs", "name-pattern", "reserved-names", "literal-dollar",
    "expands", "rewrites-file", "reload", "bom", "session-environment", "status", "precedence",
    "lock-folder", "refused-variables", "capital-variables", "switch-off",
)  # fmt: skip
"""What a row takes over from the one that `like` names, unless it says otherwise."""
_KEYS = (
    "id", "like", "title", "scope", "path-pick", "programs", "terminal-variables", "paths",
    "overrides", "applications", "managed-files", "settings", "write", "why", "paste",
    "notes", "flatpak", "home-pointer", "must-exist", "superseded", "merges", "unread",
    "successor", *_DIALECT,
)  # fmt: skip
_PROJECT_WHY = "a project's file needs `mcpi.lock`, which mcpi does not write yet"


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
    rows: dict[str, HostRow] = {}
    written: dict[str, Mapping[str, object]] = {}
    for own in root.each("hosts"):
        fields = _completed(own, written)
        row = _row(fields)
        if row.id in rows:
            raise McpInstallError(_INVALID, f"the table of hosts has two rows `{row.id}`")
        rows[row.id], written[row.id] = row, fields.table
    return tuple(rows.values())


def _completed(own: Fields, written: Mapping[str, Mapping[str, object]]) -> Fields:
    """Return a row's fields with those of the row that it is like."""
    own.only(*_KEYS)
    like = own.optional_text("like")
    if like is None:
        return own
    if like not in written:
        raise own.error("like", "names no row above it")
    taken = {key: value for key, value in written[like].items() if key in _DIALECT}
    return Fields.of({**taken, **own.table}, _INVALID, own.where)


def _row(fields: Fields) -> HostRow:
    style = SecretStyle(_choice(fields, "secret-style", tuple(SecretStyle)))
    scope = _choice(fields, "scope", _SCOPES, "user")
    writable = _writable(fields, scope)
    return HostRow(
        id=fields.parsed("id", _identifier),
        product=fields.parsed("product", _identifier),
        title=fields.text("title"),
        format=Format(_choice(fields, "format", tuple(Format))),
        scope=scope,
        status=_choice(fields, "status", _STATUSES, "active"),
        paths=_systems(fields, "paths", required=writable),
        path_pick=_choice(fields, "path-pick", _PICKS, "single"),
        overrides=_overrides(fields),
        home_pointer=_home_pointer(fields),
        flatpak=fields.optional_text("flatpak"),
        must_exist=_must_exist(fields),
        superseded=_superseded(fields),
        merges=_merges(fields),
        precedence=_precedence(fields),
        unread=_systems(fields, "unread"),
        successor=_successor(fields),
        lock_folder=fields.boolean("lock-folder"),
        refused_variables=_refused_variables(fields),
        capital_variables=fields.boolean("capital-variables"),
        switch_off=_switch_off(fields),
        programs=fields.texts("programs"),
        applications=_systems(fields, "applications"),
        servers_key=_servers_key(fields),
        is_list=fields.boolean("is-list"),
        entry=_entry_shape(fields),
        remote=remote_text.remote_shape(fields, fields.optional_text("secret-template")),
        secret_style=style,
        secret_template=_secret_template(fields, style),
        secret_inputs=_secret_inputs(fields, style),
        session_environment=fields.boolean("session-environment"),
        name_pattern=_name_pattern(fields),
        reserved_names=fields.texts("reserved-names"),
        literal_dollar=_required_boolean(fields, "literal-dollar"),
        expands=fields.texts("expands"),
        rewrites_file=_required_boolean(fields, "rewrites-file"),
        reload=fields.text("reload"),
        bom=_choice(fields, "bom", ("reject", "tolerated-with-error", "unknown"), "unknown"),
        terminal_variables=fields.texts("terminal-variables"),
        managed_files=_systems(fields, "managed-files"),
        settings=_systems(fields, "settings"),
        writable=writable,
        why=_why(fields, scope, writable=writable),
        paste=_paste(fields, writable=writable),
        notes=_systems(fields, "notes"),
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
    """Return texts by system; those of `every` stand for all three."""
    systems = fields.fields(key)
    systems.only("every", *_SYSTEMS)
    if "every" in systems.table and len(systems.table) > 1:
        raise systems.error("every", "does not go with a system's own")
    found = {
        system: systems.texts("every" if "every" in systems.table else system)
        for system in _SYSTEMS
    }
    if required and not any(found.values()):
        raise fields.error(key, "names no path")
    return tuple((system, texts) for system, texts in found.items() if texts)


def _overrides(fields: Fields) -> tuple[tuple[str, str], ...]:
    overrides = fields.fields("overrides")
    for variable in overrides.table:
        if not is_environment_variable(variable):
            raise overrides.error(variable, "is not an environment variable")
        template = overrides.text(variable)
        if template != f"${{{variable}}}" and not template.startswith(f"${{{variable}}}/"):
            raise overrides.error(variable, "does not begin with its variable")
    return tuple((variable, overrides.text(variable)) for variable in overrides.table)


def _home_pointer(fields: Fields) -> HomePointer | None:
    if "home-pointer" not in fields.table:
        return None
    pointer = fields.fields("home-pointer")
    pointer.only("file", "path")
    return HomePointer(file=pointer.text("file"), path=pointer.text("path"))


def _must_exist(fields: Fields) -> tuple[str, ...]:
    systems = fields.texts("must-exist")
    if not set(systems) <= set(_SYSTEMS):
        raise fields.error("must-exist", f"is not made of {', '.join(_SYSTEMS)}")
    return systems


def _superseded(fields: Fields) -> Superseded | None:
    if "superseded" not in fields.table:
        return None
    superseded = fields.fields("superseded")
    superseded.only("exists", "missing", "instead")
    return Superseded(
        exists=superseded.texts("exists"),
        missing=superseded.texts("missing"),
        instead=superseded.parsed("instead", _identifier),
    )


def _merges(fields: Fields) -> bool:
    merges = fields.boolean("merges")
    if merges and fields.text("path-pick", "single") != "first-existing":
        raise fields.error("merges", "goes with the path-pick `first-existing` only")
    return merges


def _precedence(fields: Fields) -> tuple[str, ...]:
    scopes = fields.texts("precedence")
    if not set(scopes) <= set(_SCOPES) or len(set(scopes)) != len(scopes):
        raise fields.error("precedence", f"is not made of {', '.join(_SCOPES)}")
    return scopes


def _successor(fields: Fields) -> str:
    if "successor" not in fields.table:
        return ""
    if fields.text("status", "active") not in ("legacy", "deprecated"):
        raise fields.error("successor", "goes with the status `legacy` or `deprecated` only")
    return fields.parsed("successor", _identifier)


def _refused_variables(fields: Fields) -> tuple[str, ...]:
    names = fields.texts("refused-variables")
    if not all(is_environment_variable(name) for name in names):
        raise fields.error("refused-variables", "names no environment variable")
    return names


def _switch_off(fields: Fields) -> tuple[str, bool] | None:
    switch = fields.fields("switch-off")
    if len(switch.table) > 1:
        raise fields.error("switch-off", "has more than one field")
    return next(((key, switch.boolean(key)) for key in switch.table), None)


def _servers_key(fields: Fields) -> tuple[str, ...]:
    if "servers-key" not in fields.table:
        raise fields.error("servers-key", "is missing")
    return fields.texts("servers-key")


def _entry_shape(fields: Fields) -> EntryShape:
    entry = fields.fields("entry")
    entry.only("constants", "name-key", "command-key", "command-form", "args-key", "env-key",
               "names-key")  # fmt: skip
    constants = entry.fields("constants")
    shape = EntryShape(
        constants=tuple((key, _constant(constants, key)) for key in constants.table),
        name_key=entry.optional_text("name-key"),
        command_key=entry.text("command-key", "command"),
        command_form=CommandForm(
            _choice(entry, "command-form", tuple(CommandForm), CommandForm.TEXT)
        ),
        args_key=entry.text("args-key", "args"),
        env_key=entry.text("env-key", "env"),
        names_key=entry.optional_text("names-key"),
    )
    if fields.boolean("is-list") and shape.name_key is None:
        raise entry.error("name-key", "is missing: in a list it names the server")
    if (fields.text("secret-style") == SecretStyle.NAMES) != (shape.names_key is not None):
        raise entry.error("names-key", "goes with the style `names` only")
    return shape


def _constant(fields: Fields, key: str) -> str | bool:
    return fields.boolean(key) if isinstance(fields.table[key], bool) else fields.text(key)


def _secret_template(fields: Fields, style: SecretStyle) -> str | None:
    template = fields.optional_text("secret-template")
    if (style is SecretStyle.TEMPLATE) != (template is not None):
        raise fields.error("secret-template", "goes with the style `template` only")
    if template is not None and template.count("%s") != 1:
        raise fields.error("secret-template", "does not hold `%s` once")
    return template


def _secret_inputs(fields: Fields, style: SecretStyle) -> SecretInputs | None:
    """Return how the host asks for secrets: by a list of inputs, or in its store by name."""
    if not fields.table.get("secret-inputs"):
        return None
    inputs = fields.fields("secret-inputs")
    inputs.only("key", "template", "note")
    key, template = inputs.optional_text("key"), inputs.optional_text("template")
    if (key is None) != (template is None) or (key is None) != (style is SecretStyle.NAMES):
        raise inputs.error("key", "and `template` go together, or neither with the style `names`")
    if template is not None and template.count("%s") != 1:
        raise inputs.error("template", "does not hold `%s` once")
    if key is not None and fields.text("format") != Format.JSONC:
        raise inputs.error("key", "is known in JSON with comments only")
    return SecretInputs(key=key, template=template, note=inputs.text("note"))


def _name_pattern(fields: Fields) -> str:
    pattern = fields.text("name-pattern", _NAME_PATTERN)
    try:
        re.compile(pattern)
    except re.error:
        raise fields.error("name-pattern", "is not a regular expression") from None
    return pattern


def _writable(fields: Fields, scope: str) -> bool:
    writes = _choice(fields, "write", ("yes", "print"), "print" if scope == "project" else "yes")
    if writes == "yes" and scope not in ("user", "user-remote"):
        raise fields.error("write", f"does not go with the scope `{scope}`")
    return writes == "yes"


def _why(fields: Fields, scope: str, *, writable: bool) -> str:
    why = fields.text("why", _PROJECT_WHY if scope == "project" else "")
    if writable == bool(why):
        raise fields.error("why", "goes with rows that are not written, and only with those")
    return why


def _paste(fields: Fields, *, writable: bool) -> str:
    """Return where the entry is pasted; a row with one path for all systems need not say it."""
    paste = fields.text("paste", "")
    paths = {path for _, paths in _systems(fields, "paths") for path in paths[:1]}
    if not writable and not paste and len(paths) == 1:
        return f"paste this into `{paths.pop()}`"
    if writable == bool(paste):
        raise fields.error("paste", "goes with rows that are not written, and only with those")
    return paste
