"""MV801 and MV802: the server starts, and shows the tools that were reviewed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from mcpinstall.model.finding import Finding, Severity
from mcpinstall.rules.manifests.facts import MANIFEST, TOOLS, Version, rule

DOES_NOT_START = rule(801, "does-not-start", Severity.HIGH, "The server does not answer")
TOOLS_DIFFER = rule(802, "tools-differ", Severity.HIGH, "The tools are not the reviewed ones")


def silent(version: Version, message: str, evidence: str) -> Finding:
    """Return the finding for a server that could be built and did not answer."""
    return version.finding(
        DOES_NOT_START, MANIFEST, message, at="package.script", evidence=evidence
    )


def tools(version: Version, differences: Sequence[str]) -> Iterator[Finding]:
    """Yield how the tools that a server shows differ from the reviewed ones."""
    if differences:
        yield version.finding(
            TOOLS_DIFFER, TOOLS, "the server shows other tools than were reviewed",
            evidence="\n".join(differences),
            fix="review them, or declare in `[[tools.varies]]` what may vary",
        )  # fmt: skip
