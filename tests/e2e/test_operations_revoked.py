"""What its registry revokes: refused where it is new, told where it is installed."""

from __future__ import annotations

import functools
import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.model.checks import Check, Outcome
from mcpinstall.model.manifest import Manifest
from mcpinstall.model.receipt import Receipt
from mcpinstall.model.revocation import (
    AnyRevocation,
    PublisherRevocation,
    ReviewerRevocation,
    Revocation,
)
from mcpinstall.operations import (
    audit,
    catalog,
    commit,
    doctor,
    installed,
    registry_sources,
    revoked,
    test_server,
    verify,
    why,
)
from mcpinstall.operations.audit import Wanted
from mcpinstall.operations.findings import Kind
from tests.builders import attested, registry_folders
from tests.builders.attested import PUBLISHER
from tests.builders.remote_offers import offer_remote, remote
from tests.builders.remote_server import RemoteServer
from tests.builders.sigstore_instance import Instance
from tests.builders.world import NAMESPACE, World

pytestmark = pytest.mark.e2e

CLOCK = "io.github.user/clock"
FACTS = {"reason": "it was stolen", "date": "2026-11-23"}
KINDS: dict[ErrorCode, AnyRevocation] = {
    ErrorCode.VERSION_REVOKED: Revocation(name=CLOCK, version="1.0", **FACTS),
    ErrorCode.SERVER_REVOKED: Revocation(name=CLOCK, **FACTS),
    ErrorCode.PUBLISHER_REVOKED: PublisherRevocation(
        issuer=PUBLISHER.issuer, owner_id=PUBLISHER.owner_id, **FACTS
    ),
    ErrorCode.REVIEWER_REVOKED: ReviewerRevocation(reviewer="somebody", **FACTS),
}
OTHERS: tuple[AnyRevocation, ...] = (
    Revocation(name=CLOCK, version="0.9", **FACTS),
    Revocation(name="io.github.user/clocks", **FACTS),
    PublisherRevocation(issuer=PUBLISHER.issuer, owner_id="8", **FACTS),
    ReviewerRevocation(reviewer="somebody else", **FACTS),
)
every_kind = pytest.mark.parametrize(("code", "item"), KINDS.items(), ids=map(str, KINDS))


Release = Callable[[str], None]


@pytest.fixture
def release(world: World) -> Release:
    """Offers a version of `clock`; its manifest names a publisher, who signed it."""
    instance = Instance()
    attested.trust(world, instance)

    def offer(version: str) -> None:
        wheel = world.offer("clock", version, publisher=PUBLISHER)
        attested.attest(world.index, wheel, instance, attested.release(version))

    return offer


@pytest.fixture
def named(world: World, release: Release) -> World:
    """The world, where the manifest of `clock` names a publisher."""
    world.registry.forget(CLOCK)
    world.index.pages.pop("clock-server", None)
    release("1.0")
    return world


def refused(code: ErrorCode, act: Callable[[], object]) -> McpInstallError:
    with pytest.raises(McpInstallError) as found:
        act()
    assert found.value.code is code
    assert FACTS["reason"] in found.value.message
    assert FACTS["date"] in found.value.message
    return found.value


def told(world: World) -> dict[str, ErrorCode | None]:
    """Return what `mcpi list` tells of each entry."""
    rows = installed.installed(world.context)
    return {
        one.receipt.entry_name: None if one.withdrawal is None else one.withdrawal.code
        for one in rows
    }


@every_kind
def test_what_is_revoked_is_not_installed(
    named: World, code: ErrorCode, item: AnyRevocation
) -> None:
    before = named.host_files()
    named.registry.withdraw(item)

    found = refused(code, lambda: named.prepare("clock", hosts=["cursor"]))

    assert found.code.exit_status == 3
    named.require_untouched(before)


def test_what_others_lost_is_no_reason(named: World) -> None:
    named.registry.withdraw(*OTHERS)

    assert named.install("clock", hosts=["cursor"]) is not None

    assert told(named) == {"clock": None}
    (entry,) = verify.verify(("clock",), named.context)
    assert entry.findings == ()
    named.reinstall("clock")


@every_kind
def test_a_revocation_between_question_and_yes_stops(
    named: World, code: ErrorCode, item: AnyRevocation
) -> None:
    before = named.host_files()
    prepared = named.prepare("clock", hosts=["cursor"])
    named.registry.withdraw(item)

    refused(code, lambda: commit.commit(prepared, named.context))

    named.require_untouched(before)


