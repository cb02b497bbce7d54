"""The table of commands.  A command's module is loaded only when it is the one asked for."""

from __future__ import annotations

from collections.abc import Sequence

from mcpinstall.cli.command import Command, Function
from mcpinstall.cli.manifest_commands import MANIFEST_COMMANDS
from mcpinstall.cli.owner_commands import OWNER_COMMANDS
from mcpinstall.cli.update_commands import UPDATE_COMMANDS


def _install() -> Function:
    from mcpinstall.cli.install import install

    return install


def _adopt() -> Function:
    from mcpinstall.cli.adopt import adopt

    return adopt


def _uninstall() -> Function:
    from mcpinstall.cli.uninstall import uninstall

    return uninstall


def _reinstall() -> Function:
    from mcpinstall.cli.reinstall import reinstall

    return reinstall


def _configure() -> Function:
    from mcpinstall.cli.configure import configure

    return configure


def _undo() -> Function:
    from mcpinstall.cli.undo import undo

    return undo


def _history() -> Function:
    from mcpinstall.cli.history import history

    return history


def _list() -> Function:
    from mcpinstall.cli.installed import installed

    return installed


def _show() -> Function:
    from mcpinstall.cli.show import show

    return show


def _search() -> Function:
    from mcpinstall.cli.search import search

    return search


def _hosts() -> Function:
    from mcpinstall.cli.hosts import hosts

    return hosts


def _test() -> Function:
    from mcpinstall.cli.try_out import try_out

    return try_out


def _verify() -> Function:
    from mcpinstall.cli.verify import verify

    return verify


def _doctor() -> Function:
    from mcpinstall.cli.doctor import doctor

    return doctor


def _audit() -> Function:
    from mcpinstall.cli.audit import audit

    return audit


def _why() -> Function:
    from mcpinstall.cli.why import why

    return why


def _secret_set() -> Function:
    from mcpinstall.cli.secret import store

    return store


def _secret_list() -> Function:
    from mcpinstall.cli.secret import listed

    return listed


def _secret_remove() -> Function:
    from mcpinstall.cli.secret import remove

    return remove


def _run() -> Function:
    from mcpinstall.cli.start import run

    return run


def _policy_show() -> Function:
    from mcpinstall.cli.policy import show

    return show


def _policy_check() -> Function:
    from mcpinstall.cli.policy import check

    return check


def _cache_size() -> Function:
    from mcpinstall.cli.cache import size

    return size


def _cache_prune() -> Function:
    from mcpinstall.cli.cache import prune

    return prune


def _registry_add() -> Function:
    from mcpinstall.cli.registry import add

    return add


def _registry_remove() -> Function:
    from mcpinstall.cli.registry import remove

    return remove


def _registry_list() -> Function:
    from mcpinstall.cli.registry import listed

    return listed


def _registry_refresh() -> Function:
    from mcpinstall.cli.registry import refresh

    return refresh


_CHANGE, _LOOK, _UPKEEP = "Change", "Look", "Check and keep up"

