"""Where registries are: the one shipped inside the program, and folders of the user."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import mcpinstall
from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.model import names, registry_text
from mcpinstall.model.checks import Check, CheckResult, Outcome
from mcpinstall.model.registry import RegistryKind, RegistryState, ReviewState, TufSource
from mcpinstall.model.registry_text import RegistryFile
from mcpinstall.registries import memory
from mcpinstall.registries.tree import Registry, TreeRegistry
from mcpinstall.registries.vouching import REGISTRY_SIGNATURES, Nobody, Vouched, Voucher
from mcpinstall.system import bundled, files, limits, revocation_memory
from mcpinstall.system.machine import Machine
from mcpinstall.system.paths import StatePaths


def open_bundled(paths: StatePaths, now: datetime) -> Registry:
    """Open the registry that is shipped with the program.

    Raises:
        McpInstallError: `registry-invalid`, `registry-rolled-back` or `digest-mismatch`.
    """
    folder = bundled_folder()
    parsed = _registry_file(folder)
    seen = memory.recall(bundled.ROOT, paths)
    _require_no_rollback(parsed, seen, "the bundled registry")
    _require_nothing_forgotten(parsed, bundled.ROOT, paths, "the bundled registry")
    return TreeRegistry(folder, _bundled_state(parsed, seen, now), parsed.index)


def open_folder(
    path: Path,
    paths: StatePaths,
    now: datetime,
    *,
    name: str | None = None,
    voucher: Voucher | None = None,
) -> TreeRegistry:
    """Open a folder of the user as a registry; `voucher` tells who signed it, else nobody did.

    `name` is what the user's configuration calls it, instead of what it calls itself.

    Raises:
        McpInstallError: `registry-invalid`, `registry-rolled-back`, `digest-mismatch`, or
            `signature-invalid`.
    """
    folder = path.absolute()
    voucher = voucher or Nobody()
    root = names.folder_root(str(folder))
    text = _registry_text(folder)
    signatures = files.read_optional(folder / REGISTRY_SIGNATURES, limits.SIGNATURE_BYTES)
    vouched = voucher.registry(text, signatures)  # before anything is read from those bytes
    parsed = registry_text.parse(text, str(folder / "registry.toml"))
    seen = memory.recall(root, paths)
    _require_no_rollback(parsed, seen, f"the registry `{folder}`")
    _require_nothing_forgotten(parsed, root, paths, f"the registry `{folder}`")
    state = RegistryState(
        name=name or f"folder {parsed.name}",
        kind=RegistryKind.FOLDER,
        root_digest=root,
        serial=parsed.serial,
        issued=parsed.issued,
        expires=parsed.expires,
        review=vouched.review,
        check=_folder_check(parsed, vouched, seen, now),
        stale=_is_stale(parsed, seen, now),
        revocations=parsed.revocations,
        aliases=parsed.aliases,
        advisories=parsed.advisories,
        trusted_root=parsed.trusted_root,
    )
    return TreeRegistry(folder, state, parsed.index, voucher)


def _folder_check(
    parsed: RegistryFile, vouched: Vouched, seen: memory.Seen, now: datetime
) -> CheckResult:
    """Return check 1 of a folder: signed by whom, fresh or not, and not rolled back."""
    signed = vouched.review is ReviewState.CERTIFIED
    stale = _is_stale(parsed, seen, now)
    said = "," if signed else "; by its own word"  # an unsigned file can say anything
    fresh = f"{said} {_freshness(parsed, stale=stale)}, not rolled back"
    return CheckResult(
        check=Check.REGISTRY,
        outcome=Outcome.VERIFIED if signed and not stale else Outcome.ABSENT,
        evidence=vouched.evidence + fresh + clock_words(seen.latest, now),
    )


def open_tuf(
    source: TufSource,
    paths: StatePaths,
    now: datetime,
    *,
    machine: Machine,
    offline: bool = False,
    strict: bool = False,
    read_only: bool = False,
) -> Registry:
    """Open a TUF registry of the user's configuration; python-tuf is loaded here.

    `offline` asks nobody: what was saved is judged.  `read_only` does so and writes nothing at
    all.  `strict` refuses one that could not be asked, or has expired.

    Raises:
        McpInstallError: `registry-invalid`, `registry-rolled-back` or `registry-unavailable`.
            One that has expired is returned, and says so.
    """
    from mcpinstall.registries import tuf_registry

    found = tuf_registry.open_registry(
        source, paths, now, machine=machine, offline=offline or read_only, read_only=read_only
    )
    if strict:
        found.require_fresh()
    return found


def require_unexpired(state: RegistryState) -> None:
    """Refuse what is new from a TUF registry that has expired; what is installed keeps running.

    Raises:
        McpInstallError: `registry-stale`.
    """
    if state.kind is RegistryKind.TUF and state.stale:
        raise McpInstallError(
            ErrorCode.REGISTRY_STALE,
            f"the registry `{state.name}` is authentic, but expired: {state.check.evidence}",
            hint="its owner has to publish again; installed servers keep running",
        )


def root_path(root: str, paths: StatePaths) -> Path:
    """Return where the root with this sha256 is kept once the user has confirmed it."""
    return paths.config / "roots" / f"{root}.json"


def bundled_folder() -> Path:
    """Return the folder of the bundled registry: in the wheel, else in the source checkout.

    Raises:
        McpInstallError: `registry-invalid` when there is none.
    """
    return bundled.folder()


def _registry_file(folder: Path) -> RegistryFile:
    return registry_text.parse(_registry_text(folder), str(folder / "registry.toml"))


def _registry_text(folder: Path) -> bytes:
    data = files.read_optional(folder / "registry.toml", limits.REGISTRY_BYTES)
    if data is None and files.is_absent_or_empty(folder):
        raise McpInstallError(
            ErrorCode.REGISTRY_UNAVAILABLE,
            f"the registry in `{folder}` is not there",
            hint="put the folder back, or mount what it is on; `mcpi registry list` names all",
        )
    if data is None:
        raise McpInstallError(
            ErrorCode.REGISTRY_INVALID, f"`{folder}` is no registry: it has no `registry.toml`"
        )
    return data


def _require_no_rollback(parsed: RegistryFile, seen: memory.Seen, what: str) -> None:
    if parsed.serial < seen.serial:
        raise McpInstallError(
            ErrorCode.REGISTRY_ROLLED_BACK,
            f"{what} has serial {parsed.serial}, but {seen.serial} was seen before",
            hint="an older registry can hide revocations; update mcpinstall or the folder",
        )


def _require_nothing_forgotten(
    parsed: RegistryFile, root: str, paths: StatePaths, what: str
) -> None:
    lost = revocation_memory.forgotten(root, parsed.serial, parsed.revocations, paths)
    if lost is not None:
        raise McpInstallError(
            ErrorCode.REGISTRY_ROLLED_BACK,
            f"{what} has serial {parsed.serial}, and less is revoked than was at that serial: "
            f"`{lost.reason}` ({lost.date}) is gone",
            hint="a revocation is taken back with a higher serial only; tell its owner",
        )


def _bundled_state(parsed: RegistryFile, seen: memory.Seen, now: datetime) -> RegistryState:
    stale = _is_stale(parsed, seen, now)
    fresh = _freshness(parsed, stale=stale)
    return RegistryState(
        name="bundled",
        kind=RegistryKind.BUNDLED,
        root_digest=bundled.ROOT,
        serial=parsed.serial,
        issued=parsed.issued,
        expires=parsed.expires,
        review=ReviewState.CERTIFIED,
        check=CheckResult(
            check=Check.REGISTRY,
            outcome=Outcome.ABSENT if stale else Outcome.VERIFIED,
            evidence=f"shipped with mcpinstall {mcpinstall.__version__}, {fresh}, not rolled back"
            + clock_words(seen.latest, now),
        ),
        stale=stale,
        revocations=parsed.revocations,
        aliases=parsed.aliases,
        advisories=parsed.advisories,
        trusted_root=parsed.trusted_root,
    )


def _is_stale(parsed: RegistryFile, seen: memory.Seen, now: datetime) -> bool:
    """Tell whether the registry expired; a clock that was turned back does not help."""
    return max(now, seen.latest) >= parsed.expires


def _freshness(parsed: RegistryFile, *, stale: bool) -> str:
    return f"STALE since {parsed.expires:%Y-%m-%d}" if stale else "fresh"


def clock_words(latest: datetime, now: datetime) -> str:
    """Say that the machine's clock stands before the latest time seen, or nothing."""
    if now >= latest:
        return ""
    return f"; this machine's clock stands before {latest:%Y-%m-%d %H:%M} UTC, seen earlier"