@every_kind
def test_what_was_installed_before_is_told_by_everyone(
    named: World, code: ErrorCode, item: AnyRevocation
) -> None:
    named.install("clock", "notes", hosts=["cursor"])
    named.registry.withdraw(item)
    context = named.context

    notes = ErrorCode.REVIEWER_REVOKED if code is ErrorCode.REVIEWER_REVOKED else None
    assert told(named) == {"clock": code, "notes": notes}
    names = [receipt.entry_name for receipt, _ in revoked.installed(context)]
    assert names == (["clock", "notes"] if notes else ["clock"])
    (entry,) = verify.verify(("clock",), context)
    (finding,) = entry.findings
    assert (finding.kind, finding.check) == (Kind.REVOKED, Check.POLICY)
    assert FACTS["reason"] in finding.message
    whole = {one.check: one.outcome for one in entry.checks}
    assert whole[Check.POLICY] is Outcome.FAILED
    assert whole[Check.ENVIRONMENT] is Outcome.VERIFIED  # the rest is looked at all the same
    trouble = next(one for one in doctor.examine(context).troubles if "clock" in one.subject)
    assert trouble.kind is Kind.REVOKED
    assert trouble.fix.startswith("`mcpi uninstall clock`")
    (origin,) = why.explain("clock", context).origins
    assert origin.withdrawal is not None
    assert origin.withdrawal.code is code
    shown = catalog.show("clock", context).reviewed.withdrawal
    assert shown is not None
    assert shown.code is code


def audited(world: World, *paths: str) -> list[tuple[str, str]]:
    """Return message and fix of what an audit finds revoked."""
    found = audit.audit(Wanted(paths=paths), world.context).findings
    return [(one.message, one.fix) for one in found if one.rule.slug == "revoked"]


def test_an_audit_of_the_hosts_tells_it_too(named: World) -> None:
    named.install("clock", hosts=["cursor"])
    assert audited(named) == []
    named.registry.withdraw(KINDS[ErrorCode.VERSION_REVOKED])

    ((message, fix),) = audited(named)

    assert FACTS["reason"] in message
    assert fix == "mcpi uninstall clock"
    copy = named.root / "copy.json"
    copy.write_bytes(named.file("cursor").read_bytes().replace(b'"clock"', b'"another"'))
    ((again, helps),) = audited(named, str(copy))
    assert again == message
    assert "`mcpi uninstall clock` deletes what it starts" in helps


@pytest.mark.parametrize(
    "entry",
    [
        {"command": "/opt/tools/clock", "args": ["--utc"]},
        {"url": "https://clock.example/mcp"},
    ],
    ids=["another program", "an address"],
)
def test_an_entry_of_others_with_the_name_of_a_revoked_one_is_not_told(
    named: World, entry: dict[str, object]
) -> None:
    named.install("clock", hosts=["cursor"])
    named.registry.withdraw(KINDS[ErrorCode.VERSION_REVOKED])
    project = named.root / "project/.cursor/mcp.json"
    project.parent.mkdir(parents=True)
    project.write_text(json.dumps({"mcpServers": {"clock": entry}}), encoding="utf-8")

    assert audited(named, str(project)) == []
    assert len(audited(named)) == 1


def test_an_entry_that_was_changed_by_hand_is_still_the_revoked_one(named: World) -> None:
    named.install("clock", hosts=["cursor"])
    named.registry.withdraw(KINDS[ErrorCode.VERSION_REVOKED])
    document = json.loads(named.file("cursor").read_bytes())
    document["mcpServers"]["clock"]["args"] += ["--more"]
    named.file("cursor").write_text(json.dumps(document), encoding="utf-8")

    assert [fix for _, fix in audited(named)] == ["mcpi uninstall clock"]


def test_a_remote_server_is_told_by_its_address(world: World) -> None:
    with RemoteServer() as server:
        offer_remote(world, remote(server.url))
        world.install("cloud", hosts=["cursor"])
    world.registry.withdraw(Revocation(name=f"{NAMESPACE}/cloud", **FACTS))
    copies = {}
    for name, url in (("same", server.url), ("other", f"{server.url}/below")):
        copies[name] = world.root / f"{name}.json"
        entries = {"mcpServers": {"sky": {"url": url}}}
        copies[name].write_text(json.dumps(entries), encoding="utf-8")

    (found,) = audited(world)

    assert found[1] == "mcpi uninstall cloud"
    ((again, helps),) = audited(world, str(copies["same"]))
    assert again == found[0]
    assert "uninstall" not in helps
    assert audited(world, str(copies["other"])) == []


