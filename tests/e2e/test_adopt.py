"""`mcpi adopt`: entries that fetch their server at each start, started from verified files."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pytest

from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.model.audit_report import AuditFinding
from mcpinstall.model.plan import Request
from mcpinstall.model.secret import Secret
from mcpinstall.operations import adoption, audit, verify
from mcpinstall.operations.adoption import Offer, Standing
from mcpinstall.operations.prepared import Done, Prepared
from tests.builders.canaries import token
from tests.builders.registry_folders import RegistryFolder
from tests.builders.session import Session
from tests.builders.vaults import as_its_host, everything, kept
from tests.builders.world import HOSTS, World
from tests.cli.conftest import Mcpi, mcpi

__all__ = ["mcpi"]

pytestmark = pytest.mark.e2e

CURSOR = """\
{
  "mcpServers": {
    "tick": {
      "autoApprove": ["now"],
      "env": {"LEVEL": "debug"},
      "command": "uvx", "args": ["clock-server", "--zone=Oslo"]
    }
  }
}
"""
CLAUDE = """\
{"numStartups": 7, "mcpServers": {"tick": {"type": "stdio", "env": {"LEVEL": "debug"},
  "args": ["clock-server", "--zone=Oslo"], "command": "uvx"}}}"""
CODEX = """\
model = "o"  # mine
[mcp_servers.tick]
command = "uvx" # runner
args = ["clock-server", "--zone=Oslo"]
env = { LEVEL = "debug" }
"""
LEFT_OVER = {"MA208"}
"""What only the folder for temporary files brings, in which this home lies."""


@pytest.fixture
def foreign(world: World) -> dict[str, bytes | None]:
    """The same server in three hosts, as three programs wrote it."""
    for product, text in zip(HOSTS, (CURSOR, CLAUDE, CODEX), strict=True):
        world.file(product).write_text(text)
    return world.host_files()


def offer(world: World, name: str = "tick", *products: str) -> Offer:
    found = [o for o in adoption.survey(products, world.context).offers if o.name == name]
    assert len(found) == 1
    return found[0]


def prepared(world: World, one: Offer, **changes: Any) -> Prepared:  # noqa: ANN401
    return adoption.prepare(adoption.request(one, Request(names=(), **changes)), world.context)


def adopt(world: World, one: Offer, **changes: Any) -> Done:  # noqa: ANN401
    done = world.carry_out(prepared(world, one, **changes))
    assert done is not None
    return done


def put(world: World, servers: Mapping[str, object], product: str = "cursor") -> bytes:
    data = json.dumps({"mcpServers": servers}, indent=2).encode()
    world.file(product).write_bytes(data)
    return data


def found_by_audit(world: World) -> set[str]:
    report = audit.audit(audit.Wanted(), world.context)
    assert report.unchecked == ()
    return ids(report.findings) - LEFT_OVER


def ids(findings: Iterable[object]) -> set[str]:
    return {one.rule.id for one in findings if isinstance(one, AuditFinding)}


def test_one_server_of_three_hosts_is_adopted_at_once_and_goes_back(
    world: World, foreign: dict[str, bytes | None]
) -> None:
    assert found_by_audit(world) == {"MA102"}

    adopt(world, offer(world))

    assert len(world.generations()) == 1
    for product in HOSTS:
        assert world.servers_in(product)["tick"][-2:] == ("--zone", "Oslo")
        assert world.starts(product, "tick")
    assert b'"env": {"LEVEL": "debug"}' in world.file("cursor").read_bytes()
    assert b'"autoApprove": ["now"]' in world.file("cursor").read_bytes()
    assert b'env = { LEVEL = "debug" }' in world.file("codex").read_bytes()
    assert b"# runner" in world.file("codex").read_bytes()
    assert found_by_audit(world) == set()
    assert [one for entry in verify.verify((), world.context) for one in entry.findings] == []
    world.require_clean()

    world.undo()

    assert world.host_files() == foreign
    assert world.receipts() == {}


def test_the_receipt_says_what_was_adopted_and_what_stays(
    world: World, foreign: dict[str, bytes | None]
) -> None:
    adopt(world, offer(world))

    receipt = world.receipts()["tick"]
    assert (receipt.name, receipt.adopted) == ("io.github.user/clock", "uvx clock-server")
    assert receipt.keeps is not None
    assert receipt.keeps.variables == ("LEVEL",)
    assert [(one.name, one.value) for one in receipt.inputs] == [("zone", "Oslo")]
    assert world.history()[-1].action == "adopt"


def test_an_adopted_entry_keeps_its_variables_when_inputs_and_versions_change(
    world: World, foreign: dict[str, bytes | None]
) -> None:
    adopt(world, offer(world))

    world.configure("tick", ("zone", "Lima"))
    later = {"type": "named", "name": "--place", "placeholder": "UTC"}
    world.offer("clock", "2.0", arguments=[later])
    world.update("tick", settings=(("place", "Rome"),))

    for product in HOSTS:
        assert world.servers_in(product)["tick"][-2:] == ("--place", "Rome")
        assert world.starts(product, "tick")
        assert b"LEVEL" in world.file(product).read_bytes()
    assert [one for entry in verify.verify((), world.context) for one in entry.findings] == []

    world.uninstall("tick")

    assert world.host_files() == foreign


def test_uninstalling_says_that_the_old_entry_starts_again(
    world: World, foreign: dict[str, bytes | None]
) -> None:
    adopt(world, offer(world))

    done = world.uninstall("tick")

    assert "`tick` was adopted: its entry stays, and starts `uvx clock-server` again" in done.notes


def test_a_variable_that_the_server_asks_for_stays_where_it_is(world: World) -> None:
    secret = {"name": "TOKEN", "isRequired": True, "isSecret": True}
    world.offer("clock", "2.0", environment=[secret])
    before = put(world, {
        "clock": {"command": "uvx", "args": ["clock-server"], "env": {"TOKEN": "hush-hush"}}
    })  # fmt: skip

    adopt(world, offer(world, "clock"))

    assert b"hush-hush" in world.file("cursor").read_bytes()
    kept = [path for path in world.data.rglob("*") if path.is_file()]
    assert kept
    assert not any(b"hush-hush" in path.read_bytes() for path in kept)
    assert not any(b"aHVzaC1odXNo" in path.read_bytes() for path in kept)  # (the same in base64)
    world.undo()
    assert world.file("cursor").read_bytes() == before


def test_arguments_that_no_input_takes_go_to_the_server_as_they_are(world: World) -> None:
    put(world, {"clock": {"command": "uvx", "args": ["clock-server", "--odd", "1", "--zone", "x"]}})

    plan = prepared(world, offer(world, "clock")).plan

    assert plan.servers[0].extra_arguments == ("--odd", "1")
    assert plan.servers[0].entry.args[-4:] == ("--zone", "x", "--odd", "1")


def test_the_version_that_an_entry_names_is_kept_where_it_was_reviewed(world: World) -> None:
    world.offer("clock", "2.0")
    entries = {
        "old": {"command": "uvx", "args": ["clock-server@1.0"]},
        "odd": {"command": "uvx", "args": ["clock-server@0.1"]},
        "any": {"command": "uvx", "args": ["clock-server"]},
        "few": {"command": "uvx", "args": ["clock-server<2"]},
    }
    put(world, entries)

    assert {name: offer(world, name).version for name in entries} == {
        "old": "1.0", "odd": "2.0", "any": "2.0", "few": "",
    }  # fmt: skip
    assert "0.1 is what hosts start now, 2.0 takes its place" in offer(world, "odd").notes[0]
    assert offer(world, "few").standing is Standing.LEFT
    adopt(world, offer(world, "old"))
    assert world.receipts()["old"].version == "1.0"


def test_a_package_that_nobody_reviewed_is_locked(world: World) -> None:
    from tests.builders import servers, wheels

    stem = "lone_server"
    data = wheels.wheel(
        {
            f"{stem}/__init__.py": servers.module(servers.MODERN, tools=servers.TOOLS).encode(),
            f"{stem}-1.0.dist-info/entry_points.txt": (
                b"[console_scripts]\nlone-server = lone_server:main\n"
            ),
        },
        name=stem,
        version="1.0",
    )
    world.index.publish(f"{stem}-1.0-py3-none-any.whl", data)
    before = put(world, {"lone": {"command": "uvx", "args": ["lone-server", "--odd"]}})
    one = offer(world, "lone")
    assert (one.spec, one.is_certified) == ("pypi:lone-server", False)

    adopt(world, one, allow=frozenset({"unreviewed"}))

    assert world.servers_in("cursor")["lone"][-1] == "--odd"
    assert world.starts("cursor", "lone")
    world.undo()
    assert world.file("cursor").read_bytes() == before


def test_a_folder_of_the_user_is_asked_after_the_bundled_registry(
    world: World, tmp_path: Path
) -> None:
    config = world.context.paths.config
    config.mkdir(parents=True, mode=0o700)
    gone, mine = (
        f'[[registries]]\nname = "{name}"\nkind = "folder"\npath = "{path}"\n'
        for name, path in (("gone", "/nonexistent/drive"), ("mine", tmp_path / "own"))
    )
    (config / "config.toml").write_text(f"schema = 1\n{gone}{mine}")
    world.registry = RegistryFolder(tmp_path / "own")
    world.offer("extra")
    world.offer("clock", "7.0")
    put(world, {
        "extra": {"command": "uvx", "args": ["extra-server", "--zone=Oslo"]},
        "clock": {"command": "uvx", "args": ["clock-server"]},
    })  # fmt: skip

    one = offer(world, "extra")

    assert (one.spec, one.is_certified, one.settings) == (
        "mine:extra", False, (("zone", "Oslo"),),
    )  # fmt: skip
    assert (offer(world, "clock").spec, offer(world, "clock").version) == ("clock", "1.0")
    (config / "config.toml").write_text(f"schema = 1\n{mine}")
    adopt(world, one, allow=frozenset({"unreviewed"}))
    assert world.receipts()["extra"].registry_name == "mine"
    assert world.starts("cursor", "extra")


def test_another_program_of_the_package_is_not_taken_for_the_server(world: World) -> None:
    put(world, {"clock": {"command": "uvx", "args": ["--from", "clock-server", "clock-tool"]}})

    one = offer(world, "clock")

    assert one.standing is Standing.LEFT
    assert "starts `clock-tool`, and what was reviewed starts `clock-server`" in one.why_not


def test_the_same_name_with_other_arguments_is_another_offer(world: World) -> None:
    put(world, {"clock": {"command": "uvx", "args": ["clock-server"]}})
    put(world, {"clock": {"command": "uvx", "args": ["clock-server", "--zone=a"]}}, "claude-code")

    found = [o for o in adoption.survey((), world.context).offers if o.name == "clock"]

    assert len(found) == 2
    adopt(world, offer(world, "clock", "cursor"))
    with pytest.raises(McpInstallError) as refused:
        prepared(world, offer(world, "clock", "claude-code"))
    assert refused.value.code is ErrorCode.SERVER_EXISTS
    assert "--as" not in refused.value.hint  # `mcpi adopt` has no such option
    assert "`mcpi why clock`" in refused.value.hint


def test_an_entry_that_changed_since_it_was_listed_is_refused(
    world: World, foreign: dict[str, bytes | None]
) -> None:
    one = offer(world)
    world.file("cursor").write_text(CURSOR.replace("Oslo", "Lima"))

    with pytest.raises(McpInstallError) as refused:
        prepared(world, one)

    assert refused.value.code is ErrorCode.HOST_CONFIG_CHANGED


def test_a_value_that_changed_between_plan_and_yes_is_refused(
    world: World, foreign: dict[str, bytes | None]
) -> None:
    ready = prepared(world, offer(world))
    world.file("cursor").write_text(CURSOR.replace("debug", "info"))
    now = world.host_files()

    with pytest.raises(McpInstallError) as refused:
        world.carry_out(ready)

    assert refused.value.code is ErrorCode.HOST_CONFIG_CHANGED
    world.require_untouched(now)


def test_a_person_adopts_what_is_chosen_from_the_list(
    world: World, foreign: dict[str, bytes | None], mcpi: Mcpi
) -> None:
    ran = mcpi("adopt", typed="7\n1\ny\n")

    assert ran.status == 0
    assert "tick  Claude Code, Codex and Cursor" in ran.out
    assert "type numbers from 1 to 1" in ran.err
    assert "Adopted tick 1.0" in ran.err
    assert world.starts("cursor", "tick")
    assert "debug" not in ran.out + ran.err


@pytest.mark.parametrize("typed", ["", "\n", "n\n", "1\nn\n", "1\n", "all\n\n"])
def test_without_a_yes_nothing_is_adopted(
    world: World, foreign: dict[str, bytes | None], mcpi: Mcpi, typed: str
) -> None:
    ran = mcpi("adopt", typed=typed)

    assert ran.status == (0 if typed in {"\n", "n\n"} else 4)
    world.require_untouched(foreign)


def test_several_are_adopted_one_after_the_other_and_one_refusal_stops_none(
    world: World, mcpi: Mcpi
) -> None:
    put(world, {
        "clock": {"command": "uvx", "args": ["clock-server"]},
        "gone": {"command": "uvx", "args": ["no-such-package-server"]},
        "notes": {"command": "pipx", "args": ["run", "notes-server"]},
        "far": {"url": "https://example.com/mcp"},
    })  # fmt: skip

    ran = mcpi("adopt", "--all", "--yes", terminal=False)

    assert ran.status == 3  # `gone`: nobody reviewed it, and nobody reads the screen
    assert set(world.receipts()) == {"clock", "notes"}
    assert "`gone` stays as it is" in ran.err
    assert "`far` stays: it is a remote server" in ran.err
    assert world.starts("cursor", "notes")


@pytest.mark.parametrize("least", ["low", "critical"])
def test_the_audit_does_not_hide_that_an_adoption_was_refused(
    world: World, mcpi: Mcpi, least: str
) -> None:
    put(world, {
        "clock": {"command": "uvx", "args": ["clock-server"]},
        "gone": {"command": "uvx", "args": ["no-such-package-server"]},
    })  # fmt: skip

    ran = mcpi("audit", "--unsafe-fix", "adopt", "--yes", "--fail-on", least, "--host", "cursor",
               terminal=False)  # fmt: skip

    assert "`gone` stays as it is" in ran.err
    assert ran.status == 3
    assert set(world.receipts()) == {"clock"}


def test_the_audit_replaces_what_is_fetched_at_each_start(world: World, mcpi: Mcpi) -> None:
    before = put(world, {
        "clock": {"command": "uvx", "args": ["clock-server", "--zone=a"], "env": {"LEVEL": "x"}},
        "pinned": {"command": "uvx", "args": ["notes-server==1.0"]},
        "files": {"command": "npx", "args": ["-y", "some-server"]},
    })  # fmt: skip
    assert found_by_audit(world) == {"MA101", "MA102"}

    ran = mcpi("audit", "--fix", "--unsafe-fix", "adopt", "--yes", "--host", "cursor",
               terminal=False)  # fmt: skip

    assert "Adopted clock 1.0" in ran.err
    assert "MA101" in ran.out
    assert "MA102" not in ran.out
    assert set(world.receipts()) == {"clock"}
    assert world.starts("cursor", "clock")
    assert found_by_audit(world) == {"MA101"}
    world.undo()
    assert world.file("cursor").read_bytes() == before


def test_a_secret_moves_before_its_entry_is_adopted(world: World, mcpi: Mcpi) -> None:
    secret = token("github")
    put(world, {
        "clock": {"command": "uvx", "args": ["clock-server"], "env": {"GITHUB_TOKEN": secret}}
    })  # fmt: skip

    ran = mcpi("audit", "--unsafe-fix", "move-secret,adopt", "--yes", "--host", "cursor",
               terminal=False)  # fmt: skip

    text = world.file("cursor").read_text()
    assert "${env:GITHUB_TOKEN}" in text
    assert secret not in text + ran.out + ran.err
    assert set(world.receipts()) == {"clock"}
    assert found_by_audit(world) == set()


def test_the_audit_leaves_a_projects_file_to_its_owners(world: World, mcpi: Mcpi) -> None:
    (Path.cwd() / ".git").mkdir()
    project = Path.cwd() / ".mcp.json"
    project.write_text('{"mcpServers": {"clock": {"command": "uvx", "args": ["clock-server"]}}}')
    project.chmod(0o600)
    before = project.read_bytes()

    ran = mcpi("audit", "--unsafe-fix", "adopt", "--yes", ".mcp.json", terminal=False)

    assert ran.status == 1
    assert "`clock` stays: it stands in a file of a project" in ran.err
    assert project.read_bytes() == before
    assert world.receipts() == {}


def test_a_fix_that_shows_many_plans_has_no_one_answer(world: World, mcpi: Mcpi) -> None:
    ran = mcpi("audit", "--unsafe-fix", "adopt", "--json", "--yes", terminal=False)

    assert ran.status == 2
    assert "`mcpi adopt NAME --json`" in ran.err


def test_what_is_managed_already_is_said_to_be(world: World, mcpi: Mcpi) -> None:
    world.install("clock", hosts=["cursor"])

    assert offer(world, "clock").standing is Standing.MANAGED
    assert mcpi("adopt", "clock").status == 5
    assert "managed by mcpi" in mcpi("adopt").out


def test_a_secret_that_the_entry_lacks_goes_to_the_keyring(vault: World, session: Session) -> None:
    secret = secrets.token_hex(12)
    text = '[mcp_servers.vault]\ncommand = "uvx" # runner\nargs = ["vault-server", "--zone=Oslo"]\n'
    vault.file("codex").write_text(f'{text}\n[mcp_servers.vault.env]\nLEVEL = "debug"\n')
    before = vault.host_files()

    adopt(vault, offer(vault, "vault", "codex"), secrets=(("TOKEN", Secret(secret)),))

    seen = as_its_host(vault, "codex")
    assert (seen["TOKEN"], seen["argv"][1:]) == (secret, ["--zone", "Oslo"])
    assert secret.encode() not in vault.file("codex").read_bytes()
    assert kept(vault) == [secret]
    assert [one.findings for one in verify.verify((), vault.context)] == [()]

    vault.uninstall("vault")

    assert vault.host_files() == before
    assert everything(session) == []
    vault.require_clean()
