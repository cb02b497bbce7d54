"""What a draft still lacks, told with the option that gives it."""

from __future__ import annotations

from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.operations.prepared import Draft, MissingInput


def require_none(drafted: Draft) -> None:
    """Refuse a draft with missing inputs, naming the flag of each.

    Raises:
        McpInstallError: `input-missing`.
    """
    if not drafted.missing:
        return
    several = len(drafted.servers) > 1
    flags = " ".join(
        _flag(m, f"{m.entry_name}." if several else "", m.question.name) for m in drafted.missing
    )
    wanted = ", ".join(f"`{missing.question.name}`" for missing in drafted.missing)
    raise McpInstallError(
        ErrorCode.INPUT_MISSING, f"required inputs are missing: {wanted}", hint=f"add {flags}"
    )


def _flag(missing: MissingInput, prefix: str, name: str) -> str:
    """Return the option that answers; a secret is never a part of it."""
    if missing.for_keyring:
        return f"`--secret-from-env {prefix}{name}=VARIABLE`, or `--secret {name}` at a terminal"
    if missing.question.secret and missing.question.remote:
        own = f"`--set {prefix}{name}=host:` where the host asks for it itself, such as VS Code"
        return f"`--secret-from-env {prefix}{name}=VARIABLE`, or {own}"
    return f"`--set {prefix}{name}=…`"
