"""Where a host keeps its file: path templates, environment overrides, and the choice."""

from __future__ import annotations

import re
from pathlib import Path

from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.model.host import HostRow
from mcpinstall.system.files import exists
from mcpinstall.system.machine import Machine

_TOKEN = re.compile(
    r"\$\{(?P<name>[A-Za-z_][A-Za-z0-9_]*)(?::-(?P<default>[^}]*))?\}"
    r"|%(?P<folder>[A-Za-z]+)%"
    r"|^(?P<home>~)(?=/|$)"
)
_WINDOWS_FOLDERS = {
    "APPDATA": "~/AppData/Roaming",
    "LOCALAPPDATA": "~/AppData/Local",
    "ProgramData": "C:/ProgramData",
}
"""Where Windows has these folders when the environment does not say."""


def config_path(row: HostRow, machine: Machine) -> Path:
    """Return the file that the host opens; it need not exist.

    An override that is set wins over the paths of the system.

    Raises:
        McpInstallError: `host-ambiguous` when two files could be the one, `host-unsupported`
            when the host has no path on this system, `host-path-refused` for a relative
            override.
    """
    for variable, template in row.overrides:
        if machine.environ.get(variable):
            return expanded(template, machine)
    templates = dict(row.paths).get(machine.platform, ())
    if not templates:
        raise McpInstallError(
            ErrorCode.HOST_UNSUPPORTED, f"{row.title} has no configuration file on this system"
        )
    if row.path_pick == "ask-if-ambiguous":
        return _only_candidate(row, templates, machine)
    paths = [expanded(template, machine) for template in templates]
    if row.path_pick == "first-existing":
        return next((path for path in paths if exists(path)), paths[0])
    return paths[0]


def is_configured_elsewhere(row: HostRow, machine: Machine) -> bool:
    """Tell whether an environment variable moves the file out of its usual place."""
    return any(machine.environ.get(variable) for variable, _ in row.overrides)


def matches(template: str, machine: Machine) -> tuple[Path, ...]:
    """Return the existing paths that a template with or without `*` stands for, sorted."""
    path = expanded(template, machine)
    return tuple(prefix / rest for prefix, rest in _globbed(path) if exists(prefix / rest))


def expanded(template: str, machine: Machine) -> Path:
    """Return the path that a template stands for; `*` stays as it is."""
    return Path(_text(template, machine))


def _text(template: str, machine: Machine) -> str:
    def value(match: re.Match[str]) -> str:
        if match["home"]:
            return machine.home.as_posix()
        if match["folder"]:
            fallback = _WINDOWS_FOLDERS.get(match["folder"], "~")
            known = machine.environ.get(match["folder"]) or machine.environ.get(
                match["folder"].upper()
            )
            return known or _text(fallback, machine)
        return _variable(match["name"], match["default"], machine)

    return _TOKEN.sub(value, template)


def _variable(name: str, default: str | None, machine: Machine) -> str:
    found = machine.environ.get(name, "")
    if Path(found).is_absolute():
        return found
    if default is not None:  # XDG: a value that is not absolute is ignored
        return _text(default, machine)
    raise McpInstallError(
        ErrorCode.HOST_PATH_REFUSED,
        f"the variable `{name}` is not an absolute path",
        hint=f"set `{name}` to an absolute path, or unset it",
    )


def _only_candidate(row: HostRow, templates: tuple[str, ...], machine: Machine) -> Path:
    """Choose among files of which the host reads one.

    A file that exists is a candidate; so is one below a folder that `*` found, for the package
    that owns the folder reads it as soon as it is there.
    """
    plain: list[Path] = []
    candidates: list[Path] = []
    for template in templates:
        path = expanded(template, machine)
        if "*" in template:
            candidates += [prefix / rest for prefix, rest in _globbed(path)]
        else:
            plain.append(path)
            candidates += [path] if exists(path) else []
    if len(candidates) > 1:
        raise McpInstallError(
            ErrorCode.HOST_AMBIGUOUS,
            f"{row.title} has {len(candidates)} configuration files and reads only one of them",
            hint="remove the one that is not in use, or paste what `--print` gives into the one "
            "that is: " + ", ".join(f"`{path}`" for path in candidates),
        )
    return (candidates or plain or [expanded(templates[0], machine)])[0]


def _globbed(path: Path) -> list[tuple[Path, Path]]:
    """Return each folder that the first `*` part finds, with the rest of the path below it."""
    parts = path.parts
    star = next((number for number, part in enumerate(parts) if "*" in part), None)
    if star is None:
        return [(path, Path())]
    parent, rest = Path(*parts[:star]), Path(*parts[star + 1 :])
    try:
        found = sorted(parent.glob(parts[star]))
    except OSError:
        return []
    return [(folder, rest) for folder in found]
