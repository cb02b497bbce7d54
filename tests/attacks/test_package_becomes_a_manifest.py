"""Attack T47: a package, or what describes it, attacks whoever makes or renews its manifest.

Who: the publisher of a package, of an entry in an MCP registry, or of one of its dependencies; an
operator of the index.
Stopped by: `mcpi manifest new` and `lock` run nothing without `--probe`, escape what they show,
refuse text that hides, take no name that is another package's, and no newer files of a stranger.
Twin: `test_an_honest_package_becomes_a_listed_manifest`.
"""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

import pytest

from mcpinstall import registries
from mcpinstall.errors import McpInstallError
from mcpinstall.model.checks import Check, Outcome
from mcpinstall.model.provenance_text import parse_carried
from mcpinstall.operations import manifest_new, manifest_relock
from mcpinstall.operations.manifest_new import Options
from mcpinstall.operations.manifest_proposal import Proposal
from mcpinstall.system import limits
from tests.builders import attested, registry_folders, servers
from tests.builders.attested import release
from tests.builders.packages import publish
from tests.builders.shell import Ran, run
from tests.builders.sigstore_instance import Instance
from tests.builders.watchdog import ends
from tests.builders.world import World, refusal

pytestmark = pytest.mark.e2e

SPEC, FULL = "pypi:weather-server", "io.github.user/weather"
NAMED = f"mcp-name: {FULL}"


@pytest.fixture(autouse=True)
def empty_pages(world: World) -> None:
    for name in ("weather-server", "sky-maps"):
        world.index.pages.pop(name, None)


@pytest.fixture
def instance(world: World) -> Instance:
    made = Instance()
    attested.trust(world, made)
    return made


def target(world: World, version: str = "1.0") -> Path:
    return world.registry.folder / FULL / version


def new(world: World, *words: str, spec: str = SPEC) -> Ran:
    return run("manifest", "new", spec, "--into", str(world.registry.folder), "--yes", *words,
               person=False)  # fmt: skip


def prepared(world: World, spec: str = SPEC, **options: object) -> Proposal:
    wanted = Options(into=world.registry.folder, **options)  # type: ignore[arg-type]
    return manifest_new.prepare(spec, wanted, world.context)


def everything(world: World) -> dict[str, bytes]:
    """Every file but caches and what the index serves."""
    return {
        str(path): path.read_bytes()
        for path in sorted(world.registry.folder.parent.rglob("*"))
        if path.is_file() and world.context.paths.cache not in path.parents
        and world.context.paths.data not in path.parents
    }  # fmt: skip


def require_refused(world: World, code: str, spec: str = SPEC, **options: object) -> None:
    before = everything(world)
    with pytest.raises(McpInstallError) as refused:
        prepared(world, spec, **options)
    assert refusal(refused)[0] == code
    assert everything(world) == before


def test_an_honest_package_becomes_a_listed_manifest(world: World, instance: Instance) -> None:
    """It names its publisher, carries the proof, and its next release is taken."""
    server = publish(world.index, "weather-server", "1.0", readme=NAMED)
    attested.attest(world.index, server, instance, release())

    assert new(world, "--probe").status == 0
    found = registries.one_version(target(world))
    assert found.manifest.publisher is not None
    assert found.manifest.publisher.repository == attested.REPOSITORY
    carried = parse_carried((target(world) / "attestations.json").read_bytes(), "attestations.json")
    assert [*carried] == [server.filename]
    outcomes = {one.check: one.outcome for one in world.prepare("weather").plan.checks}
    assert outcomes[Check.PUBLISHER] is Outcome.VERIFIED

    newer = publish(world.index, "weather-server", "2.0", readme=NAMED)
    attested.attest(world.index, newer, instance, release("2.0"))
    ran = run("manifest", "lock", str(target(world)), "--upgrade", "--yes", person=False)
    assert ran.status == 0, ran.seen
    assert (target(world, "2.0") / "attestations.json").is_file()


def test_a_newer_release_of_somebody_else_is_not_locked(world: World, instance: Instance) -> None:
    server = publish(world.index, "weather-server", "1.0", readme=NAMED)
    attested.attest(world.index, server, instance, release())
    new(world, "--probe")
    stolen = publish(world.index, "weather-server", "2.0", readme=NAMED)
    theirs = release("2.0", repository="https://forge.example/acme-evil/clock")
    before = everything(world)

    for offer in (False, True):
        if offer:
            attested.attest(world.index, stolen, instance, theirs)
        with pytest.raises(McpInstallError) as refused:
            manifest_relock.prepare(
                target(world), manifest_relock.Options(upgrade=True), world.context
            )
        assert refusal(refused) == ("publisher-mismatch" if offer else "publisher-missing", 3)
    assert everything(world) == before


def test_no_code_runs_before_somebody_says_so(world: World) -> None:
    witness = world.root / "it-ran"
    code = f"open({str(witness)!r}, 'w').close()\n"
    hook = {"sky_maps.pth": b"import site; " + code.encode()}
    publish(world.index, "sky-maps", "1.0", body=None, members=hook)
    publish(world.index, "weather-server", "1.0", requires=("sky-maps",), readme=NAMED,
            body=code + servers.MODERN)  # fmt: skip

    assert new(world, "--no-probe").status == 0
    assert run("manifest", "lock", str(target(world)), "--in-place", "--yes",
               person=False).status == 0  # fmt: skip
    assert not witness.exists()
    assert new(world, "--no-probe", "--name", "io.github.user/other").status == 0
    assert not witness.exists()
    assert run("manifest", "lock", str(target(world)), "--in-place", "--yes", "--probe",
               person=False).status == 0  # fmt: skip
    assert witness.exists(), "the test sees that it ran"


