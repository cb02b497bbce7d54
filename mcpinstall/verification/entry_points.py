"""`entry_points.txt`: the scripts that a wheel asks for, by safe names only."""

from __future__ import annotations

import configparser
import keyword
import re

from mcpinstall.model.artifact import EntryPoint
from mcpinstall.model.names import is_device_name
from mcpinstall.verification.refusals import refusal
from mcpinstall.verification.startup_hooks import is_interpreter_name, shadows_stdlib

_GROUPS = ("console_scripts", "gui_scripts")
_NAME = re.compile(r"[A-Za-z0-9_]([A-Za-z0-9_.-]{0,98}[A-Za-z0-9_-])?")
_VALUE = re.compile(r"([\w.]+)\s*:\s*([\w.]+)\s*(\[[\w\s,.-]*\])?")
_INSTALLERS = re.compile(r"pip[0-9.]*(exe)?")
_BYTES = 256 * 1024  # of the whole text; those of the largest wheels known take 3 kB
_DIFFERS = re.compile(
    r"[\0\v\f\x1c-\x1e\x85\u2028\u2029]|\r(?!\n)"  # what some take for the end of a line
    r"|^[^\S\n]+[^\s#]"  # an entry, or more of the one before
    r"|^;"  # a comment, or an entry
    r"|^\[[^\]\n]*\][^\S\n]*\S"  # more than the name of a group
    r"|[^\S\n]{100}",  # `configparser` takes time that grows with the square of such a run
    re.MULTILINE,
)
"""What parsers of INI files take in different ways; `importlib.metadata` is one of them."""


def parse_entry_points(data: bytes, package: str, member: str) -> tuple[EntryPoint, ...]:
    """Return the console and GUI scripts of `package`, sorted by name.

    Raises:
        McpInstallError: `archive-refused` for text that isn't plain INI, a name that is a path
            or the interpreter's, a repeated name, or a target in the standard library.
    """
    text = _decode(data, member)
    parser = configparser.RawConfigParser(delimiters=("=",), default_section="\0", strict=True)
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    try:
        parser.read_string(text)
    except configparser.Error as error:
        reason = str(error).partition("\n")[0]
        raise refusal(f"can't be read: {reason[:200]}", member=member) from None
    found: dict[str, EntryPoint] = {}
    for group in parser.sections():
        if group.strip().lower() not in _GROUPS:
            continue
        for name, value in parser.items(group):
            if name.lower() in found:
                raise refusal(f"asks for the script `{name[:100]}` twice", member=member)
            found[name.lower()] = _parse_script(name, value, package, member)
    return tuple(sorted(found.values(), key=lambda script: script.name))


def _decode(data: bytes, member: str) -> str:
    """Return the text, which all parsers of INI files take in the same way, and in time."""
    if len(data) > _BYTES:
        raise refusal(f"has {len(data)} bytes of entry points", member=member)
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        raise refusal("is not UTF-8", member=member) from None
    if _DIFFERS.search(text):
        raise refusal("has a line that readers take in different ways", member=member)
    return text


def _parse_script(name: str, value: str, package: str, member: str) -> EntryPoint:
    if not _NAME.fullmatch(name) or is_device_name(name):
        raise refusal(f"asks for a script with the unsafe name `{name[:100]}`", member=member)
    if is_interpreter_name(name) or (_INSTALLERS.fullmatch(name.lower()) and package != "pip"):
        raise refusal(f"asks for a script in the place of `{name}`", member=member)
    target = _VALUE.fullmatch(value)
    if target is None or not all(map(_is_dotted_name, target.groups()[:2])):
        raise refusal(f"has the script `{name}` call no function of a module", member=member)
    module = target[1].split(".")[0]
    if module == "__main__" or shadows_stdlib(module):
        raise refusal(f"has the script `{name}` call the standard library", member=member)
    return EntryPoint(name=name, module=target[1], attribute=target[2])


def _is_dotted_name(text: str) -> bool:
    return all(part.isidentifier() and not keyword.iskeyword(part) for part in text.split("."))
