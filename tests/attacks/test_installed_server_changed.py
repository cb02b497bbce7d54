"""Attack T43: what mcpinstall installed is changed afterwards: its entry, its files, its registry.

Who: another program of the user, once; a host's extension; a registry that lost its signer.
Stopped by: `mcpi audit` joins entries with receipts and bytes (MA111, MA801, MA802, MA803).
Twin: `test_what_was_just_installed_is_clean`, `test_what_a_host_adds_for_itself_is_no_drift`,
`test_a_newer_version_by_the_same_publisher_under_a_new_name_is_none`.
"""

from __future__ import annotations

import json
import shutil
import stat
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from mcpinstall.environments import diagnosis
from mcpinstall.model.audit_report import AuditReport
from mcpinstall.model.manifest import Permissions, Publisher
from mcpinstall.model.registry import ReviewState
from mcpinstall.operations import audit, audit_files, audit_provenance, lookup
from mcpinstall.operations.audit_machine import Surroundings
from mcpinstall.rules.audit import managed
from mcpinstall.rules.audit.rule import Persona
from mcpinstall.system import homes
from tests.builders import osv
from tests.builders.index_server import IndexServer
from tests.builders.world import World

pytestmark = pytest.mark.e2e

MANAGED = {rule.id for rules, _ in managed.MANAGED for rule in rules}
PUBLISHER = Publisher(
    issuer="https://issuer.example", repository="https://forge.example/o/clock",
    repository_id="1", owner_id="2", workflow=".github/workflows/release.yml", ref="refs/tags/*",
)  # fmt: skip


@pytest.fixture
def installed(world: World) -> World:
    world.install("clock", hosts=["cursor", "codex"])
    return world


def audited(world: World, *paths: str, persona: Persona = Persona.REGULAR) -> AuditReport:
    return audit.audit(audit.Wanted(paths=paths, persona=persona), world.context)


def found(world: World, *paths: str) -> list[tuple[str, str]]:
    """Return rule and message of what is said of entries of `clock` as ones of mcpinstall.

    Tests' homes lie in a folder for temporary files, which is a finding of its own.
    """
    report = audited(world, *paths)
    assert report.unchecked == ()
    return [
        (one.rule.id, one.message)
        for one in report.findings
        if one.subject.endswith(": clock") and one.rule.id in MANAGED
    ]


def ids(world: World, *paths: str) -> list[str]:
    return [rule for rule, _ in found(world, *paths)]


def generation(world: World) -> Path:
    (folder,) = world.generations()
    return folder


def writable(path: Path) -> Path:
    """Let an attacker, who is the same user, change a file or folder."""
    path.chmod(0o755 if path.is_dir() else 0o644)
    return path


def site(world: World) -> Path:
    (folder,) = generation(world).glob("lib/python3.*/site-packages")
    return writable(folder)


def edited(world: World, change: Callable[[dict[str, Any]], object]) -> None:
    """Change the entry of `clock` in Cursor's file."""
    file = world.file("cursor")
    document = json.loads(file.read_bytes())
    change(document["mcpServers"]["clock"])
    file.write_text(json.dumps(document, sort_keys=True, indent=8), encoding="utf-8")


def append(path: Path, data: bytes) -> None:
    with writable(path).open("ab") as file:
        file.write(data)


# MA111 ---------------------------------------------------------------------------------------


def test_what_was_just_installed_is_clean(installed: World) -> None:
    assert found(installed) == []


@pytest.mark.parametrize(
    "change",
    [
        lambda entry: entry.update(args=[*entry["args"], "--evil"]),
        lambda entry: entry.update(command="/bin/sh"),
        lambda entry: entry.update(env={"PYTHONPATH": "/opt/evil"}),
        lambda entry: entry.update(cwd="/opt/evil"),
        lambda entry: entry.update(url="https://evil.example/mcp"),
        lambda entry: entry["args"].remove("-I"),
    ],
    ids=["argument", "command", "environment", "folder", "address", "isolation"],
)
def test_an_entry_that_starts_otherwise_is_drift(
    installed: World, change: Callable[[dict[str, Any]], object]
) -> None:
    edited(installed, change)

    assert ids(installed).count("MA111") == 1


def test_the_drift_names_the_field_and_no_value(installed: World) -> None:
    edited(installed, lambda entry: entry.update(env={"A": "value-that-stays-here"}))

    ((_, message),) = [one for one in found(installed) if one[0] == "MA111"]

    assert "`env`" in message
    assert "value-that-stays-here" not in message


