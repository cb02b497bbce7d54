"""Publishers from the outside: real attestations, policies, registries that carry attestations."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from mcpinstall.errors import McpInstallError
from mcpinstall.model import lock_text, manifest_text, provenance_text, tool_text
from mcpinstall.model.checks import Check, CheckResult, Outcome
from mcpinstall.operations import authoring, authoring_attestations, install, policies
from mcpinstall.operations.prepared import Prepared
from mcpinstall.registries import sources
from tests.builders import attested
from tests.builders.attested import PUBLISHER, release
from tests.builders.index_server import IndexServer, Reply
from tests.builders.packages import publish
from tests.builders.registry_folders import RegistryFolder
from tests.builders.sigstore_instance import Instance
from tests.builders.tuf_world import Site, TufWorld
from tests.builders.world import NAMESPACE, World, refusal

pytestmark = pytest.mark.e2e

CURSOR = ("cursor",)
CIRCLE = "circleci_sign_publish_example-0.0.1.dev137-py3-none-any.whl"


def check(prepared: Prepared) -> CheckResult:
    return next(one for one in prepared.plan.checks if one.check is Check.PUBLISHER)


@pytest.fixture
def instance(world: World) -> Instance:
    made = Instance()
    attested.trust(world, made)
    for name in ("weather-server", "clock-server"):
        world.index.pages.pop(name, None)
    world.registry.forget("io.github.user/clock")
    return made


# Real attestations -----------------------------------------------------------------------------


def test_a_real_wheel_with_its_real_attestation_is_verified(
    world: World, shared_data: Path
) -> None:
    """The public instance, the type of statement that an index asks for, and a real upload."""
    world.index.pages.pop("weather-server", None)
    folder = shared_data / "bundles" / "pypi"
    library = world.index.publish(CIRCLE, (folder / CIRCLE).read_bytes())
    attested.offer(world.index, library, (folder / f"{CIRCLE}.provenance").read_bytes())
    needs = f"{library.package}=={library.version}"
    publish(world.index, "weather-server", "1.0", requires=(needs,))

    prepared = world.prepare("pypi:weather-server", hosts=CURSOR)
    done = world.carry_out(prepared)

    evidence = check(prepared).evidence
    assert evidence.startswith("1 of 2 packages, not of `weather-server` itself: CircleCI-Public/")
    assert check(prepared).outcome is Outcome.ABSENT
    assert done is not None
    (kept,) = done.receipts[0].publishers
    assert kept.identity.issuer == "https://oidc.circleci.com"
    assert kept.identity.repository == "github.com/CircleCI-Public/sign-and-publish-examples"


# Facts, not levels -----------------------------------------------------------------------------


def test_what_is_known_is_in_json_receipt_and_screen(world: World, instance: Instance) -> None:
    server = publish(world.index, "weather-server", "1.0")
    attested.attest(world.index, server, instance, release())
    mcpi = world.command()
    name = ("install", "pypi:weather-server", "--host", "cursor")
    digest = mcpi.run(*name, "--dry-run").stdout.strip()

    plan = mcpi.answer(*name, "--dry-run")
    done = mcpi.answer(
        *name, "--yes", "--allow", "unreviewed", "--expect-digest", digest
    )  # fmt: skip
    shown = mcpi.run("show", "weather-server").stdout

    (found,) = plan["plan"]["servers"][0]["publishers"]
    assert found == {
        "package": "weather-server",
        "issuer": "https://token.forge.example",
        "repository": "https://forge.example/acme/clock",
        "repository_id": "1001",
        "owner_id": "77",
        "workflow": ".github/workflows/release.yml",
        "ref": "refs/tags/*",
        "runner": "github-hosted",
    }
    assert done["entries"][0]["publishers"] == [found]
    assert "acme/clock by release.yml" in shown


def test_a_refusal_shows_both_identities_and_the_way_out(world: World, instance: Instance) -> None:
    attested.attest(world.index, publish(world.index, "weather-server", "1.0"), instance, release())
    world.install("pypi:weather-server", hosts=CURSOR)
    world.uninstall("weather-server")
    thief = release("2.0", repository="https://forge.example/thief/clock")
    attested.attest(world.index, publish(world.index, "weather-server", "2.0"), instance, thief)

    refused = world.command().run(
        "install", "pypi:weather-server", "--host", "cursor", "--dry-run", status=3
    )
    said = "".join(refused.stderr.replace("↳", "").split())

    assert "error[publisher-mismatch]" in said
    assert "https://forge.example/acme/clock(id1001,owner77)" in said
    assert "https://forge.example/thief/clock(id1001,owner77)" in said
    assert "publishers/" in said


def test_a_package_that_was_never_signed_is_taken_as_before(
    world: World, instance: Instance
) -> None:
    del instance
    publish(world.index, "weather-server", "1.0")

    found = check(world.prepare("pypi:weather-server", hosts=CURSOR))

    assert (found.outcome, found.evidence) == (
        Outcome.ABSENT, "0 of 1 package: your index offers no attestation",
    )  # fmt: skip


def test_an_attestation_that_can_not_be_fetched_stops_nothing_new(
    world: World, instance: Instance
) -> None:
    del instance
    server = publish(world.index, "weather-server", "1.0")
    path = attested.offer(world.index, server, b"")
    world.index.answer(path, Reply(status=418))

    found = check(world.prepare("pypi:weather-server", hosts=CURSOR))

    assert found.outcome is Outcome.NOT_CHECKED
    assert "it answered 418" in found.evidence


def test_a_broken_attestation_stops_even_what_was_never_seen(
    world: World, instance: Instance
) -> None:
    server = publish(world.index, "weather-server", "1.0")
    signed = attested.attestation(instance, attested.subject_of(server), release())
    signed["envelope"]["signature"] = signed["envelope"]["statement"]
    attested.offer(world.index, server, attested.document([signed]))

    with pytest.raises(McpInstallError) as refused:
        world.prepare("pypi:weather-server", hosts=CURSOR)

    assert refusal(refused) == ("publisher-unverified", 3)


@pytest.mark.parametrize("reference", ["http://index.example/x", "ftp://index.example/x", "//["])
def test_attestations_at_an_address_that_may_not_be_asked_stop(
    world: World, instance: Instance, reference: str
) -> None:
    del instance
    server = publish(world.index, "weather-server", "1.0")
    path = attested.offer(world.index, server, b"")
    world.index.answer(path, Reply(status=302, headers={"Location": reference}))

    with pytest.raises(McpInstallError) as refused:
        world.prepare("pypi:weather-server", hosts=CURSOR)

    assert refusal(refused) == ("index-forbidden", 3)


def test_credentials_of_the_index_stay_with_it(
    world: World, instance: Instance, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = publish(world.index, "weather-server", "1.0")
    signed = attested.attestation(instance, attested.subject_of(server), release())
    with IndexServer() as elsewhere:
        path = attested.offer(world.index, server, b"")
        world.index.answer(
            path, Reply(status=302, headers={"Location": f"{elsewhere.origin}/document"})
        )
        elsewhere.answer("/document", Reply(attested.document([signed])))
        monkeypatch.setenv("UV_DEFAULT_INDEX", world.index.url.replace("//", "//user:pass-word@"))

        found = check(world.prepare("pypi:weather-server", hosts=CURSOR))

        (asked,) = elsewhere.requests
    assert found.outcome is Outcome.VERIFIED
    assert "authorization" not in asked.headers
    assert any("authorization" in one.headers for one in world.index.requests)


# Policy ----------------------------------------------------------------------------------------


def write_policy(world: World, *patterns: str) -> None:
    path = world.context.paths.config / "policy.toml"
    path.write_text(f"schema = 1\npublishers = {json.dumps(patterns)}\n", encoding="utf-8")
    path.chmod(0o600)


ACME, OTHER = "https://forge.example/acme/*", "https://forge.example/other/*"


@pytest.mark.parametrize(("pattern", "passes"), [(ACME, True), (OTHER, False)])
@pytest.mark.parametrize("name", ["pypi:weather-server", "clock"])
def test_a_policy_of_publishers_is_kept(
    world: World, instance: Instance, *, name: str, pattern: str, passes: bool
) -> None:
    server = publish(world.index, "weather-server", "1.0")
    attested.attest(world.index, server, instance, release())
    attested.attest(world.index, world.offer("clock", publisher=PUBLISHER), instance, release())
    write_policy(world, pattern)

    if passes:
        assert world.install(name, hosts=CURSOR) is not None
        world.uninstall(*world.receipts())
        world.undo()  # its receipt says whose it is
        (judged,) = policies.judge_installed(policies.load(world.context), world.context)
        assert judged.refusals == ()
        return
    with pytest.raises(McpInstallError) as refused:
        world.prepare(name, hosts=CURSOR)
    assert refusal(refused) == ("policy-refused", 3)
    assert "it is" not in refused.value.message
    assert "its package is of `https://forge.example/acme/clock`" in refused.value.message


def test_under_such_a_policy_a_publisher_that_nobody_verified_is_refused(
    world: World, instance: Instance
) -> None:
    del instance
    publish(world.index, "weather-server", "1.0")
    world.offer("clock")
    write_policy(world, "*")

    for name in ("pypi:weather-server", "clock"):
        with pytest.raises(McpInstallError) as refused:
            world.prepare(name, hosts=CURSOR)
        assert refusal(refused) == ("policy-refused", 3)
        assert "nobody verified its publisher" in refused.value.message


def test_a_policy_does_not_take_the_manifests_word_for_it(world: World, instance: Instance) -> None:
    del instance
    world.offer("clock", publisher=PUBLISHER)
    write_policy(world, ACME)

    with pytest.raises(McpInstallError) as refused:
        world.prepare("clock", hosts=CURSOR)

    assert refusal(refused) == ("publisher-missing", 3)


# Carried beside a manifest ---------------------------------------------------------------------


def test_a_tuf_registry_carries_attestations(
    world: World, instance: Instance, monkeypatch: pytest.MonkeyPatch
) -> None:
    wheel = world.offer("clock")  # the same bytes below
    signed = attested.attestation(instance, attested.subject_of(wheel), release())
    (one,) = provenance_text.parse_provenance(attested.document([signed]))
    text = provenance_text.dump_carried({wheel.filename: [one]})
    world.registry.forget("io.github.user/clock")
    world.offer("clock", publisher=PUBLISHER, attestations=text)
    made = TufWorld(root=world.root, manifests=world.registry.folder, context=world.context)
    made.begin().publish()
    bundled = RegistryFolder(world.root / "nothing").publish(serial=1)
    monkeypatch.setattr(sources, "bundled_folder", lambda: bundled.folder)
    with Site(made.folder) as made.site:
        made.trust()

        prepared = world.prepare("corp:clock", hosts=CURSOR)

    assert check(prepared).outcome is Outcome.VERIFIED
    install.discard(prepared)


def test_an_author_carries_what_the_index_offers(world: World, instance: Instance) -> None:
    wheel = world.offer("clock", publisher=PUBLISHER)
    attested.attest(world.index, wheel, instance, release())
    full = f"{NAMESPACE}/clock"
    (folder,) = world.registry.folder.glob(f"{full}/*")
    draft = authoring.Draft(
        manifest=manifest_text.parse((folder / "manifest.toml").read_bytes()),
        server=(folder / "server.json").read_bytes(),
    )
    locked = lock_text.parse((folder / "pylock.toml").read_bytes(), "pylock.toml")
    tools = tool_text.parse_tools((folder / "tools.json").read_bytes())

    carried = authoring_attestations.carried(draft, locked, world.context)
    authoring.write(world.registry.folder, draft, locked, (), tools, attestations=carried)
    authoring.write_registry(world.registry.folder, world.registry.file)
    for kept in world.context.paths.attestations.iterdir():
        kept.unlink()
    world.index.listing(wheel).provenance = None

    assert check(world.prepare("clock", hosts=CURSOR)).outcome is Outcome.VERIFIED


def test_an_author_can_not_lock_what_nobody_could_install(world: World, instance: Instance) -> None:
    wheel = world.offer("clock", publisher=PUBLISHER)
    thief = release(ids=("7", "7"))
    attested.attest(world.index, wheel, instance, thief)
    (folder,) = world.registry.folder.glob(f"{NAMESPACE}/clock/*")
    draft = authoring.Draft(
        manifest=manifest_text.parse((folder / "manifest.toml").read_bytes()), server=b"{}"
    )
    locked = lock_text.parse((folder / "pylock.toml").read_bytes(), "pylock.toml")

    with pytest.raises(McpInstallError) as refused:
        authoring_attestations.carried(draft, locked, world.context)

    assert refusal(refused) == ("publisher-mismatch", 3)


@pytest.mark.parametrize(
    "text",
    [
        b"{}",
        b'{"version": 1, "files": {"other-1.0-py3-none-any.whl": [{"version": 1}]}}',
        b'{"version": 2, "files": {}}',
        b'{"version": 1, "files": {"clock_server-1.0-py3-none-any.whl": []}}',
        b'{"version": 1, "files": {}, "more": 1}',
    ],
)
def test_a_file_of_attestations_that_is_none_is_refused(
    world: World, instance: Instance, text: bytes
) -> None:
    del instance
    world.offer("clock", attestations=text)

    with pytest.raises(McpInstallError) as refused:
        world.prepare("clock", hosts=CURSOR)

    assert refusal(refused)[1] == 3
