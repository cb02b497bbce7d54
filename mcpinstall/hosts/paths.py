"""Where a host keeps its file: path templates, environment overrides, and the choice."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.model.host import HomePointer, HostRow
from mcpinstall.system import limits
from mcpinstall.system.files import exists, is_folder, read_optional
from mcpinstall.system.machine import Machine

_TOKEN = re.compile(
    r"\$\{(?P<name>[A-Za-z_][A-Za-z0-9_]*)(?::-(?P<default>(?:[^{}]|\$\{[^{}]*\})*))?\}"
    r"|%(?P<folder>[A-Za-z]+)%"
    r"|^(?P<home>~)(?=/|$)"
    r"|^(?P<project><(?:project|solution|deployment)>)"
)
_ALTERNATIVES = re.compile(r"(?<!\$)\{([^{}]*,[^{}]*)\}")
_WINDOWS_FOLDERS = {
    "APPDATA": "~/AppData/Roaming",
    "LOCALAPPDATA": "~/AppData/Local",
    "ProgramData": "C:/ProgramData",
    "ProgramFiles": "C:/Program Files",
}
"""Where Windows has these folders when the environment does not say."""
_XDG_CONFIG = "${XDG_CONFIG_HOME:-~/.config}/"


def config_path(row: HostRow, machine: Machine) -> Path:
    """Return the file that the host opens; it need not exist.

    An override that is set wins over the paths of the system, and so does the host's own
    pointer to its folder.

    Raises:
        McpInstallError: `host-ambiguous` when two files could be the one, `host-unsupported`
            when the host has no path on this system, `host-path-refused` for a relative
            override.
    """
    named = _named_path(row, machine)
    if named is not None:
        return named
    templates = _templates(row, machine)
    if not templates:
        raise McpInstallError(
            ErrorCode.HOST_UNSUPPORTED, f"{row.title} has no configuration file on this system"
        )
    if row.path_pick == "ask-if-ambiguous" or row.flatpak:
        return _only_candidate(row, templates, machine)
    paths = [expanded(template, machine) for template in templates]
    if row.path_pick == "first-existing":
        return next((path for path in paths if exists(path)), paths[0])
    return paths[0]


def candidates(row: HostRow, machine: Machine) -> tuple[Path, ...]:
    """Return every file that could be this host's, the likelier first; they need not exist.

    Only these can be named with `--host HOST=PATH`, and only these are looked at for a file that
    mcpinstall wrote before.  A variable or the host's own pointer leaves no choice.

    Raises:
        McpInstallError: `host-path-refused` for a relative override.
    """
    named = _named_path(row, machine)
    if named is not None:
        return (named,)
    found: list[Path] = []
    for template in _templates(row, machine):
        path = expanded(template, machine)
        found += [one / rest for one, rest in _globbed(path)] if "*" in template else [path]
    return tuple(dict.fromkeys(found))


def existing(row: HostRow, machine: Machine) -> tuple[Path, ...]:
    """Return every file of the row that exists, the likelier first; with all that `*` finds.

    Raises:
        McpInstallError: `host-path-refused` for a relative override.
    """
    named = _named_path(row, machine)
    if named is not None:
        return tuple(_found(named, starred="*" in str(named)))
    found = (path for one in _templates(row, machine) for path in matches(one, machine))
    return tuple(dict.fromkeys(found))


def path_digest(path: Path) -> str:
    """Return the sha256 of a path, as records keep it: no path is ever read from one."""
    return hashlib.sha256(str(path).encode("utf-8", "surrogateescape")).hexdigest()


def is_configured_elsewhere(row: HostRow, machine: Machine) -> bool:
    """Tell whether a variable or the host's own pointer says where the file is."""
    overridden = any(machine.environ.get(variable) for variable, _ in row.overrides)
    return overridden or _pointed(row.home_pointer, machine) is not None


def matches(template: str, machine: Machine) -> tuple[Path, ...]:
    """Return the existing paths that a template with or without `*` stands for, sorted."""
    found = [
        path
        for one in alternatives(template)
        for path in _found(expanded(one, machine), starred="*" in one)
    ]
    return tuple(dict.fromkeys(found))


