"""One change of the machine that is tried again and again, each time with another fault."""

from __future__ import annotations

import math
import os
import stat
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import pytest

from mcpinstall.model.input_value import InputValue
from mcpinstall.model.plan import Request
from mcpinstall.model.receipt import Receipt
from mcpinstall.operations import (
    audit,
    commit,
    configure,
    fix_commit,
    fixing,
    install,
    reinstall,
    rollback,
    undo,
    uninstall,
)
from mcpinstall.operations.prepared import Prepared
from mcpinstall.operations.settling import settle
from mcpinstall.system import files
from tests.builders import audit_killer, faults, system_calls, vaults
from tests.builders.remote_offers import offer_remote, remote
from tests.builders.remote_server import RemoteServer
from tests.builders.system_calls import Answer, Call, Outcome, Report
from tests.builders.world import HOSTS, Snapshot, World

MORE_HOSTS = {
    "zed": ".config/zed/settings.json",
    "goose": ".config/goose/config.yaml",
    "continue": ".continue/config.yaml",
}
"""JSON with comments, a map in YAML and a list in YAML; with these, all forms are there."""

MORE_FILES = {
    "zed": b'{\r\n  // mine\r\n  "context_servers": {"mine": {"command": "/bin/mine",},},\r\n}',
    "goose": b"# mine\nextensions:\n    mine: {name: mine, cmd: /bin/mine, args: []}\t# tail\n",
    "continue": b"name: mine\nversion: 1.0.0\nmcpServers: # mine\n- name: mine\n  command: x",
}
FIVE = ("cursor", "zed", "codex", "goose", "continue")

ALL_FAULTS = bool(os.environ.get("ALL_FAULTS"))
"""Whether to try every fault at every call: hours of computing on a small machine."""


@dataclass
class Change:
    """One change in a world that can be put back, and what may be there after it failed."""

    world: World
    carry_out: Callable[[], object]
    again: Callable[[], object]
    """The same command, by a user who tries again."""
    is_seen: bool = True
    """Whether there is anything new to see when it is done."""
    always: Answer = faults.nothing
    """What calls are answered apart from the fault that is tried."""
    rights_stay: bool = False
    """Whether rights that it takes away stay away where all else goes back."""

    def __post_init__(self) -> None:
        self.temporary = self.world.home / "tmp"
        self.temporary.mkdir(exist_ok=True)
        self.snapshot = Snapshot(self.world)
        self.old = state(self.world)
        self.carry_out()
        self.new = state(self.world)
        self.snapshot.restore()
        assert (self.old != self.new) is self.is_seen

    def calls(self) -> list[Call]:
        """Return every call that changes something, by carrying the change out once."""
        report = self.with_fault(faults.nothing)
        assert report.outcome == Outcome()
        assert state(self.world) == self.new
        self.snapshot.restore()
        return report.calls

    def with_fault(self, answer: Answer) -> Report:
        """Carry the change out in a child whose system calls get these answers."""

        def work() -> None:
            tempfile.tempdir = str(self.temporary)  # in the child only
            self.carry_out()

        def answered(number: int, call: Call) -> int:
            decision = answer(number, call)
            if decision:
                tried.append(decision)
            return decision or self.always(number, call)

        tried: list[int] = []
        report = system_calls.watched(work, answered, self.world.home)
        report.answers[:] = tried
        return report

    def deaths(self, *, every: int = 1) -> Iterator[int]:
        """Let the change die at every n-th effect; each time it is put back."""
        if system_calls.can_be_watched():
            shown = [at for at, call in enumerate(self.calls()) if call.shows]
            for at in shown[::every]:
                assert self.with_fault(faults.death(at)).outcome.died
                yield at
                self.snapshot.restore()
            return
        at = 0
        while audit_killer.dies(self.carry_out, at, self.world.home):
            yield at
            self.snapshot.restore()
            at += every
        self.snapshot.restore()

    def die_on(self, part: str) -> None:
        """Let the change die right before its first effect on a path that holds `part`."""
        if system_calls.can_be_watched():
            assert self.with_fault(faults.death_on(part)).outcome.died
        else:
            assert audit_killer.dies(self.carry_out, part, self.world.home)

    def recovered(self) -> bool:
        """Run the next command on a disk that works; fail unless all is old, or all is new.

        Returns:
            Whether it is new.
        """
        notes = settle(self.world.context)
        assert not any("left as it is" in note for note in notes), notes
        found = state(self.world)
        if self.rights_stay and found["modes"] == self.new["modes"] and found != self.new:
            found["modes"] = self.old["modes"]
        assert found in (self.old, self.new), differences(found, self.old, self.new)
        require_nothing_left(self.world)
        return found == self.new

    def tried_again(self) -> None:
        """Let the user run the command again, which must do it now."""
        self.again()
        self.world.require_clean()
        assert _visible(state(self.world)) == _visible(self.new)


