"""`manifest new` and `lock` where others work in the folder too, or what they are given is odd."""

from __future__ import annotations

import hashlib
import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from mcpinstall import registries
from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.model import registry_text
from mcpinstall.model.lock_authoring import MadeWith, restated
from mcpinstall.model.registry_text import RegistryFile
from mcpinstall.operations import manifest_new, manifest_present, manifest_relock
from mcpinstall.operations.manifest_new import Options
from mcpinstall.operations.manifest_proposal import Proposal
from mcpinstall.operations.manifest_relock import Relock
from tests.builders import registry_folders, servers
from tests.builders.packages import publish
from tests.builders.shell import Ran, run
from tests.builders.world import World, refusal

pytestmark = pytest.mark.e2e

SPEC, FULL = "pypi:weather-server", "io.github.user/weather"
NAMED = f"mcp-name: {FULL}"
HOOK = {"sky_maps.pth": b"import sky_maps\n"}


@pytest.fixture(autouse=True)
def weather(world: World) -> None:
    for name in ("weather-server", "sky-maps", "stars"):
        world.index.pages.pop(name, None)
    publish(world.index, "sky-maps", "1.0", body=None)
    publish(world.index, "weather-server", "1.0", requires=("sky-maps>=1",), readme=NAMED)


def target(world: World, version: str = "1.0") -> Path:
    return world.registry.folder / FULL / version


def registry(world: World) -> RegistryFile:
    path = world.registry.folder / "registry.toml"
    return registry_text.parse(path.read_bytes(), str(path))


def prepared(world: World, spec: str = SPEC, **options: object) -> Proposal:
    wanted = Options(into=world.registry.folder, **options)  # type: ignore[arg-type]
    return manifest_new.prepare(spec, wanted, world.context)


def made(world: World, spec: str = SPEC) -> None:
    proposal = manifest_new.probe(prepared(world, spec), world.context)
    manifest_new.commit(proposal, world.context)


def relocked(world: World, folder: Path | None = None, **options: object) -> Relock:
    wanted = manifest_relock.Options(**options)  # type: ignore[arg-type]
    return manifest_relock.prepare(folder or target(world), wanted, world.context)


def lock(world: World, *words: str, folder: Path | None = None) -> Ran:
    return run("manifest", "lock", str(folder or target(world)), "--yes", *words, person=False)


@pytest.mark.parametrize(("inside", "path"), [("1.0", "."), (".", "1.0"), ("..", "weather/1.0")])
def test_a_relative_path_means_the_same_folder(
    world: World, monkeypatch: pytest.MonkeyPatch, inside: str, path: str
) -> None:
    made(world)
    publish(world.index, "sky-maps", "1.1", body=None)
    monkeypatch.chdir(target(world).parent / inside)

    ran = lock(world, folder=Path(path))

    assert ran.status == 0, ran.seen
    assert {one.name for one in target(world).parent.iterdir()} == {"1.0", "1.0+lock.1"}
    assert registry(world).serial == world.registry.file.serial + 2


def test_what_somebody_wrote_into_the_registry_meanwhile_stays(world: World) -> None:
    proposal = manifest_new.probe(prepared(world), world.context)
    mine = replace(registry(world), aliases=(("clocks", "io.github.user/clock"),), serial=40)
    (world.registry.folder / "registry.toml").write_bytes(registry_text.dump(mine))

    manifest_new.commit(proposal, world.context)

    assert (registry(world).aliases, registry(world).serial) == (mine.aliases, 41)


def test_a_version_that_another_run_wrote_meanwhile_is_not_written_over(world: World) -> None:
    made(world)
    publish(world.index, "sky-maps", "1.1", body=None)
    first, second = relocked(world), relocked(world)
    manifest_relock.commit([first], world.context)
    path = target(world, "1.0+lock.1") / "manifest.toml"
    before = path.read_bytes() + b"# theirs\n"
    path.write_bytes(before)

    with pytest.raises(McpInstallError) as refused:
        manifest_relock.commit([second], world.context)

    assert refusal(refused) == ("server-exists", 5) or refused.value.code is ErrorCode.SERVER_EXISTS
    assert path.read_bytes() == before


def test_of_several_packages_the_one_that_is_locked_is_started(world: World) -> None:
    argument = {"type": "positional", "value": "--never"}
    document = json.loads(registry_folders.server_json(FULL, "1.0"))
    npm = {
        "registryType": "npm", "identifier": "weather-server", "version": "1.0",
        "transport": {"type": "stdio"}, "packageArguments": [argument],
    }  # fmt: skip
    own = {**npm, "registryType": "pypi", "packageArguments": []}
    path = world.root / "server.json"
    path.write_text(json.dumps({**document, "packages": [npm, own]}))
    body = f"import sys\nif '--never' in sys.argv: raise SystemExit(3)\n{servers.MODERN}"
    world.index.pages.pop("weather-server")
    publish(world.index, "weather-server", "1.0", requires=("sky-maps",), body=body)

    proposal = manifest_new.probe(prepared(world, str(path)), world.context)

    assert len(proposal.tools.tools) == 2