COMMANDS = (
    Command(
        "install", "Verify servers, ask once, install them", _CHANGE, _install,
        (
            "mcpi install time",
            "mcpi install git --host cursor --set repository=~/code/app",
            "mcpi install git --dry-run",
        ),
        passes_arguments=True,
    ),
    Command(
        "adopt", "Take over servers that hosts fetch themselves", _CHANGE, _adopt,
        ("mcpi adopt", "mcpi adopt time --dry-run", "mcpi adopt --all --host cursor"),
    ),
    Command(
        "uninstall", "Take servers out of hosts", _CHANGE, _uninstall,
        ("mcpi uninstall time", "mcpi uninstall git --host cursor"), ("remove", "rm"),
    ),
    Command(
        "reinstall", "Build a server's environment again", _CHANGE, _reinstall,
        ("mcpi reinstall time", "mcpi reinstall time --python 3.13"),
    ),
    Command(
        "configure", "Give an installed server other inputs", _CHANGE, _configure,
        ("mcpi configure git --set repository=~/code/other",), passes_arguments=True,
    ),
    *UPDATE_COMMANDS,
    Command(
        "undo", "Take the last change back", _CHANGE, _undo,
        ("mcpi undo", "mcpi undo 20261122T134501Z-0423f9a12"),
    ),
    Command(
        "secret set", "Keep a secret of a server in the keyring", _CHANGE, _secret_set,
        ("mcpi secret set github TOKEN", "mcpi secret set github TOKEN --stdin < token.txt"),
    ),
    Command(
        "secret remove", "Take a secret out of the keyring", _CHANGE, _secret_remove,
        ("mcpi secret remove github TOKEN",),
    ),
    Command(
        "secret list", "List secrets and where they are", _LOOK, _secret_list,
        ("mcpi secret list", "mcpi secret list github --json"),
    ),
    Command("list", "List what is installed", _LOOK, _list, ("mcpi list --json",), ("ls",)),
    Command(
        "show", "Show who vouches for a server, and its inputs", _LOOK, _show,
        ("mcpi show git",), ("info",),
    ),
    Command("search", "Find servers", _LOOK, _search, ("mcpi search repository",)),
    Command(
        "hosts", "List hosts and their files", _LOOK, _hosts, ("mcpi hosts", "mcpi hosts --all")
    ),
    Command(
        "why", "Say why a server is here and how it starts", _LOOK, _why,
        ("mcpi why time", "mcpi why github --json"),
    ),
    Command("history", "List the last changes", _LOOK, _history, ("mcpi history",)),
    Command(
        "run", "Start a server with its secrets, as a host does", _UPKEEP, _run,
        ("mcpi run github", "mcpi run git -- --repository ~/code/app"), passes_arguments=True,
    ),
    Command("test", "Start a server once, compare its tools", _UPKEEP, _test, ("mcpi test time",)),
    Command(
        "verify", "Check what is installed, down to every file", _UPKEEP, _verify,
        ("mcpi verify", "mcpi verify time --fetch"),
    ),
    Command(
        "audit", "Say what is unsafe in hosts' files; runs nothing", _UPKEEP, _audit,
        (
            "mcpi audit",
            "mcpi audit .mcp.json --format sarif",
            "mcpi audit - --host cursor < mcp.json",
            "mcpi audit --fix --unsafe-fix pin",
        ),
    ),
    Command(
        "doctor", "Say what is wrong here, and what to do", _UPKEEP, _doctor,
        ("mcpi doctor", "mcpi doctor --full --json"),
    ),
    Command(
        "policy show", "Show which rules hold here, and whose", _UPKEEP, _policy_show,
        ("mcpi policy show", "mcpi policy show --json"),
    ),
    Command(
        "policy check", "Check policy files, and servers by them", _UPKEEP, _policy_check,
        ("mcpi policy check", "mcpi policy check time"),
    ),
    Command(
        "registry add", "Trust a registry whose root you confirm", _CHANGE, _registry_add,
        ("mcpi registry add corp https://mcp.example.com/registry --root 1.root.json",),
    ),
    Command(
        "registry remove", "Trust a registry no more", _CHANGE, _registry_remove,
        ("mcpi registry remove corp",),
    ),
    Command(
        "registry list", "List registries and how fresh they are", _LOOK, _registry_list,
        ("mcpi registry list",),
    ),
    Command(
        "registry refresh", "Ask registries what is new", _UPKEEP, _registry_refresh,
        ("mcpi registry refresh", "mcpi registry refresh corp"),
    ),
    *OWNER_COMMANDS,
    Command(
        "cache size", "Say how much downloads take", _UPKEEP, _cache_size, ("mcpi cache size",)
    ),
    Command(
        "cache prune", "Delete downloads", _UPKEEP, _cache_prune, ("mcpi cache prune --days 30",)
    ),
    *MANIFEST_COMMANDS,
)  # fmt: skip


def find(arguments: Sequence[str]) -> tuple[Command, Sequence[str]] | None:
    """Return the command that `arguments` begin with, and the rest of them."""
    for command in COMMANDS:
        words = command.name.split()
        if list(arguments[: len(words)]) == words:
            return command, arguments[len(words) :]
        if arguments[:1] and arguments[0] in command.aliases:
            return command, arguments[1:]
    return None


def overview() -> str:
    """Return the help of `mcpi` itself."""
    room = max(len(command.name) for command in COMMANDS) + 2
    lines = [
        "Usage: mcpi COMMAND [OPTIONS] [ARGUMENTS]",
        "",
        "Install MCP servers from verified bytes, after one question.",
    ]
    for group in dict.fromkeys(command.group for command in COMMANDS):
        lines += ["", f"{group}:"]
        lines += [
            f"  {command.name:{room}}{command.summary}"
            for command in COMMANDS
            if command.group == group
        ]
    lines += [
        "",
        "Options:",
        f"  {'-h, --help':{room}}Show this; `mcpi COMMAND --help` shows a command's options",
        f"  {'-V, --version':{room}}Show the version",
        "",
        "Example:",
        "  mcpi install time",
    ]
    return "\n".join(lines)


def help_of_family(arguments: Sequence[str]) -> str:
    """Return the help of commands that share their first word; empty where that is not asked."""
    if list(arguments[1:]) not in (["--help"], ["-h"]):
        return ""
    family = _family(arguments[0])
    if not family:
        return ""
    room = max(len(command.name) for command in family) + 2
    lines = [f"Usage: mcpi {arguments[0]} COMMAND [OPTIONS] [ARGUMENTS]", "", "Commands:"]
    lines += [f"  {command.name:{room}}{command.summary}" for command in family]
    lines += ["", f"`mcpi {family[0].name} --help` shows the options of one.", "", "Example:"]
    return "\n".join([*lines, f"  {family[0].examples[0]}"])


def _family(word: str) -> tuple[Command, ...]:
    return tuple(command for command in COMMANDS if command.name.startswith(f"{word} "))


def unknown(arguments: Sequence[str]) -> tuple[str, str]:
    """Return fact and hint for words that are no command."""
    import difflib

    word = arguments[0]
    family = _family(word)
    every = [name for command in COMMANDS for name in (command.name, *command.aliases)]
    hint = "`mcpi --help` lists all commands"
    if family:
        hint = f"`mcpi {word} --help` lists them"
        if len(arguments) == 1 or arguments[1].startswith("-"):
            return f"`mcpi {word}` needs one more word", hint
        word = f"{word} {arguments[1]}"
        every = [command.name for command in family]
    if word.startswith("-"):
        return f"`mcpi` has no option `{word}`", "options stand behind the command: `mcpi --help`"
    near = difflib.get_close_matches(word, every, n=2)
    hint = f"did you mean `{'` or `'.join(near)}`?" if near else hint
    return f"there is no command `{word}`", hint
