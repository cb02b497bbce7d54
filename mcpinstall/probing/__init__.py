"""Ask a server what it offers, and compare that with what was reviewed."""

from mcpinstall.model.tool_text import canonical_tools, parse_tools
from mcpinstall.probing.comparison import compare
from mcpinstall.probing.inputs import probe_inputs
from mcpinstall.probing.probe import ProbeResult, answers_check, probe
from mcpinstall.probing.remote_probe import (
    NeedsAuthorization,
    authorization_check,
    probe_remote,
    unreviewed_check,
)
from mcpinstall.probing.variation_proposals import Start, propose

__all__ = [
    "NeedsAuthorization",
    "ProbeResult",
    "Start",
    "answers_check",
    "authorization_check",
    "canonical_tools",
    "compare",
    "parse_tools",
    "probe",
    "probe_inputs",
    "probe_remote",
    "propose",
    "unreviewed_check",
]
