"""How programs that only start another one are called: where its command line begins."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias

from mcpinstall.model.audited import Value
from mcpinstall.rules.audit.options import read
from mcpinstall.rules.audit.runner_options import BUN, NPM, PIPX, PNPM, UV, YARN
from mcpinstall.rules.audit.words import program
from mcpinstall.rules.audit.wrapper_env import Inner, Words, assigned, read_env, skip

ELEVATING = frozenset({"sudo", "doas", "pkexec", "su", "run0", "runas", "gsudo"})
"""Programs that start another one with more rights."""

Reader: TypeAlias = Callable[[str, Words], Inner | None]
"""Reads name and arguments of a wrapper."""


# Options, then a program -------------------------------------------------------------------------


def _options(valued: str = "", *, positionals: int = 0) -> Reader:
    """Return a reader of `NAME [options] [so many positionals] PROGRAM …`."""
    options = frozenset(valued.split())

    def taken_off(name: str, words: Words) -> Inner:
        at = skip(words, options) + positionals
        return Inner(name, words[at + (_text(words, at) == "--") :])

    return taken_off


def _assigning(valued: str = "") -> Reader:
    """Return a reader of `NAME [options] [A=b …] PROGRAM …`."""
    options = frozenset(valued.split())

    def taken_off(name: str, words: Words) -> Inner:
        return assigned(name, words[skip(words, options) :])

    return taken_off


def _scripted(names: str, valued: str, other: Reader | None = None) -> Reader:
    """Return a reader of a wrapper that gets a script for a shell as an option's value."""
    options = frozenset(names.split())
    every = frozenset(valued.split())

    def taken_off(name: str, words: Words) -> Inner | None:
        at = 0
        while at < len(words) and words[at].text not in {"--", "--args"}:
            option, is_glued, text = words[at].text.partition("=")
            if option in options and (is_glued or at + 1 < len(words)):
                given = Value(text=text, pointer=words[at].pointer) if is_glued else words[at + 1]
                return Inner(name, _shell(given))
            at += 2 if option in every and not is_glued else 1
        return other(name, words) if other else None

    return taken_off


def _shell(script: Value) -> Words:
    return (*(Value(text=one, pointer=script.pointer) for one in ("sh", "-c")), script)


def _runas(name: str, words: Words) -> Inner:
    at = next((n for n, one in enumerate(words) if one.text[:1] not in {"/", "-"}), len(words))
    return Inner(name, words[at:])


def _start(name: str, words: Words) -> Inner:
    """Read `start "title" /b /d FOLDER PROGRAM …` of Windows."""
    at, is_titled = 0, False
    while at < len(words):
        text = words[at].text
        if text[:1] == "/":
            at += 2 if text.lower() in {"/d", "/node", "/affinity"} else 1
        elif not is_titled and (" " in text or not text):
            at, is_titled = at + 1, True
        else:
            break
    return Inner(name, words[at:])


def _setarch(name: str, words: Words) -> Inner:
    """Read `setarch [ARCH] [options] PROGRAM …`."""
    behind = words[1:]  # the architecture, or an option: none of these takes a value
    return Inner(name, behind[skip(behind, frozenset()) :])


def _text(words: Sequence[Value], at: int) -> str:
    return words[at].text if at < len(words) else ""


# A verb, then a program --------------------------------------------------------------------------


def _after_dashes(verb: str) -> Reader:
    """Return a reader of `NAME VERB … -- PROGRAM …`."""

    def taken_off(name: str, words: Words) -> Inner | None:
        end = next((n for n, one in enumerate(words) if one.text == "--"), None)
        if end is None or (verb and verb not in {one.text for one in words[:end]}):
            return None
        return Inner(name, words[end + 1 :])

    return taken_off


def _verb(verbs: str, valued: str = "", *, positionals: int = 0) -> Reader:
    """Return a reader of `NAME [options] VERB [options] [so many positionals] PROGRAM …`.

    What follows is a program only where it is one that starts others: else it is the wrapper's.
    """
    options = frozenset(valued.split())
    known = frozenset(verbs.split())

    def taken_off(name: str, words: Words) -> Inner | None:
        at = skip(words, options)
        if _text(words, at) not in known:
            return None
        at += 1 + skip(words[at + 1 :], options) + positionals
        return _started(name, words[at + (_text(words, at) == "--") :])

    return taken_off


def _with_tools(name: str, words: Words) -> Inner | None:
    """Read `mise exec node@22 -- PROGRAM …`, and `-c SCRIPT`."""
    if _text(words, 0) not in {"exec", "x"}:
        return None
    return _scripted("-c --command", "-C -j", _after_dashes(""))(name, words)


def _dotenvx(name: str, words: Words) -> Inner | None:
    found = _after_dashes("run")(name, words)
    if found or not words or words[0].text != "run":
        return found
    return Inner(name, words[1 + skip(words[1:], frozenset({"-f", "-fk", "-e", "--env"})) :])


