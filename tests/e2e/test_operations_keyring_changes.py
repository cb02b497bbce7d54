"""What becomes of a secret in the keyring when hosts, keyrings and people change their minds."""

from __future__ import annotations

import secrets

import pytest

from mcpinstall import keyrings
from mcpinstall.errors import McpInstallError
from mcpinstall.model.plan import Request
from mcpinstall.model.secret import Secret
from mcpinstall.operations import doctor, install, secret_store, undo, uninstall, update
from mcpinstall.operations.findings import Kind
from mcpinstall.operations.settling import settle
from mcpinstall.operations.trouble import Trouble
from tests.builders import servers
from tests.builders import world as worlds
from tests.builders.hosts import program
from tests.builders.session import Session
from tests.builders.vaults import IN_KEYRING, TOKEN, as_its_host, command_in, everything, kept
from tests.builders.world import World

pytestmark = pytest.mark.e2e

NOWHERE = "unix:path=/nonexistent/bus"
UNDO = "`mcpi undo` can't bring it back"
GIVEN = (("TOKEN", Secret("first")),)


def lock(session: Session) -> None:
    """Lock the keyring, as a screen saver or `seahorse` does."""
    import secretstorage
    from jeepney.io.blocking import open_dbus_connection

    with open_dbus_connection(session.variables["DBUS_SESSION_BUS_ADDRESS"]) as connection:
        secretstorage.get_default_collection(connection).lock()


def make_default(session: Session, collection: str) -> None:
    """Make another collection the default one."""
    from jeepney import DBusAddress, new_method_call
    from jeepney.io.blocking import open_dbus_connection

    root = "/org/freedesktop/secrets"
    service = DBusAddress(root, "org.freedesktop.secrets", "org.freedesktop.Secret.Service")
    given = ("default", f"{root}/collection/{collection}")
    with open_dbus_connection(session.variables["DBUS_SESSION_BUS_ADDRESS"]) as connection:
        connection.send_and_get_reply(new_method_call(service, "SetAlias", "so", given))


def test_what_a_locked_keyring_keeps_is_told(vault: World, session: Session) -> None:
    vault.install("vault", hosts=["codex"], secrets=GIVEN)
    (account,) = everything(session)
    lock(session)

    done = vault.uninstall("vault")

    assert everything(session) == [account]
    assert [note for note in done.notes if account in note and "keyring's own program" in note]


