"""`manifest new`: from a package of an index to a folder that a registry lists."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from inline_snapshot import snapshot

from mcpinstall import registries
from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.model import lock_text, manifest_text, registry_text
from mcpinstall.operations import manifest_new, manifest_present, manifest_relock
from mcpinstall.operations.manifest_new import Options
from mcpinstall.operations.manifest_proposal import Proposal
from tests.builders import mcp_registry, registry_folders, servers, wheels
from tests.builders.audit_killer import dies
from tests.builders.index_server import IndexServer
from tests.builders.packages import publish
from tests.builders.shell import Ran, run
from tests.builders.world import World, refusal

pytestmark = pytest.mark.e2e

SPEC, FULL = "pypi:weather-server", "io.github.user/weather"
NAMED = f"<!-- mcp-name: {FULL} -->"
HOOK = {"sky_maps.pth": b"import sky_maps\n"}
CURSOR = ("cursor",)


@pytest.fixture(autouse=True)
def weather(world: World) -> None:
    """The index has `weather-server`, which needs `sky-maps`."""
    for name in ("weather-server", "sky-maps", "stars"):
        world.index.pages.pop(name, None)
    publish(world.index, "sky-maps", "1.0", body=None)
    publish(
        world.index, "weather-server", "1.0", requires=("sky-maps>=1",), readme=NAMED,
        headers=("Summary: Tells the weather",),
    )  # fmt: skip


def native(world: World, name: str, version: str, *tags: str) -> None:
    """Publish a library that has wheels for these platforms only."""
    stem = name.replace("-", "_")
    for tag in tags:
        data = wheels.wheel({f"{stem}/__init__.py": b""}, name=stem, version=version, tag=tag)
        world.index.publish(f"{stem}-{version}-{tag}.whl", data)


def prepared(world: World, spec: str = SPEC, **options: object) -> Proposal:
    wanted = Options(into=world.registry.folder, **options)  # type: ignore[arg-type]
    return manifest_new.prepare(spec, wanted, world.context)


def mcpi_new(world: World, *words: str, typed: str = "", person: bool = True) -> Ran:
    ran = run("manifest", "new", *words, "--into", str(world.registry.folder),
              typed=typed, person=person)  # fmt: skip
    assert person or ran.faults() == []  # a progress bar has colours
    return ran


def target(world: World, version: str = "1.0") -> Path:
    return world.registry.folder / FULL / version


def everything(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_what_is_made_is_listed_installed_and_starts(world: World) -> None:
    serial = world.registry.file.serial

    ran = mcpi_new(world, SPEC, typed="y\ny\n")

    assert ran.status == 0, ran.seen
    registry = registry_text.parse((world.registry.folder / "registry.toml").read_bytes(), "x")
    assert registry.serial == serial + 1
    assert registry.issued > world.registry.file.issued
    found = registries.one_version(target(world))
    assert (found.manifest.local.script, found.manifest.reviews) == ("weather-server", ())
    assert [tool["name"] for tool in found.tools.tools if isinstance(tool, dict)] == [
        "convert_time", "get_current_time",
    ]  # fmt: skip
    assert len(found.manifest.local.platforms) == 8
    world.install("weather", hosts=CURSOR)
    assert world.starts("cursor", "weather")


def test_nothing_is_written_and_nothing_runs_before_the_yes(world: World) -> None:
    before = everything(world.registry.folder)
    witness = world.root / "it-ran"
    body = f"open({str(witness)!r}, 'w').close()\n{servers.MODERN}"
    publish(world.index, "weather-server", "1.1", body=body, readme=NAMED)

    declined = mcpi_new(world, SPEC, typed="n\nn\n")
    unasked = mcpi_new(world, SPEC, person=False)
    half = mcpi_new(world, SPEC, "--yes", person=False)

    assert (declined.status, unasked.status, half.status) == (4, 4, 2)
    assert everything(world.registry.folder) == before
    assert not witness.exists()
    assert mcpi_new(world, SPEC, typed="y\nn\n").status == 4
    assert witness.exists(), "the test sees that it ran"
    assert everything(world.registry.folder) == before


def test_without_a_wheel_a_platform_gets_the_newest_version_that_has_one(world: World) -> None:
    native(world, "stars", "1.0", "py3-none-any")
    native(world, "stars", "2.0", "py3-none-any")
    tags = ("py3-none-manylinux_2_28_x86_64", "py3-none-manylinux_2_28_aarch64",
            "py3-none-musllinux_1_2_x86_64", "py3-none-musllinux_1_2_aarch64",
            "py3-none-macosx_11_0_arm64", "py3-none-win_amd64", "py3-none-win_arm64")  # fmt: skip
    native(world, "stars", "3.0", *tags)
    publish(world.index, "weather-server", "1.1", requires=("stars",), readme=NAMED)

    found = prepared(world).closure

    assert found is not None
    assert [(one.package, one.platform, one.version) for one in found.held] == [
        ("stars", "macos-x86_64", "2.0")
    ]
    assert found.lock.constraints == (
        "stars<3.0; sys_platform == 'darwin' and platform_machine == 'x86_64'",
        "stars>=3.0; (sys_platform != 'darwin' or platform_machine != 'x86_64')",
    )
    assert {one.version for one in found.lock.packages if one.name == "stars"} == {"2.0", "3.0"}
    again = lock_text.parse(found.lock.text, "pylock.toml")
    assert again == found.lock


def test_a_platform_that_no_version_has_a_wheel_for_is_left_out(world: World) -> None:
    native(world, "stars", "1.0", "py3-none-manylinux_2_28_x86_64", "py3-none-win_amd64")
    publish(world.index, "weather-server", "1.1", requires=("stars",), readme=NAMED)

    found = prepared(world).closure

    assert found is not None
    assert found.wanted.platforms == ("linux-x86_64-glibc", "windows-x86_64")
    assert {one.what for one in found.left_out} == {
        "linux-aarch64-glibc", "linux-x86_64-musl", "linux-aarch64-musl", "macos-x86_64",
        "macos-arm64", "windows-arm64",
    }  # fmt: skip
    assert all("`stars` 1.0" in one.reason for one in found.left_out)


def test_a_start_up_hook_is_shown_and_needs_a_reason(world: World) -> None:
    publish(world.index, "sky-maps", "1.1", body=None, members=HOOK)

    ran = mcpi_new(world, SPEC, typed="finds its own maps\ny\ny\n")

    assert ran.status == 0, ran.seen
    assert "| import sky_maps" in ran.seen
    (hook,) = manifest_text.parse((target(world) / "manifest.toml").read_bytes()).hooks
    assert (hook.member, hook.reason) == ("sky_maps.pth", "finds its own maps")
    world.install("weather", hosts=CURSOR)


def test_what_a_member_says_can_not_reach_the_terminal(world: World) -> None:
    hostile = b"import sky_maps # \x1b[2J\x1b]0;safe\x07 \xe2\x80\xae reviewed\r\n" * 40
    publish(world.index, "sky-maps", "1.1", body=None, members={"sky_maps.pth": hostile})

    ran = mcpi_new(world, SPEC, "--yes", "--no-probe", person=False)

    assert r"\x1b[2J" in ran.seen
    assert "only its first 12 lines are shown" in ran.seen


def test_the_screen_says_what_was_found_and_what_is_left_to_decide(world: World) -> None:
    ran = mcpi_new(world, SPEC, "--yes", "--probe", person=False)

    shown = re.sub(r"\d{4}-\d{2}-\d{2}T00:00:00Z", "TIME", ran.seen.partition("wrote ")[0])
    assert shown == snapshot("""\