def _dotenv(name: str, words: Words) -> Inner | None:
    """Read `dotenv -e FILE -- PROGRAM` (Node) and `dotenv -f FILE run -- PROGRAM` (Python)."""
    at = skip(words, frozenset({"-e", "-f", "-c", "-v", "-p", "--file"}))
    if at < len(words) and words[at].text == "run":
        at += 1
    at += 1 if at < len(words) and words[at].text == "--" else 0
    return Inner(name, words[at:]) if at else None


def _envmcp(name: str, words: Words) -> Inner:
    return Inner(name, words[skip(words, frozenset({"-e", "--env-file"})) :])


# Packages that start a program -------------------------------------------------------------------

_STARTING = frozenset({
    "deno", "dx", "pip", "pip3", "python", "python3", "py", "pypy", "pypy3", "node", "nodejs",
    "tsx", "ts-node", "ruby", "perl", "php", "java", "docker", "podman", "nerdctl", "go",
    "cargo", "nix", "dnx", "dotnet", "sh", "bash", "zsh", "dash", "ash", "ksh", "fish", "cmd",
    "powershell", "pwsh",
})  # fmt: skip
"""Programs whose arguments say what is run, wrappers besides."""


def _started(name: str, words: Words) -> Inner | None:
    """Return words that begin with a program which fetches, runs code, or starts another one."""
    if not words:
        return None
    first = program(words[0].text)
    if first.startswith("python3."):
        first = "python3"
    return Inner(name, words) if first in _STARTING or first in TAKEN_OFF else None


def _packaged(name: str, words: Words) -> Inner | None:
    """Return what a package starts: it is a wrapper, or itself a program that starts others."""
    found = re.match(r"@?[^@=<>~![]{1,214}", _text(words, 0))
    package = found[0] if found else ""
    if package in _PACKAGED:
        return _PACKAGED[package](package, words[1:])
    if not package or "/" in package:  # `@scope/npx` is not `npx`
        return None
    return _started(name, (Value(text=package, pointer=words[0].pointer), *words[1:]))


def _bridged(name: str, words: Words) -> Inner | None:
    """Read a bridge that starts a server itself: `mcp-proxy --port 80 -- uvx a`."""
    found = _after_dashes("")(name, words)
    return found or _started(name, words[skip(words, frozenset({"--port", "--host"})) :])


_PACKAGED: Mapping[str, Reader] = {
    "envmcp": _envmcp,
    "@dotenvx/dotenvx": _dotenvx,
    "dotenv-cli": _dotenv,
    "cross-env": _assigning(),
    "supergateway": _scripted("--stdio", ""),
    "mcpo": _after_dashes(""),
    "mcp-proxy": _bridged,
    "@modelcontextprotocol/inspector": _bridged,
}
"""Wrappers that `npx` and its like start, by package."""


def _npm_like(name: str, words: Words) -> Inner | None:
    """Read what `npx`, `bunx`, `pnpm dlx` or `npm exec` start."""
    grammar, verbs = _FETCHING[name]
    rest = read(words, grammar).rest
    if verbs:
        if not rest or rest[0].text not in verbs:
            return None
        rest = read(rest[1:], grammar).rest
    return _packaged(name, rest)


_FETCHING = {
    "npx": (NPM, ""), "bunx": (BUN, ""), "pnpx": (PNPM, ""), "pnx": (PNPM, ""),
    "npm": (NPM, ("exec", "x")), "pnpm": (PNPM, ("dlx", "exec")), "yarn": (YARN, ("dlx", "exec")),
    "bun": (BUN, ("x",)),
}  # fmt: skip


def _uv(_: str, words: Words) -> Inner | None:
    """Read `uv run PROGRAM …` and `uv tool run PROGRAM …`."""
    rest = read(words, UV).rest
    verbs = [one.text for one in rest[:2]]
    if verbs == ["tool", "run"]:
        return _uvx("uv tool run", rest[2:])
    if verbs[:1] != ["run"]:
        return None
    found = read(rest[1:], UV)
    is_file = found.has("-m", "--module", "-s", "--script", "--gui-script")
    return None if is_file else _started("uv run", found.rest)


def _uvx(name: str, words: Words) -> Inner | None:
    return _packaged(name, read(words, UV).rest)


def _pipx(name: str, words: Words) -> Inner | None:
    rest = read(words, PIPX).rest
    return _packaged(name, read(rest[1:], PIPX).rest) if _text(rest, 0) == "run" else None


def _corepack(name: str, words: Words) -> Inner | None:
    """Read `corepack pnpm@9 dlx …`."""
    return _packaged(name, words)


def _wsl(name: str, words: Words) -> Inner | None:
    """Read `wsl -d NAME --cd DIR -e PROGRAM …`; without `-e`, a shell reads the words."""
    valued = frozenset({"-d", "--distribution", "-u", "--user", "--cd", "--shell-type"})
    at = 0
    while at < len(words) and (words[at].text[:1] == "-" or words[at].text == "~"):
        text = words[at].text
        at += 2 if text in valued else 1
        if text in {"-e", "--exec", "--"}:
            break
    return Inner(name, words[at:])


