"""Lock a package on the spot: one index for its name, nothing young, every file by its digest.

What a reviewer does by hand for a certified server (`authoring`) is done here by rule, for this
platform and one Python, and nobody vouches for the result.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import quote

from mcpinstall import environments, indexes, verification
from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.model import json_text, lock_authoring, lock_text, platforms, toml_text
from mcpinstall.model.artifact import Artifact
from mcpinstall.model.environment import Interpreter
from mcpinstall.model.lock import Lock
from mcpinstall.model.manifest import PackageChoice
from mcpinstall.model.names import normalized_package
from mcpinstall.operations.context import Context
from mcpinstall.planning import selection
from mcpinstall.system import files, limits, process
from mcpinstall.system.throwaway import throwaway_folder

MINIMUM_AGE = timedelta(days=7)
"""No file of an unreviewed closure is younger: most bad releases are found in days (design §5)."""

PYTHONS = ">=3.11,<3.15"
"""Versions of Python that servers can run with."""

_PROXIES = ("ALL_PROXY", "HTTPS_PROXY", "HTTP_PROXY", "NO_PROXY", "SSL_CERT_FILE", "SSL_CERT_DIR")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A package as somebody names it."""

    identifier: str
    version: str | None
    """None for the newest that is old enough."""
    python: str | None = None
    """`--python`."""
    scripts: tuple[str, ...] = ()
    """Names of scripts that would start the server, the likeliest first; never guessed code."""
    server_name: str = ""
    """Name in an MCP registry that the package must name back (`mcp-name:`); empty for none."""
    allow_yanked: bool = False
    offline: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Locked:
    """A package with its whole closure."""

    choice: PackageChoice
    lock: Lock
    origin: str
    """sha256 of the address of the index."""
    address: str
    """That address, for people."""


def lock(wanted: Wanted, context: Context) -> Locked:
    """Resolve, fetch the package's own wheel, and choose what starts it.

    Raises:
        McpInstallError: `not-found`, `tool-failed`, `lock-invalid`, `policy-refused` for what is
            too young, `version-yanked`, `archive-refused`, `platform-unsupported` …
    """
    if wanted.offline:
        raise McpInstallError(
            ErrorCode.OFFLINE_MISSING,
            f"`{wanted.identifier}` can't be resolved without its index",
            hint="without `--offline`, or with `--lock FILE` of an earlier plan",
        )
    context.progress.step(f"resolving `{wanted.identifier}`")
    interpreter = environments.choose_interpreter(PYTHONS, context.machine, wanted.python)
    index = indexes.effective_index(context.machine, environments.uv_program())
    name = normalized_package(wanted.identifier)
    home = indexes.home_of(name, index, context.machine)
    if home is None:
        raise McpInstallError(
            ErrorCode.NOT_FOUND,
            f"no package is named `{name}` on your index (`{index.shown}`)",
            hint="a name that a model or a page made up is often one letter off; look it up first",
        )
    found = _closure(wanted, index, interpreter, context)
    require_old_enough(found, context.now)
    root = _root(found, name, interpreter)
    require_not_withdrawn(home, root, allowed=wanted.allow_yanked)
    script = examined(root, index, wanted, context)
    choice = PackageChoice(
        registry_type="pypi",
        identifier=wanted.identifier,
        version=root.version,
        script=script,
        requires_python=found.requires_python,
        platforms=(_platform(interpreter),),
    )
    address = home.source.url.text
    return Locked(
        choice=choice, lock=found, origin=json_text.digest(address), address=home.source.shown
    )


def require_old_enough(found: Lock, now: datetime) -> None:
    """Refuse a closure with a file that is younger than 7 days, or whose age nobody tells.

    Raises:
        McpInstallError: `policy-refused`, naming the files.
    """
    latest, young = now - MINIMUM_AGE, []
    top = toml_text.parse(found.text, ErrorCode.LOCK_INVALID, "pylock.toml")
    for package in top.each("packages"):
        for wheel in package.each("wheels"):
            uploaded = wheel.table.get("upload-time")
            if not isinstance(uploaded, datetime) or uploaded.tzinfo is None:
                young.append(f"{wheel.text('path')}: the index tells no time")
            elif uploaded > latest:
                young.append(f"{wheel.text('path')}: {uploaded:%Y-%m-%d %H:%M} UTC")
    if young:
        raise McpInstallError(
            ErrorCode.POLICY_REFUSED,
            "files are younger than 7 days, or of unknown age",
            hint="nobody reviewed them, so time has to: wait, or name an older version",
            evidence="\n".join(young[:50]),
        )


