"""What an entry of a host's file starts, as far as mcpinstall can take its place."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from mcpinstall.hosts.entry import FROM_ELSEWHERE, is_own_kind
from mcpinstall.model.audited import AuditedServer, Variable
from mcpinstall.model.names import is_environment_variable, normalized_package
from mcpinstall.model.server_packages import identifier_fault
from mcpinstall.model.text import is_plain
from mcpinstall.rules.audit import loading, secret_values
from mcpinstall.rules.audit.fetched import Fetch
from mcpinstall.rules.audit.file_facts import FileFacts
from mcpinstall.rules.audit.parts import options
from mcpinstall.rules.audit.pins import fetch
from mcpinstall.rules.audit.references import holds_reference
from mcpinstall.rules.audit.secrets import is_secret_itself, is_secret_name
from mcpinstall.rules.audit.specs import Kind, Package, Pin
from mcpinstall.rules.audit.unwrap import unwrap
from mcpinstall.rules.audit.words import program
from mcpinstall.rules.audit.wrappers import ELEVATING

RUNNERS = frozenset({"uvx", "uv tool run", "pipx run"})
"""Programs whose servers can be installed from verified files instead."""

_HARMLESS = frozenset({
    "-q", "--quiet", "-v", "--verbose", "--no-progress", "--native-tls", "--system-certs", "-n",
    "--no-cache", "--cache-dir", "--refresh", "--refresh-package", "--isolated", "--no-config",
    "--color", "--offline", "--managed-python", "--no-managed-python", "--no-python-downloads",
    "--link-mode", "--reinstall", "--compile-bytecode", "--no-env-file", "-U", "--upgrade",
    "--fetch-missing-python", "--backend", "--yes", "-y",
})  # fmt: skip
"""Options of runners that choose neither a package nor a version."""
_TAKEN = frozenset({"--from", "--spec", "-p", "--python"})
_PYTHON = re.compile(r"(?:python)?3(?:\.\d{1,3}){0,2}")
_INDEXES = re.compile(
    r"UV_(?:INDEX|INDEX_URL|EXTRA_INDEX_URL|DEFAULT_INDEX|FIND_LINKS|CONFIG_FILE|OVERRIDE|"
    r"CONSTRAINT|INDEX_STRATEGY|PRERELEASE|EXCLUDE_NEWER|WITH\w*)|PIP_(?:INDEX_URL|EXTRA_INDEX_URL|"
    r"FIND_LINKS|CONFIG_FILE|CONSTRAINT)|PIPX_\w+"
)
_PAIR = re.compile(r"\s*([A-Za-z_][\w.-]*)\s*[=:]\s*(.*)", re.DOTALL)
"""`TOKEN=abc`, `X-Api-Key: abc`."""
_SHOWN = 120  # characters of a text from a file
_LONGEST = 131_071  # bytes of one argument that Linux starts a program with
_MOST = 1_000_000  # bytes of all of them; macOS takes about as many


@dataclass(frozen=True, slots=True, kw_only=True)
class Launch:
    """A server that a Python runner fetches and starts."""

    runner: str
    package: str
    """Normalized name."""
    version: str = ""
    """Where the entry names one."""
    specifier: str = ""
    """Where it names a range."""
    script: str
    arguments: tuple[str, ...] = ()
    python: str | None = None

    @property
    def shown(self) -> str:
        """Return runner and package, as a person writes them."""
        pin = f"=={self.version}" if self.version else self.specifier
        return f"{self.runner} {self.package}{pin}"


def words(server: AuditedServer) -> str:
    """Return what an entry starts, in plain words; no argument of the server is told."""
    found = fetch(server.launch)
    if server.url is not None:
        return "a remote server"
    if not server.launch:
        return "nothing"
    wrapped = f", through `{server.wrappers[0][:_SHOWN]}`" if server.wrappers else ""
    if found is None or not found.packages:
        return f"`{program(server.launch[0].text)[:_SHOWN]}`, a program of this machine{wrapped}"
    package = found.packages[0]
    return f"{found.runner} {package.shown}, {_which(package)}{wrapped}"


def _which(package: Package) -> str:
    if package.kind is Kind.LOCAL:
        return "a file of this machine"
    if package.kind is Kind.IMAGE and package.pin is not Pin.EXACT:
        return "whatever image has that tag"
    return {
        Pin.EXACT: "this version",
        Pin.MUTABLE: "whatever is at that address at each start",
    }.get(package.pin, "whatever version is newest at each start")


def read(server: AuditedServer, facts: FileFacts) -> Launch | str:
    """Return what is started, or why mcpinstall can't take its place, as a sentence's end."""
    if server.url is not None:
        return "it is a remote server: nothing of it runs here"
    if not server.launch:
        return "it starts nothing"
    problem = next(_around(server, facts), "")
    if problem:
        return problem
    found = fetch(server.launch)
    if found is None or not found.packages:
        return "it starts a program of this machine, which no package is known for"
    if found.runner not in RUNNERS:
        return _other(found)
    return _of_python(server, found)


def _around(server: AuditedServer, facts: FileFacts) -> Iterator[str]:
    """Yield what stands around the program and can't be kept."""
    if any(_meet(one.pointer, server.pointer) for one in facts.ambiguous):
        yield "programs read its file differently; repair the file first"
    for name in server.wrappers:
        if program(name) in ELEVATING:
            yield f"it is started with more rights, by `{name[:_SHOWN]}`; mcpi never does that"
        if program(name) != "cmd":
            yield f"it is started through `{name[:_SHOWN]}`, which can't be kept"
    if unwrap(server.argv).variables:
        yield "its command sets variables; write them into its environment"
    for hit in loading.check(server):
        yield f"{hit.message}; take it out first"
    for one in server.variables:
        yield from _of_variable(one)
    yield from _of_fields(server)
    if _has_secret_argument(server, facts):
        yield "one of its arguments holds a secret, which every user of the machine can read"


