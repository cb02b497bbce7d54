"""How a refused archive is told: the wheel, the member, the fact."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.model.artifact import Artifact

_SHOWN = 200  # characters of a hostile name; the longest honest one has 240 in all
_EVIDENCE = 20_000  # characters of a list from the archive, which can name everything in it
_HINT = "the package was published like this; tell its authors, and install another version"


def refusal(why: str, *, member: str = "", hint: str = "", evidence: str = "") -> McpInstallError:
    """Return the error `archive-refused` for a fact about an archive or one of its members."""
    subject = f"member `{member[:_SHOWN]}` " if member else ""
    return McpInstallError(
        ErrorCode.ARCHIVE_REFUSED, subject + why, hint=hint or _HINT, evidence=_cut(evidence)
    )


def _cut(text: str) -> str:
    return text if len(text) <= _EVIDENCE else f"{text[:_EVIDENCE]}…"


@contextlib.contextmanager
def naming_the_wheel(artifact: Artifact) -> Iterator[None]:
    """Put the wheel's name before every error of the block, and its digest behind it."""
    try:
        yield
    except McpInstallError as error:
        evidence = [error.evidence] if error.evidence else []
        raise McpInstallError(
            error.code,
            f"`{artifact.filename[:_SHOWN]}`: {error.message}",
            hint=error.hint,
            evidence="\n".join([*evidence, f"sha256 {artifact.sha256}"]),
        ) from error