def examined(root: Artifact, index: indexes.Index | None, wanted: Wanted, context: Context) -> str:
    """Fetch and inspect the package's own wheel; return the script that starts the server.

    Raises:
        McpInstallError: `archive-refused`, `manifest-invalid` when no script is the one,
            `policy-refused` for a package that does not name its server.
    """
    fetched = indexes.fetch_artifacts(
        (root,),
        index=index,
        store=indexes.Store(context.paths.artifacts),
        machine=context.machine,
        progress=context.progress,
        offline=wanted.offline,
    )
    with fetched.paths[0][1].open("rb") as file:
        inspection = verification.inspect_wheel(file, root, ())
        if wanted.server_name:
            file.seek(0)
            text = verification.metadata_of(file, inspection)
            require_back_reference(text, wanted.server_name, root)
    return chosen_script([script.name for script in inspection.scripts], wanted)


def chosen_script(offered: Sequence[str], wanted: Wanted) -> str:
    """Return the script to start: the package's own name, the only one, or the one named.

    Raises:
        McpInstallError: `server-json-invalid` or `manifest-invalid` when none is the one.
    """
    name = normalized_package(wanted.identifier)
    own = [script for script in offered if normalized_package(script) == name]
    named = [script for script in wanted.scripts if script in offered]
    if wanted.scripts and not named:
        raise McpInstallError(
            ErrorCode.SERVER_JSON_INVALID,
            f"the registry's entry starts `{wanted.scripts[0]}`, which is no script of "
            f"`{wanted.identifier}`",
            hint="its publisher may mean an argument of the server; tell them, or install "
            f"`pypi:{wanted.identifier}` with the arguments behind `--`",
            evidence="\n".join(offered),
        )
    choice = [*named[:1], *own] or (offered if len(offered) == 1 else [])
    if choice:
        return choice[0]
    what = "has no script" if not offered else f"has {len(offered)} scripts"
    raise McpInstallError(
        ErrorCode.MANIFEST_INVALID,
        f"`{wanted.identifier}` {what}, and none has its name: what starts the server is not known",
        hint="it may be a library, or need a registry that says how it starts (`mcp:NAME`)",
        evidence="\n".join(offered),
    )


def require_back_reference(metadata: str, server: str, root: Artifact) -> None:
    """Refuse a package that does not say itself that it is the server (registry rule).

    Raises:
        McpInstallError: `policy-refused`.
    """
    if re.search(rf"mcp-name:\s*{re.escape(server)}(?![A-Za-z0-9._/-])", metadata):
        return
    raise McpInstallError(
        ErrorCode.POLICY_REFUSED,
        f"`{root.package}` {root.version} does not name the server `{server}` in its README",
        hint="who publishes the package did not say `mcp-name:` for this server; the registry's "
        "entry may be somebody else's",
    )


def require_not_withdrawn(home: indexes.Home, root: Artifact, *, allowed: bool) -> None:
    """Refuse a package whose wheel its index withdrew.

    Raises:
        McpInstallError: `version-yanked`.
    """
    reason = home.withdrawn(root.filename)
    if reason is not None and not allowed:
        raise McpInstallError(
            ErrorCode.VERSION_YANKED,
            f"the index withdrew `{root.filename}`" + (f" ({reason})" if reason else ""),
            hint="name another version, or read the reason and use `--allow yanked`",
        )


