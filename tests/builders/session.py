"""A session of its own: a bus, and on it a real Secret Service (gnome-keyring)."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from mcpinstall.system.session_bus import SECRETS, Bus

DBUS = "org.freedesktop.DBus"
PROGRAMS = ("dbus-daemon", "gnome-keyring-daemon")
_PATH = "/usr/bin:/bin:/usr/local/bin"
_CONFIGURATION = """\
<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>session</type>
  <listen>unix:path={socket}</listen>
  <policy context="default">
    <allow send_destination="*" eavesdrop="true"/><allow eavesdrop="true"/><allow own="*"/>
  </policy>
</busconfig>
"""


@dataclass
class Session:
    """A bus of the user's, with or without a keyring on it."""

    folder: Path

    @property
    def socket(self) -> Path:
        return self.folder / "bus"

    @property
    def variables(self) -> dict[str, str]:
        """What a desktop session gives its programs."""
        return {"DBUS_SESSION_BUS_ADDRESS": f"unix:path={self.socket}"}

    @property
    def environment(self) -> dict[str, str]:
        return {"HOME": str(self.folder), "PATH": _PATH, **self.variables}


def require_programs() -> None:
    """Skip where there is no keyring to test with."""
    path = shutil.which
    if sys.platform != "linux" or not all(path(name, path=_PATH) for name in PROGRAMS):
        pytest.skip("needs a keyring")


@contextlib.contextmanager
def a_bus(folder: Path) -> Iterator[Session]:
    """Run a session bus that starts no service of this machine."""
    require_programs()
    folder.mkdir(mode=0o700, exist_ok=True)
    session = Session(folder)
    configuration = folder / "bus.conf"
    configuration.write_text(_CONFIGURATION.format(socket=session.socket))
    with subprocess.Popen(
        ["/usr/bin/dbus-daemon", f"--config-file={configuration}", "--nofork", "--print-address"],
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=session.environment, text=True,
    ) as bus:  # fmt: skip
        try:
            assert bus.stdout is not None
            assert bus.stdout.readline().startswith("unix:path=")
            yield session
        finally:
            bus.terminate()


def _wait_for_secrets(session: Session) -> None:
    """Return when the keyring has its name on the bus."""
    bus = Bus(str(session.socket))
    try:
        for _ in range(1000):
            if bus.call(DBUS, "/org/freedesktop/DBus", "NameHasOwner", ("s", SECRETS))[0]:
                return
            time.sleep(0.02)
    finally:
        bus.close()
    message = "the keyring does not start"
    raise AssertionError(message)


@contextlib.contextmanager
def a_keyring(folder: Path) -> Iterator[Session]:
    """Run a bus with an unlocked, empty keyring on it."""
    with a_bus(folder) as session, subprocess.Popen(
        ["/usr/bin/gnome-keyring-daemon", "--foreground", "--unlock", "--components=secrets"],
        stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        env=session.environment,
    ) as daemon:  # fmt: skip
        try:
            assert daemon.stdin is not None
            daemon.stdin.write(os.urandom(8).hex().encode())
            daemon.stdin.close()
            _wait_for_secrets(session)
            yield session
        finally:
            daemon.terminate()
