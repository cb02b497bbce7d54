"""Attack T36: what mcpi starts inherits the caller's environment, with the secrets in it.

Who: a publisher whose server is probed, an interpreter, any tool that mcpi runs.
Stopped by: an allow-list (`system.process`): uv and the interpreter get names without which
programs don't work, uv also those that choose its index; a probed server fixed values (8).
`start.py` runs under `-I`, so that no `PYTHON…` variable of a host changes it.
Not stopped: what a host gives its servers is the host's affair, `LD_PRELOAD`, `PYTHONEXECUTABLE`
(which acts before our first line) and secrets in its own environment included; an index password
in a `UV_…` variable reaches uv, which needs it.
Twin: `test_the_server_gets_what_its_entry_says`, `test_uv_gets_what_chooses_its_index`.
"""

from __future__ import annotations

import json
import os
import secrets
import subprocess
import sys
from pathlib import Path

import pytest

from mcpinstall import environments
from tests.builders import servers
from tests.builders.children import Child, names, recorded
from tests.builders.world import World

pytestmark = pytest.mark.e2e

INHERITED = {
    "HOME", "LANG", "LC_ALL", "LC_CTYPE", "LOGNAME", "PATH", "SHELL", "TEMP", "TERM", "TMP",
    "TMPDIR", "TZ", "USER", "USERPROFILE",
}  # fmt: skip
"""All that a program may get, where the caller has it; the last is that of Windows."""
UVS = {"UV_DEFAULT_INDEX", "UV_INDEX", "XDG_CONFIG_HOME"}

SAYS_ENVIRONMENT = f"""
with open(PLACE, "w") as file:
    json.dump(dict(os.environ), file)
{servers.MODERN}
"""


@pytest.fixture
def canary(monkeypatch: pytest.MonkeyPatch) -> str:
    """A secret that stands in many variables of the caller."""
    secret = secrets.token_hex(16)
    for name in (
        "AWS_SECRET_ACCESS_KEY", "GITHUB_TOKEN", "SSH_AUTH_SOCK", "CANARY", "TOKEN", "EDITOR",
        "UV_PUBLISH_TOKEN", "PIP_INDEX_URL", "npm_config_token", "PYTHONSTARTUP", "PYTHONPATH",
        "LD_LIBRARY_PATH", "http_proxy", "GIT_ASKPASS", "DBUS_SESSION_BUS_ADDRESS",
    ):  # fmt: skip
        monkeypatch.setenv(name, secret)
    return secret


def reporting(world: World) -> Path:
    """Offer a server that writes down its environment, and return where it does so."""
    place = world.root / "environment"
    world.offer("clock", "2.0", body=SAYS_ENVIRONMENT.replace("PLACE", repr(str(place))))
    return place


def of(children: list[Child], program: str) -> list[Child]:
    return [child for child in children if Path(child.program).name.startswith(program)]


def test_nothing_that_mcpi_starts_gets_the_callers_secrets(world: World, canary: str) -> None:
    place = reporting(world)

    with recorded() as children:
        world.install("clock", hosts=["cursor"], python=sys.executable)
        world.reinstall("clock")
        world.uninstall("clock")

    assert of(children, "uv")
    assert of(children, "python")
    assert canary not in json.dumps([dict(child.environment) for child in children])
    assert names(children) <= INHERITED | UVS
    assert canary not in place.read_text()


def test_a_probed_server_gets_fixed_values_only(world: World, canary: str) -> None:
    place = reporting(world)

    world.install("clock", hosts=["cursor"])

    given = json.loads(place.read_text())
    assert given.keys() - {"LC_CTYPE", "__CF_USER_TEXT_ENCODING"} == {
        "HOME", "LC_ALL", "PATH", "TMPDIR", "TZ",
    }  # fmt: skip
    assert given["HOME"] != str(world.home)
    assert str(world.home) not in json.dumps(given)


