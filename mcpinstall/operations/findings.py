"""What `mcpi verify` found to be other than it was verified."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from mcpinstall.model.checks import Check


class Kind(StrEnum):
    """What is wrong, as a word that scripts match; `docs/doctor.md` has a heading for each."""

    # of installed servers
    NOT_AS_VERIFIED = "not-as-verified"
    ENVIRONMENT_MISSING = "environment-missing"
    INTERPRETER_MISSING = "interpreter-missing"
    INTERPRETER_CHANGED = "interpreter-changed"
    OTHER_MACHINE = "other-machine"
    REVOKED = "revoked"
    POLICY_FORBIDS = "policy-forbids"
    VULNERABLE = "vulnerable"
    MALICIOUS = "malicious"
    ENTRY_GONE = "entry-gone"
    ENTRY_CHANGED = "entry-changed"
    SECRET_MISSING = "secret-missing"  # noqa: S105 (a word)
    # of hosts' files
    FILE_INVALID = "file-invalid"
    FILE_REFUSED = "file-refused"
    FILE_OPEN = "file-open"
    FILE_AMBIGUOUS = "file-ambiguous"
    BYTE_ORDER_MARK = "byte-order-mark"
    WRONG_KEY = "wrong-key"
    WRONG_FILE = "wrong-file"
    OLD_LOCATION = "old-location"
    ENTRY_INERT = "entry-inert"
    ENTRY_SHADOWED = "entry-shadowed"
    COMMAND_MISSING = "command-missing"
    COMMAND_NOT_IN_SESSION = "command-not-in-session"
    # of mcpinstall's own state
    RECORD_DAMAGED = "record-damaged"
    RECORD_GONE = "record-gone"
    CHANGE_UNFINISHED = "change-unfinished"
    LEFTOVERS = "leftovers"
    NO_LOCKS = "no-locks"
    CLOCK_BEHIND = "clock-behind"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One difference."""

    check: Check
    subject: str
    """File, host or registry that differs."""
    message: str
    """How, as the rest of the sentence."""
    kind: Kind = Kind.NOT_AS_VERIFIED