@pytest.mark.parametrize(
    "name", ["../../../evil", "io.github.user/../../x", "io.github.user/.hidden", "/etc"]
)
def test_a_name_leads_out_of_no_folder(world: World, name: str) -> None:
    publish(world.index, "weather-server", "1.0", readme=f"mcp-name: {name}")

    before = everything(world)
    ran = new(world, "--no-probe")

    assert ran.status in (2, 3), ran.seen
    assert everything(world) == before


def test_another_package_does_not_take_the_name_of_a_server(world: World) -> None:
    """Its README says that it is `clock`, of which the registry has another package."""
    publish(world.index, "weather-server", "7.0", readme="mcp-name: io.github.user/clock")
    require_refused(world, "policy-refused")

    document = json.loads(registry_folders.server_json("io.github.user/clock", "7.0"))
    document["packages"][0] |= {"identifier": "weather-server", "version": "7.0"}
    path = world.root / "server.json"
    path.write_text(json.dumps(document))
    require_refused(world, "policy-refused", str(path))

    said = prepared(world, name="io.github.user/clock")
    assert said.target.name == "7.0", "a person says that it moved"


SUMMARIES = (
    'Tells the weather"\n[publisher]\nabsent = "none',
    "Tells the weather'''\n[[reviews]]\nby = 'somebody'",
    'x" }\\u0022 \\" = { a = 1 } # ',
    "[bold]x[/bold] \\ $(id) `id` <b>&amp;",
)


@pytest.mark.parametrize("summary", SUMMARIES)
def test_words_of_a_package_stay_words(world: World, summary: str) -> None:
    """A header of METADATA ends at a line's end; what goes on is another header."""
    publish(world.index, "weather-server", "1.0", readme=NAMED,
            headers=("Summary: " + summary.replace("\n", "\n  "),))  # fmt: skip

    assert new(world, "--no-probe").status == 0
    table = tomllib.loads((target(world) / "manifest.toml").read_text(encoding="utf-8"))
    assert table["summary"] == " ".join(summary.split())
    assert "reviews" not in table
    assert table["publisher"] == {"absent": table["publisher"]["absent"]}
    document = json.loads((target(world) / "server.json").read_text(encoding="utf-8"))
    assert document["description"] == " ".join(summary.split())[:100]


@pytest.mark.parametrize("member", ["a\nb.pth", "\x1b[2Jx.pth", "\u202egpj.pth"])
def test_names_of_members_draw_nothing_on_the_screen(world: World, member: str) -> None:
    publish(world.index, "weather-server", "1.0", readme=NAMED, members={member: b"import os\n"})

    ran = new(world, "--no-probe")

    assert ran.faults() == []
    assert ran.status == 3, ran.seen


def test_more_hooks_than_anybody_reads_are_refused_while_they_are_counted(world: World) -> None:
    count = limits.ACCEPTED_MEMBERS + 1
    hooks = {f"a{number}.pth": b"import os\n" for number in range(count)}
    publish(world.index, "weather-server", "1.0", readme=NAMED, members=hooks)

    with ends(120):
        require_refused(world, "archive-refused")


def test_tools_that_hide_text_are_written_nowhere(world: World) -> None:
    tools = [
        {
            **servers.CLOCK,
            "description": "Get the time\N{ZERO WIDTH SPACE}\N{TAG LATIN SMALL LETTER A}",
        }
    ]
    publish(world.index, "weather-server", "1.0", readme=NAMED, tools=tools)
    before = everything(world)

    ran = new(world, "--probe")

    assert (ran.status, ran.faults()) == (3, []), ran.seen
    assert everything(world) == before


def test_a_lock_that_somebody_proposed_gives_uv_nothing_but_versions(world: World) -> None:
    """Its holds reach uv: no address, file, option or other line may stand in them."""
    publish(world.index, "weather-server", "1.0", readme=NAMED)
    new(world, "--probe")
    path = target(world) / "pylock.toml"
    honest = path.read_text(encoding="utf-8")
    holds = [
        "sky-maps @ https://evil.example/x.whl",
        "--index-url=https://evil.example",
        "-r /etc/passwd",
        "sky-maps<2\\n--extra-index-url https://evil.example",
        "./local",
        "sky-maps[x]<2",
    ]
    for hold in holds:
        line = f'[tool.mcpinstall]\nconstraints = ["{hold}"]'
        path.write_text(honest.replace("[tool.mcpinstall]", line), encoding="utf-8")
        digest_of(world, path)

        with pytest.raises(McpInstallError) as refused:
            manifest_relock.prepare(target(world), manifest_relock.Options(), world.context)

        assert refusal(refused)[1] == 3, hold


def digest_of(world: World, path: Path) -> None:
    """State the file's digest in its manifest, as who proposes it does."""
    import hashlib

    manifest = target(world) / "manifest.toml"
    table = manifest.read_text(encoding="utf-8").splitlines()
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    rows = [f'"{path.name}" = "{digest}"' if row.startswith(f'"{path.name}"') else row
            for row in table]  # fmt: skip
    manifest.write_text("\n".join(rows) + "\n", encoding="utf-8")
