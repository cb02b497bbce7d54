"""Random walks: whatever the order, host files end in their original bytes."""

from __future__ import annotations

import random
from dataclasses import dataclass, field

import pytest

from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.operations import verify
from tests.builders.world import HOSTS, USERS_FILES, World

pytestmark = pytest.mark.e2e

SERVERS = ("clock", "notes", "maps")
STEPS = 30
ZONES = ("Oslo", "Rome", "Lima")

State = dict[str, tuple[frozenset[str], str]]
"""Entry name → hosts that have it, and its zone."""


@dataclass
class Model:
    """What should be there, and how to get back."""

    state: State = field(default_factory=dict)
    past: list[State] = field(default_factory=list)
    """States before the changes that still stand."""

    def changed(self, after: State) -> None:
        if after != self.state:
            self.past.append(self.state)
            self.state = after

    def expected(self, product: str) -> dict[str, str]:
        return {name: zone for name, (hosts, zone) in self.state.items() if product in hosts}


@dataclass
class Walk:
    """One user who does this and that."""

    world: World
    model: Model
    chance: random.Random

    def step(self) -> str:
        """Do something, and return what."""
        state = self.model.state
        doing = self.chance.choice(("install", "install", "uninstall", "out", "undo", "set", "re"))
        if not state and doing in ("uninstall", "out", "set", "re"):
            doing = "install"
        name = self.chance.choice(SERVERS if doing == "install" else sorted(state) or SERVERS)
        return f"{doing} {name}: {getattr(self, f'do_{doing}')(name)}"

    def do_install(self, name: str) -> str:
        hosts = self.chance.sample(list(HOSTS), self.chance.randint(1, 3))
        old, zone = self.model.state.get(name, (frozenset(), ""))
        settings = (("zone", zone),) if zone else ()
        self.world.install(name, hosts=hosts, settings=settings)
        self.model.changed({**self.model.state, name: (old | set(hosts), zone)})
        return f"{hosts}"

    def do_uninstall(self, name: str) -> str:
        names = [name, *(self.chance.sample(sorted(self.model.state), 1))]
        self.world.uninstall(*dict.fromkeys(names))
        self.model.changed({k: v for k, v in self.model.state.items() if k not in names})
        return f"{names}"

    def do_out(self, name: str) -> str:
        hosts, zone = self.model.state[name]
        host = self.chance.choice(sorted(hosts))
        self.world.uninstall(name, hosts=[host])
        rest = {k: v for k, v in self.model.state.items() if k != name}
        left = hosts - {host}
        self.model.changed({**rest, name: (left, zone)} if left else rest)
        return host

    def do_set(self, name: str) -> str:
        hosts, _ = self.model.state[name]
        zone = self.chance.choice(ZONES)
        self.world.configure(name, ("zone", zone))
        self.model.changed({**self.model.state, name: (hosts, zone)})
        return zone

    def do_re(self, name: str) -> str:
        self.world.reinstall(name)
        self.model.past.append(self.model.state)
        return ""

    def do_undo(self, name: str) -> str:
        if self.model.past:
            self.world.undo()
            self.model.state = self.model.past.pop()
            return "taken back"
        with pytest.raises(McpInstallError) as refused:
            self.world.undo()
        assert refused.value.code is ErrorCode.NOTHING_TO_UNDO
        return "nothing"

    def compare(self) -> None:
        """Fail unless the world is what the model says."""
        self.world.require_clean()
        assert set(self.world.receipts()) == set(self.model.state)
        for product, content in self.world.host_files().items():
            found = self.world.servers_in(product)
            found.pop("mine", None)
            zones = {name: command[-1] if "--zone" in command else ""
                     for name, command in found.items()}  # fmt: skip
            assert zones == self.model.expected(product)
            if not zones:
                assert content == USERS_FILES[product]


@pytest.mark.parametrize("seed", range(4))
def test_a_random_walk_ends_in_the_original_bytes(world: World, seed: int) -> None:
    walk = Walk(world, Model(), random.Random(seed))  # noqa: S311 (no secret is made of it)
    done = []
    for _ in range(STEPS):
        done.append(walk.step())
        try:
            walk.compare()
        except AssertionError as error:
            error.add_note("\n".join(done))
            raise
    assert [one.findings for one in verify.verify((), world.context) if one.findings] == []

    if walk.model.state:
        world.uninstall(*walk.chance.sample(sorted(walk.model.state), len(walk.model.state)))

    assert world.host_files() == USERS_FILES
    assert world.homes() == []


@pytest.mark.parametrize("seed", range(2))
def test_taking_everything_back_ends_in_the_original_bytes(world: World, seed: int) -> None:
    walk = Walk(world, Model(), random.Random(100 + seed))  # noqa: S311
    for _ in range(STEPS // 2):
        walk.step()

    while walk.model.past:
        walk.do_undo("")
        walk.compare()

    assert walk.model.state == {}
    assert world.host_files() == USERS_FILES
    assert world.homes() == []


@pytest.mark.parametrize("seed", range(2))
def test_with_the_user_editing_between_only_our_entries_go(world: World, seed: int) -> None:
    """After each step somebody edits a file: their edits stay, to the letter."""
    walk = Walk(world, Model(), random.Random(200 + seed))  # noqa: S311
    expected = dict(USERS_FILES)
    for number in range(STEPS // 2):
        walk.step()
        product = walk.chance.choice(list(HOSTS))
        path = world.file(product)
        path.write_bytes(path.read_bytes().replace(b"/bin/mine", b"/bin/mine%d" % number))
        expected[product] = expected[product].replace(b"/bin/mine", b"/bin/mine%d" % number)
        world.require_consistent()

    if walk.model.state:
        world.uninstall(*sorted(walk.model.state))

    for product in ("cursor", "codex"):
        ours = world.servers_in(product)
        assert set(ours) == {"mine"}
        assert ours["mine"][0].encode() in expected[product]
    assert world.servers_in("claude-code") == {}
    assert world.homes() == []