def state(world: World) -> dict[str, Any]:
    """Return all that a user sees: files and modes of hosts, entries, what runs them."""
    files_there = [product for product in world.products if world.file(product).exists()]
    receipts = world.receipts()
    return {
        "host files": world.host_files(),
        "modes": {name: stat.S_IMODE(world.file(name).stat().st_mode) for name in files_there},
        "entries": {name: (one.version, one.hosts, _plain(one)) for name, one in receipts.items()},
        "homes": len(world.homes()),
        "folders": sorted(path for path in world.home.iterdir() if path.is_dir()),
        # What has a time, or a name by chance, in it:
        "receipts": {name: replace(one, installed="") for name, one in receipts.items()},
        "chains": {path.name: path.read_bytes() for path in world.data.glob("hosts/*.json")},
        "generations": world.generations(),
        "history": [(one.action, one.entries, one.files) for one in world.history()],
        "keyring": vaults.contents(world.session) if world.session else {},
    }


def differences(found: dict[str, Any], *wanted: dict[str, Any]) -> list[dict[str, Any]]:
    """Return what is not as in each of the wanted states."""
    return [{key: found[key] for key in found if found[key] != one[key]} for one in wanted]


def _plain(receipt: Receipt) -> list[InputValue]:
    """Return the inputs without the chance in the name of a secret in the keyring."""
    return [replace(one, keyring=one.keyring and "there") for one in receipt.inputs]


def _visible(found: dict[str, Any]) -> list[Any]:
    """Return what is the same when the same command is given at another time."""
    seen = [found[key] for key in ("host files", "modes", "entries", "homes", "folders")]
    return [*seen, sorted(found["keyring"].values())]


def require_nothing_left(world: World) -> None:
    """Fail if the recovered state has anything half done in it.

    What was being written before or after there was a journal goes with the next change.
    """
    assert not (world.data / "history" / "journal.json").exists()
    outside = (world.data, world.data / "history", world.data / "registries")
    assert [path for path in world.strays() if path.parent not in outside] == []
    world.require_consistent()


def preparation(world: World) -> Change:
    """The first half of an installation, which changes nothing but caches."""
    world.install("notes", hosts=["codex"])

    def carry_out() -> None:
        prepared = world.prepare("clock", hosts=list(HOSTS))
        try:
            for _, staged in prepared.staged:
                staged.result()
        finally:
            install.discard(prepared)

    return Change(world, carry_out, carry_out, is_seen=False)


def installation(world: World) -> Change:
    """Three hosts, of which one has neither file nor folder yet."""
    world.file("cursor").unlink()
    world.file("cursor").parent.rmdir()
    world.install("notes", hosts=["codex"])
    return _committed(
        world,
        world.prepare("clock", hosts=list(HOSTS)),
        lambda: world.install("clock", hosts=list(HOSTS)),
    )


def five_hosts(world: World) -> None:
    """Give the user hosts of every format, one of which has no file yet."""
    world.more_hosts = dict(MORE_HOSTS)
    for product, content in MORE_FILES.items():
        world.file(product).parent.mkdir(parents=True, mode=0o700)
        world.file(product).write_bytes(content)
    world.file("goose").chmod(0o600)
    world.file("cursor").unlink()


def installation_in_five_hosts(world: World) -> Change:
    """JSON, JSON with comments, TOML, and YAML as a map and as a list, in one plan."""
    five_hosts(world)
    world.install("notes", hosts=["zed", "continue"])
    return _committed(
        world,
        world.prepare("clock", hosts=list(FIVE)),
        lambda: world.install("clock", hosts=list(FIVE)),
    )


def uninstallation_from_five_hosts(world: World) -> Change:
    """The same five; another server, which came later, stays in two of them."""
    five_hosts(world)
    world.install("clock", hosts=list(FIVE))
    world.install("notes", hosts=["goose", "continue"])
    prepared = uninstall.prepare(["clock"], [], world.context)
    return Change(
        world,
        lambda: uninstall.commit(prepared, world.context),
        lambda: world.uninstall("clock"),
    )


