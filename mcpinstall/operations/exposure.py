"""Secrets in clear text, and who else can read the file that they will stand in."""

from __future__ import annotations

import os
import stat

from mcpinstall.model.host import HostFile, ServerEntry

_OTHERS_READ = stat.S_IRGRP | stat.S_IROTH


def exposed(file: HostFile, entry: ServerEntry) -> tuple[str, ...]:
    """Return what to tell when `entry` puts a secret into a file that keeps an open mode."""
    values = (*entry.env, *(entry.remote.headers if entry.remote else ()))
    secrets = [item.name for item in values if item.secret and item.value is not None]
    if not secrets or os.name != "posix" or file.content is None:
        return ()
    try:
        mode = file.target.stat().st_mode
    except OSError:
        return ()
    if not mode & _OTHERS_READ:
        return ()
    listed = ", ".join(f"`{name}`" for name in secrets)
    fact = f"other users can read `{file.target}` ({stat.S_IMODE(mode):04o}), and so {listed}"
    return (f"{fact} in clear text; `chmod 600` makes it yours alone",)