@pytest.mark.parametrize(
    "change",
    [
        lambda entry: entry.update(disabled=False, alwaysAllow=["now"]),
        lambda entry: entry.update(type="stdio"),
        lambda entry: entry.update(env={}),
        lambda entry: None,
    ],
    ids=["bookkeeping", "transport", "empty environment", "order and space"],
)
def test_what_a_host_adds_for_itself_is_no_drift(
    installed: World, change: Callable[[dict[str, Any]], object]
) -> None:
    edited(installed, change)

    assert ids(installed) == []


def test_an_environment_that_is_gone_is_drift_of_each_entry(installed: World) -> None:
    (home,) = installed.homes()
    shutil.rmtree(home)

    assert [rule for rule, _ in found(installed)] == ["MA111", "MA111"]


def test_a_copy_of_the_entry_is_judged_by_what_it_starts(installed: World) -> None:
    entry = json.loads(installed.file("cursor").read_bytes())["mcpServers"]["clock"]
    copy = installed.home / "work" / ".mcp.json"
    copy.parent.mkdir(exist_ok=True)

    def judged(args: list[str]) -> list[str]:
        document = {"mcpServers": {"clock": {**entry, "args": args}}}
        copy.write_text(json.dumps(document), encoding="utf-8")
        return ids(installed, str(copy))

    assert "MA111" not in judged(entry["args"])
    assert "MA111" not in judged([*entry["args"], "--zone", "UTC"])
    assert "MA111" in judged(["-c", "print()"])


def test_a_file_elsewhere_with_the_same_name_is_nobodys_drift(installed: World) -> None:
    """Only the file that was written to is compared by name."""
    other = installed.home / "backup" / ".cursor" / "mcp.json"
    other.parent.mkdir(parents=True)
    other.write_text('{"mcpServers": {"clock": {"command": "/bin/true"}}}', encoding="utf-8")

    assert ids(installed, str(other)) == []


# MA801 ---------------------------------------------------------------------------------------


def changed(world: World) -> None:
    (package,) = site(world).glob("clock_server/__init__.py")
    append(package, b"\nevil = 1\n")


def added(world: World) -> None:
    (site(world) / "extra.py").write_bytes(b"evil = 1\n")


def missing(world: World) -> None:
    (package,) = site(world).glob("clock_server/__init__.py")
    writable(package.parent)
    package.unlink()


def compiled(world: World) -> None:
    (path,) = site(world).glob("clock_server/__pycache__/*.pyc")
    append(path, b"evil")


def start(world: World) -> None:
    append(generation(world) / "start.py", b"\nevil = 1\n")


def mode(world: World) -> None:
    (package,) = site(world).glob("clock_server/__init__.py")
    package.chmod(package.stat().st_mode | stat.S_IXUSR)


def hidden(world: World) -> None:
    """A change that its RECORD agrees with."""
    changed(world)
    (record,) = site(world).glob("clock_server-*.dist-info/RECORD")
    data = record.read_bytes().replace(b"clock_server/__init__.py,sha256=", b"x/y.py,sha512=")
    writable(record).write_bytes(data)


@pytest.mark.parametrize(
    ("tamper", "named"),
    [
        (changed, "clock_server/__init__.py` was changed"),
        (added, "extra.py` was not installed"),
        (missing, "clock_server/__init__.py` is missing"),
        (compiled, "than its RECORDs can tell"),
        (start, "than its RECORDs can tell"),
        (mode, "than its RECORDs can tell"),
        (hidden, "than its RECORDs can tell"),
    ],
    ids=lambda one: getattr(one, "__name__", ""),
)
def test_a_file_that_is_not_the_recorded_one_is_tampering(
    installed: World, tamper: Callable[[World], None], named: str
) -> None:
    tamper(installed)

    report = found(installed, str(installed.file("cursor")))

    assert [rule for rule, _ in report] == ["MA801"]
    assert named in report[0][1]


def test_another_generation_than_the_recorded_one_is_tampering(installed: World) -> None:
    first = generation(installed)
    (home,) = installed.homes()
    shutil.copytree(first, home / "20991231T000000000Z-1.0-abcdef", symlinks=True)
    (home / "current").unlink()
    (home / "current").symlink_to("20991231T000000000Z-1.0-abcdef")

    assert ids(installed, str(installed.file("cursor"))) == ["MA801"]


