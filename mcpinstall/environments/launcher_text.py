"""Text of `run.py`, which starts a server with secrets from the keyring: three of our modules."""

from __future__ import annotations

import functools
from pathlib import Path

from mcpinstall.system import launcher, secret_reader, session_bus

_MARK = "# Behind this line stands what `run.py` takes over.\n"
_HEAD = '''"""Start the server of this environment with secrets from the keyring.

Written by mcpinstall; `mcpi verify` compares it.
"""

from __future__ import annotations

import os
import stat
import struct
import sys
'''


@functools.cache
def text() -> bytes:
    """Return `run.py`: it imports nothing of ours, so it outlives the installation of `mcpi`."""
    parts = [_HEAD]
    for module in (session_bus, secret_reader, launcher):
        source = Path(str(module.__file__)).read_text("utf-8").replace("\r\n", "\n")
        parts.append(source.partition(_MARK)[2].strip("\n") + "\n")
    return "\n\n".join(parts).encode()