@pytest.mark.parametrize(
    "header",
    [
        "Home-page: https://[nowhere",
        "Project-URL: Source, https://github.com:port/user/x",
        "Project-URL: no comma",
    ],
)
def test_an_address_that_is_none_names_nobody(world: World, header: str) -> None:
    publish(world.index, "weather-server", "1.1", headers=(header,))

    with pytest.raises(McpInstallError) as refused:
        prepared(world)

    assert refusal(refused) == ("name-invalid", 2)


@pytest.mark.parametrize("text", [r"\ud800", r"a\u0000b", r"\u202e"])
def test_odd_characters_in_a_server_json_are_a_refusal(world: World, text: str) -> None:
    path = world.root / "server.json"
    document = json.loads(registry_folders.server_json(FULL, "1.0"))
    document["$schema"] = document["$schema"].replace("2025-12-11", "2025-09-29")
    path.write_text(json.dumps(document).replace('"description": "', f'"description": "{text}'))

    ran = run("manifest", "new", str(path), "--into", str(world.registry.folder), "--yes",
              "--no-probe", person=False)  # fmt: skip

    assert ran.status in (2, 3), ran.seen
    assert ran.faults() == []


def test_a_package_that_splits_by_python_is_locked_in_one_version(world: World) -> None:
    publish(
        world.index, "weather-server", "2.0", requires=("sky-maps",), readme=NAMED,
        headers=("Requires-Python: >=3.13",),
    )  # fmt: skip

    proposal = prepared(world)

    own = {one.version for one in proposal.lock.packages if one.name == "weather-server"}
    assert own == {proposal.draft.manifest.local.version}


def test_a_package_that_the_index_withdrew_is_not_locked_again(world: World) -> None:
    made(world)
    publish(world.index, "sky-maps", "1.1", body=None)
    (artifact,) = world.index.pages["weather-server"].values()
    artifact.yanked = "it lost data"

    with pytest.raises(McpInstallError) as refused:
        relocked(world)

    assert refused.value.code is ErrorCode.VERSION_YANKED
    assert "--allow" not in (refused.value.hint or "")


def test_a_draft_is_finished_before_it_gets_another_version(world: World) -> None:
    publish(world.index, "sky-maps", "1.1", body=None, members=HOOK)
    proposal = prepared(world)
    manifest_new.commit(proposal, world.context)
    publish(world.index, "weather-server", "2.0", requires=("sky-maps>=1",), readme=NAMED)
    index = (world.registry.folder / "index.toml").read_bytes()

    for words in (("--upgrade", "--in-place"), ("--upgrade",), ()):
        ran = lock(world, *words)

        assert ran.status == 2, ran.seen
        assert {one.name for one in target(world).parent.iterdir()} == {"1.0"}
    assert (world.registry.folder / "index.toml").read_bytes() == index


def test_odd_names_on_a_page_stop_no_search_for_an_older_version(world: World) -> None:
    from tests.e2e.test_manifest_new import native

    native(world, "stars", "1.0", "py3-none-any")
    tags = ("py3-none-manylinux_2_28_x86_64", "py3-none-win_amd64")
    native(world, "stars", "3.0", *tags)
    world.index.publish("stars-2.0-nonsense.whl", b"no wheel")
    publish(world.index, "weather-server", "1.1", requires=("stars",), readme=NAMED)

    found = prepared(world, platforms=("linux-x86_64-glibc", "macos-arm64")).closure

    assert found is not None
    assert [(one.package, one.version) for one in found.held] == [("stars", "1.0")]