def installation_from_elsewhere(world: World) -> Change:
    """The cache is on another file system, so the environment is copied to its place."""
    change = installation(world)
    change.always = faults.another_file_system("/staging/")
    return change


def uninstallation(world: World) -> Change:
    """Three hosts again; another server stays."""
    world.file("cursor").unlink()
    world.install("notes", hosts=["codex"])
    world.install("clock", hosts=list(HOSTS))
    prepared = uninstall.prepare(["clock"], [], world.context)
    return Change(
        world,
        lambda: uninstall.commit(prepared, world.context),
        lambda: world.uninstall("clock"),
    )


def new_version(world: World) -> Change:
    """Two entries change over to another version, and a host is added."""
    world.install("clock", hosts=["cursor"])
    world.install("clock", hosts=["codex"], entry_name="second")
    world.offer("clock", "2.0")
    return _committed(
        world,
        world.prepare("clock", hosts=["claude-code"]),
        lambda: world.install("clock", hosts=["claude-code"]),
    )


def configuration(world: World) -> Change:
    """Another input in three hosts."""
    world.install("clock", hosts=list(HOSTS))
    wanted = Request(names=(), settings=(("zone", "Oslo"),))
    return _committed(
        world,
        configure.prepare("clock", wanted, world.context),
        lambda: world.configure("clock", ("zone", "Oslo")),
    )


def reinstallation(world: World) -> Change:
    """The third environment in a row, so that one goes."""
    world.install("clock", hosts=["cursor", "codex"])
    world.reinstall("clock")
    return _committed(
        world,
        reinstall.prepare("clock", world.context, request=Request(names=())),
        lambda: world.reinstall("clock"),
    )


def update_of_two(world: World) -> Change:
    """One plan: a server whose entries stay, and one whose entries need another argument."""
    _two_of_two_versions(world)
    prepared = world.prepare_update()
    assert prepared is not None
    return _committed(world, prepared, world.update)


def rolling_back(world: World, name: str | None) -> Change:
    """Back to what was there before; with a name, one switch and no host file."""
    _two_of_two_versions(world)
    world.update()
    prepared = rollback.prepare(name, world.context)
    return Change(
        world,
        lambda: rollback.commit(prepared, world.context),
        lambda: world.rollback(name),
    )


def update_of_remotes(world: World) -> Change:
    """Two servers that run elsewhere have moved: entries in three files get other addresses."""
    _two_remotes_that_moved(world)
    prepared = world.prepare_update("cloud", "far", offline=True)  # (nobody is asked)
    assert prepared is not None
    return _committed(world, prepared, lambda: world.update("cloud", "far", offline=True))


def rolling_back_remotes(world: World, name: str | None) -> Change:
    """Back to their former addresses: of both with the local server of that update, or of one."""
    _two_remotes_that_moved(world)
    if name is None:
        world.offer("clock", "2.0")
        with RemoteServer() as cloud, RemoteServer() as far:
            offer_remote(world, remote(cloud.url), version="3.0")
            offer_remote(world, remote(far.url), name="far", version="3.0")
            world.update()
    else:
        world.update("cloud", "far", offline=True)
    prepared = rollback.prepare(name, world.context)
    assert prepared.undone is not None, "host files change"
    return Change(
        world,
        lambda: rollback.commit(prepared, world.context),
        lambda: world.rollback(name),
    )


def _two_remotes_that_moved(world: World) -> None:
    for name in ("cloud", "far"):
        offer_remote(world, remote(f"https://{name}.example/mcp"), name=name)
    world.install("clock", hosts=["cursor", "codex"])
    world.install("cloud", hosts=list(HOSTS), offline=True)
    world.install("far", hosts=["cursor", "claude-code"], offline=True)
    for name in ("cloud", "far"):
        offer_remote(world, remote(f"https://{name}.example/v2"), name=name, version="2.0")


def _two_of_two_versions(world: World) -> None:
    world.install("clock", hosts=["cursor", "codex"])
    world.install("clock", hosts=["claude-code"], entry_name="second")
    world.install("notes", hosts=["cursor", "claude-code"])
    world.offer("clock", "2.0")
    fixed = {"type": "named", "name": "--place", "value": "here"}
    world.offer("notes", "2.0", arguments=[fixed])


