"""Reading a host's file: which file it is, and who else can write it."""

from __future__ import annotations

import dataclasses
import os
from pathlib import Path

import pytest

from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.hosts import add, entries, find_rows, read, take_out
from mcpinstall.model.host import ConfiguredServer, EnvironmentValue
from mcpinstall.system import limits
from tests.builders.hosts import (
    CODEX,
    CURSOR,
    GEMINI,
    VSCODE,
    host_file,
    machine,
    no_chain,
    server,
)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    folder = tmp_path / "home"
    folder.mkdir(mode=0o700)
    return folder


def config(home: Path, content: bytes = b"{}") -> Path:
    path = home / ".cursor" / "mcp.json"
    path.parent.mkdir(mode=0o700)
    path.write_bytes(content)
    return path


def refused(home: Path, product: str = "cursor", **environ: str) -> McpInstallError:
    with pytest.raises(McpInstallError) as found:
        read(find_rows(product), machine(home, **environ))
    return found.value


def test_a_file_is_read(home: Path) -> None:
    path = config(home, b'{"a": 1}')

    file = read(find_rows("cursor"), machine(home))

    assert (file.path, file.target, file.content) == (path, path, b'{"a": 1}')
    assert file.warnings == ()


@pytest.mark.parametrize("row", [CURSOR, GEMINI, VSCODE])
def test_other_settings_are_no_servers(row: str) -> None:
    assert entries(host_file(row, '{"theme": {"command": "p"}}')) == ()


@pytest.mark.parametrize(
    ("row", "content"),
    [
        (CURSOR, b'{"mcpServers": {"a": "\xe9"}}'),
        (CODEX, b"a = '\xe9'\n"),
        (CURSOR, b'{"a": [1,,], "mcpServers": {}}'),
        (VSCODE, b'{"a": [1,,], "servers": {}}'),
        (GEMINI, b'{"a": [1,], "mcpServers": {}}'),
        (VSCODE, b"{\n/*\n<<<<<<< a\n=======\n>>>>>>> b\n*/\n}"),
    ],
)
def test_servers_of_a_file_that_no_host_could_read_are_not_listed(row: str, content: bytes) -> None:
    with pytest.raises(McpInstallError) as refused:
        entries(host_file(row, content))

    assert refused.value.code is ErrorCode.HOST_CONFIG_INVALID
    assert refused.value.message.startswith(f"`{host_file(row, content).path}`: ")


def test_a_missing_file_has_no_content(home: Path) -> None:
    file = read(find_rows("cursor"), machine(home))

    assert file.content is None
    assert file.sha256 == "0" * 64


def test_a_link_to_a_file_in_the_home_is_followed_and_named(home: Path) -> None:
    real = home / "dotfiles" / "mcp.json"
    real.parent.mkdir(mode=0o700)
    real.write_text("{}")
    config(home).unlink()
    (home / ".cursor" / "mcp.json").symlink_to(real)

    file = read(find_rows("cursor"), machine(home))

    assert file.target == real
    assert str(real) in file.warnings[0]


def test_a_link_to_a_file_that_is_missing_names_the_file_to_be_made(home: Path) -> None:
    config(home).unlink()
    (home / ".cursor" / "mcp.json").symlink_to("other.json")

    file = read(find_rows("cursor"), machine(home))

    assert (file.target, file.content) == (home / ".cursor" / "other.json", None)


def test_a_home_that_is_itself_a_link_is_no_finding(home: Path, tmp_path: Path) -> None:
    config(home)
    (tmp_path / "alias").symlink_to(home)

    file = read(find_rows("cursor"), machine(tmp_path / "alias"))

    assert file.content == b"{}"
    assert file.warnings == ()


def test_a_link_out_of_the_home_is_refused(home: Path, tmp_path: Path) -> None:
    (tmp_path / "elsewhere.json").write_text("{}")
    config(home).unlink()
    (home / ".cursor" / "mcp.json").symlink_to(tmp_path / "elsewhere.json")

    assert refused(home).code is ErrorCode.HOST_PATH_REFUSED


