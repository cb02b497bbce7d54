"""MA208 and MA209: the program, or the script that it is given, is a file others can replace."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache

from mcpinstall.model.audited import AuditedServer, FileScope, Value
from mcpinstall.model.finding import Severity
from mcpinstall.rules.audit import paths
from mcpinstall.rules.audit.fetched import Fetch
from mcpinstall.rules.audit.fetches import fetches
from mcpinstall.rules.audit.machine_facts import NOTHING, MachineFacts
from mcpinstall.rules.audit.options import Grammar, read
from mcpinstall.rules.audit.pins import fetch
from mcpinstall.rules.audit.rule import Hit, rule
from mcpinstall.rules.audit.runner_options import NODE
from mcpinstall.rules.audit.shells import powershell_file
from mcpinstall.rules.audit.specs import Pin
from mcpinstall.rules.audit.unwrap import unwrap
from mcpinstall.rules.audit.words import program

REPLACEABLE = rule(
    208, "replaceable-executable", Severity.HIGH, "Others can replace what is started", cwe=732
)
REPOSITORY_CODE = rule(
    209, "repo-relative-code", Severity.MEDIUM, "A project's file starts code of the project",
    cwe=829,
)  # fmt: skip
RULES = (REPLACEABLE, REPOSITORY_CODE)

_INTERPRETERS = frozenset({
    "python", "pypy", "py", "node", "nodejs", "tsx", "ts-node", "bun", "ruby", "perl", "php", "sh",
    "bash", "zsh", "dash", "fish", "lua", "rscript", "osascript",
})  # fmt: skip
_VALUED = Grammar(
    valued=frozenset({
        "-W", "-X", "-r", "--require", "--import", "--loader", "--env-file",
    }),
)  # fmt: skip
_NO_FILE = frozenset({"-c", "-e", "-m", "-p", "--eval", "--print"})
_BUILDERS = frozenset({"make", "just", "task", "gradlew", "mvnw", "rake"})
_SCRIPT = re.compile(r"[^\s:]{1,1000}\.(?:py|js|mjs|cjs|ts|mts|sh|ps1|rb|pl|php|jar|bat|cmd|lua|R)")


def files(server: AuditedServer) -> tuple[Value, ...]:
    """Return everything of `executed`, and folders and files whose code a runner starts."""
    return (*executed(server), *_folders(server))


def executed(server: AuditedServer) -> tuple[Value, ...]:
    """Return the program, and the script or archive that an interpreter is given."""
    return _executed(server.argv)


@lru_cache(maxsize=8)  # several rules ask about one server, then all about the next
def _executed(argv: tuple[Value, ...]) -> tuple[Value, ...]:
    return tuple(_each_executed(unwrap(argv).launch))


def _each_executed(launch: Sequence[Value]) -> Iterator[Value]:
    if not launch:
        return
    yield launch[0]
    script = _script(launch)
    if script is not None:
        yield script
    yield from _loaded(launch)


def _loaded(launch: Sequence[Value]) -> Iterator[Value]:
    """Yield files that Node loads before the script."""
    if program(launch[0].text) in {"node", "nodejs", "tsx", "ts-node", "bun"}:
        for one in read(launch[1:], NODE).all("-r", "--require", "--import", "--loader"):
            if paths.is_absolute(one.text):
                yield one.given


def _folders(server: AuditedServer) -> Iterator[Value]:
    """Yield folders and files whose code a runner starts: `uv --directory`, `uvx --from`."""
    for fetched in fetches(server):
        if fetched.runner in {"uv run", "uvx", "uv tool run"}:
            named = fetched.all("--directory", "--project")
            yield from (one.value for one in named if one.value is not None)
        yield from (one.value for one in fetched.packages if one.pin is Pin.LOCAL)


def check(server: AuditedServer, facts: MachineFacts = NOTHING) -> Iterator[Hit]:
    """Yield one hit of each rule: the first file at fault."""
    yield from _replaceable(server, facts)
    is_asked = server.scope is FileScope.PROJECT and not facts.is_approved
    if is_asked and not _starts_elsewhere(server):
        yield from _of_repository(server)


def _script(launch: Sequence[Value]) -> Value | None:
    """Return the file that an interpreter runs."""
    name = program(launch[0].text).rstrip("0123456789.")
    fetched = fetch(launch)
    if fetched is not None and fetched.runner == "uv run":
        return _script_of_uv(fetched.arguments)
    if name not in _INTERPRETERS:
        return powershell_file(launch)
    found = read(launch[1:], _VALUED)
    if any(one.name in _NO_FILE for one in found.options):
        return None
    verb = [one.text for one in found.rest[:1]]
    rest = found.rest[1:] if name == "bun" and verb == ["run"] else found.rest
    return rest[0] if rest else None


def _script_of_uv(arguments: Sequence[Value]) -> Value | None:
    """Return the file among `uv run`'s words; a program that it starts was unwrapped before."""
    for one in arguments[:1]:
        return one if _SCRIPT.fullmatch(one.text[:1024]) or "/" in one.text[:1024] else None
    return None


