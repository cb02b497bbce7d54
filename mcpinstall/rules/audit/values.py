"""The rules about values: secrets, addresses, approvals, texts."""

from __future__ import annotations

from mcpinstall.rules.audit import (
    approvals,
    confusable,
    entries,
    file_modes,
    hidden_text,
    listening,
    placeholders,
    secret_values,
    tls,
    transport,
)
from mcpinstall.rules.audit.file_facts import Checks, FileChecks

VALUES: Checks = (
    ((secret_values.IN_ENVIRONMENT, secret_values.IN_ARGUMENTS, secret_values.IN_REQUEST),
     secret_values.check),
    ((secret_values.IN_REPOSITORY,), secret_values.in_repository),
    ((placeholders.DEAD,), placeholders.check),
    ((transport.CLEARTEXT, transport.METADATA, transport.CREDENTIALS), transport.check),
    ((tls.OFF,), tls.check),
    ((listening.WILDCARD,), listening.wildcard),
    ((listening.NO_LOGIN,), listening.no_login),
    ((approvals.BLANKET,), approvals.blanket),
    ((approvals.CHANGED,), approvals.changed),
    ((hidden_text.HIDDEN,), hidden_text.check),
    ((confusable.CONFUSABLE,), confusable.check),
    ((entries.MALFORMED,), entries.malformed),
    ((entries.BAD_NAME,), entries.name),
)  # fmt: skip
"""Asked of each server: `check(server, facts)`."""

FILE_VALUES: FileChecks = (
    ((file_modes.READABLE,), file_modes.readable),
    ((file_modes.WRITABLE,), file_modes.writable),
    ((approvals.BLANKET,), approvals.blanket_settings),
    ((approvals.ENDPOINT,), approvals.endpoints),
    ((entries.AMBIGUOUS,), entries.ambiguous),
    ((entries.MALFORMED,), entries.unread),
)
"""Asked once for each file: `check(servers, facts)`."""

HIDES: tuple[tuple[str, str, bool], ...] = (
    ("MA304", "MA301", False),
    ("MA304", "MA302", False),
    ("MA304", "MA303", False),
    ("MA403", "MA401", False),
    ("MA405", "MA401", True),
    ("MA405", "MA303", True),
    ("MA701", "MA702", False),
    ("MA701", "MA709", False),
    ("MA702", "MA709", False),
    ("MA702", "MA107", False),
)
"""One root cause, one finding: the first rule says more than the second.

True: in the whole server; False: where both name the same value.
"""