def test_credentials_of_the_index_are_in_no_message(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = world.index.url.replace("://", "://me:hunter2secret@")
    monkeypatch.setenv("UV_DEFAULT_INDEX", address)
    publish(world.index, "weather-server", "3.0", requires=("nothing-has-this==1",), readme=NAMED)

    ran = run("manifest", "new", f"{SPEC}==3.0", "--into", str(world.registry.folder), "--yes",
              "--no-probe", "-v", person=False)  # fmt: skip

    assert ran.status == 5, ran.seen
    assert "hunter2" not in ran.seen


def test_a_package_of_another_index_is_not_taken_from_this_one(world: World) -> None:
    document = json.loads(registry_folders.server_json(FULL, "1.0"))
    document["packages"] = [{
        "registryType": "pypi", "registryBaseUrl": "https://packages.example.com",
        "identifier": "weather-server", "version": "1.0", "transport": {"type": "stdio"},
    }]  # fmt: skip
    path = world.root / "server.json"
    path.write_text(json.dumps(document))

    with pytest.raises(McpInstallError) as refused:
        prepared(world, str(path))

    assert refused.value.code is ErrorCode.INDEX_FORBIDDEN


# Unattended -------------------------------------------------------------------------------------


def test_reasons_are_given_without_a_terminal_for_these_very_bytes(world: World) -> None:
    publish(world.index, "sky-maps", "1.1", body=None, members=HOOK)
    sha256 = hashlib.sha256(HOOK["sky_maps.pth"]).hexdigest()
    into = ("--into", str(world.registry.folder), "--yes", "--probe")

    wrong = run("manifest", "new", SPEC, *into, "--accept", f"sha256:{'0' * 64}=no", person=False)
    vague = run("manifest", "new", SPEC, *into, "--accept", "sky_maps.pth=no", person=False)
    ran = run("manifest", "new", SPEC, *into, "--accept", f"sha256:{sha256}=finds its maps",
              person=False)  # fmt: skip

    assert (wrong.status, vague.status, ran.status) == (2, 2, 0), ran.seen
    (hook,) = registries.one_version(target(world)).manifest.hooks
    assert hook.reason == "finds its maps"


def test_a_new_lock_takes_reasons_and_drops_holds_without_a_terminal(world: World) -> None:
    made(world)
    folder = target(world)
    there = manifest_present.present(folder)
    stated = restated(
        there.lock,
        MadeWith(constraints=("sky-maps<1.1",), exclude_newer=there.lock.exclude_newer),
    )
    (folder / "pylock.toml").write_bytes(stated)
    manifest = folder / "manifest.toml"
    digest = hashlib.sha256(stated).hexdigest()
    manifest.write_text(manifest.read_text().replace(there.lock.sha256, digest))
    publish(world.index, "sky-maps", "1.1", body=None, members=HOOK)
    sha256 = hashlib.sha256(HOOK["sky_maps.pth"]).hexdigest()

    held = lock(world)
    unknown = lock(world, "--drop-hold", "stars")
    ran = lock(world, "--drop-hold", "Sky_Maps", "--accept", f"{sha256}=finds its maps")

    assert ("Nothing is newer" in held.seen, unknown.status, ran.status) == (True, 2, 0), ran.seen
    found = registries.one_version(target(world, "1.0+lock.1"))
    assert {one.version for one in found.lock.packages if one.name == "sky-maps"} == {"1.1"}
    assert found.lock.constraints == ()
    assert [hook.reason for hook in found.manifest.hooks] == ["finds its maps"]


def test_of_several_servers_one_that_owes_or_does_not_start_stops_no_other(world: World) -> None:
    made(world)
    publish(world.index, "stars", "1.0", readme="mcp-name: io.github.user/stars")
    made(world, "pypi:stars")
    publish(world.index, "sky-maps", "1.1", body=None, members=HOOK)
    publish(world.index, "stars", "2.0", body="raise SystemExit(3)\n", tools=())
    folder = world.registry.folder

    owing = run("manifest", "lock", str(target(world)), str(folder / "io.github.user/stars/1.0"),
                "--upgrade", "--yes", "--json", person=False)  # fmt: skip

    assert owing.status == 0, owing.seen
    rows = registry_text.parse_index((folder / "index.toml").read_bytes(), "index.toml")
    listed = {(row.name.split("/")[1], row.version) for row in rows}
    assert {("stars", "2.0"), ("weather", "1.0")} <= listed
    assert ("weather", "1.0+lock.1") not in listed, "it is a draft"

    shutil.rmtree(target(world, "1.0+lock.1"))
    shutil.rmtree(folder / "io.github.user/stars/2.0")
    run("manifest", "index", str(folder), "--yes", person=False)
    silent = run("manifest", "lock", str(target(world)), str(folder / "io.github.user/stars/1.0"),
                 "--upgrade", "--yes", "--json", "--probe", person=False)  # fmt: skip

    assert silent.status == 5, silent.seen
    answers = json.loads(silent.out)["servers"]
    problems = {one["name"].split("/")[1]: one["problem"] for one in answers}
    assert problems == {"weather": None, "stars": "probe-failed"}
    assert target(world, "1.0+lock.1").is_dir()
    assert not (folder / "io.github.user/stars/2.0").exists()


def test_what_changes_is_shown_before_anybody_is_asked_to_start_it(world: World) -> None:
    made(world)
    publish(world.index, "sky-maps", "1.1", body=None)

    ran = run("manifest", "lock", str(target(world)), "--probe", typed="n\n")

    before, _, _ = ran.seen.partition("Start it now?")
    assert (ran.status, "sky-maps" in before) == (4, True), ran.seen
    assert not target(world, "1.0+lock.1").exists()
