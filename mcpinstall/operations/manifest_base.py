"""A registry at an earlier commit, read from git's objects; nothing is checked out.

git is run without hooks, pagers, helpers and network, and never asked about the work tree.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.model import json_text, manifest_dump, manifest_text, registry_text
from mcpinstall.model.manifest import Manifest
from mcpinstall.operations.context import Context
from mcpinstall.operations.manifest_folders import FolderFiles
from mcpinstall.rules.manifests.facts import MANIFEST
from mcpinstall.rules.manifests.history import Before
from mcpinstall.system import process

_OPTIONS = (
    "--no-pager", "--no-replace-objects", "--no-optional-locks", "--literal-pathspecs",
    "-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null", "-c", "protocol.allow=never",
    "-c", "core.sshCommand=false", "-c", "core.askPass=", "-c", "credential.helper=",
)  # fmt: skip
_VARIABLES = {
    "GIT_TERMINAL_PROMPT": "0", "GIT_NO_LAZY_FETCH": "1", "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_OPTIONAL_LOCKS": "0", "GIT_ALLOW_PROTOCOL": "none", "LC_ALL": "C",
}  # fmt: skip
_ROW = re.compile(rb"(\d+) (\w+) ([0-9a-f]+)\t(.*)", re.DOTALL)
_CHANGED = re.compile(rb"^:\d+ \d+ [0-9a-f]+ ([0-9a-f]+) ", re.MULTILINE)
_VERSIONS = 2000  # of `registry.toml`; a change a day is 365 in a year
_FILE, _DEPTH = b"100644", 4
_LONG_ROW = re.compile(rb"(\d+) blob ([0-9a-f]+) +(\d+)\t(.*)", re.DOTALL)
_FILES, _LINK = {b"100644", b"100755"}, b"120000"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """What a commit has at a path."""

    mode: bytes
    id: str
    size: int
    """Bytes of its content."""

    @property
    def is_file(self) -> bool:
        """Whether it is a file, and no link, folder or submodule."""
        return self.mode in _FILES

    @property
    def is_link(self) -> bool:
        """Whether it is a symbolic link, whose content is its target."""
        return self.mode == _LINK


class Repository:
    """The git repository that a registry, or a host's file, lies in."""

    def __init__(
        self, root: Path, context: Context, options: str = "`--base` and `--changed-since`"
    ) -> None:
        found = context.machine.program("git")
        if found is None:
            raise McpInstallError(
                ErrorCode.TOOL_FAILED,
                "there is no `git` on PATH, which reads the earlier state",
                hint=f"install git, or leave out {options}",
            )
        self._git, self._root, self._options = found, root, options
        self._environment = process.child_environment(context.machine, _VARIABLES)
        home = context.machine.home
        if root.is_relative_to(home):  # (elsewhere git's own rule holds: no other user's)
            self._environment |= {"GIT_CEILING_DIRECTORIES": str(home.parent)}

    def files(self, ref: str) -> dict[str, str]:
        """Return every file below the registry at a commit, and the id of its content.

        Empty where the registry is newer than the commit.

        Raises:
            McpInstallError: `not-found` for an unknown commit, `tool-failed`.
        """
        commit = self._commit(ref)
        prefix = self._run("rev-parse", "--show-prefix").removesuffix(b"\n")
        below = ("--", os.fsdecode(prefix)) if prefix else ()
        listed = self._run("ls-tree", "-r", "-z", "--full-tree", commit, *below)
        rows = (_ROW.fullmatch(row) for row in listed.split(b"\0") if row)
        return {
            row[4].removeprefix(prefix).decode("utf-8", "surrogateescape"): row[3].decode()
            for row in rows
            if row is not None and row[1] in _FILES
        }

    def versions_of(self, ref: str, name: str) -> tuple[str, ...]:
        """Return the ids of all contents that a file of the registry had up to a commit.

        The newest first, as far as the clone goes back, and at most `_VERSIONS`.
        """
        said = self._run(
            "log", "--no-show-signature", "--no-renames", "--diff-filter=AM", "--format=",
            "--raw", "--no-abbrev", f"--max-count={_VERSIONS}", self._commit(ref), "--", name,
        )  # fmt: skip
        return tuple(dict.fromkeys(found[1].decode() for found in _CHANGED.finditer(said)))

    def entries(self, ref: str, paths: Iterable[str]) -> dict[str, Entry]:
        """Return what a commit has at some paths, which count from the repository's root.

        A path that it doesn't have is left out.

        Raises:
            McpInstallError: as `files`.
        """
        commit, wanted = self._commit(ref), list(dict.fromkeys(paths))
        words = ("ls-tree", "-z", "--long", "--full-tree", commit, "--", *wanted)
        listed = self._run(*words) if wanted else b""  # (without a path git lists all of them)
        rows = (_LONG_ROW.fullmatch(row) for row in listed.split(b"\0") if row)
        return {
            os.fsdecode(row[4]): Entry(mode=row[1], id=row[2].decode(), size=int(row[3]))
            for row in rows
            if row is not None
        }

    def contents(self, ids: Iterable[str]) -> dict[str, bytes]:
        """Return the content of some files by their ids."""
        wanted = list(dict.fromkeys(ids))
        answer = self._run("cat-file", "--batch", stdin="".join(f"{i}\n" for i in wanted).encode())
        found: dict[str, bytes] = {}
        for name in wanted:
            head, _, answer = answer.partition(b"\n")
            words = head.split()
            if len(words) != 3:
                raise self._failed("an object is missing; is it a shallow clone?")
            size = int(words[2])
            found[name], answer = answer[:size], answer[size + 1 :]
        return found

    def _commit(self, ref: str) -> str:
        done = self._try(
            "rev-parse", "--verify", "--quiet", "--end-of-options", f"{ref}^{{commit}}"
        )
        if done.returncode != 0:
            said = done.stderr.decode("utf-8", "replace").strip()
            if "dubious ownership" in said:
                raise McpInstallError(
                    ErrorCode.TOOL_FAILED,
                    f"git reads no repository of another user: `{self._root}`",
                    hint="if you trust it: `git config --global --add safe.directory "
                    f"{self._root}`",
                    evidence=said,
                )
            message = f"git knows no commit `{ref}` in `{self._root}`"
            hint = "in CI, fetch it first: a shallow clone has only the newest commit"
            if "not a git repository" in said:
                message = f"`{self._root}` lies in no git repository"
                hint = f"without {self._options} none is needed"
            raise McpInstallError(ErrorCode.NOT_FOUND, message, hint=hint, evidence=said)
        return done.stdout.decode("ascii", "replace").strip()

    def _run(self, *words: str, stdin: bytes = b"") -> bytes:
        done = self._try(*words, stdin=stdin)
        if done.returncode != 0:
            raise self._failed(done.stderr.decode("utf-8", "replace").strip()[:1000])
        return done.stdout

    def _try(self, *words: str, stdin: bytes = b"") -> process.Completed:
        return process.run(
            [self._git, *_OPTIONS, *words], environment=self._environment, cwd=self._root,
            stdin=stdin,
        )  # fmt: skip

    def _failed(self, why: str) -> McpInstallError:
        return McpInstallError(
            ErrorCode.TOOL_FAILED,
            "git could not read the earlier state",
            hint=f"{self._options} needs a git repository with that commit",
            evidence=why,
        )


