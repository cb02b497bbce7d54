"""What `mcpi run` adds to the start of a server: `python -m tests.bench.bench_launcher`.

An empty server is started directly and through `run.py` with a secret from a real keyring
(gnome-keyring on a bus of its own), in turn.
"""

from __future__ import annotations

import functools
import secrets
import shutil
import sys
import tempfile
from pathlib import Path

from mcpinstall import keyrings
from tests.bench.timing import pair, seconds
from tests.builders.launchable import Launchable
from tests.builders.session import PROGRAMS, Session, a_keyring

ROUNDS = 60
BUDGET = 40  # ms, design §13


def store(session: Session, account: str) -> None:
    """Put a secret into the keyring."""
    import secretstorage
    from jeepney.io.blocking import open_dbus_connection

    with open_dbus_connection(session.variables["DBUS_SESSION_BUS_ADDRESS"]) as connection:
        collection = secretstorage.get_default_collection(connection)
        named = {"service": keyrings.SERVICE, "account": account}
        collection.create_item("bench", named, secrets.token_hex(16).encode())


def main() -> None:
    """Print both times, their ratio and their difference."""
    if not all(shutil.which(name) for name in PROGRAMS):
        sys.exit("needs gnome-keyring and dbus")
    with tempfile.TemporaryDirectory() as text, a_keyring(Path(text) / "session") as session:
        folder = Path(text)
        made = Launchable.made(folder, "", "TOKEN")
        store(session, made.account("TOKEN"))
        environment = {"HOME": text, **session.variables}
        found = pair(
            functools.partial(seconds, made.through, environment, folder),
            functools.partial(seconds, made.direct, environment, folder),
            ROUNDS,
        )
    added = (found.ours - found.theirs) * 1000
    print(
        f"mcpi run : direct start  {found.ours * 1000:6.1f} ms {found.theirs * 1000:6.1f} ms"
        f"  ratio {found.ratio:4.2f}  adds {added:5.1f} ms   budget {BUDGET} ms"
    )


if __name__ == "__main__":
    main()
