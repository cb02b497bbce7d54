"""Changes of entries that other programs wrote: `adopt`, `audit --fix`, and the ways back."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Sequence

from mcpinstall.model.plan import Request
from mcpinstall.model.secret import Secret
from mcpinstall.operations import adoption, audit, fix_commit, fixing, undo, uninstall
from mcpinstall.operations.prepared import Prepared
from tests.builders.canaries import token
from tests.builders.changes import ALL_FAULTS, LAST, Change, lasting, recovery
from tests.builders.world import World

TICK = {
    "cursor": b"""\
{
  "mcpServers": {
    "tick": {
      "autoApprove": ["now"],
      "env": {"LEVEL": "debug"},
      "command": "uvx", "args": ["clock-server", "--zone=Oslo", "--odd"]
    }
  }
}
""",
    "claude-code": b"""\
{"numStartups": 7, "mcpServers": {"tick": {"type": "stdio", "env": {"LEVEL": "debug"},
  "args": ["clock-server", "--zone=Oslo", "--odd"],\t"command": "uvx"}}}""",
    "codex": b"""\
model = "o"  # mine\r
[mcp_servers.tick]\r
command = "uvx" # runner\r
args = ["clock-server", "--zone=Oslo", "--odd"]\r
env = { LEVEL = "debug" }\r
""",
}
"""The same server in three hosts, as three programs wrote it."""
UNSAFE = frozenset({"remove-variable", "move-secret", "pin"})


def offer(world: World, name: str = "tick", *products: str) -> adoption.Offer:
    """Return what an entry can become."""
    found = [one for one in adoption.survey(products, world.context).offers if one.name == name]
    (one,) = found
    assert one.standing is adoption.Standing.OFFERED, one.why_not
    return one


def prepared_adoption(
    world: World,
    name: str = "tick",
    *products: str,
    secrets: Sequence[tuple[str, Secret]] = (),
) -> Prepared:
    """Return the plan of one adoption, with its environment built."""
    wanted = adoption.request(
        offer(world, name, *products), Request(names=(), secrets=tuple(secrets))
    )
    prepared = adoption.prepare(wanted, world.context)
    return lasting(prepared)


def adopt(world: World, name: str = "tick", *products: str) -> None:
    """Adopt, as after a yes."""
    world.carry_out(prepared_adoption(world, name, *products))


def foreign(world: World, *products: str) -> None:
    """Let other programs write an entry into the files of these hosts."""
    for product in products or tuple(TICK):
        world.file(product).write_bytes(TICK[product])


def adoption_of(world: World, *products: str) -> Change:
    """One file, or several in one plan; a server of mcpi's stands in another one."""
    foreign(world, *products)
    world.install("notes", hosts=["codex"])
    prepared = prepared_adoption(world)
    return Change(world, lambda: world.carry_out(prepared), lambda: adopt(world))


def adoption_of_a_second(world: World) -> Change:
    """The server is installed already: only its entry changes."""
    foreign(world, "cursor")
    world.install("clock", hosts=["codex"])
    prepared = prepared_adoption(world)
    return Change(world, lambda: world.carry_out(prepared), lambda: adopt(world))


def adoption_with_a_secret(world: World) -> Change:
    """A secret that the entry lacks goes into the keyring; the world has one."""
    text = b'[mcp_servers.vault]\ncommand = "uvx" # runner\nargs = ["vault-server"]\n'
    world.install("notes", hosts=["claude-desktop"])
    world.file("codex").write_bytes(text + b'\n[mcp_servers.vault.env]\nLEVEL = "debug"\n')
    given = (("TOKEN", Secret("hush")),)

    def again() -> None:
        world.carry_out(prepared_adoption(world, "vault", "codex", secrets=given))

    prepared = prepared_adoption(world, "vault", "codex", secrets=given)
    return Change(world, lambda: world.carry_out(prepared), again)


def undoing_an_adoption_with_a_secret(world: World) -> Change:
    """The secret leaves the keyring together with the entry that needs it."""
    adoption_with_a_secret(world).carry_out()
    return _undone(world)


