"""Attack T09: a manifest passes flags to the runner, so that it runs other code.

Who: a publisher, or an intruder of a registry.
Stopped by: check 2: an allow-list of options for each runner; none of them, and no
`runtimeHint`, ever reaches a command line of ours.
Twin: `test_a_harmless_flag_is_read`.
"""

from __future__ import annotations

import pytest

from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.model import server_text
from tests.builders.registry_folders import server_json

OCI = {"registryType": "oci", "identifier": "docker.io/a/b:1"}
NPM = {"registryType": "npm", "identifier": "clock"}


def named(name: str, value: str | None = None) -> dict[str, str]:
    return {"type": "named", "name": name} | ({} if value is None else {"value": value})


@pytest.mark.parametrize(
    ("package", "argument"),
    [
        (NPM, named("-c", "touch /tmp/p")),
        (NPM, named("--call", "touch /tmp/p")),
        (NPM, named("--package", "evil")),
        (NPM, {"type": "positional", "value": "--call=touch /tmp/p"}),
        (NPM, {"type": "positional", "value": "exec"}),
        ({}, named("--index-url", "https://evil.example")),
        ({}, named("--with-requirements", "x")),
        ({}, {"type": "positional", "value": "--index-url=https://evil.example"}),
        (OCI, named("--privileged")),
        (OCI, named("--entrypoint", "sh")),
        (OCI, named("--network", "host")),
        (OCI, named("--cap-add", "ALL")),
        (OCI, named("-v", "/:/host")),
        (OCI, named("--volume", "/etc:/host/etc")),
        (OCI, named("-v", "/var/run/docker.sock:/s")),
        (OCI, named("--mount", "type=bind,src=/,dst=/host")),
        (OCI, named("-v", "C:\\:/host")),
        (OCI, {"type": "positional", "value": "evil/image"}),
    ],
)
def test_a_flag_that_runs_other_code_is_refused(
    package: dict[str, str], argument: dict[str, str]
) -> None:
    data = server_json(**package, runtimeArguments=[argument])

    with pytest.raises(McpInstallError) as refused:
        server_text.parse(data, "server.json")

    assert refused.value.code is ErrorCode.SERVER_JSON_INVALID
    assert "runtimeArguments[0]" in refused.value.message


def test_a_program_that_is_no_runner_is_refused() -> None:
    with pytest.raises(McpInstallError, match="runtimeHint"):
        server_text.parse(server_json(runtimeHint="bash"), "server.json")


@pytest.mark.parametrize(
    ("package", "argument"),
    [
        (NPM, named("-y")),
        ({}, named("--python", "3.12")),
        (OCI, named("-e", "LEVEL=3")),
        (OCI, named("-v", "/home/user/notes:/notes")),
    ],
)
def test_a_harmless_flag_is_read(package: dict[str, str], argument: dict[str, str]) -> None:
    data = server_json(**package, runtimeArguments=[argument])

    assert len(server_text.parse(data, "server.json").packages[0].runtime_arguments) == 1
