"""uv's effective configuration: every way to set it works, the working directory has no say."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
from uv import find_uv_bin

from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.indexes import configured
from mcpinstall.indexes.configured import Index, effective_index, parse_emitted, source
from mcpinstall.system.machine import Machine
from tests.builders.index_server import machine_at

UV = Path(find_uv_bin())
DEFAULT = "https://default.example/simple"


def ask(folder: Path, toml: str = "", **environ: str) -> Index:
    """Return what uv and we make of a user's `uv.toml` and environment."""
    machine = machine_at(folder, **environ)
    file = machine.home / ".config" / "uv" / "uv.toml"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(toml)
    return effective_index(machine, UV)


def credentials(index: Index, number: int = -1) -> tuple[str, str] | None:
    found = index.sources[number].credentials
    return None if found is None else (found.user, found.password)


@pytest.mark.parametrize(
    ("toml", "environ"),
    [
        ("", {"UV_DEFAULT_INDEX": DEFAULT}),
        ("", {"UV_INDEX_URL": DEFAULT}),
        ("", {"UV_DEFAULT_INDEX": f"corp={DEFAULT}"}),
        (f'index-url = "{DEFAULT}"', {}),
        (f'[pip]\nindex-url = "{DEFAULT}"', {}),
        (f'[[index]]\nname = "corp"\nurl = "{DEFAULT}"\ndefault = true', {}),
        ('index-url = "https://file.example/"', {"UV_DEFAULT_INDEX": DEFAULT}),
    ],
)
def test_the_default_index_is_uvs(tmp_path: Path, toml: str, environ: dict[str, str]) -> None:
    index = ask(tmp_path, toml, **environ)

    assert index.shown == DEFAULT
    assert index.url == DEFAULT
    assert credentials(index) is None


def test_extra_indexes_are_asked_first_in_uvs_order(tmp_path: Path) -> None:
    toml = (
        f'[[index]]\nname = "one"\nurl = "https://one.example/s"\n'
        f'[[index]]\nname = "never"\nurl = "https://never.example/s"\nexplicit = true\n'
        f'[[index]]\nname = "corp"\nurl = "{DEFAULT}"\ndefault = true\n'
    )
    index = ask(tmp_path, toml, UV_INDEX="https://zero.example/s")

    shown = "https://zero.example/s, https://one.example/s, https://default.example/simple"
    assert index.shown == shown


@pytest.mark.parametrize(
    ("toml", "environ"),
    [
        ("", {"UV_DEFAULT_INDEX": "https://me:p%40ss@default.example/simple"}),
        ('index-url = "https://me:p%40ss@default.example/simple"', {}),
        (
            f'[[index]]\nname = "my-corp"\nurl = "{DEFAULT}"\ndefault = true',
            {"UV_INDEX_MY_CORP_USERNAME": "me", "UV_INDEX_MY_CORP_PASSWORD": "p@ss"},
        ),
        (
            "",
            {
                "UV_DEFAULT_INDEX": f"corp={DEFAULT}",
                "UV_INDEX_CORP_USERNAME": "me",
                "UV_INDEX_CORP_PASSWORD": "p@ss",
            },
        ),
    ],
)
def test_credentials_are_taken_and_not_shown(
    tmp_path: Path, toml: str, environ: dict[str, str]
) -> None:
    index = ask(tmp_path, toml, **environ)

    assert credentials(index) == ("me", "p@ss")
    assert index.url == DEFAULT
    assert "p@ss" not in repr(index)
    assert "me" not in repr(index.sources[0].credentials)


def test_a_token_alone_is_a_name_without_password(tmp_path: Path) -> None:
    index = ask(tmp_path, UV_DEFAULT_INDEX="https://token@default.example/simple")

    assert credentials(index) == ("token", "")


@pytest.mark.parametrize("default", [True, False])
def test_netrc_gives_credentials_for_exactly_its_host(tmp_path: Path, default: bool) -> None:
    machine = machine_at(tmp_path)
    lines = (
        "machine default.example login me password p@ss\n"
        "machine example login wrong password wrong\n"
        "default login nobody password nothing\n"
    )
    file = machine.home / ".netrc" if default else tmp_path / "elsewhere"
    file.write_text(lines)
    file.chmod(0o600)
    environ = {} if default else {"NETRC": str(file)}

    index = ask(tmp_path, UV_INDEX="https://other.example/s", UV_DEFAULT_INDEX=DEFAULT, **environ)

    assert credentials(index) == ("me", "p@ss")
    assert credentials(index, 0) is None


@pytest.mark.parametrize(
    ("given", "expected"), [("me", ("me", "p@ss")), ("you", ("you", "")), ("you:x", ("you", "x"))]
)
def test_netrc_only_completes_the_name_that_the_address_has(
    tmp_path: Path, given: str, expected: tuple[str, str]
) -> None:
    machine = machine_at(tmp_path)
    (machine.home / ".netrc").write_text("machine default.example login me password p@ss\n")
    (machine.home / ".netrc").chmod(0o600)

    index = ask(tmp_path, UV_DEFAULT_INDEX=f"https://{given}@default.example/simple")

    assert credentials(index) == expected


def test_a_damaged_netrc_is_passed_over(tmp_path: Path) -> None:
    machine = machine_at(tmp_path)
    (machine.home / ".netrc").write_bytes(b"machine \xff\xfe \x00 nonsense")

    assert credentials(ask(tmp_path, UV_DEFAULT_INDEX=DEFAULT)) is None