def test_what_the_next_command_can_not_take_out_is_told(
    vault: World, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The process died behind the last effect, and nobody unlocks the keyring."""
    from mcpinstall.operations import recovery

    vault.install("vault", hosts=["codex"], secrets=GIVEN)
    with monkeypatch.context() as patch:
        patch.setattr(recovery, "complete", lambda *_: None)
        vault.uninstall("vault")
    (account,) = everything(session)
    lock(session)

    assert [note for note in settle(vault.context) if account in note]


def test_what_goes_for_good_is_said_before_the_question(vault: World, session: Session) -> None:
    vault.install("vault", hosts=["codex", "claude-desktop"], secrets=GIVEN)
    (account,) = everything(session)
    told = f"the secret `TOKEN` of `vault` leaves the keyring, too, and {UNDO}"

    assert uninstall.prepare(("vault",), ("codex",), vault.context).notes == ()
    assert undo.prepare(None, vault.context).notes == (told,)
    assert uninstall.prepare(("vault",), (), vault.context).notes == (told,)

    assert not [note for note in vault.uninstall("vault").notes if account in note]
    assert everything(session) == []


def test_a_host_that_is_passed_over_leaves_no_secret(
    vault: World, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only Codex would need it, and Codex has such an entry of its user's already."""
    for name in ("code", "codex"):
        program(vault.root / "bin", name)
    monkeypatch.setenv("PATH", f"{vault.root / 'bin'}:/usr/bin:/bin")
    vault.file("codex").write_bytes(b'[mcp_servers.vault]\ncommand = "/bin/mine"\n')

    prepared = vault.prepare("vault", hosts=["all"], secrets=GIVEN)
    vault.carry_out(prepared)

    assert [skip.row.product for skip in prepared.skipped] == ["codex"]
    assert b"${input:mcpi.vault.TOKEN}" in vault.file("vscode").read_bytes()
    assert everything(session) == []
    (receipt,) = vault.receipts().values()
    assert [value.keyring for value in receipt.inputs if value.secret] == [None]


def test_a_host_that_is_left_gets_its_secret(
    vault: World, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("code", "codex"):
        program(vault.root / "bin", name)
    monkeypatch.setenv("PATH", f"{vault.root / 'bin'}:/usr/bin:/bin")
    vault.file("vscode").write_bytes(b"{")

    vault.install("vault", hosts=["all"], secrets=GIVEN)

    assert as_its_host(vault, "codex")["TOKEN"] == "first"
    assert len(everything(session)) == 1


def test_the_secret_that_moves_is_the_one_in_the_file(vault: World, session: Session) -> None:
    """Its user has put a new token there since, by hand."""
    old, new = secrets.token_hex(12), secrets.token_hex(12)
    vault.install(
        "vault", hosts=["claude-desktop", "codex"], settings=(("TOKEN", old),),
        plaintext_secrets=True,
    )  # fmt: skip
    for product in ("claude-desktop", "codex"):
        file = vault.file(product)
        file.write_bytes(file.read_bytes().replace(old.encode(), new.encode()))

    vault.configure("vault", *IN_KEYRING)

    assert kept(vault) == [new]
    assert as_its_host(vault, "codex")["TOKEN"] == new


@pytest.mark.parametrize("text", ["another-one", "${TOKEN}", ""])
def test_nobody_guesses_which_of_two_secrets_moves(
    vault: World, session: Session, text: str
) -> None:
    old = secrets.token_hex(12)
    vault.install(
        "vault", hosts=["claude-desktop", "vscode"], settings=(("TOKEN", old),),
        plaintext_secrets=True,
    )  # fmt: skip
    file = vault.file("vscode")
    file.write_bytes(file.read_bytes().replace(old.encode(), text.encode()))
    before = vault.host_files()

    with pytest.raises(McpInstallError) as refused:
        vault.configure("vault", *IN_KEYRING)

    assert worlds.refusal(refused) == ("input-missing", 2)
    assert vault.host_files() == before


def test_an_entry_stays_with_the_keyring_where_there_is_none(
    vault: World, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`mcpi configure` in an SSH session."""
    vault.install("vault", hosts=["codex"], secrets=GIVEN)
    started = command_in(vault, "codex")
    with monkeypatch.context() as patch:
        patch.setenv("DBUS_SESSION_BUS_ADDRESS", NOWHERE)

        vault.configure("vault", ("zone", "Oslo"))

    assert command_in(vault, "codex") == (*started, "--zone", "Oslo")
    assert as_its_host(vault, "codex")["TOKEN"] == "first"


def test_nobody_says_that_a_secret_is_lost_who_can_not_look(
    vault: World, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    vault.install("vault", hosts=["codex"], secrets=GIVEN)
    vault.configure("vault", ("zone", "Oslo"))
    assert undo.prepare(None, vault.context).notes == ()
    monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", NOWHERE)

    (note,) = undo.prepare(None, vault.context).notes

    assert "can't be told" in note
    assert "mcpi secret set vault TOKEN" in note


def test_a_secret_that_was_never_stored_is_not_said_to_be_there(
    vault: World, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    prepared = vault.prepare("vault", hosts=["codex"], secrets=GIVEN)
    monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", NOWHERE)

    with pytest.raises(McpInstallError) as refused:
        vault.carry_out(prepared)

    assert worlds.refusal(refused) == ("keyring-unavailable", 5)
    assert "still has" not in refused.value.evidence


def test_a_new_secret_is_read_whichever_keyring_is_the_default(
    vault: World, session: Session
) -> None:
    """The old one lies in the collection that was the default when it was stored."""
    vault.install("vault", hosts=["codex"], secrets=GIVEN)
    make_default(session, "session")

    secret_store.store("vault", "TOKEN", Secret("second"), vault.context)

    assert kept(vault) == ["second"]
    assert as_its_host(vault, "codex")["TOKEN"] == "second"
    assert len(everything(session)) == 1
    assert keyrings.open_keyring("linux").delete(everything(session)[0])


def test_a_secret_that_no_host_uses_is_still_listed(vault: World, session: Session) -> None:
    vault.install("vault", hosts=["codex", "vscode"], secrets=GIVEN)
    vault.uninstall("vault", hosts=["codex"])

    listed = [
        (str(one.place), one.row_id, one.stored) for one in secret_store.states((), vault.context)
    ]

    assert listed == [("host", "vscode-user", None), ("keyring", "", True)]


@pytest.mark.parametrize("text", ["keyring:", "host:", "env:ZONE"])
def test_what_is_no_secret_is_not_kept_elsewhere(vault: World, text: str) -> None:
    """`--secret zone`, `--secret-from-env zone=ZONE`: the words would reach the server."""
    with pytest.raises(McpInstallError) as refused:
        vault.install("vault", hosts=["vscode"], settings=(("zone", text),))

    assert worlds.refusal(refused) == ("input-invalid", 2)
    assert "is no secret" in refused.value.message


@pytest.mark.parametrize("name", ["HOMEASSISTANT_TOKEN", "PATHFINDER_KEY", "ENVOY_TOKEN"])
def test_what_a_plan_takes_the_launcher_starts(vault: World, session: Session, name: str) -> None:
    vault.offer(
        "vault", "2.0", environment=({**TOKEN, "name": name},),
        body=f"open({str(vault.root / 'seen')!r}, 'w').write(json.dumps("
        f"{{'TOKEN': os.environ.get({name!r})}}))\n{servers.MODERN}",
    )  # fmt: skip

    vault.install("vault@2.0", hosts=["codex"], secrets=((name, Secret("first")),))

    assert as_its_host(vault, "codex")["TOKEN"] == "first"


def without_a_secret(world: World) -> list[Trouble]:
    found = doctor.examine(world.context).troubles
    return [one for one in found if one.kind is Kind.SECRET_MISSING]


def test_a_secret_that_a_newer_version_wants_is_asked_for_before_the_plan(vault: World) -> None:
    vault.offer("tides", "1.0")
    vault.install("tides", hosts=["claude-desktop"])
    vault.offer("tides", "2.0", environment=(TOKEN,))
    request = Request(names=())
    selection = update.select((), None, request, vault.context)

    (missing,) = update.draft(selection, request, vault.context).missing

    assert (missing.entry_name, missing.question.name) == ("tides", "TOKEN")
    assert missing.for_keyring
    given = Request(names=(), secrets=GIVEN)
    assert update.draft(selection, given, vault.context).missing == ()


def test_doctor_tells_that_a_secret_is_missing(
    vault: World, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    vault.install("vault", hosts=["codex", "claude-desktop"], secrets=GIVEN)
    assert without_a_secret(vault) == []

    secret_store.remove("vault", "TOKEN", vault.context)

    (trouble,) = without_a_secret(vault)
    assert trouble.subject == "vault"
    assert "mcpi secret set vault TOKEN" in trouble.fix
    monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", NOWHERE)
    assert without_a_secret(vault) == []  # nobody can tell


def test_nobody_types_a_secret_that_nothing_can_keep(
    vault: World, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is refused before the question, not behind it."""
    monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", NOWHERE)
    wanted = Request(names=("vault",), hosts=("codex",), settings=IN_KEYRING)

    with pytest.raises(McpInstallError) as refused:
        install.draft(wanted, vault.context)

    assert worlds.refusal(refused) == ("keyring-unavailable", 5)


# A secret that is a part of a value ------------------------------------------------------------

DATABASE = {
    "name": "DATABASE_URL", "value": "postgres://{user}:{pass-word}@db/x", "isRequired": True,
    "variables": {"user": {"default": "me"}, "pass-word": {"isSecret": True, "isRequired": True}},
}  # fmt: skip
PASSWORD = "pass-word"


@pytest.fixture
def database(vault: World) -> World:
    vault.offer(
        "vault", "2.0", environment=(DATABASE, TOKEN | {"isRequired": False}),
        body=f"open({str(vault.root / 'seen')!r}, 'w').write(json.dumps("
        f"{{'TOKEN': os.environ.get('DATABASE_URL')}}))\n{servers.MODERN}",
    )  # fmt: skip
    return vault


def test_the_launcher_puts_the_text_around_a_secret(database: World, session: Session) -> None:
    secret = secrets.token_hex(12) + "{user}$"
    before = database.host_files()

    database.install(
        "vault@2.0", hosts=["claude-desktop", "codex", "vscode"],
        settings=((PASSWORD, "keyring:"), ("user", "you")), secrets=((PASSWORD, Secret(secret)),),
    )  # fmt: skip

    for product in ("claude-desktop", "codex", "vscode"):
        seen = as_its_host(database, product)["TOKEN"]
        assert seen == f"postgres://you:{secret}@db/x"
    assert [one.name for one in secret_store.states((), database.context)] == [PASSWORD] * 3
    database.configure("vault", ("user", "her"))
    assert as_its_host(database, "codex")["TOKEN"] == f"postgres://her:{secret}@db/x"
    secret_store.store("vault", PASSWORD, Secret("new"), database.context)
    assert as_its_host(database, "codex")["TOKEN"] == "postgres://her:new@db/x"

    database.uninstall("vault")

    assert everything(session) == []
    assert database.host_files() == before


def test_a_host_puts_the_text_around_its_own_input_or_a_variable(
    database: World, session: Session
) -> None:
    database.install("vault@2.0", hosts=["vscode"])
    text = database.file("vscode").read_text()
    assert '"postgres://me:${input:mcpi.vault.DATABASE_URL}@db/x"' in text
    assert everything(session) == []

    database.install(
        "vault@2.0", hosts=["cursor"], entry_name="other", settings=((PASSWORD, "env:PW"),)
    )
    assert '"postgres://me:${env:PW}@db/x"' in (database.home / ".cursor/mcp.json").read_text()

    with pytest.raises(McpInstallError) as refused:  # which passes whole variables on
        database.install(
            "vault@2.0", hosts=["codex"], entry_name="third", settings=((PASSWORD, "env:PW"),)
        )
    assert worlds.refusal(refused) == ("host-unsupported", 5)
    assert f"--secret {PASSWORD}" in refused.value.hint


@pytest.mark.parametrize("text", ["keyring:", "host:", "env:PW"])
def test_two_secrets_in_one_value_are_refused(vault: World, session: Session, text: str) -> None:
    """Never are the words themselves taken for a secret."""
    both = {**DATABASE, "isSecret": True, "value": "{user}:{pass-word}"}
    vault.offer("vault", "2.0", environment=(both,))

    for plain in (False, True):
        with pytest.raises(McpInstallError) as refused:
            vault.install(
                "vault@2.0", hosts=["cursor"], settings=((PASSWORD, text), ("user", text)),
                plaintext_secrets=plain,
            )  # fmt: skip
        assert worlds.refusal(refused) == ("input-invalid", 2)
        assert "only a part of a value" in refused.value.message
