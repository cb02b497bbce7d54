"""From verified wheels to an environment that equals them; none of their code runs.

1. uv unpacks the checked copies into an empty folder, without compiling.
2. What uv and the wheels add is deleted when it is on a closed list; each RECORD is the
   wheel's own again.  What is on no list stays, and is found by step 4.
3. The files that we write ourselves are written, and the links to the interpreter made.
4. The whole tree must equal the inspected archives (check 7).
5. The base interpreter compiles; modes are set; the tree is compared again and summed up.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from mcpinstall.environments import closed_list, tree
from mcpinstall.environments.bytecode import compile_all
from mcpinstall.environments.layout import LOCK_NAME, Layout, layout
from mcpinstall.environments.tree import ExpectedFile, Kind, TreeEntry
from mcpinstall.environments.uv import unpack
from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.model.artifact import EntryPoint, Scheme, VerifiedArtifact
from mcpinstall.model.checks import Check, CheckResult, Outcome
from mcpinstall.model.environment import Interpreter, StagedEnvironment
from mcpinstall.model.lock import Lock
from mcpinstall.system import files
from mcpinstall.system.machine import Machine

_SHOWN = 20  # differences named in an error; the first ones tell what happened


def stage(
    *,
    lock: Lock,
    verified: Sequence[VerifiedArtifact],
    interpreter: Interpreter,
    entry_point: EntryPoint,
    final: Path,
    staging: Path,
    machine: Machine,
    uv: Path,
) -> StagedEnvironment:
    """Build below `staging` the generation that will stand at `final`.

    The wheels lie in one private folder under their own names; `staging` is ours, and nothing
    of it is left after a failure.  uv's cache is beside it, where uv may know the
    interpreter already (`introduce`).

    Raises:
        McpInstallError: `environment-differs`, `tool-failed`, `disk-failed`.
    """
    root = files.private_folder(staging) / "environment"
    plan = layout(interpreter, entry_point, final, machine.platform)
    expected = tree.expected_files(verified, plan)
    with _emptied_after_failure(staging), files.disk_errors(f"build `{root}`"):
        _make_root(root, plan)
        wheels = _lay_lock(lock, verified)
        unpack(uv, wheels, interpreter=interpreter, target=root, machine=machine)  # (1)
        closed_list.clear(root, verified, plan)  # (2)
        _write_own(root, plan)  # (3)
        entries = tree.read_tree(root)
        _require_equal(entries, expected, compiled=False)  # (4)
        compile_all(_sources(entries, expected, plan), root, final, interpreter, machine)  # (5)
        _set_modes(root, expected)
        entries = tree.read_tree(root)
        _require_equal(entries, expected, compiled=True)
    return StagedEnvironment(path=root, generation=final.name, tree=tree.summed_up(entries))


def environment_check(
    staged: StagedEnvironment, verified: Sequence[VerifiedArtifact]
) -> CheckResult:
    """Return check 7 in words; `staged` exists only because its files equal the archives."""
    del staged
    count = sum(file.scheme is Scheme.SITE for one in verified for file in one.inspection.files)
    return CheckResult(
        check=Check.ENVIRONMENT,
        outcome=Outcome.VERIFIED,
        evidence=f"{count:,} files equal the inspected archives",
    )


@contextlib.contextmanager
def _emptied_after_failure(staging: Path) -> Iterator[None]:
    try:
        yield
    except BaseException:
        with contextlib.suppress(McpInstallError):
            files.remove_tree(staging)
        raise


def _make_root(root: Path, plan: Layout) -> None:
    """Make the folders that the links of `plan` lead to, before anything is unpacked."""
    root.mkdir(mode=0o700)
    (root / plan.site).mkdir(mode=0o700, parents=True)
    for path, target in plan.links:
        if "/" not in path:  # `lib64`: uv writes through it where the interpreter says so
            (root / path).symlink_to(target)


def _lay_lock(lock: Lock, verified: Sequence[VerifiedArtifact]) -> Path:
    """Put the lock beside the wheels that it names, and return its path."""
    folders = {one.path.parent for one in verified}
    if len(folders) != 1 or any(one.path.name != one.artifact.filename for one in verified):
        message = "verified wheels lie in one folder, under their own names"
        raise ValueError(message)
    path = folders.pop() / "pylock.toml"
    files.write_atomic(path, lock.text)
    return path


def _write_own(root: Path, plan: Layout) -> None:
    """Write our files and links; what stands in their way is left for the comparison to find."""
    for path, text in plan.texts:
        if not os.path.lexists(root / path):
            (root / path).write_bytes(text)
    for path, target in plan.links:
        link = root / path
        link.parent.mkdir(mode=0o700, exist_ok=True)
        if not os.path.lexists(link):
            link.symlink_to(target)


def _require_equal(
    entries: Sequence[TreeEntry], expected: Sequence[ExpectedFile], *, compiled: bool
) -> None:
    """Refuse a tree with any file more, less or other than `expected`.

    Before compilation nothing compiled may be there; modes are compared after it.
    """
    found = tree.differences(entries, expected, final=compiled)
    if found:
        more = f" and {len(found) - 1} more" if len(found) > 1 else ""
        raise McpInstallError(
            ErrorCode.ENVIRONMENT_DIFFERS,
            f"the environment is not what the inspected archives hold: {found[0]}{more}",
            hint="nothing of it was started; check the disk, then try again",
            evidence="\n".join(found[:_SHOWN]),
        )


def _sources(
    entries: Sequence[TreeEntry], expected: Sequence[ExpectedFile], plan: Layout
) -> Iterator[tuple[TreeEntry, str]]:
    """Yield every source with the place of its compiled form; our own `start.py` is none."""
    compiled = {one.path for one in expected if one.sha256 is None}
    for entry in entries:
        if entry.path.endswith(".py") and entry.path.startswith(f"{plan.site}/"):
            place = tree.compiled_path(entry.path, plan)
            if place in compiled:
                yield entry, place


def _set_modes(root: Path, expected: Sequence[ExpectedFile]) -> None:
    """Make files read-only, programs executable, folders ours alone; the lock can be locked."""
    if os.name != "posix":
        return
    programs = {str(root / one.path) for one in expected if one.kind is Kind.EXECUTABLE}
    waiting = [str(root)]
    while waiting:
        folder = waiting.pop()
        os.chmod(folder, 0o700)  # noqa: PTH101 (text paths are twice as quick)
        with os.scandir(folder) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    waiting.append(entry.path)
                elif not entry.is_symlink():
                    os.chmod(entry.path, 0o555 if entry.path in programs else 0o444)  # noqa: PTH101
    (root / LOCK_NAME).chmod(0o600)