def alternatives(template: str) -> tuple[str, ...]:
    """Return the templates that one with `{a,b}` stands for, in its order."""
    found = _ALTERNATIVES.search(template)
    if found is None:
        return (template,)
    before, after = template[: found.start()], template[found.end() :]
    return tuple(
        one for choice in found[1].split(",") for one in alternatives(f"{before}{choice}{after}")
    )


def expanded(template: str, machine: Machine) -> Path:
    """Return the path that a template without `{a,b}` stands for; `*` stays as it is."""
    return Path(_text(template, machine))


def _named_path(row: HostRow, machine: Machine) -> Path | None:
    """Return the path that a variable or the host's own pointer names."""
    for variable, template in row.overrides:
        if machine.environ.get(variable):
            return expanded(template, machine)
    return _pointed(row.home_pointer, machine)


def _pointed(pointer: HomePointer | None, machine: Machine) -> Path | None:
    """Return the path below the folder that a host's pointer names; a broken one is ignored."""
    if pointer is None:
        return None
    try:
        data = read_optional(expanded(pointer.file, machine), limits.POINTER_BYTES)
        folder = (data or b"").decode("utf-8").strip()
    except (McpInstallError, UnicodeDecodeError):
        return None
    usable = folder.isprintable() and Path(folder).is_absolute()
    return Path(folder) / pointer.path if usable else None


def _templates(row: HostRow, machine: Machine) -> tuple[str, ...]:
    """Return the row's templates for this system, each with its alternatives and Flatpak's."""
    templates = [
        one for template in dict(row.paths).get(machine.platform, ())
        for one in alternatives(template)
    ]  # fmt: skip
    if row.flatpak and machine.platform == "linux":
        private = f"~/.var/app/{row.flatpak}/config/"
        templates += [
            private + template.removeprefix(_XDG_CONFIG)
            for template in templates
            if template.startswith(_XDG_CONFIG)
        ]
    return tuple(templates)


def _text(template: str, machine: Machine) -> str:
    def value(match: re.Match[str]) -> str:
        if match["home"]:
            return machine.home.as_posix()
        if match["project"]:
            return machine.cwd.as_posix()
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
    that owns the folder reads it as soon as it is there.  If there is none, a folder that
    exists decides.
    """
    live, plain = _live(templates, machine)
    if len(live) > 1:
        raise McpInstallError(
            ErrorCode.HOST_AMBIGUOUS,
            f"{row.title} has {len(live)} configuration files and reads only one of them",
            hint=f"name the one in use with `--host {row.product}=PATH`: "
            + ", ".join(f"`{path}`" for path in live)
            + "; or remove the others",
        )
    return (live or plain or [expanded(templates[0], machine)])[0]


def _live(templates: tuple[str, ...], machine: Machine) -> tuple[list[Path], list[Path]]:
    """Return the files of which the host may read one, and all that are no pattern."""
    plain: list[Path] = []
    live: list[Path] = []
    for template in templates:
        path = expanded(template, machine)
        if "*" in template:
            live += [prefix / rest for prefix, rest in _globbed(path)]
        else:
            plain.append(path)
            live += [path] if exists(path) else []
    plain = list(dict.fromkeys(plain))
    return list(dict.fromkeys(live)) or [one for one in plain if is_folder(one.parent)], plain


def choices(row: HostRow, machine: Machine) -> tuple[Path, ...]:
    """Return the files of which the host reads one, where nobody but the person can tell which."""
    if _named_path(row, machine) is not None:
        return ()
    if row.path_pick != "ask-if-ambiguous" and not row.flatpak:
        return ()
    live, _ = _live(_templates(row, machine), machine)
    return tuple(live) if len(live) > 1 else ()


def _found(path: Path, *, starred: bool) -> list[Path]:
    """Return the existing paths for one whose parts may be patterns."""
    if not starred:
        return [path] if exists(path) else []
    parts = path.parts
    star = next((number for number, part in enumerate(parts) if "*" in part), len(parts))
    try:
        return sorted(Path(*parts[:star]).glob("/".join(parts[star:])))
    except (OSError, ValueError):
        return []


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