@every_kind
def test_what_was_installed_before_can_only_go(
    named: World, code: ErrorCode, item: AnyRevocation
) -> None:
    before = named.host_files()
    named.install("clock", hosts=["cursor"])
    named.registry.withdraw(item)

    refused(code, lambda: named.reinstall("clock"))
    refused(code, lambda: named.install("clock", hosts=["codex"]))
    refused(code, lambda: named.configure("clock", ("zone", "UTC")))
    refused(code, lambda: test_server.test("clock", named.context))
    assert named.starts("cursor", "clock")  # hosts start it as before

    named.uninstall("clock")

    assert named.host_files() == before
    named.require_clean()
    refused(code, named.undo)
    assert named.receipts() == {}


def test_undo_brings_no_revoked_version_back(named: World, release: Release) -> None:
    named.install("clock", hosts=["cursor"])
    release("2.0")
    named.install("clock@2.0", hosts=["cursor"])
    named.registry.withdraw(KINDS[ErrorCode.VERSION_REVOKED])

    refused(ErrorCode.VERSION_REVOKED, named.undo)

    assert told(named) == {"clock": None}
    assert named.receipts()["clock"].version == "2.0"


def test_undo_knows_what_a_registry_revoked_that_is_gone(named: World) -> None:
    folder = configured(named)
    named.install(f"team:{CLOCK}", hosts=["cursor"])
    named.registry.withdraw(KINDS[ErrorCode.SERVER_REVOKED])
    shutil.copytree(named.registry.folder, folder, dirs_exist_ok=True)
    registry_sources.refresh(("team",), named.context)
    named.uninstall("clock")
    shutil.rmtree(folder)

    refused(ErrorCode.SERVER_REVOKED, named.undo)

    assert named.receipts() == {}


def test_undo_takes_a_revoked_server_out_of_a_host(named: World) -> None:
    named.install("clock", hosts=["cursor"])
    named.install("clock", hosts=["codex"])
    named.registry.withdraw(KINDS[ErrorCode.SERVER_REVOKED])

    named.undo()

    assert named.receipts()["clock"].hosts == ("cursor-user",)


def test_the_newest_version_that_is_left_is_installed(named: World, release: Release) -> None:
    named.install("clock", hosts=["cursor"])
    release("1.1")
    named.registry.withdraw(KINDS[ErrorCode.VERSION_REVOKED])

    named.install("clock", hosts=["cursor"])

    assert named.receipts()["clock"].version == "1.1"
    assert told(named) == {"clock": None}


def test_a_server_without_any_version_left_is_not_found_by_search_but_shown(named: World) -> None:
    named.registry.withdraw(KINDS[ErrorCode.SERVER_REVOKED])

    assert CLOCK not in {row.name for row in catalog.search("", named.context)}
    shown = catalog.show("clock", named.context)
    assert shown.revoked_versions == ("1.0",)


