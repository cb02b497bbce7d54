"""Read secrets from the keyring, quickly.

A copy of this file is the second part of `run.py` in every environment (see `launcher`), which
has 40 ms.  That is why it speaks to the Secret Service by itself: `secretstorage` alone takes 30
to load.  The session is a plain one: the secret crosses a socket between processes of one
user, who could ask the keyring as well.
"""

from __future__ import annotations

import sys

from mcpinstall.system.session_bus import (
    LOCKED,
    MISSING,
    UNAVAILABLE,
    Bus,
    LaunchError,
    bus_address,
)

# Behind this line stands what `run.py` takes over.

SERVICE = "mcpinstall"

_ROOT = "/org/freedesktop/secrets"
_SERVICE, _PROMPT = "org.freedesktop.Secret.Service", "org.freedesktop.Secret.Prompt"
_PROMPT_SECONDS = 120.0  # for the person who is asked to unlock it


def read(accounts: list[str]) -> list[str]:
    """Return the secrets of accounts, in their order.

    Raises:
        LaunchError: `keyring-unavailable`, `keyring-locked`, `secret-missing`.
    """
    if sys.platform == "win32":
        found = [_from_windows(account) for account in accounts]
    elif sys.platform == "darwin":
        found = [_from_macos(account) for account in accounts]
    else:
        found = _from_secret_service(accounts)
    if None in found:
        where = accounts[found.index(None)].split("/")
        entry, name = (where[2], where[3]) if len(where) > 3 else ("ENTRY", "NAME")
        hint = f"store it: `mcpi secret set {entry} {name}`"
        raise LaunchError(MISSING, f"the keyring has no secret `{name}` of `{entry}`", hint)
    return [secret for secret in found if secret is not None]


def _from_secret_service(accounts: list[str]) -> list[str | None]:
    bus = Bus(bus_address())
    try:
        _, session = bus.call(_SERVICE, _ROOT, "OpenSession", ("s", "plain"), ("v", ("s", "")))
        items = [_item(bus, account) for account in accounts]
        secrets = [_secret(bus, item, session) if item else None for item in items]
    except (TypeError, ValueError, AttributeError, IndexError, KeyError):  # values of other types
        raise LaunchError(UNAVAILABLE, "the keyring's answer can't be read") from None
    finally:
        bus.close()
    return secrets


def _item(bus: Bus, account: str) -> str | None:
    """Return the item of an account, unlocked; the person may be asked to unlock it."""
    named = {"service": SERVICE, "account": account}
    open_items, locked = bus.call(_SERVICE, _ROOT, "SearchItems", ("a{ss}", named))
    if open_items:
        return str(open_items[0])
    if not locked:
        return None
    unlock(bus, locked[0])
    return str(locked[0])


def _secret(bus: Bus, item: str, session: str) -> str:
    (found,) = bus.call("org.freedesktop.Secret.Item", item, "GetSecret", ("o", session))
    return str(found[2].decode())


def unlock(bus: Bus, path: str) -> None:
    """Unlock an item or a collection; the keyring asks the person where it must.

    Raises:
        LaunchError: `keyring-locked` when it stays locked.
    """
    done, prompt = bus.call(_SERVICE, _ROOT, "Unlock", ("ao", [path]))
    if path in done or prompt == "/":
        return
    rule = f"type='signal',interface='{_PROMPT}',path='{prompt}'"
    bus.call("org.freedesktop.DBus", "/org/freedesktop/DBus", "AddMatch", ("s", rule))
    bus.call(_PROMPT, prompt, "Prompt", ("s", ""))
    dismissed, _ = bus.signal(prompt, _PROMPT_SECONDS)
    if dismissed:
        raise LaunchError(
            LOCKED, "the keyring is locked, and was not unlocked", "unlock it, then start again"
        )


# macOS and Windows -------------------------------------------------------------------------------


def _from_macos(account: str) -> str | None:
    import ctypes

    library = ctypes.CDLL("/System/Library/Frameworks/Security.framework/Security")
    service, name = SERVICE.encode(), account.encode()
    size, data = ctypes.c_uint32(), ctypes.c_void_p()
    status = library.SecKeychainFindGenericPassword(
        None, len(service), service, len(name), name, ctypes.byref(size), ctypes.byref(data), None
    )
    if status == -25300:  # errSecItemNotFound
        return None
    if status in (-128, -25308, -25293):  # cancelled, nobody to ask, refused
        raise LaunchError(LOCKED, "the keychain did not give the secret out")
    if status:
        raise LaunchError(UNAVAILABLE, f"the keychain answers {status}")
    return ctypes.string_at(data, size.value).decode()


def _from_windows(account: str) -> str | None:
    import ctypes

    class Credential(ctypes.Structure):
        _fields_ = (
            ("flags", ctypes.c_uint32), ("type", ctypes.c_uint32),
            ("target", ctypes.c_wchar_p), ("comment", ctypes.c_wchar_p),
            ("written", ctypes.c_uint64), ("size", ctypes.c_uint32),
            ("blob", ctypes.c_void_p),
        )  # fmt: skip

    library = ctypes.WinDLL("advapi32", use_last_error=True)  # type: ignore[attr-defined,unused-ignore]
    found = ctypes.POINTER(Credential)()
    generic = 1
    if not library.CredReadW(f"{SERVICE}/{account}", generic, 0, ctypes.byref(found)):
        number = ctypes.get_last_error()  # type: ignore[attr-defined,unused-ignore]
        if number == 1168:  # ERROR_NOT_FOUND
            return None
        raise LaunchError(UNAVAILABLE, f"the Credential Manager answers {number}")
    return ctypes.string_at(found.contents.blob, found.contents.size).decode("utf-16-le")