io.github.user/weather 1.0
  Tells the weather
  package      weather-server 1.0
  starts with  weather-server
  locked       2 packages, 2 wheels, none that came after TIME
  inspected    all of them; 0 to accept
  platforms    linux-x86_64-glibc, linux-aarch64-glibc, linux-x86_64-musl,
               linux-aarch64-musl, macos-x86_64, macos-arm64, windows-x86_64,
               windows-arm64
  Python       >=3.11,<3.15
it answers with 2 tools

You decide; this is proposed, and no fact:
  name                     io.github.user/weather — its README or its address
                           says so; nobody proved that it may
  title, summary, try      weather — from its own words; say them plainly
  permissions.network      nothing — no document says; read the source
  permissions.read         nothing — no input is a path
  permissions.write, exec  nothing — no document says; read the source
  audience                 technical — nobody has reviewed it yet
  integrates               local — it wants no secret
  publisher                absent — the index that the lock was made with offers
                           no attestation
  alias                    weather — it is free, and no other short name looks
                           like it
  reviews.criteria         locked, inspected, probed — claim what you did
                           yourself; `source-read` only after reading the source
  server.json              no inputs — add the arguments and variables that it
                           takes
""")


def test_without_a_reason_it_is_a_draft_that_nothing_lists(world: World) -> None:
    publish(world.index, "sky-maps", "1.1", body=None, members=HOOK)
    index = (world.registry.folder / "index.toml").read_bytes()

    ran = mcpi_new(world, SPEC, "--yes", "--no-probe", person=False)

    assert ran.status == 0, ran.seen
    assert "a reason to accept `sky_maps.pth` of `sky-maps`" in " ".join(ran.seen.split())
    with pytest.raises(McpInstallError) as refused:
        manifest_text.parse((target(world) / "manifest.toml").read_bytes())
    assert refused.value.code is ErrorCode.MANIFEST_INVALID
    assert (world.registry.folder / "index.toml").read_bytes() == index
    publish(world.index, "stars", "1.0", readme="mcp-name: io.github.user/stars")
    assert mcpi_new(world, "pypi:stars", "--yes", "--probe", person=False).status == 0
    rows = registry_text.parse_index((world.registry.folder / "index.toml").read_bytes(), "x")
    names = {row.name for row in rows}
    assert ("io.github.user/stars" in names, FULL in names) == (True, False)


def test_a_draft_is_finished_in_its_place(world: World) -> None:
    publish(world.index, "sky-maps", "1.1", body=None, members=HOOK)
    mcpi_new(world, SPEC, "--yes", "--no-probe", person=False)
    path = target(world) / "manifest.toml"
    path.write_text(path.read_text().replace('reason = ""', 'reason = "finds its maps"'))

    ran = run("manifest", "lock", str(target(world)), "--in-place", "--probe", "--yes",
              person=False)  # fmt: skip

    assert ran.status == 0, ran.seen
    assert registries.one_version(target(world)).tools.known
    rows = registry_text.parse_index((world.registry.folder / "index.toml").read_bytes(), "x")
    assert FULL in {row.name for row in rows}
    assert not manifest_present.present(target(world)).is_draft


def test_texts_that_differ_from_start_to_start_are_proposed_as_varying(world: World) -> None:
    body = f"TOOLS[0]['description'] = 'Process ' + str(os.getpid()) + ', always'\n{servers.MODERN}"
    publish(world.index, "weather-server", "1.1", body=body, readme=NAMED)

    ran = mcpi_new(world, SPEC, "--yes", "--probe", person=False)

    assert ran.status == 0, ran.seen
    (varies,) = manifest_text.parse((target(world, "1.1") / "manifest.toml").read_bytes()).varies
    assert varies.pointer == "/tools/get_current_time/description"
    assert varies.pattern == "Process {varies}, always"


@pytest.mark.parametrize(
    ("spec", "code", "words"),
    [
        ("pypi:nobody-made-this", ("not-found", 5), "no package is named"),
        ("pypi:only-source", ("tool-failed", 5), "could not resolve"),
        ("pypi:too-young", ("tool-failed", 5), "could not resolve"),
        ("pypi:two-scripts", ("manifest-invalid", 3), "has 2 scripts"),
        ("pypi:hostile-words", ("text-hostile", 3), "description"),
        ("pypi:nameless", ("name-invalid", 2), "under which name"),
        ("pypi:weather-server@1.0", ("name-invalid", 2), "stands behind `==`"),
        ("weather-server", ("usage", 2), "names nothing"),
        ("nowhere/server.json", ("file-unreadable", 5), "there is no file"),
    ],
)
def test_what_can_not_become_a_manifest_is_refused_and_leaves_nothing(
    world: World, spec: str, code: tuple[str, int], words: str
) -> None:
    named = "mcp-name: io.github.user/other"
    publish(world.index, "two-scripts", "1.0", scripts=("one", "two"), readme=named)
    publish(world.index, "too-young", "1.0", uploaded=world.context.now, readme=named)
    publish(world.index, "nameless", "1.0")
    hostile = "Summary: Safe\N{RIGHT-TO-LEFT OVERRIDE}\N{ZERO WIDTH SPACE} words"
    publish(world.index, "hostile-words", "1.0", headers=(hostile,), readme=named)
    world.index.publish("only_source-1.0.tar.gz", b"no wheel")
    before = everything(world.registry.folder)

    with pytest.raises(McpInstallError) as refused:
        prepared(world, spec)

    assert (refusal(refused), words in refused.value.message) == (code, True), refused.value.message
    assert everything(world.registry.folder) == before


def test_a_name_that_is_no_folder_everywhere_is_refused_before_anything_is_written(
    world: World,
) -> None:
    before = everything(world.registry.folder)

    publish(world.index, "weather-server", "1.1", readme="mcp-name: io.github.user/aux")
    for options in ({"name": "io.github.user/nul"}, {}):
        with pytest.raises(McpInstallError) as refused:
            prepared(world, **options)
        assert refusal(refused)[0] == "name-invalid"
        assert "Windows" in refused.value.hint

    assert everything(world.registry.folder) == before


def test_a_lock_of_too_many_bytes_is_refused_before_any_file_is_fetched(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    packages = prepared(world).lock.packages
    wanted = sum(wheel.size for one in packages for wheel in one.wheels)
    shutil.rmtree(world.context.paths.artifacts)
    monkeypatch.setattr("mcpinstall.system.limits.LOCKED_BYTES", wanted - 1)

    with pytest.raises(McpInstallError) as refused:
        prepared(world)

    assert refusal(refused) == ("artifact-size", 3)
    assert "weather_server-1.0-py3-none-any.whl" in refused.value.message
    assert [one for one in world.context.paths.artifacts.rglob("*") if one.is_file()] == []

    monkeypatch.setattr("mcpinstall.system.limits.LOCKED_BYTES", wanted)
    assert prepared(world).lock.packages


def test_of_two_scripts_one_can_be_named(world: World) -> None:
    publish(world.index, "weather-server", "1.1", scripts=("one", "two"), readme=NAMED)

    assert prepared(world, script="two").draft.manifest.local.script == "two"
    with pytest.raises(McpInstallError, match="has no script `three`"):
        prepared(world, script="three")


def test_a_version_that_is_there_is_never_written_over(world: World) -> None:
    mcpi_new(world, SPEC, "--yes", "--no-probe", person=False)
    (target(world) / "manifest.toml").write_text("a person's")

    with pytest.raises(McpInstallError):
        prepared(world)

    assert (target(world) / "manifest.toml").read_text() == "a person's"


def test_a_folder_that_can_not_be_written_is_a_plain_refusal(world: World) -> None:
    blocked = world.root / "a-file"
    blocked.write_text("mine")

    ran = run("manifest", "new", SPEC, "--into", str(blocked / "manifests"), "--yes",
              "--no-probe", person=False)  # fmt: skip

    assert ran.status == 5, ran.seen
    assert ran.faults() == []
    assert blocked.read_text() == "mine"


@pytest.mark.parametrize("at", range(0, 40, 3))
def test_a_run_that_dies_leaves_the_whole_folder_or_none(world: World, at: int) -> None:
    proposal = prepared(world)

    dies(lambda: manifest_new.commit(proposal, world.context), at, world.registry.folder)

    names = {path.name for path in target(world).glob("*")} if target(world).exists() else set()
    assert names in (set(), {"manifest.toml", "pylock.toml", "server.json"})
    if not names:
        manifest_new.commit(proposal, world.context)
        assert {path.name for path in target(world).parent.iterdir()} == {"1.0"}


def test_a_server_json_of_a_remote_is_asked_for_its_tools_without_a_package(
    world: World,
) -> None:
    path = world.root / "server.json"
    remote = {"type": "streamable-http", "url": "https://mcp.example.com/mcp"}
    document = json.loads(registry_folders.server_json("com.example/cloud", "1.0"))
    del document["packages"]
    path.write_text(json.dumps({**document, "remotes": [remote]}))

    ran = mcpi_new(world, str(path), "--yes", "--no-probe", person=False)

    assert ran.status == 0, ran.seen
    found = registries.one_version(world.registry.folder / "com.example/cloud/1.0")
    assert found.manifest.permissions.network == ("mcp.example.com",)
    assert found.manifest.integrates.value == "cloud"
    assert not found.tools.known


@pytest.fixture
def entries(world: World) -> Iterator[None]:
    """An MCP registry that describes `weather` 2.0.0, whose package is `weather-server` 2.0."""
    publish(world.index, "weather-server", "2.0", readme=NAMED)
    with IndexServer() as started:
        mcp_registry.configure(world, started.origin)
        mcp_registry.serve(started, mcp_registry.document(FULL))
        yield


@pytest.mark.usefixtures("entries")
def test_an_entry_of_an_mcp_registry_keeps_its_own_server_json(world: World) -> None:
    ran = mcpi_new(world, f"mcp:{FULL}", "--yes", "--probe", person=False)

    assert ran.status == 0, ran.seen
    found = registries.one_version(target(world, "2.0.0"))
    assert (found.server.version, found.manifest.local.version) == ("2.0.0", "2.0")
    world.install("weather", hosts=CURSOR)


@pytest.mark.usefixtures("entries")
def test_a_server_json_with_numbers_of_its_own_is_not_renumbered(world: World) -> None:
    mcpi_new(world, f"mcp:{FULL}", "--yes", "--probe", person=False)
    publish(world.index, "weather-server", "3.0", readme=NAMED)

    with pytest.raises(McpInstallError, match="has a version of its own") as refused:
        manifest_relock.prepare(
            target(world, "2.0.0"), manifest_relock.Options(upgrade=True), world.context
        )

    assert refused.value.code is ErrorCode.USAGE


@pytest.mark.usefixtures("entries")
def test_an_entry_whose_package_does_not_name_it_is_refused(world: World) -> None:
    publish(world.index, "weather-server", "2.0", readme="mcp-name: io.github.user/another")
    before = everything(world.registry.folder)

    with pytest.raises(McpInstallError, match="does not name the server"):
        prepared(world, f"mcp:{FULL}")

    assert everything(world.registry.folder) == before
