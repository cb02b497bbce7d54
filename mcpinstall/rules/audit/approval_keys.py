"""Which keys of which host let tools run, servers start or answers come without a question.

Facts from the hosts' documentation and sources; `docs/audit-rules.md`, MA501.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Grant(Enum):
    """When a key's value grants too much."""

    TRUE = "true"
    WILDCARD = "a list with `*`"
    APPROVE = "approve"


@dataclass(frozen=True, slots=True)
class ApprovalKey:
    """One key of an entry."""

    hosts: tuple[str, ...]
    """Beginnings of hosts' ids."""
    key: str
    grant: Grant
    effect: str
    """What then happens, behind "the host"."""


_NO_QUESTION = "runs every tool of this server without asking"
ENTRY_KEYS = (
    ApprovalKey(("gemini", "qwen"), "trust", Grant.TRUE, _NO_QUESTION),
    ApprovalKey(("cline", "kiro", "amazon-q"), "autoApprove", Grant.WILDCARD, _NO_QUESTION),
    ApprovalKey(("roo", "kilo-code-legacy"), "alwaysAllow", Grant.WILDCARD, _NO_QUESTION),
    ApprovalKey(("codex",), "default_tools_approval_mode", Grant.APPROVE, _NO_QUESTION),
    ApprovalKey(("codex",), "approval_mode", Grant.APPROVE, _NO_QUESTION),
    ApprovalKey(("vscode", "vscodium"), "sandboxEnabled", Grant.TRUE,
                "runs every tool of this server without asking, as it counts as sandboxed"),
)  # fmt: skip

SETTINGS_KEYS = (
    ApprovalKey(("claude-code",), "enableAllProjectMcpServers", Grant.TRUE,
                "starts every server that a repository names without asking"),
    ApprovalKey(("vscode", "vscodium"), "chat.tools.autoApprove", Grant.TRUE,
                "runs every tool of every server without asking"),
    ApprovalKey(("vscode", "vscodium"), "chat.tools.global.autoApprove", Grant.TRUE,
                "runs every tool of every server without asking"),
    ApprovalKey(("amp",), "amp.dangerouslyAllowAll", Grant.TRUE,
                "runs every tool of every server without asking"),
    ApprovalKey(("amazon-q", "kiro"), "allowedTools", Grant.WILDCARD,
                "runs every tool of a server without asking"),
)  # fmt: skip

ENDPOINTS = frozenset({
    "ANTHROPIC_BASE_URL", "ANTHROPIC_BEDROCK_BASE_URL", "ANTHROPIC_VERTEX_BASE_URL",
    "OPENAI_BASE_URL", "OPENAI_API_BASE", "GOOGLE_GEMINI_BASE_URL", "GEMINI_BASE_URL",
    "AZURE_OPENAI_ENDPOINT", "OLLAMA_HOST", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY",
    "NODE_EXTRA_CA_CERTS", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE",
})  # fmt: skip
"""Variables that a host itself follows, upper case."""

ENDPOINT_KEYS = frozenset({
    "anthropicBaseUrl", "openai_base_url", "base_url", "baseURL", "chatgpt_base_url", "http.proxy",
    "proxy",
})  # fmt: skip
"""Keys of settings files with the same effect."""