def _closure(
    wanted: Wanted, index: indexes.Index, interpreter: Interpreter, context: Context
) -> Lock:
    python = _minor(interpreter)
    latest = (context.now - MINIMUM_AGE).strftime("%Y-%m-%dT%H:%M:%SZ")
    exactly = f"=={wanted.version}" if wanted.version else ""
    with throwaway_folder() as folder:
        with files.disk_errors("write temporary files"):
            (folder / "uv.toml").touch()  # uv looks for its files in all parents; this ends it
            (folder / "requirements.in").write_text(
                f"{wanted.identifier}{exactly}\n", encoding="utf-8"
            )
        done = process.run(
            [
                environments.uv_program(), "pip", "compile", "requirements.in", "--universal",
                "--no-config", "--no-build", "--index-strategy", "first-index",
                "--format", "pylock.toml", "--output-file", "pylock.toml",
                "--python-version", f"{python[0]}.{python[1]}", "--exclude-newer", latest,
                "--python", interpreter.path, "--no-python-downloads", "--no-header", "--quiet",
                "--system-certs",
                "--cache-dir", files.private_folder(context.paths.cache / "uv"),
            ],
            environment=_environment(index, context), cwd=folder,
        )  # fmt: skip
        if done.returncode != 0:
            process.require_no_disk_error(done, "resolve the packages")
            raise _unresolved(wanted, done, index)
        written = files.read_bounded(folder / "pylock.toml", 4 * limits.LOCK_BYTES)
    text = lock_authoring.from_uv(written, [_platform(interpreter)], pythons=(python,))
    return lock_text.parse(text, "pylock.toml")


def _environment(index: indexes.Index, context: Context) -> dict[str, str]:
    """Return uv's environment: the very indexes that files are fetched from, and proxies.

    Credentials stand in the variables, which only this user can read, and in no argument.
    """
    environ = context.machine.environ
    extra = {name: environ[name] for name in _PROXIES if name in environ}
    *others, default = [_address(source) for source in index.sources]
    extra["UV_DEFAULT_INDEX"] = default
    if others:
        extra["UV_INDEX"] = " ".join(others)
    return process.child_environment(context.machine, extra)


def _address(source: indexes.Source) -> str:
    given = source.credentials
    if given is None:
        return source.url.text
    both = ":".join(quote(text, safe="") for text in (given.user, given.password) if text)
    return f"{source.url.scheme}://{both}@{source.url.netloc}{source.url.target}"


def _unresolved(wanted: Wanted, done: process.Completed, index: indexes.Index) -> McpInstallError:
    words = done.stderr.decode("utf-8", "replace")[-4000:]
    for source in index.sources:
        for secret in source.credentials.secrets if source.credentials else ():
            words = words.replace(secret, "…")
    return McpInstallError(
        ErrorCode.TOOL_FAILED,
        f"the packages that `{wanted.identifier}` needs could not be resolved",
        hint="a release younger than 7 days is not taken, nor one without wheels; another Python "
        "may do: `--python`",
        evidence=words,
    )


def _root(found: Lock, name: str, interpreter: Interpreter) -> Artifact:
    for artifact in selection.select(found, interpreter):
        if artifact.package == name:
            return artifact
    raise McpInstallError(
        ErrorCode.LOCK_INVALID, f"`{name}` is not among the packages that were resolved"
    )


def root_of(choice: PackageChoice, found: Lock, interpreter: Interpreter) -> Artifact:
    """Return the wheel of the package itself for an interpreter.

    Raises:
        McpInstallError: `platform-unsupported` or `lock-invalid`.
    """
    return _root(found, normalized_package(choice.identifier), interpreter)


def _minor(interpreter: Interpreter) -> tuple[int, int]:
    major, minor = interpreter.version.split(".")[:2]
    return int(major), int(minor)


def _platform(interpreter: Interpreter) -> str:
    name = platforms.name_of(dict(interpreter.markers), interpreter.tags)
    if name is None:
        raise McpInstallError(
            ErrorCode.PLATFORM_UNSUPPORTED,
            "servers can't be locked for this kind of machine yet",
            hint=f"known are {', '.join(platforms.PLATFORMS)}",
        )
    return name


def interpreter_for(choice: PackageChoice, python: str | None, context: Context) -> Interpreter:
    """Return the interpreter that a lock was made for.

    Raises:
        McpInstallError: `interpreter-missing` or `platform-unsupported`.
    """
    found = environments.choose_interpreter(choice.requires_python, context.machine, python)
    if _platform(found) not in choice.platforms:
        raise McpInstallError(
            ErrorCode.PLATFORM_UNSUPPORTED,
            f"the lock is for {', '.join(choice.platforms)}, and this is {_platform(found)}",
            hint="without `--lock` a new one is made for this machine",
        )
    return found