# MA208 -------------------------------------------------------------------------------------------


def _replaceable(server: AuditedServer, facts: MachineFacts) -> Iterator[Hit]:
    every = files(server)
    for one in every:
        why, where = _replaceable_by(one.text, facts)
        if why:
            yield Hit(
                rule=REPLACEABLE, pointer=one.pointer,
                message=f"`{paths.shown(one.text)}` {why}",
                fix=f"chmod go-w {paths.typed(where)}" if where
                else "move it to a folder of your own",
            )  # fmt: skip
            return
    for one in every[:1]:
        state = facts.found.get(one.text)
        if state is not None and state.writable:
            yield Hit(
                rule=REPLACEABLE, pointer=one.pointer, severity=Severity.LOW,
                message=f"`{paths.shown(one.text)}` is `{paths.shown(state.resolved)}` on this "
                f"PATH, and can be replaced by other users: `{paths.shown(state.writable)}`",
                fix=f"chmod go-w {paths.typed(state.writable)}",
            )  # fmt: skip


def _replaceable_by(text: str, facts: MachineFacts) -> tuple[str, str]:
    """Return why others can replace a file, and which path is too open."""
    if paths.is_shared(text):
        return "is in a folder for temporary or downloaded files", ""
    state = facts.paths.get(text)
    if state is None:
        return "", ""
    if paths.is_shared(state.resolved):
        return "leads to a folder for temporary or downloaded files", ""
    if state.writable:
        return f"can be replaced by other users: `{paths.shown(state.writable)}`", state.writable
    return "", ""


# MA209 -------------------------------------------------------------------------------------------


def _starts_elsewhere(server: AuditedServer) -> bool:
    """Tell whether relative paths are those of another folder: of `cwd`, of `uv --directory`."""
    named = [one.value for fetched in fetches(server) for one in fetched.all("--directory")]
    folders = [one.text for one in (server.directory, *named) if one is not None]
    known = [one for one in folders if paths.is_of_project(one) or (one and not _is_relative(one))]
    return any(not paths.is_of_project(one) for one in known[-1:])


def _of_repository(server: AuditedServer) -> Iterator[Hit]:
    found = next(_local_code(server), None)
    if found is not None:
        yield Hit(
            rule=REPOSITORY_CODE, pointer=found.pointer,
            message=f"whoever changes the project changes what is started: "
            f"`{paths.shown(found.text)}`",
            fix="review the code, then approve the server; or start an installed one",
        )  # fmt: skip


def _local_code(server: AuditedServer) -> Iterator[Value]:
    launch = unwrap(server.argv).launch
    if not launch:
        return
    first, *rest = launch
    if _is_relative(first.text) and re.search(r"[/\\]", first.text[: paths.LONGEST_PATH]):
        yield first
    yield from (one for one in executed(server)[1:] if _is_relative(one.text))
    for one in fetches(server):
        local = (package for package in one.packages if package.pin is Pin.LOCAL)
        yield from (
            package.value for package in local if _is_relative(package.value.text)
            and one.runner.split()[0] not in {"docker", "podman", "nerdctl"}
        )  # fmt: skip
        if one.runner in {"cargo run", "dotnet tool run"}:
            yield first
        if program(first.text) == "uv" and _is_of_project(one):
            yield one.arguments[0]
    yield from _task(first, rest)


def _is_of_project(fetched: Fetch) -> bool:
    """Tell whether `uv run NAME` starts what the project in the folder says."""
    if fetched.runner != "uv run" or not fetched.arguments:
        return False
    named = fetched.all("--project")
    is_other = fetched.all("--no-project", "-w", "--with")
    return not is_other and all(_is_relative(one.text) for one in named)


def _task(first: Value, rest: Sequence[Value]) -> Iterator[Value]:
    """Yield a program that runs what a file of the project says."""
    name = program(first.text)
    words = [one.text for one in rest]
    if any(paths.is_absolute(one.partition("=")[2] or one) for one in words):
        return  # `npm --prefix /absolute run start`
    verbs = [one for one in words if one[:1] != "-"]
    if name in _BUILDERS or name == "docker-compose":
        yield first
    if name in {"docker", "podman", "nerdctl"} and verbs[:1] == ["compose"]:
        yield first
    if name in {"npm", "pnpm", "yarn"} and verbs[:1] in (["run"], ["start"], ["run-script"]):
        yield first
    if name in {"poetry", "dotnet"} and verbs[:1] == ["run"]:
        yield first


def _is_relative(text: str) -> bool:
    if not text or "://" in text[:64]:
        return False
    if paths.is_of_project(text):
        return True
    return not (paths.is_absolute(text) or paths.is_placeholder(text))