def _of_fields(server: AuditedServer) -> Iterator[str]:
    """Yield the fields by which something else may start, today or later."""
    for key in FROM_ELSEWHERE:
        if server.others.get(key):
            yield f"`{key}` brings variables or code that nobody can see in the entry"
    if any(map(is_secret_itself, server.others)):
        yield "a secret stands in the place of a field's name"
    if is_own_kind(server.others):
        yield "its host starts something of its own for it"


def _meet(one: str, other: str) -> bool:
    """Tell whether one of two JSON pointers leads to, or into, the other's place."""
    return f"{one}/".startswith(f"{other}/") or f"{other}/".startswith(f"{one}/")


def _has_secret_argument(server: AuditedServer, facts: FileFacts) -> bool:
    """Tell whether a word of the command is a secret, or is named like one, in whatever form.

    Arguments become inputs, which are shown, recorded and passed on: here a doubt is enough.
    """
    pointers = {value.pointer for value in server.argv}
    if any(hit.pointer in pointers for hit in secret_values.check(server, facts)):
        return True
    named = [(option.name.lstrip("-"), option.text) for option in options(server)]
    named += [(pair[1], pair[2]) for _, text in named if (pair := _PAIR.fullmatch(text))]
    return any(
        text and (is_secret_name(name) or secret_values.is_credential_header(name))
        for name, text in named
    )


def _of_variable(variable: Variable) -> Iterator[str]:
    """Yield why a variable can't stay in an entry of ours."""
    name = variable.name
    if name.upper() == "PYTHONPATH":  # also an empty one: what it becomes later, nobody compares
        yield "the variable `PYTHONPATH` makes programs load other code; take it out first"
    if _INDEXES.fullmatch(name.upper()):
        yield f"`{name[:_SHOWN]}` chooses where its packages come from, or which"
    if not is_environment_variable(name):
        yield "it sets a variable whose name is none"
    if is_secret_itself(name):  # names are shown and recorded
        yield "a secret stands in the place of a variable's name"


def _other(found: Fetch) -> str:
    package = found.packages[0]
    if package.kind is Kind.NPM:
        pin = "" if package.pin is Pin.EXACT else "; `mcpi audit` says how to name its version"
        return f"it is an npm package, which can't be installed yet{pin}"
    return {
        Kind.IMAGE: "it runs in a container, which mcpi does not manage",
        Kind.LOCAL: "it starts files of this machine",
    }.get(package.kind, f"mcpi can't install what `{found.runner}` runs yet")


def _of_python(server: AuditedServer, found: Fetch) -> Launch | str:
    main, *others = found.packages
    if others:
        return f"it adds `{others[0].shown[:_SHOWN]}` to the package (`--with`)"
    for option in found.options:
        if option.name not in _HARMLESS | _TAKEN:
            return f"`{option.name[:_SHOWN]}` of `{found.runner}` can't be kept"
    if main.kind is not Kind.PYPI:
        return "it comes from an address or a file, not from a package index"
    if identifier_fault("pypi", main.name):
        return "it names no package"
    if "[" in main.value.text:
        return "it wants extras of the package, which are not a part of what is locked"
    if problem := _texts(server, found):
        return problem
    python = next((one.text for one in found.all("-p", "--python")), None)
    if python is not None and not (_PYTHON.fullmatch(python) or python.startswith("/")):
        return f"the interpreter `{python[:_SHOWN]}` can't be told"
    exact = main.pin is Pin.EXACT
    ranged = main.pin is Pin.FLOATING and main.version[:1] in {"<", ">", "~", "!", "="}
    return Launch(
        runner=found.runner,
        package=normalized_package(main.name),
        version=main.version.removeprefix("v") if exact else "",
        specifier=main.version if ranged else "",
        script=_script(server, found, main),
        arguments=tuple(one.text for one in found.arguments),
        python=python,
    )


def _texts(server: AuditedServer, found: Fetch) -> str:
    """Return what keeps the words behind the runner from meaning what they say."""
    for value in (*(one.value for one in found.packages), *found.arguments):
        if holds_reference(value.text):
            return f"the host fills in a part of `{value.text[:_SHOWN]}`"
        if not all(is_plain(char) for char in value.text):
            return "an argument holds characters that can't be seen"
    lengths = [len(one.text.encode("utf-8", "surrogatepass")) for one in found.arguments]
    if max(lengths, default=0) > _LONGEST or sum(lengths) > _MOST:
        return "its arguments are longer than any that a program is started with"
    if found.all("--from", "--spec") and not _script(server, found, found.packages[0]):
        return "it names no program of the package"
    return ""


def _script(server: AuditedServer, found: Fetch, main: Package) -> str:
    """Return the program of the package that is started; empty where there is none."""
    if not found.all("--from", "--spec"):
        return normalized_package(main.name)
    word = server.launch[len(server.launch) - len(found.arguments) - 1]
    is_option = word.text[:1] == "-" or word is main.value
    return "" if is_option else word.text