def test_a_review_that_does_not_count_is_named(
    named: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    two = functools.partial(with_second_reviewer, registry_folders.manifest)
    monkeypatch.setattr(registry_folders, "manifest", two)
    named.offer("chess")
    named.registry.withdraw(KINDS[ErrorCode.REVIEWER_REVOKED])

    prepared = named.prepare("chess", hosts=["cursor"])

    (server,) = prepared.plan.servers
    assert server.reviewed.manifest.criteria == ("probed",)
    check = next(one for one in prepared.plan.checks if one.check is Check.REGISTRY)
    assert "the review of `somebody` does not count: revoked, it was stolen" in check.evidence
    named.carry_out(prepared)
    assert told(named) == {"chess": None}
    named.registry.withdraw(ReviewerRevocation(reviewer="Bob", **FACTS))
    assert told(named) == {"chess": ErrorCode.REVIEWER_REVOKED}


def test_another_version_rests_on_its_own_reviewers(
    named: World, release: Release, monkeypatch: pytest.MonkeyPatch
) -> None:
    named.install("clock", hosts=["cursor"])
    named.install("clock", hosts=["codex"], entry_name="second")
    plain = registry_folders.manifest

    def by_bob(*names: str) -> Manifest:
        found = plain(*names)
        return replace(found, reviews=(replace(found.reviews[0], by="Bob"),))

    monkeypatch.setattr(registry_folders, "manifest", by_bob)
    release("2.0")
    named.install("clock@2.0", hosts=["cursor"])

    named.registry.withdraw(KINDS[ErrorCode.REVIEWER_REVOKED])

    assert {one.version for one in named.receipts().values()} == {"2.0"}
    assert told(named) == {"clock": None, "second": None}


def with_second_reviewer(plain: Callable[..., Manifest], *names: str) -> Manifest:
    found = plain(*names)
    second = replace(found.reviews[0], by="Bob", criteria=("probed",))
    return replace(found, reviews=(*found.reviews, second))


# Where it is told without asking anybody ---------------------------------------------------------


def test_an_upgraded_program_tells_at_once(named: World) -> None:
    named.install("clock", hosts=["cursor"])
    named.registry.withdraw(*KINDS.values())  # what the next version of the program brings

    command = named.command()

    assert "REVOKED: it was stolen (2026-11-23)" in command.run("list").stdout
    (entry,) = command.answer("list")["servers"]
    assert entry["revoked"]["code"] == "version-revoked"
    assert entry["state"] == "ok"
    assert "mcpi uninstall clock" in command.run().stdout
    command.run("verify", status=1)
    command.run("doctor", status=1)
    ran = command.run("install", "clock", "--host", "codex", "--yes", status=3)
    assert "error[version-revoked]" in ran.stderr


def test_a_folder_is_remembered_when_it_is_gone(named: World) -> None:
    folder = configured(named)
    named.install(f"team:{CLOCK}", hosts=["cursor"])
    named.registry.withdraw(KINDS[ErrorCode.PUBLISHER_REVOKED])
    shutil.rmtree(folder)
    shutil.copytree(named.registry.folder, folder)
    assert told(named) == {"clock": None}  # nobody has read it yet

    registry_sources.refresh((), named.context)

    assert told(named) == {"clock": ErrorCode.PUBLISHER_REVOKED}
    shutil.rmtree(folder)
    assert told(named) == {"clock": ErrorCode.PUBLISHER_REVOKED}
    (entry,) = verify.verify((), named.context)
    assert Kind.REVOKED in {one.kind for one in entry.findings}
    (origin,) = why.explain("clock", named.context).origins
    assert origin.withdrawal is not None


def test_a_search_is_enough_to_hear_of_it(named: World) -> None:
    folder = configured(named)
    named.install(f"team:{CLOCK}", hosts=["cursor"])
    named.registry.withdraw(KINDS[ErrorCode.SERVER_REVOKED])
    shutil.copytree(named.registry.folder, folder, dirs_exist_ok=True)

    catalog.search("notes", named.context)

    assert told(named) == {"clock": ErrorCode.SERVER_REVOKED}


def test_a_revocation_that_was_a_mistake_goes_with_the_next_serial(named: World) -> None:
    named.install("clock", hosts=["cursor"])
    named.registry.withdraw(KINDS[ErrorCode.SERVER_REVOKED])
    assert told(named) == {"clock": ErrorCode.SERVER_REVOKED}
    named.registry.file = replace(named.registry.file, revocations=())
    named.registry.withdraw()

    assert told(named) == {"clock": None}
    named.install("clock", hosts=["codex"])


def test_a_receipt_of_an_older_version_knows_no_reviewers(named: World) -> None:
    from mcpinstall.receipts import codec

    named.install("clock", hosts=["cursor"])
    record = json.loads(codec.dump(named.receipts()["clock"]))
    del record["record"]["backing"]
    old = codec.load(json.dumps(record).encode(), Receipt, "receipt")
    named.registry.withdraw(KINDS[ErrorCode.REVIEWER_REVOKED])
    assert revoked.one(old, named.context) is None
    named.registry.withdraw(KINDS[ErrorCode.VERSION_REVOKED])

    found = revoked.one(old, named.context)

    assert found is not None
    assert found.code is ErrorCode.VERSION_REVOKED


def configured(world: World) -> Path:
    """Let the user's configuration name a copy of the registry, unsigned, as `team`."""
    folder = world.root / "team"
    shutil.copytree(world.registry.folder, folder)
    config = world.context.paths.config / "config.toml"
    more = f'\n[[registries]]\nname = "team"\nkind = "folder"\npath = "{folder}"\n'
    config.write_text(config.read_text(encoding="utf-8") + more, encoding="utf-8")
    return folder