@pytest.mark.skipif(os.name != "posix", reason="needs POSIX")
def test_a_real_uv_and_a_real_interpreter_see_no_secret(
    world: World, canary: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = world.root / "seen"
    wrapper = world.root / "tools" / "uv"
    wrapper.parent.mkdir()
    wrapper.write_text(
        f'#!/bin/sh\n/usr/bin/env >> "{seen}"\nexec "{environments.uv_program()}" "$@"\n'
    )
    wrapper.chmod(0o755)
    monkeypatch.setattr(environments, "uv_program", lambda: wrapper)

    world.install("clock", hosts=["cursor"])

    found = {line.partition("=")[0] for line in seen.read_text().splitlines()}
    assert found >= {"HOME", "PATH", "UV_DEFAULT_INDEX"}
    assert found <= INHERITED | UVS | {"PWD", "OLDPWD", "SHLVL", "_"}  # the last are the shell's
    assert canary not in seen.read_text()


def test_uv_gets_what_chooses_its_index(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UV_INDEX", f"mine={world.index.url}")

    with recorded() as children:
        world.install("clock", hosts=["cursor"])

    asked, *others = of(children, "uv")
    assert asked.environment["UV_INDEX"] == f"mine={world.index.url}"
    assert [{"python", "pip"} & set(child.arguments) for child in others] == [{"python"}, {"pip"}]
    assert not [name for one in others for name in one.environment if name.startswith("UV_")]


# An installed server ------------------------------------------------------------------------------

CODE = "import os; open({!r}, 'w').close()\n"


def by_its_host(world: World, **variables: str) -> dict[str, str]:
    """Start the server as a host with these variables does and return what it saw."""
    done = subprocess.run(
        world.servers_in("cursor")["clock"], env={"HOME": str(world.home), **variables},
        input="", text=True, capture_output=True, check=True, timeout=30,
    )  # fmt: skip
    assert done.stderr == ""
    found: dict[str, str] = json.loads((world.root / "environment").read_text())
    return found


def test_the_server_gets_what_its_entry_says(world: World) -> None:
    reporting(world)
    world.install("clock", hosts=["cursor"])

    assert by_its_host(world, TOKEN="given")["TOKEN"] == "given"


def test_no_variable_of_python_changes_an_installed_server(world: World) -> None:
    reporting(world)
    world.install("clock", hosts=["cursor"])
    canary, traps = world.root / "canary", world.root / "traps"
    traps.mkdir()
    for name in ("sitecustomize", "usercustomize", "json", "clock_server", "startup"):
        (traps / f"{name}.py").write_text(CODE.format(str(canary)))
    browser = f"{sys.executable} -c {CODE.format(str(canary))!r}"

    variables = dict.fromkeys(
        ("PYTHONPATH", "PYTHONHOME", "PYTHONUSERBASE", "PYTHONPLATLIBDIR", "PYTHONPYCACHEPREFIX"),
        str(traps),
    ) | dict.fromkeys(("PYTHONEXECUTABLE", "__PYVENV_LAUNCHER__"), str(traps / "bin" / "python"))
    variables |= {
        "PYTHONSTARTUP": str(traps / "startup.py"), "PYTHONINSPECT": "1", "PYTHONVERBOSE": "1",
        "PYTHONWARNINGS": "error", "BROWSER": browser, "PYTHONBREAKPOINT": "clock_server.main",
        "PYTHONSAFEPATH": "", "PYTHONIOENCODING": "utf-7", "PYTHONCASEOK": "1", "PYTHONDEBUG": "1",
    }  # fmt: skip

    found = by_its_host(world, **variables)

    assert found.keys() & {"PYTHONEXECUTABLE", "__PYVENV_LAUNCHER__"} == set()
    assert not canary.exists()
    assert not list(traps.rglob("*.pyc"))


@pytest.mark.skipif(sys.platform != "linux", reason="needs Linux")
def test_mcpi_itself_is_told_apart_from_its_callers_python(world: World, canary: str) -> None:
    reporting(world)
    mcpi = world.command(CANARY=canary, PYTHONPATH=str(world.root / "checkout"))

    ran = mcpi.run("install", "clock", "-H", "cursor", "--yes", "-v", "--json")

    assert canary not in ran.stdout + ran.stderr
    assert canary not in (world.root / "environment").read_text()
    assert os.environ["CANARY"] == canary
