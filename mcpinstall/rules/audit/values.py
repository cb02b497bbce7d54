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