def test_the_working_directory_and_its_parents_have_no_say(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    planted = 'index-url = "https://planted.example/simple"\n'
    for folder in (tmp_path, tmp_path / "project"):
        folder.mkdir(exist_ok=True)
        (folder / "uv.toml").write_text(planted)
        (folder / "pyproject.toml").write_text(f"[tool.uv]\n{planted}")
        (folder / ".env").write_text("UV_DEFAULT_INDEX=https://planted.example/simple\n")
    # `TMPDIR` too: on a shared machine others may write to the parent of our empty folder.
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.chdir(tmp_path / "project")

    assert "planted" not in ask(tmp_path).shown
    assert ask(tmp_path, UV_DEFAULT_INDEX=DEFAULT).shown == DEFAULT


@pytest.mark.parametrize(
    "url",
    [
        "http://me:hunter2@default.example/simple", "ftp://default.example/simple",
        "file:///srv/simple", "/srv/simple", "https://me:hunter2@default.example/a\\b",
    ],
)  # fmt: skip
def test_an_index_that_is_neither_https_nor_here_is_forbidden(tmp_path: Path, url: str) -> None:
    with pytest.raises(McpInstallError) as refused:
        ask(tmp_path, UV_DEFAULT_INDEX=url)

    assert refused.value.code is ErrorCode.INDEX_FORBIDDEN
    assert "hunter2" not in f"{refused.value.message} {refused.value.hint}"


@pytest.mark.parametrize(
    "text", ["https://me:hunter2@/simple", "https://me:hun/ter2@x/", "https://hunter2", "hunter2@"]
)
def test_an_address_that_cant_be_read_is_not_repeated(tmp_path: Path, text: str) -> None:
    try:
        found = source(text, machine_at(tmp_path), {})
    except McpInstallError as error:
        if "ter2" in f"{error.message} {error.hint}" or error.code != "index-forbidden":
            raise
    else:
        assert text == "https://hunter2"
        assert found.credentials is None


def test_http_on_this_machine_is_allowed(tmp_path: Path) -> None:
    index = ask(tmp_path, UV_DEFAULT_INDEX="http://127.0.0.1:3141/root/simple/")

    assert index.shown == "http://127.0.0.1:3141/root/simple/"
    assert index.sources[0].page("a-b").text == "http://127.0.0.1:3141/root/simple/a-b/"


def test_no_index_at_all_is_told(tmp_path: Path) -> None:
    with pytest.raises(McpInstallError) as refused:
        ask(tmp_path, "no-index = true")

    assert refused.value.code is ErrorCode.INDEX_UNAVAILABLE


@pytest.mark.parametrize(
    ("toml", "environ"),
    [("not toml", {}), ("", {"UV_CONFIG_FILE": "relative.toml"})],
)
def test_a_configuration_that_uv_cant_read_is_told(
    tmp_path: Path, toml: str, environ: dict[str, str]
) -> None:
    with pytest.raises(McpInstallError) as refused:
        ask(tmp_path, toml, **environ)

    assert refused.value.code is ErrorCode.INDEX_UNAVAILABLE
    assert "UV_CONFIG_FILE" in refused.value.hint


def test_a_configuration_file_that_the_caller_names_is_used(tmp_path: Path) -> None:
    file = tmp_path / "chosen.toml"
    file.write_text(f'[[index]]\nname = "c"\nurl = "{DEFAULT}"\ndefault = true')

    index = ask(
        tmp_path, 'index-url = "https://user.example/"',
        UV_CONFIG_FILE=str(file), UV_INDEX_C_USERNAME="me",
    )  # fmt: skip

    assert index.shown == DEFAULT
    assert credentials(index) == ("me", "")


def test_credentials_of_an_index_that_cant_be_used_are_passed_over(tmp_path: Path) -> None:
    toml = (
        f'index-url = "{DEFAULT}"\n'
        '[[index]]\nname = "old"\nurl = "http://old.example/s"\nexplicit = true\n'
    )
    index = ask(tmp_path, toml, UV_INDEX_OLD_USERNAME="me")

    assert index.shown == DEFAULT
    assert credentials(index) is None


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({"APPDATA": "/a", "PROGRAMDATA": "/p"}, ["/p/uv/uv.toml", "/a/uv/uv.toml"]),
        ({"UV_NO_CONFIG": "1", "APPDATA": "/a"}, []),
        ({"UV_CONFIG_FILE": "relative", "APPDATA": "/a"}, []),
    ],
)
def test_on_windows_uv_has_its_files_elsewhere(
    tmp_path: Path, environ: dict[str, str], expected: list[str]
) -> None:
    machine = dataclasses.replace(machine_at(tmp_path, **environ), platform="win32")

    assert [path.as_posix() for path in configured._configuration_files(machine)] == expected


def test_other_variables_of_uv_are_left_out(tmp_path: Path) -> None:
    index = ask(
        tmp_path, UV_DEFAULT_INDEX=DEFAULT, UV_PYTHON="/nonexistent",
        UV_CACHE_DIR="/nonexistent", UV_WORKING_DIR="/nonexistent", UV_INSECURE_HOST="x",
    )  # fmt: skip

    assert index.shown == DEFAULT


def test_what_uv_emits_is_read_by_line() -> None:
    emitted = (
        "# comment --index-url https://no.example\n--index-url https://a.example/simple\n"
        "--extra-index-url https://b.example/simple\n\n--find-links /x\nsix==1.0\n"
    )

    assert parse_emitted(emitted) == ("https://b.example/simple", "https://a.example/simple")


def test_a_machine_needs_no_home_configuration(tmp_path: Path) -> None:
    machine = Machine(
        platform="linux", home=tmp_path, environ={"MCPI_HOME": str(tmp_path / "s")}, cwd=tmp_path
    )

    assert effective_index(machine, UV).url.startswith("https://")
