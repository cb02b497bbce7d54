"""The one error that a user reads, its codes, and the exit statuses."""

from __future__ import annotations

from enum import IntEnum, StrEnum


class Exit(IntEnum):
    """Exit statuses of every command (design §10)."""

    DONE = 0
    FINDINGS = 1
    USAGE = 2
    REFUSED = 3
    NO_CONSENT = 4
    COULD_NOT = 5
    BUG = 70
    INTERRUPTED = 130


class ErrorCode(StrEnum):
    """What went wrong, as a word that scripts match and `docs/errors.md` explains.

    Codes are public: renaming one is a breaking change.  Grouped by exit status.
    """

    # 2: wrong usage
    USAGE = "usage"
    INPUT_INVALID = "input-invalid"
    INPUT_MISSING = "input-missing"
    INPUT_UNKNOWN = "input-unknown"
    HOST_UNKNOWN = "host-unknown"
    HOST_AMBIGUOUS = "host-ambiguous"
    NAME_INVALID = "name-invalid"
    NAME_AMBIGUOUS = "name-ambiguous"

    # 3: a check refused
    ADVISORIES_INVALID = "advisories-invalid"
    ARCHIVE_REFUSED = "archive-refused"
    ARTIFACT_SIZE = "artifact-size"
    DIGEST_MISMATCH = "digest-mismatch"
    ENVIRONMENT_DIFFERS = "environment-differs"
    FIX_REFUSED = "fix-refused"
    HOST_CONFIG_CHANGED = "host-config-changed"
    HOST_CONFIG_INVALID = "host-config-invalid"
    HOST_PATH_REFUSED = "host-path-refused"
    INDEX_FORBIDDEN = "index-forbidden"
    INTERPRETER_REFUSED = "interpreter-refused"
    JSON_INVALID = "json-invalid"
    LOCK_INVALID = "lock-invalid"
    MANIFEST_INVALID = "manifest-invalid"
    PACKAGE_MALICIOUS = "package-malicious"
    PLAN_CHANGED = "plan-changed"
    POLICY_INVALID = "policy-invalid"
    POLICY_LOOSENED = "policy-loosened"
    POLICY_REFUSED = "policy-refused"
    POLICY_UNSAFE = "policy-unsafe"
    PUBLISHER_MISMATCH = "publisher-mismatch"
    PUBLISHER_MISSING = "publisher-missing"
    PUBLISHER_REVOKED = "publisher-revoked"
    PUBLISHER_UNVERIFIED = "publisher-unverified"
    REGISTRY_INVALID = "registry-invalid"
    REGISTRY_ROLLED_BACK = "registry-rolled-back"
    REGISTRY_STALE = "registry-stale"
    REMOTE_REFUSED = "remote-refused"
    REVIEWER_REVOKED = "reviewer-revoked"
    SERVER_EXISTS = "server-exists"
    SERVER_JSON_INVALID = "server-json-invalid"
    SERVER_REVOKED = "server-revoked"
    SIGNATURE_INVALID = "signature-invalid"
    STATE_UNSAFE = "state-unsafe"
    TEXT_HOSTILE = "text-hostile"
    TOOLS_CHANGED = "tools-changed"
    VERSION_HELD = "version-held"
    VERSION_REVOKED = "version-revoked"
    VERSION_VULNERABLE = "version-vulnerable"
    VERSION_YANKED = "version-yanked"

    # 4: no consent
    CONSENT_UNAVAILABLE = "consent-unavailable"
    DECLINED = "declined"

    # 5: could not do it
    CONFIG_INVALID = "config-invalid"
    DISK_FAILED = "disk-failed"
    DOWNLOAD_FAILED = "download-failed"
    FILE_UNREADABLE = "file-unreadable"
    HOST_UNSUPPORTED = "host-unsupported"
    INDEX_UNAVAILABLE = "index-unavailable"
    INTERPRETER_MISSING = "interpreter-missing"
    KEYRING_LOCKED = "keyring-locked"
    KEYRING_UNAVAILABLE = "keyring-unavailable"
    LOCK_UNSUPPORTED = "lock-unsupported"
    NOT_ADOPTABLE = "not-adoptable"
    NOT_FOUND = "not-found"
    NOT_INSTALLED = "not-installed"
    NOT_SUPPORTED_YET = "not-supported-yet"
    NOTHING_TO_UNDO = "nothing-to-undo"
    OFFLINE_MISSING = "offline-missing"
    PLATFORM_UNSUPPORTED = "platform-unsupported"
    PROBE_FAILED = "probe-failed"
    REGISTRY_UNAVAILABLE = "registry-unavailable"
    RULE_FAILED = "rule-failed"
    SECRET_MISSING = "secret-missing"  # noqa: S105 (a word)
    SIGNING_FAILED = "signing-failed"
    STATE_BUSY = "state-busy"
    STATE_INVALID = "state-invalid"
    TOOL_FAILED = "tool-failed"

    @property
    def exit_status(self) -> Exit:
        """Process exit status that belongs to this code."""
        if self in _USAGE:
            return Exit.USAGE
        if self in _REFUSED:
            return Exit.REFUSED
        if self in _NO_CONSENT:
            return Exit.NO_CONSENT
        return Exit.COULD_NOT


_ORDER = tuple(ErrorCode)


def _between(first: ErrorCode, last: ErrorCode) -> frozenset[ErrorCode]:
    return frozenset(_ORDER[_ORDER.index(first) : _ORDER.index(last) + 1])


_USAGE = _between(ErrorCode.USAGE, ErrorCode.NAME_AMBIGUOUS)
_REFUSED = _between(ErrorCode.ADVISORIES_INVALID, ErrorCode.VERSION_YANKED)
_NO_CONSENT = _between(ErrorCode.CONSENT_UNAVAILABLE, ErrorCode.DECLINED)


class McpInstallError(Exception):
    """A failure that the user can read and act on.

    Any other exception that reaches the command line is a bug in mcpinstall.
    """

    def __init__(
        self, code: ErrorCode, message: str, *, hint: str = "", evidence: str = ""
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.hint = hint
        self.evidence = evidence
        """Longer text from outside (a server's last lines, a tool diff); escaped when shown."""
        self.elsewhere = False
        """A remote server failed check 8: nothing of it ran here, and nothing was written yet."""
