"""Secret Service of Linux desktops (gnome-keyring, KWallet, KeePassXC), through `secretstorage`.

It is imported when a secret is written, read or deleted: it loads `cryptography`.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import TYPE_CHECKING

from mcpinstall.errors import McpInstallError
from mcpinstall.keyrings.backend import locked, of_launcher, unavailable
from mcpinstall.model.secret import KeptSecret, Secret
from mcpinstall.system.secret_reader import SERVICE
from mcpinstall.system.session_bus import SECRETS, Bus, LaunchError, bus_address

if TYPE_CHECKING:
    import secretstorage
    from jeepney.io.blocking import DBusConnection

_BUS = ("org.freedesktop.DBus", "/org/freedesktop/DBus")
_MISFITS = (ValueError, TypeError, KeyError, IndexError, AttributeError, AssertionError)
"""What an answer of any other form raises in `secretstorage`."""
_SECONDS = 5.0  # for the bus to let us in


class SecretService:
    """The user's default collection."""

    title = "the keyring of your desktop (Secret Service)"

    def __init__(self) -> None:
        try:
            self._address = bus_address()
            bus = Bus(self._address)
            try:
                (running,) = bus.call(*_BUS, "NameHasOwner", ("s", SECRETS))
                (startable,) = bus.call(*_BUS, "ListActivatableNames")
            finally:
                bus.close()
            there = running or SECRETS in startable
        except LaunchError as error:
            raise of_launcher(error) from None
        except (TypeError, ValueError):
            raise unavailable("the session bus answers what can't be read") from None
        if not there:
            raise unavailable("no keyring (Secret Service) runs in this session")

    def write(self, kept: KeptSecret) -> None:
        """Store a secret in the default collection, and in no other one."""
        with self._connected() as connection:
            import secretstorage

            collection = secretstorage.get_default_collection(connection)
            _unlock(collection)
            data = kept.secret.reveal().encode()
            new = collection.create_item(kept.label, _named(kept.account), data, replace=True)
            # What the reader could take for it: another keyring was the default one before.
            for item in secretstorage.search_items(connection, _named(kept.account)):
                if item.item_path != new.item_path:
                    _unlock(item)
                    item.delete()

    def read(self, account: str) -> Secret | None:
        """Return the secret of an account."""
        with self._items(account) as items:
            for item in items:
                _unlock(item)
                return Secret(item.get_secret().decode())
        return None

    def holds(self, account: str) -> bool:
        """Tell whether an account has an item, locked or not."""
        with self._items(account) as items:
            return bool(items)

    def delete(self, account: str) -> bool:
        """Delete the items of an account."""
        with self._items(account) as items:
            for item in items:
                _unlock(item)
                item.delete()
            return bool(items)

    @contextlib.contextmanager
    def _items(self, account: str) -> Iterator[list[secretstorage.Item]]:
        with self._connected() as connection:
            import secretstorage

            yield list(secretstorage.search_items(connection, _named(account)))

    @contextlib.contextmanager
    def _connected(self) -> Iterator[DBusConnection]:
        """Connect to the bus that was checked; no error repeats what was sent."""
        import secretstorage
        from jeepney import DBusErrorResponse
        from jeepney.io.blocking import open_dbus_connection

        connection = None
        try:
            connection = open_dbus_connection(_spelled(self._address), auth_timeout=_SECONDS)
            yield connection
        except McpInstallError:
            raise
        except (secretstorage.LockedException, secretstorage.PromptDismissedException):
            raise locked() from None
        except DBusErrorResponse as error:
            raise unavailable(f"the keyring refuses: {error.name}") from None
        except (secretstorage.SecretStorageException, OSError, EOFError, *_MISFITS) as error:
            raise unavailable(f"the keyring does not answer ({type(error).__name__})") from None
        finally:
            if connection is not None:
                connection.close()


def _named(account: str) -> dict[str, str]:
    return {"service": SERVICE, "account": account}


def _unlock(what: secretstorage.Collection | secretstorage.Item) -> None:
    """Unlock a collection or an item; the keyring asks its user."""
    if what.is_locked() and what.unlock():
        raise locked()


def _spelled(place: str) -> str:
    """Return a socket's path as a D-Bus address."""
    kind, path = ("abstract", place[1:]) if place.startswith("\0") else ("path", place)
    escaped = "".join(f"%{ord(char):02x}" if char in "%,;" else char for char in path)
    return f"unix:{kind}={escaped}"