def fixing_a_file(world: World) -> Change:
    """Values of an entry that mcpi did not make; a server of mcpi's stands in the same file."""
    world.install("notes", hosts=["cursor"])
    path = world.file("cursor")
    other = b'"other": {"command": "npx -y other@1.0.0", "env": {"LD_PRELOAD": "/x"}}, '
    path.write_bytes(path.read_bytes().replace(b'"notes": {', other + b'"notes": {'))
    wanted = audit.Wanted(host="cursor")
    named = frozenset({"remove-variable"})
    prepared = fixing.prepare(wanted, named, world.context)
    fixers = {one.fixer for file in prepared.files for one in file.fixed}
    assert fixers == {"split-command", "remove-variable"}, fixers

    def again() -> None:
        list(fix_commit.commit(fixing.prepare(wanted, named, world.context)))

    return Change(world, lambda: list(fix_commit.commit(prepared)), again)


def lasting(prepared: Prepared) -> Prepared:
    """Return a plan with its environments built, and good for as long as all its faults take."""
    for _, staged in prepared.staged:
        staged.result()
    return replace(prepared, started=math.inf)


def _committed(world: World, prepared: Prepared, again: Callable[[], object]) -> Change:
    prepared = lasting(prepared)
    return Change(world, lambda: commit.commit(prepared, world.context), again)


def undoing(world: World, last: str) -> Change:
    """Take the last of these changes back."""
    world.install("clock", hosts=["codex"])
    world.file("cursor").unlink()
    world.file("cursor").parent.rmdir()
    world.install("notes", hosts=list(HOSTS))
    if last == "uninstall":
        world.uninstall("notes")
    elif last == "configure":
        world.configure("notes", ("zone", "Oslo"))
    elif last == "reinstall":
        world.reinstall("notes")
    prepared = undo.prepare(None, world.context)
    folder = files.private_folder(world.home / "built")  # where no sweep finds it
    rebuilt = undo._rebuilt(prepared, folder, world.context)

    def carry_out() -> None:
        """Take the change back with the environment that was built already."""
        with pytest.MonkeyPatch.context() as built:
            built.setattr(undo, "_rebuilt", lambda *_: rebuilt)
            undo.commit(prepared, world.context)

    return Change(world, carry_out, world.undo)


def recovery(world: World, of: Callable[[World], Change], dead_before: str) -> Change:
    """Recovery by the next command, of a change that died late; there is one good end."""
    change = of(world)
    change.die_on(dead_before)
    recovering = Change(world, lambda: settle(world.context), lambda: settle(world.context))
    assert recovering.new in (change.old, change.new)
    recovering.old = recovering.new
    return recovering


CHANGES: dict[str, Callable[[World], Change]] = {
    "install": installation,
    "install from elsewhere": installation_from_elsewhere,
    "install in five hosts": installation_in_five_hosts,
    "uninstall": uninstallation,
    "uninstall from five hosts": uninstallation_from_five_hosts,
    "new version": new_version,
    "configure": configuration,
    "reinstall": reinstallation,
    "update": update_of_two,
    "rollback": lambda world: rolling_back(world, None),
    "update of remote servers": update_of_remotes,
    "rollback of remote servers": lambda world: rolling_back_remotes(world, None),
    "rollback of one remote server": lambda world: rolling_back_remotes(world, "cloud"),
    "fix of a file": fixing_a_file,
    "undo of an install": lambda world: undoing(world, "install"),
    "undo of an uninstall": lambda world: undoing(world, "uninstall"),
    "undo of a configure": lambda world: undoing(world, "configure"),
    "undo of a reinstall": lambda world: undoing(world, "reinstall"),
}
"""Every change that mcpinstall makes."""

LIGHT: dict[str, Callable[[World], Change]] = {
    "rollback of one server": lambda world: rolling_back(world, "clock"),
}
"""Changes of so few calls that a part of the faults of a disk would not come to their end."""

LAST = "/history/.2"  # the record of the change, which is its last effect
RECOVERIES: dict[str, Callable[[World], Change]] = {
    "recovery of an install": lambda world: recovery(world, installation, LAST),
    "recovery of an install in five hosts": lambda world: recovery(
        world, installation_in_five_hosts, LAST
    ),
    "recovery of an uninstall": lambda world: recovery(world, uninstallation, LAST),
    "recovery of a new version": lambda world: recovery(world, new_version, LAST),
    "recovery of an update": lambda world: recovery(world, update_of_two, LAST),
    "recovery of a change that happened": lambda world: recovery(world, reinstallation, ".gone"),
}
"""Recovery itself, which can fail as well."""