def test_an_environment_is_hashed_once_whatever_starts_it(
    installed: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    changed(installed)
    seen = []
    real = diagnosis.diagnose

    def counted(*arguments: Any) -> diagnosis.Diagnosis:  # noqa: ANN401
        seen.append(arguments[0])
        return real(*arguments)

    monkeypatch.setattr(diagnosis, "diagnose", counted)

    assert ids(installed) == ["MA801", "MA801"]
    assert seen == [generation(installed)]


def test_an_update_by_somebody_else_meanwhile_is_no_tampering(
    installed: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = homes.current
    done: list[bool] = []

    def late(home: Path) -> str | None:
        if not done:
            done.append(True)
            installed.offer("clock", "1.1")
            installed.update("clock")
        return real(home)

    monkeypatch.setattr(homes, "current", late)

    assert found(installed) == []
    assert installed.receipts()["clock"].version == "1.1"


# MA802 ---------------------------------------------------------------------------------------


def path_file(world: World) -> None:
    (site(world) / "evil.pth").write_bytes(b"import os; os.system('true')\n")


def customize(world: World) -> None:
    (site(world) / "sitecustomize.py").write_bytes(b"evil = 1\n")


def user_customize(world: World) -> None:
    folder = site(world) / "usercustomize"
    folder.mkdir()
    (folder / "__init__.py").write_bytes(b"evil = 1\n")


def start_file(world: World) -> None:
    (site(world) / "evil.start").write_bytes(b"evil:run\n")


def configuration(world: World) -> None:
    path = writable(generation(world) / "pyvenv.cfg")
    path.write_bytes(path.read_bytes().replace(b"site-packages = false", b"site-packages = true"))


def python(world: World) -> None:
    path = generation(world) / "bin" / "python"
    writable(path.parent)
    path.unlink()
    path.symlink_to("/bin/sh")


def activate(world: World) -> None:
    writable(generation(world) / "bin")
    (generation(world) / "bin" / "activate").write_bytes(b"evil\n")


def other_path(world: World) -> None:
    writable(generation(world) / "bin")
    (generation(world) / "bin" / "python._pth").write_bytes(b"/opt/evil\nimport site\n")


def in_the_record(world: World) -> None:
    """A hook that a RECORD names, with its digest: no reviewer accepted it all the same."""
    import base64
    import hashlib

    data = b"import evil\n"
    path_file(world)
    (site(world) / "evil.pth").write_bytes(data)
    digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
    (record,) = site(world).glob("clock_server-*.dist-info/RECORD")
    append(record, f"evil.pth,sha256={digest},{len(data)}\n".encode())


@pytest.mark.parametrize(
    "plant",
    [
        path_file,
        customize,
        user_customize,
        start_file,
        configuration,
        python,
        activate,
        other_path,
    ],
    ids=lambda one: one.__name__,
)
def test_a_start_up_hook_is_one_finding_and_no_tampering_besides(
    installed: World, plant: Callable[[World], None]
) -> None:
    writable(generation(installed))
    plant(installed)

    assert ids(installed, str(installed.file("cursor"))) == ["MA802"]


def test_a_hook_in_a_record_is_a_hook_and_the_record_is_tampered_with(installed: World) -> None:
    in_the_record(installed)

    assert sorted(ids(installed, str(installed.file("cursor")))) == ["MA801", "MA802"]


def test_a_path_file_that_only_names_folders_is_tampering_and_no_hook(installed: World) -> None:
    (site(installed) / "extra.pth").write_bytes(b"/opt/more\n# import os\n")

    assert ids(installed, str(installed.file("cursor"))) == ["MA801"]


def test_a_hook_hides_no_other_change(installed: World) -> None:
    path_file(installed)
    changed(installed)

    report = dict(found(installed, str(installed.file("cursor"))))

    assert sorted(report) == ["MA801", "MA802"]
    assert "evil.pth" not in report["MA801"]
    assert "__init__.py" in report["MA801"]


# MA803 ---------------------------------------------------------------------------------------


def rest_on(world: World, **backing: Any) -> None:  # noqa: ANN401
    """Let the receipt say that the installation rested on more than the registry says now."""
    receipt = world.receipts()["clock"]
    world.store.write_receipt(replace(receipt, backing=replace(receipt.backing, **backing)))


def by(publisher: Publisher) -> dict[str, str]:
    return {
        "issuer": publisher.issuer, "repository": publisher.repository,
        "repository_id": publisher.repository_id, "owner_id": publisher.owner_id,
    }  # fmt: skip


def test_a_publisher_that_the_manifest_lost_is_a_regression(installed: World) -> None:
    rest_on(installed, **by(PUBLISHER))
    installed.registry.forget("io.github.user/clock")
    installed.offer("clock", "1.0", permissions=Permissions(network=("*",)))

    report = found(installed, str(installed.file("cursor")))

    assert [rule for rule, _ in report] == ["MA803"]
    assert "names no publisher" in report[0][1]


def test_a_newer_version_by_another_publisher_is_a_regression(installed: World) -> None:
    other = replace(PUBLISHER, repository="https://forge.example/thief/clock", owner_id="3")
    installed.registry.forget("io.github.user/clock")
    installed.offer("clock", "1.0", publisher=PUBLISHER)
    rest_on(installed, **by(PUBLISHER))
    receipt = installed.receipts()["clock"]
    assert ids(installed, str(installed.file("cursor"))) == []

    installed.offer("clock", "1.1", publisher=other)
    report = found(installed, str(installed.file("cursor")))

    assert receipt.version == "1.0"
    assert [rule for rule, _ in report] == ["MA803"]
    assert "thief" in report[0][1]


def test_a_newer_version_by_the_same_publisher_under_a_new_name_is_none(
    installed: World,
) -> None:
    installed.registry.forget("io.github.user/clock")
    installed.offer("clock", "1.0", publisher=PUBLISHER)
    rest_on(installed, **by(PUBLISHER))
    moved = replace(PUBLISHER, repository="https://forge.example/o/clocks")
    installed.offer("clock", "1.1", publisher=moved)

    assert ids(installed, str(installed.file("cursor"))) == []


def test_a_registry_that_went_back_is_a_regression(installed: World) -> None:
    (record,) = installed.context.paths.registries.glob("*.json")
    seen = json.loads(record.read_bytes())
    assert ids(installed, str(installed.file("cursor"))) == []

    record.write_text(json.dumps({**seen, "serial": 10**6}), encoding="utf-8")
    report = audited(installed, str(installed.file("cursor")))

    assert "MA803" in [one.rule.id for one in report.findings if one.subject.endswith(": clock")]


# Speed ---------------------------------------------------------------------------------------


def test_an_audit_writes_nothing_beside_what_it_reads(installed: World) -> None:
    changed(installed)

    def state() -> dict[str, tuple[int, int]]:
        return {
            str(path): (path.lstat().st_mtime_ns, path.lstat().st_ino)
            for path in installed.root.rglob("*")
        }

    before = state()

    assert ids(installed)
    assert state() == before


def test_entries_of_others_cost_no_look_at_an_environment(
    installed: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    others = {f"s{n}": {"command": "uvx", "args": [f"s{n}==1.0"]} for n in range(500)}
    file = installed.home / "many" / ".mcp.json"
    file.parent.mkdir()
    file.write_text(json.dumps({"mcpServers": others}), encoding="utf-8")
    looked: list[object] = []
    monkeypatch.setattr(diagnosis, "diagnose", lambda *a: looked.append(a))

    audited(installed, str(file))

    assert looked == []


# Advisories ------------------------------------------------------------------------------------


def test_osv_is_asked_about_what_is_installed(installed: World) -> None:
    bad = osv.record("GHSA-aaaa-bbbb-cccc", "PyPI:clock-server", "1.0")
    with IndexServer() as service:
        osv.configure(installed.context, service.origin)
        osv.serve(service, bad)
        wanted = audit.Wanted(paths=(str(installed.file("cursor")),), online=True)
        report = audit.audit(wanted, installed.context)

    assert {query["package"]["name"] for query in osv.questions(service)} == {"clock-server"}
    assert [one.subject for one in report.findings if one.rule.id == "MA106"] == ["Cursor: clock"]


def test_a_registry_that_nobody_vouches_for_any_more_is_a_regression(installed: World) -> None:
    """The receipt says certified; the same name and root is not certified today."""
    receipt = installed.receipts()["clock"]
    state = replace(
        lookup.of_receipt(receipt, installed.context).registry, review=ReviewState.UNREVIEWED
    )
    server = replace(lookup.of_receipt(receipt, installed.context), registry=state)
    certified = replace(receipt, review=ReviewState.CERTIFIED)

    assert audit_provenance._lost(certified, server, "its manifest")
    assert not audit_provenance._lost(replace(receipt, review="unreviewed"), server, "its manifest")


def test_a_file_and_what_it_was_have_their_own_neighbours(installed: World) -> None:
    """`--diff` judges a file as it was first: a server that came since is a neighbour, too."""
    around, machine = Surroundings(installed.context), installed.context.machine

    def neighbours() -> set[str]:
        file = audit_files.read_named(installed.file("cursor"), machine)
        assert isinstance(file, audit_files.ReadFile)
        (clock,) = (one for one in file.servers if one.name.text == "clock")
        return set(around.of(clock, file).neighbours)

    before = neighbours()
    document = json.loads(installed.file("cursor").read_bytes())
    document["mcpServers"]["mail"] = {"command": "/bin/mail"}
    installed.file("cursor").write_text(json.dumps(document), encoding="utf-8")

    assert neighbours() == before | {"mail"}