def before(repository: Repository, ref: str) -> Before:
    """Return a registry as it was at `ref`."""
    listed = repository.files(ref)
    folders: dict[str, dict[str, str]] = {}
    for path, blob in listed.items():
        parts = path.split("/")
        if len(parts) == _DEPTH:
            folders.setdefault("/".join(parts[:-1]), {})[parts[-1]] = blob
    published = {where: files for where, files in folders.items() if MANIFEST in files}
    wanted = {where: files[MANIFEST] for where, files in published.items()}
    own = listed.get("registry.toml")
    once = repository.versions_of(ref, "registry.toml")
    texts = repository.contents([*wanted.values(), *([own] if own else []), *once])
    return Before(
        ref=ref,
        registry=_registry(texts[own]) if own else None,
        files=published,
        manifests={where: promise(texts[blob]) for where, blob in wanted.items()},
        aliases=_aliases(texts[blob] for blob in once),
    )


def _aliases(texts: Iterable[bytes]) -> dict[str, str]:
    """Return what every alias stood for last, that some earlier state had; newest texts first."""
    found: dict[str, str] = {}
    for text in texts:
        registry = _registry(text)
        for alias, full in registry.aliases if registry else ():
            found.setdefault(alias, full)
    return found


def blobs(folders: Iterable[FolderFiles], like: Before) -> dict[str, dict[str, str]]:
    """Return the ids that git gives the files as they are, in the form that `like` has."""
    sample = next((blob for files in like.files.values() for blob in files.values()), "")
    return {
        folder.where: {
            name: _blob(document.data, sample) for name, document in folder.documents.items()
        }
        for folder in folders
    }


def changed(folders: Iterable[FolderFiles], earlier: Before) -> frozenset[str]:
    """Return the versions with a file that is new, gone or other than it was."""
    found = tuple(folders)
    now = blobs(found, earlier)
    return frozenset(
        folder.where
        for folder in found
        if folder.strangers or now[folder.where] != earlier.files.get(folder.where)
    )


def promise(text: bytes) -> str:
    """Return a digest of all that a manifest says, but its reviews: people may review it again.

    What it pins is left out as well, for the files themselves are compared.
    """
    try:
        found: Manifest = manifest_text.parse(text)
    except McpInstallError:
        return hashlib.sha256(text).hexdigest()
    return json_text.digest(manifest_dump.dump(replace(found, files=(), reviews=())).decode())


def promises(folders: Iterable[FolderFiles]) -> Mapping[str, str]:
    """Return the same of the manifests as they are."""
    return {
        folder.where: promise(folder.documents[MANIFEST].data)
        for folder in folders
        if MANIFEST in folder.documents
    }


def _registry(data: bytes) -> registry_text.RegistryFile | None:
    try:
        return registry_text.parse(data, "registry.toml")
    except McpInstallError:
        return None


def _blob(data: bytes, sample: str) -> str:
    """Return git's id of a file's content, by the hash that the repository uses."""
    text = b"blob %d\0" % len(data) + data
    if len(sample) == 64:
        return hashlib.sha256(text).hexdigest()
    return hashlib.sha1(text, usedforsecurity=False).hexdigest()
