"""`mcpi registry list` and `remove`: what stands in the user's configuration beside a registry."""

from __future__ import annotations

from pathlib import Path

import pytest

from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.operations import configuration, registry_sources
from mcpinstall.operations.context import Context
from mcpinstall.system.files import private_folder
from tests.builders.signed_folders import ADA, EVE, SignedFolder, named

MCP = '[[registries]]\nname = "mcp"\nkind = "mcp"\nurl = "https://example.com"\n\n'
FOLDER = '[[registries]]\nname = "team"\nkind = "folder"\npath = "/srv/team"\n'
SIGNERS = (
    "[[registries.signers]]\n"
    'name = "ada"\nissuer = "https://example.com"\nidentity = "ada@example.com"\n\n'
)
TUF = f'[[registries]]\nname = "corp"\nkind = "tuf"\nat = "/srv/corp"\nroot = "{"0" * 64}"\n'


def written(text: str) -> Path:
    path = configuration.file_of(context := Context.current())
    private_folder(context.paths.config)
    path.write_text(f"# mine\nschema = 1\n\n{text}", encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("blocks", "name"),
    [
        ((MCP, TUF), "corp"),
        ((MCP, FOLDER + SIGNERS, TUF), "team"),
        ((MCP, FOLDER + SIGNERS, TUF), "corp"),
        ((FOLDER + SIGNERS, MCP), "team"),
        ((FOLDER,), "team"),
        ((TUF, FOLDER + SIGNERS + SIGNERS.replace("ada", "bob")), "team"),
    ],
)
@pytest.mark.usefixtures("home")
def test_a_registry_goes_and_all_others_stay(blocks: tuple[str, ...], name: str) -> None:
    path = written("".join(blocks))
    left = "".join(one for one in blocks if f'"{name}"' not in one)

    registry_sources.remove(name, Context.current())

    assert path.read_text() == f"# mine\nschema = 1\n\n{left}"


@pytest.mark.parametrize(
    "text",
    [
        f"registries = [{{name = 'corp', kind = 'tuf', at = '/c', root = '{'0' * 64}'}}]\n",
        TUF.replace("[[registries]]", "[[ registries ]]"),
        FOLDER.replace("[[registries]]", "[[ registries ]]") + TUF,
        TUF + "[[ registries.x ]]\n",
    ],
)
@pytest.mark.usefixtures("home")
def test_what_can_not_be_cut_out_safely_is_left(text: str) -> None:
    path = written(text)
    before = path.read_bytes()

    with pytest.raises(McpInstallError) as refused:
        registry_sources.remove("corp", Context.current())

    assert refused.value.code is ErrorCode.CONFIG_INVALID
    assert path.read_bytes() == before


@pytest.mark.usefixtures("home")
def test_of_no_configuration_nothing_is_removed_and_nothing_made() -> None:
    with pytest.raises(McpInstallError) as refused:
        registry_sources.remove("corp", Context.current())

    assert refused.value.code is ErrorCode.NOT_FOUND
    assert not Context.current().paths.config.exists()


def test_the_list_tells_who_signed_a_folder(tmp_path: Path) -> None:
    folder = SignedFolder(tmp_path)
    folder.trust(named("ada", ADA))
    folder.sign(ADA)

    (_, signed) = registry_sources.listed(folder.context)
    folder.sign(EVE)
    (_, forged) = registry_sources.listed(folder.context)

    assert signed.state is not None
    assert "signed by ada" in signed.state.check.evidence
    assert forged.state is None
    assert "signatures of 1 of 1 signers" in forged.problem
