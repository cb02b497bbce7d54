"""A world with a real keyring, and a server that wants a secret from it."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from mcpinstall import hosts, keyrings
from mcpinstall.model.secret import KeptSecret, Secret
from mcpinstall.operations import secret_places
from tests.builders import servers
from tests.builders import world as worlds
from tests.builders.session import Session, a_keyring
from tests.builders.world import ARGUMENT, World

TOKEN = {"name": "TOKEN", "description": "The token", "isSecret": True, "isRequired": True}
IN_KEYRING = (("TOKEN", "keyring:"),)
FILES = {
    "claude-desktop": ".config/Claude/claude_desktop_config.json",
    "vscode": ".config/Code/User/mcp.json",
    "codex": ".codex/config.toml",
}
BEFORE = {
    "claude-desktop": b'{\n  "mcpServers": {}\n}\n',
    "vscode": b'{\n\t// mine\n\t"inputs": [\n\t\t{"id": "mine", "type": "promptString"}, // x\n'
    b'\t],\n\t"servers": {},\n}\n',
    "codex": b'model = "o"  # mine\r\n',
}
SAYS_TOKEN = f"""
with open(PLACE, "w") as file:
    json.dump({{"TOKEN": os.environ.get("TOKEN"), "cwd": os.getcwd(), "argv": sys.argv}}, file)
{servers.MODERN}
"""


@pytest.fixture
def session(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Session]:
    with a_keyring(tmp_path / "session") as found:
        for name, value in found.variables.items():
            monkeypatch.setenv(name, value)
        yield found


@pytest.fixture
def vault(world: World, session: Session, monkeypatch: pytest.MonkeyPatch) -> World:
    """A world with a keyring, and a server that writes down the token that it gets."""
    world.offer(
        "vault", arguments=(ARGUMENT,), environment=(TOKEN,),
        body=SAYS_TOKEN.replace("PLACE", repr(str(world.root / "seen"))),
    )  # fmt: skip
    monkeypatch.setattr(worlds, "HOSTS", FILES)
    for product, path in FILES.items():
        (world.home / path).parent.mkdir(parents=True, exist_ok=True)
        (world.home / path).write_bytes(BEFORE[product])
    world.session = session
    return world


def accounts(world: World) -> list[str]:
    """The accounts of the installed entries."""
    found = (secret_places.accounts(one, world.context) for one in world.receipts().values())
    return [account for one in found for account in one.values()]


def kept(world: World) -> list[str]:
    """The secrets that the keyring has for them."""
    keyring = keyrings.open_keyring("linux")
    found = [keyring.read(account) for account in accounts(world)]
    return [secret.reveal() for secret in found if secret is not None]


def everything(session: Session) -> list[str]:
    """The accounts of every secret of ours in the keyring."""
    import secretstorage
    from jeepney.io.blocking import open_dbus_connection

    with open_dbus_connection(session.variables["DBUS_SESSION_BUS_ADDRESS"]) as connection:
        items = secretstorage.search_items(connection, {"service": keyrings.SERVICE})
        return sorted(item.get_attributes()["account"] for item in items)


def contents(session: Session) -> dict[str, str]:
    """Every secret of ours in the keyring, by its account."""
    keyring = keyrings.open_keyring("linux")
    found = {account: keyring.read(account) for account in everything(session)}
    return {account: one.reveal() for account, one in found.items() if one is not None}


def put_back(session: Session, wanted: Mapping[str, str]) -> None:
    """Let the keyring have these secrets of ours, and no others."""
    keyring = keyrings.open_keyring("linux")
    there = contents(session)
    for account in there.keys() - wanted.keys():
        keyring.delete(account)
    for account, secret in wanted.items():
        if there.get(account) != secret:
            keyring.write(KeptSecret(account=account, label=account, secret=Secret(secret)))


def command_in(world: World, product: str) -> tuple[str, ...]:
    """What a host starts for the server."""
    file = hosts.read(hosts.find_rows(product), world.context.machine)
    (found,) = [one for one in hosts.entries(file) if one.name == "vault"]
    return (found.command or "", *found.args)


def as_its_host(world: World, product: str, **variables: str) -> dict[str, Any]:
    """Start the server as the host's file says, and return what it saw."""
    (world.root / "seen").unlink(missing_ok=True)
    session = {"DBUS_SESSION_BUS_ADDRESS": os.environ["DBUS_SESSION_BUS_ADDRESS"]}
    asked = {"jsonrpc": "2.0", "id": 1, "method": "server/discover", "params": {
        "_meta": {"io.modelcontextprotocol/protocolVersion": "2026-07-28"}}}  # fmt: skip
    done = subprocess.run(
        command_in(world, product), input=json.dumps(asked) + "\n", text=True, capture_output=True,
        check=False, timeout=60, env={"HOME": str(world.home), **session, **variables},
        cwd=world.root,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert '"result"' in done.stdout
    found: dict[str, Any] = json.loads((world.root / "seen").read_text())
    return found