TAKEN_OFF: Mapping[str, Reader] = {
    "env": read_env,
    "busybox": _options(),
    "toybox": _options(),
    "nice": _options("-n --adjustment"),
    "ionice": _options("-c -n --class --classdata"),
    "chrt": _options("-T -P -D", positionals=1),
    "taskset": _options(positionals=1),
    "nohup": _options(),
    "setsid": _options(),
    "setarch": _setarch,
    "linux32": _options(),
    "linux64": _options(),
    "time": _options("-f -o"),
    "timeout": _options("-k -s --kill-after --signal", positionals=1),
    "gtimeout": _options("-k -s --kill-after --signal", positionals=1),
    "stdbuf": _options("-i -o -e --input --output --error"),
    "gstdbuf": _options("-i -o -e --input --output --error"),
    "unbuffer": _options(),
    "caffeinate": _options("-t -w"),
    "arch": _options("-e -d"),
    "xargs": _options("-a -d -E -I -L -n -P -s --arg-file --delimiter --max-args --max-procs"),
    "watch": _options("-n --interval"),
    "strace": _options("-a -b -e -E -I -o -O -p -P -s -S -u -U -X"),
    "unshare": _options("-S -G -R -w --setuid --setgid --root --wd"),
    "setpriv": _options("--reuid --regid --groups --inh-caps --ambient-caps --bounding-set"),
    "prlimit": _options("-p -o --pid --output"),
    "systemd-run": _options("-u -p -E -t -M -H --unit --property --slice --setenv --machine"),
    "firejail": _options(),
    "proxychains": _options("-f"),
    "proxychains4": _options("-f"),
    "torsocks": _options("-a -P -u -p"),
    "tini": _options("-e -p"),
    "dumb-init": _options("-r"),
    "catchsegv": _options(),
    "chroot": _options(positionals=1),
    "gosu": _options(positionals=1),
    "su-exec": _options(positionals=1),
    "exec": _options("-a"),
    "command": _options(),
    "builtin": _options(),
    "eval": _options(),
    "!": _options(),
    "winpty": _options(),
    "start": _start,
    "wsl": _wsl,
    "script": _scripted("-c --command -qc -qec -ec -qfc", "-E -I -O -B -T -m -o"),
    "flock": _scripted("-c --command", "-E -w", _options("-E -w", positionals=1)),
    "flatpak-spawn": _options(),
    "distrobox-host-exec": _options(),
    "cross-env": _assigning(),
    "cross-env-shell": _assigning(),
    "sudo": _assigning("-u -g -h -p -C -r -t -T -U -D -R --user --group --host --prompt --chdir"),
    "doas": _assigning("-u -C -a"),
    "pkexec": _assigning("--user"),
    "run0": _assigning("-u -g -D --user --group --chdir --setenv --property --slice --nice"),
    "gsudo": _assigning("-u --user --loglevel -i --integrity"),
    "su": _scripted("-c --command --session-command", "-g -G -s -w"),
    "runas": _runas,
    "dotenvx": _dotenvx,
    "dotenv": _dotenv,
    "envmcp": _envmcp,
    "supergateway": _scripted("--stdio", ""),
    "mcpo": _after_dashes(""),
    "mcp-proxy": _bridged,
    "op": _after_dashes("run"),
    "doppler": _scripted("--command", "-t -p -c --token --project --config", _after_dashes("run")),
    "infisical": _scripted("--command", "-e --env --token --path", _after_dashes("run")),
    "varlock": _after_dashes("run"),
    "teller": _after_dashes("run"),
    "bws": _after_dashes("run"),
    "secretspec": _after_dashes("run"),
    "phase": _verb("run", "--env --app --tags --path"),
    "chamber": _after_dashes("exec"),
    "aws-vault": _after_dashes("exec"),
    "envchain": _options(positionals=1),
    "direnv": _verb("exec", positionals=1),
    "mise": _with_tools,
    "rtx": _with_tools,
    "asdf": _verb("exec"),
    "volta": _verb("run", "--node --npm --pnpm --yarn --env"),
    "fnm": _verb("exec", "--using --fnm-dir --node-dist-mirror"),
    "corepack": _corepack,
    "conda": _verb("run", "-n -p --name --prefix --cwd"),
    "mamba": _verb("run", "-n -p --name --prefix --cwd"),
    "micromamba": _verb("run", "-n -p -r -a -e --name --prefix --cwd --root-prefix"),
    "poetry": _verb("run", "-C -P --directory --project"),
    "pdm": _verb("run", "-p -C --project --venv"),
    "rye": _verb("run"),
    "pixi": _verb("run exec", "-e -s -c --environment --spec --manifest-path --channel"),
    "pipenv": _verb("run"),
    "hatch": _verb("run", "-e -p --env --project"),
    "bundle": _verb("exec"),
    "uv": _uv,
    "uvx": _uvx,
    "pipx": _pipx,
    **dict.fromkeys(_FETCHING, _npm_like),
}
"""Wrappers, by name."""
WITH_ARGUMENTS = _STARTING | {"curl", "wget", *TAKEN_OFF}
"""Programs that one with a blank behind it is no part of a path's name."""
