"""What tells this machine from another, as a digest."""

from __future__ import annotations

import hashlib
import uuid
from pathlib import Path

from mcpinstall.system.machine import Machine

_FILES = (Path("/etc/machine-id"), Path("/var/lib/dbus/machine-id"))


def digest(machine: Machine) -> str:
    """Return 16 hexadecimal characters that stay the same on this machine.

    The id itself is not shown anywhere, for it identifies the machine (machine-id(5)).
    """
    for path in _FILES:
        try:
            text = path.read_text("ascii").strip()
        except (OSError, UnicodeDecodeError):
            continue
        if text:
            return _digest(text)
    return _digest(f"{machine.platform}-{uuid.getnode():x}")


def _digest(text: str) -> str:
    return hashlib.sha256(f"mcpinstall\0{text}".encode()).hexdigest()[:16]