def undoing_an_adoption(world: World) -> Change:
    """Three files go back to their bytes, and the environment goes."""
    foreign(world)
    adopt(world)
    return _undone(world)


def uninstalling_what_was_adopted(world: World) -> Change:
    """In a file that somebody changed since: only command and arguments go back."""
    foreign(world)
    adopt(world)
    path = world.file("cursor")
    path.write_bytes(path.read_bytes().replace(b'["now"]', b'["now", "then"]'))
    prepared = uninstall.prepare(["tick"], [], world.context)
    return Change(
        world, lambda: uninstall.commit(prepared, world.context), lambda: world.uninstall("tick")
    )


def updating_what_was_adopted(world: World) -> Change:
    """Its new version needs another argument, so its entries change."""
    foreign(world)
    adopt(world)
    fixed = {"type": "named", "name": "--place", "value": "here"}
    world.offer("clock", "2.0", arguments=[fixed])
    prepared = world.prepare_update()
    assert prepared is not None
    prepared = lasting(prepared)
    return Change(world, lambda: world.carry_out(prepared), world.update)


def with_faults(world: World) -> None:
    """Put an entry with a secret and other faults beside one of mcpi's, readable for all."""
    world.install("notes", hosts=["cursor"])
    path = world.file("cursor")
    environment = {"LD_PRELOAD": "/x", "GITHUB_TOKEN": token("github")}
    other = {"command": "npx -y other@1.0.0", "env": environment}
    entry = f'"other": {json.dumps(other)}, '.encode()
    path.write_bytes(path.read_bytes().replace(b'"notes": {', entry + b'"notes": {'))
    path.chmod(0o644)


def fix(world: World, named: Collection[str] = UNSAFE) -> None:
    """Fix what can be fixed in one host's file, as after a yes."""
    list(fix_commit.commit(_fixes(world, named)))


def _fixes(world: World, named: Collection[str]) -> fixing.PreparedFixes:
    return fixing.prepare(audit.Wanted(host="cursor"), frozenset(named), world.context)


def fixing_with_a_secret(world: World) -> Change:
    """Safe and unsafe fixes, a secret that moves out of the file, and rights of others."""
    with_faults(world)
    prepared = _fixes(world, UNSAFE)
    fixers = {one.fixer for file in prepared.files for one in file.fixed}
    assert fixers == {"split-command", "remove-variable", "move-secret", "close-permissions"}
    return Change(
        world, lambda: list(fix_commit.commit(prepared)), lambda: fix(world), rights_stay=True
    )


def undoing_a_fix(world: World) -> Change:
    """The secret comes back; the rights of others don't."""
    with_faults(world)
    fix(world)
    return _undone(world)


def _undone(world: World) -> Change:
    prepared = undo.prepare(None, world.context)
    return Change(world, lambda: undo.commit(prepared, world.context), world.undo)


ADOPTED: dict[str, Callable[[World], Change]] = {
    "adopt in three files": adoption_of,
    "undo of an adoption": undoing_an_adoption,
    "uninstall of what was adopted": uninstalling_what_was_adopted,
}
"""Changes of entries that mcpinstall did not make."""

FIXES: dict[str, Callable[[World], Change]] = {
    "fix with a secret": fixing_with_a_secret,
    "undo of a fix": undoing_a_fix,
    "adopt a second": adoption_of_a_second,
}
"""Such of few calls."""

if ALL_FAULTS:
    ADOPTED |= {
        "adopt in one file": lambda world: adoption_of(world, "cursor"),
        "update of what was adopted": updating_what_was_adopted,
    }

WAYS_BACK: dict[str, Callable[[World], Change]] = {
    "recovery of an adoption": lambda world: recovery(world, adoption_of, LAST),
    "recovery of an adoption's undo": lambda world: recovery(world, undoing_an_adoption, LAST),
}
"""Recovery of such a change that died late."""

KEYRING: dict[str, Callable[[World], Change]] = {
    "adopt with a secret": adoption_with_a_secret,
    "undo of an adoption with a secret": undoing_an_adoption_with_a_secret,
}
"""Changes of a file and of a keyring."""
