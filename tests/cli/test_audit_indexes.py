"""MA108 of files beside an entry: `.npmrc`, `uv.toml`, `pyproject.toml`, `pip.conf`."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from pip._internal.models import index as pip_index

from tests.builders.watchdog import ends
from tests.cli.conftest import Mcpi

pytestmark = pytest.mark.skipif(os.name != "posix", reason="needs POSIX")

NPX = {"command": "npx", "args": ["-y", "clock@1.0.0"]}
UVX = {"command": "uvx", "args": ["clock==1.0.0"]}
UV_RUN = {"command": "uv", "args": ["run", "--with", "clock==1.0.0", "clock"]}
UV_PIP = {"command": "uv", "args": ["pip", "install", "clock==1.0.0"]}
UV_INSTALL = {"command": "uv", "args": ["tool", "install", "clock==1.0.0"]}
PIP = {"command": "pip3.11", "args": ["install", "clock==1.0.0"]}
CREATE = {"command": "npm", "args": ["create", "clock@1.0.0"]}
PIPX = {"command": "pipx", "args": ["run", "--spec", "clock==1.0.0", "clock"]}
HTTP, HTTPS = "http://index.example.net/simple", "https://index.example.net/simple"
UV = ".config/uv/uv.toml"
NO_TLS = "names an index without TLS"
UNCHECKED = "accepts an index without checking who it is"
NPM_DEFAULT = "https://registry." + "npmjs.org"


@pytest.fixture
def project(home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = home / "code"
    (folder / ".git").mkdir(mode=0o700, parents=True)
    folder.chmod(0o700)
    monkeypatch.chdir(folder)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(home / ".config"))
    return folder


def put(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    path.write_text(text, encoding="utf-8")
    path.chmod(0o600)


def found(
    mcpi: Mcpi, folder: Path, entry: object, name: str = ".mcp.json"
) -> list[tuple[str, str]]:
    put(folder / name, json.dumps({"mcpServers": {"clock": entry}}))
    rows = json.loads(mcpi("audit", "--json").out)["findings"]
    return [(one["severity"], one["message"]) for one in rows if one["rule"] == "MA108"]


@pytest.mark.parametrize(
    ("file", "text", "entry", "said"),
    [
        (".npmrc", f"registry={HTTP}", NPX, NO_TLS),
        (".npmrc", f" registry = '{HTTP}' ", NPX, NO_TLS),
        (".npmrc", "strict-ssl=false", NPX, UNCHECKED),
        (UV, f'index-url = "{HTTP}"', UVX, NO_TLS),
        (UV, f'[[index]]\nurl = "{HTTP}"', UVX, NO_TLS),
        (UV, f'[pip]\nextra-index-url = ["{HTTP}"]', UV_PIP, NO_TLS),
        (UV, f'index-url = "{HTTP}"', UV_PIP, NO_TLS),
        (UV, f'index-url = "{HTTP}"', UV_INSTALL, NO_TLS),
        (".npmrc", f"registry={HTTP}", CREATE, NO_TLS),
        (".config/pip/pip.conf", f"[global]\nindex-url = {HTTP}", PIP, NO_TLS),
        (UV, 'index-strategy = "unsafe-best-match"', UVX, "lets any index answer"),
        (UV, 'allow-insecure-host = ["a.example"]', UVX, UNCHECKED),
        (".config/pip/pip.conf", f"[global]\nindex-url = {HTTP}", PIPX, NO_TLS),
        (".pip/pip.conf", f"[install]\nextra_index_url =\n  {HTTPS}\n  {HTTP}", PIPX, NO_TLS),
        (".pip/pip.conf", "[global]\ntrusted-host = a.example", PIPX, UNCHECKED),
    ],
)  # fmt: skip
def test_a_users_file_that_names_an_unprotected_index_is_told(  # noqa: PLR0917
    project: Path, home: Path, mcpi: Mcpi, file: str, text: str, entry: object, said: str
) -> None:
    put(home / file, f"{text}\n")

    finding = ("high", f"your `{file.rpartition('/')[2]}` {said}")

    assert found(mcpi, project, entry) == [finding]
    assert found(mcpi, home, entry, ".cursor/mcp.json") == [finding] * 2


@pytest.mark.parametrize(
    ("file", "text", "entry"),
    [
        (".npmrc", f"registry={HTTPS}", NPX),
        (".npmrc", f"@scope:registry={HTTP}", NPX),
        (".npmrc", f"; registry={HTTP}\n# registry={HTTP}\nregistry", NPX),
        (".npmrc", "registry=${MY_REGISTRY}\n//index.example.net/:_authToken=${TOKEN}", NPX),
        (".npmrc", "registry=http://localhost:4873/", NPX),
        (".npmrc", f"registry={HTTP}", UVX),
        (".npmrc", f"registry={HTTP}", {"command": "npx", "args": ["--offline", "clock@1.0.0"]}),
        (".npmrc", f"registry={HTTP}", {**NPX, "args": ["--registry", HTTPS, "clock@1.0.0"]}),
        (".npmrc", f"registry={HTTP}", {"command": "/bin/clock"}),
        (".npmrc", f"registry={HTTP}", {"type": "http", "url": "https://a.example/mcp"}),
        (UV, f'extra-index-url = ["{HTTPS}"]', UVX),
        (UV, f'[[index]]\nurl = "{HTTP}"\nexplicit = true', UVX),
        (UV, f'[pip]\nindex-url = "{HTTP}"', UVX),  # uv hears these for `uv pip` alone
        (UV, f'[pip]\nindex-url = "{HTTP}"', UV_RUN),
        (".config/pip/pip.conf", f"[global]\nindex-url = {HTTP}", UV_PIP),
        (UV, f'index-url = "{HTTP}"', NPX),
        (UV, f'index-url = "{HTTP}"', PIPX),
        (UV, f'index-url = "{HTTP}"',
         {**UVX, "args": ["--no-config", "clock==1.0.0"]}),
        (".config/pip/pip.conf", f"[global]\nindex-url = {HTTP}", UVX),
        (".config/pip/pip.conf", f"[list]\nindex-url = {HTTP}", PIPX),
    ],
)  # fmt: skip
def test_what_a_file_says_of_others_or_safely_is_silent(  # noqa: PLR0917
    project: Path, home: Path, mcpi: Mcpi, file: str, text: str, entry: object
) -> None:
    put(home / file, f"{text}\n")

    assert found(mcpi, project, entry) == []


@pytest.mark.parametrize(
    ("file", "text", "entry", "said"),
    [
        (".npmrc", f"registry={HTTP}", NPX, ("high", f"the project's `.npmrc` {NO_TLS}")),
        (".npmrc", f"registry={HTTPS}", NPX,
         ("medium", "the project's `.npmrc` names another index than the default one")),
        ("uv.toml", f'[[index]]\nurl = "{HTTPS}"', UV_RUN,
         ("medium", "the project's `uv.toml` adds an index to the default one")),
        ("pyproject.toml", f'[tool.uv]\nextra-index-url = ["{HTTPS}"]', UV_RUN,
         ("medium", "the project's `pyproject.toml` adds an index to the default one")),
        ("uv.toml", f'[[index]]\nurl = "{HTTPS}"', UV_PIP,
         ("medium", "the project's `uv.toml` adds an index to the default one")),
        ("pyproject.toml", '[tool.uv.pip]\nindex-strategy = "unsafe-first-match"', UV_PIP,
         ("high", "the project's `pyproject.toml` lets any index answer")),
    ],
)  # fmt: skip
def test_a_projects_file_counts_for_the_projects_entries_alone(  # noqa: PLR0917
    project: Path, home: Path, mcpi: Mcpi, file: str, text: str, entry: object,
    said: tuple[str, str],
) -> None:  # fmt: skip
    put(project / file, text)

    assert found(mcpi, project, entry) == [said]
    (project / ".mcp.json").unlink()
    assert found(mcpi, home, entry, ".cursor/mcp.json") == []


@pytest.mark.parametrize(
    ("file", "text", "entry"),
    [
        (".npmrc", f"registry={NPM_DEFAULT}/", NPX),
        (".npmrc", f"@scope:registry={HTTPS}", NPX),
        ("uv.toml", f'index-url = "{pip_index.PyPI.simple_url}/"', UV_RUN),
        ("uv.toml", f'index-url = "{HTTPS}"', UVX),  # uv's tools don't read a project's file
        ("uv.toml", f'index-url = "{HTTPS}"', UV_INSTALL),
        ("pyproject.toml", "[project]\nname = 'x'\n[tool.uv]\ndev-dependencies = []", UV_RUN),
    ],
)  # fmt: skip
def test_a_projects_file_that_changes_nothing_is_silent(
    project: Path, mcpi: Mcpi, file: str, text: str, entry: object
) -> None:
    put(project / file, text)

    assert found(mcpi, project, entry) == []


def test_what_the_user_chose_a_project_and_an_entry_may_name(
    project: Path, home: Path, mcpi: Mcpi
) -> None:
    entry = {**NPX, "env": {"npm_config_registry": HTTPS}}
    assert [severity for severity, _ in found(mcpi, project, entry)] == ["medium"]

    put(home / ".npmrc", "registry=https://user@INDEX.example.net/simple/\n")
    put(project / ".npmrc", f"registry={HTTPS}\n")

    assert found(mcpi, project, entry) == []
    assert found(mcpi, project, NPX) == []


def test_a_project_cannot_make_its_own_index_a_known_one(project: Path, mcpi: Mcpi) -> None:
    put(project / "uv.toml", f'index-url = "{HTTPS}"')
    entry = {**UVX, "env": {"UV_INDEX_URL": HTTPS}}

    assert [severity for severity, _ in found(mcpi, project, entry)] == ["medium"]


@pytest.mark.parametrize("address", [f"{NPM_DEFAULT}/", NPM_DEFAULT])
def test_a_variable_that_names_the_default_is_silent(
    project: Path, mcpi: Mcpi, address: str
) -> None:
    entry = {**NPX, "env": {"npm_config_registry": address}}

    assert found(mcpi, project, entry) == []


def test_variables_of_this_process_are_not_the_hosts(
    project: Path, mcpi: Mcpi, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("UV_INDEX_URL", HTTP)
    monkeypatch.setenv("npm_config_registry", HTTP)

    assert found(mcpi, project, UVX) == []
    assert found(mcpi, project, NPX) == []


def test_the_nearest_file_up_to_the_repositorys_root_counts(
    project: Path, home: Path, mcpi: Mcpi, monkeypatch: pytest.MonkeyPatch
) -> None:
    inner = project / "a/b"
    put(home.parent / ".npmrc", f"registry={HTTP}\n")
    put(project / ".npmrc", f"registry={HTTPS}\n")
    inner.mkdir(parents=True)
    monkeypatch.chdir(inner)
    assert [severity for severity, _ in found(mcpi, inner, NPX)] == ["medium"]

    put(inner / ".npmrc", "fund=false\n")

    assert found(mcpi, inner, NPX) == []


def test_files_above_the_repository_are_not_the_projects(
    home: Path, mcpi: Mcpi, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = home / "outer/code"
    (folder / ".git").mkdir(mode=0o700, parents=True)
    put(home / "outer/.npmrc", f"registry={HTTP}\n")
    monkeypatch.chdir(folder)

    assert found(mcpi, folder, NPX) == []


def test_a_users_file_is_no_file_of_a_project_below_the_home_folder(
    home: Path, mcpi: Mcpi, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = home / "code"
    folder.mkdir(mode=0o700)
    put(home / "uv.toml", f'index-url = "{HTTP}"\n')
    put(home / ".npmrc", f"registry={HTTPS}\n")
    monkeypatch.chdir(folder)

    assert found(mcpi, folder, UV_RUN) == []
    assert found(mcpi, folder, NPX) == []


@pytest.mark.parametrize(
    ("file", "text"),
    [
        (".npmrc", b"registry=x\n" * 40_000), (UV, b"\xff\xfe"),
        (UV, b"index = [[[["), (UV, b"a = " + b"[" * 90_000),
        (".config/pip/pip.conf", b"index-url = x"), (".config/pip/pip.conf", b"[global"),
        (".config/pip/pip.conf", b"[global]\nkey\n  more"),
    ],
)  # fmt: skip
def test_a_file_that_can_not_be_read_is_told_and_stops_nothing(
    project: Path, home: Path, mcpi: Mcpi, file: str, text: bytes
) -> None:
    put(home / file, "")
    (home / file).write_bytes(text)
    put(project / ".mcp.json", json.dumps({"mcpServers": {"clock": NPX}}))

    with ends(30):
        ran = mcpi("audit")

    assert ran.status == 0
    assert f"what `~/{file}` says of package indexes is not known" in " ".join(ran.out.split())


@pytest.mark.parametrize("text", ["index = 3", "index = [3]", "index-url = 3", "pip = 3",
                                  "extra-index-url = 3", "[[index]]\nurl = 3",
                                  "allow-insecure-host = 3", "index-strategy = 3"])  # fmt: skip
def test_a_file_of_other_types_says_nothing(
    project: Path, home: Path, mcpi: Mcpi, text: str
) -> None:
    put(home / UV, text)
    put(project / "pyproject.toml", "tool = 3")

    assert found(mcpi, project, UV_RUN) == []


@pytest.mark.parametrize(
    "text",
    [
        f"registry={HTTPS}/${{HOME}}", f"registry=${{NONE?}}{HTTPS}", f'"registry"={HTTPS}',
        f"registry=\u2028{HTTPS}", f"# caf\udce9\nregistry={HTTPS}",
    ],
)  # fmt: skip
def test_what_npm_hears_is_heard(project: Path, mcpi: Mcpi, text: str) -> None:
    """npm fills references in, takes quotes off keys, and passes over what is no UTF-8."""
    (project / ".npmrc").write_bytes(text.encode("utf-8", "surrogateescape"))

    assert [severity for severity, _ in found(mcpi, project, NPX)] == ["medium"]


@pytest.mark.parametrize(
    ("file", "text"),
    [
        (".npmrc", f"registry={NPM_DEFAULT}\n" * 200 + f"registry={HTTPS}"),
        (".npmrc", "# long\n" * 400_000 + f"registry={HTTPS}"),
        ("uv.toml", "index-url = ["),
    ],
)  # fmt: skip
def test_a_projects_file_that_is_not_read_leaves_the_audit_incomplete(
    project: Path, mcpi: Mcpi, file: str, text: str
) -> None:
    put(project / file, text)
    put(project / ".mcp.json", json.dumps({"mcpServers": {"clock": NPX}}))

    done = mcpi("audit", "--json", "--fail-on", "high")

    assert done.status == 5
    assert [one["subject"] for one in json.loads(done.out)["unchecked"]] == [file]