def test_a_folder_that_leads_out_of_the_home_is_refused(home: Path, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir(mode=0o700)
    (home / ".cursor").symlink_to(tmp_path / "elsewhere")

    assert refused(home).code is ErrorCode.HOST_PATH_REFUSED


def test_a_link_to_itself_is_refused(home: Path) -> None:
    config(home).unlink()
    (home / ".cursor" / "mcp.json").symlink_to("mcp.json")

    assert refused(home).code is ErrorCode.HOST_PATH_REFUSED


def test_a_folder_named_by_a_variable_may_be_outside_the_home(home: Path, tmp_path: Path) -> None:
    folder = tmp_path / "codex"
    folder.mkdir(mode=0o700)
    (folder / "config.toml").write_text("a = 1\n")

    file = read(find_rows("codex"), machine(home, CODEX_HOME=str(folder)))

    assert file.content == b"a = 1\n"


def test_a_folder_named_by_a_variable_may_be_a_link_out_of_the_home(
    home: Path, tmp_path: Path
) -> None:
    (tmp_path / "codex").mkdir(mode=0o700)
    (tmp_path / "codex" / "config.toml").write_text("a = 1\n")
    (home / "link").symlink_to(tmp_path / "codex")

    file = read(find_rows("codex"), machine(home, CODEX_HOME=str(home / "link")))

    assert file.content == b"a = 1\n"


def test_the_folder_of_all_configurations_may_be_outside_the_home(
    home: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "xdg" / "Code" / "User"
    folder.mkdir(parents=True, mode=0o700)
    (folder / "mcp.json").write_text("{}")

    file = read(find_rows("vscode"), machine(home, XDG_CONFIG_HOME=str(tmp_path / "xdg")))

    assert file.path == folder / "mcp.json"
    assert file.content == b"{}"


def test_a_folder_that_is_a_link_within_the_home_is_named(home: Path) -> None:
    (home / "dotfiles").mkdir(mode=0o700)
    (home / "dotfiles" / "mcp.json").write_text("{}")
    (home / ".cursor").symlink_to("dotfiles")

    file = read(find_rows("cursor"), machine(home))

    assert file.target == home / "dotfiles" / "mcp.json"
    assert str(file.target) in file.warnings[0]


def test_a_link_out_of_that_folder_is_refused(home: Path, tmp_path: Path) -> None:
    folder = tmp_path / "codex"
    folder.mkdir(mode=0o700)
    (tmp_path / "x.toml").write_text("")
    (folder / "config.toml").symlink_to(tmp_path / "x.toml")

    assert refused(home, "codex", CODEX_HOME=str(folder)).code is ErrorCode.HOST_PATH_REFUSED


@pytest.mark.skipif(os.name != "posix", reason="needs POSIX")
@pytest.mark.parametrize("mode", [0o777, 0o707])
def test_a_folder_that_others_can_write_to_is_refused(home: Path, mode: int) -> None:
    config(home).parent.chmod(mode)

    assert refused(home).code is ErrorCode.HOST_PATH_REFUSED


@pytest.mark.skipif(os.name != "posix", reason="needs POSIX")
def test_a_sticky_folder_above_is_accepted(home: Path) -> None:
    config(home)
    home.chmod(0o1777)

    assert read(find_rows("cursor"), machine(home)).content == b"{}"


@pytest.mark.skipif(os.name != "posix", reason="needs POSIX")
def test_a_file_that_others_can_write_is_refused(home: Path) -> None:
    config(home).chmod(0o666)

    assert refused(home).code is ErrorCode.HOST_PATH_REFUSED


@pytest.mark.skipif(os.name != "posix", reason="needs POSIX")
def test_the_users_own_group_is_nobody_else(home: Path) -> None:
    import grp
    import pwd

    path = config(home)
    path.chmod(0o660)
    found = path.stat()
    private = grp.getgrgid(found.st_gid).gr_name == pwd.getpwuid(found.st_uid).pw_name

    if private:
        assert read(find_rows("cursor"), machine(home)).content == b"{}"
    else:
        assert refused(home).code is ErrorCode.HOST_PATH_REFUSED


@pytest.mark.skipif(os.name != "posix", reason="needs POSIX")
def test_anything_but_a_file_is_refused_and_never_opened(home: Path) -> None:
    path = config(home)
    path.unlink()
    os.mkfifo(path)
    assert refused(home).code is ErrorCode.HOST_PATH_REFUSED

    path.unlink()
    path.mkdir()
    assert refused(home).code is ErrorCode.HOST_PATH_REFUSED


def test_a_file_where_a_folder_belongs_is_refused(home: Path) -> None:
    (home / ".cursor").write_text("")

    assert refused(home).code is ErrorCode.HOST_PATH_REFUSED


def test_a_file_of_absurd_size_is_refused(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "HOST_FILE_BYTES", 10)
    config(home, b" " * 11)

    assert refused(home).code is ErrorCode.FILE_UNREADABLE


@pytest.mark.parametrize(
    ("product", "path", "content"),
    [
        ("gemini-cli", ".gemini/settings.json", b"{}"),
        ("cursor", ".cursor/mcp.json", b"\xef\xbb\xbf{}"),
    ],
)
def test_nothing_is_told_without_a_mark_or_where_nothing_is_known_of_it(
    home: Path, product: str, path: str, content: bytes
) -> None:
    (home / path).parent.mkdir(parents=True)
    (home / path).write_bytes(content)

    assert read(find_rows(product), machine(home)).warnings == ()


def test_what_a_person_must_hear_is_told_when_a_server_is_added_and_not_when_it_goes(
    home: Path,
) -> None:
    row = find_rows("roo-code")
    path = home / ".config/Code/User/globalStorage/rooveterinaryinc.roo-cline/settings"
    path.mkdir(parents=True)
    (path / "mcp_settings.json").write_text("{}")
    file = read(row, machine(home))

    added = add(file, no_chain(row), server())
    gone = take_out(dataclasses.replace(file, content=added.after), added.chain_after, "time")

    assert any("no longer developed" in one for one in added.warnings)
    assert any("raw text" in one for one in added.warnings)
    assert gone.warnings == ()


@pytest.mark.parametrize(("product", "told"), [("cursor", True), ("codex", False)])
def test_a_desktop_program_does_not_see_a_shells_variables(
    home: Path, product: str, told: bool
) -> None:
    file = read(find_rows(product), machine(home))
    reference = EnvironmentValue(name="KEY", reference="KEY")

    named = add(file, no_chain(file.row), dataclasses.replace(server(), env=(reference,)))

    assert any("desktop session" in one for one in named.warnings) == told
    assert add(file, no_chain(file.row), server()).warnings == ()


def test_in_wsl_a_desktop_program_of_windows_reads_another_file(home: Path) -> None:
    inside = machine(home, WSL_DISTRO_NAME="Ubuntu")

    assert any("WSL" in one for one in read(find_rows("cursor"), inside).notes)
    assert read(find_rows("codex"), inside).notes == ()


def test_a_flatpak_starts_servers_in_its_sandbox(home: Path) -> None:
    (home / ".var/app/com.vscodium.codium/config/VSCodium/User").mkdir(parents=True)

    assert any("sandbox" in one for one in read(find_rows("vscodium"), machine(home)).notes)


def test_settings_of_an_administrator_are_told(home: Path, tmp_path: Path) -> None:
    managed = tmp_path / "managed-mcp.json"
    managed.write_text("{}")
    row = dataclasses.replace(
        find_rows("claude-code"), managed_files=(("linux", (managed.as_posix(),)),)
    )

    (warning,) = read(row, machine(home)).warnings

    assert str(managed) in warning


@pytest.mark.parametrize(
    ("row", "content"),
    [
        (CURSOR, '{"mcpServers": {"é": {"command": "c", "args": ["-x", 1]}, "b": {"urn": "u"}}}'),
        (GEMINI, '{/**/"mcpServers": {"é": {"command": "c", "args": ["-x"]}, "b": 1}}'),
        (VSCODE, '{"servers": {"é": {"command": "c", "args": ["-x"],}, "b": {"args": {}},}}'),
        (CODEX, "mcp_servers.'é' = {command = 'c', args = ['-x']}\nmcp_servers.b.command = 1\n"),
    ],
)
def test_all_servers_are_listed(row: str, content: str) -> None:
    assert entries(host_file(row, content)) == (
        ConfiguredServer(name="é", command="c", args=("-x",)),
        ConfiguredServer(name="b", command=None, args=()),
    )


def test_a_remote_server_is_listed_with_its_address() -> None:
    (found,) = entries(host_file(CURSOR, '{"mcpServers": {"b": {"url": "https://b.example"}}}'))

    assert (found.command, found.url) == (None, "https://b.example")


@pytest.mark.parametrize("row", [CURSOR, VSCODE, CODEX])
@pytest.mark.parametrize("content", [None, "", "\n"])
def test_an_empty_file_has_no_servers(row: str, content: str | None) -> None:
    assert entries(host_file(row, content)) == ()


@pytest.mark.parametrize("row", [CURSOR, GEMINI, VSCODE, CODEX])
@pytest.mark.parametrize("content", ['{\n  "a": [1,\n', "[", "mcp_servers = 1", b"\xff"])
def test_an_unreadable_file_is_an_error_with_its_place(row: str, content: str | bytes) -> None:
    with pytest.raises(McpInstallError) as found:
        entries(host_file(row, content))

    assert found.value.code is ErrorCode.HOST_CONFIG_INVALID
