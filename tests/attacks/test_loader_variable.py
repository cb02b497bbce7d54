"""Attack T28: an environment variable loads code, or moves an index or a proxy.

Who: a publisher, or an intruder of a registry.
Stopped by: check 2: names that no manifest may set, in any case of letters.
Twin: `test_a_variable_of_the_server_can_be_set`.
"""

from __future__ import annotations

from dataclasses import replace

import pytest

from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.model import manifest_text, server_text
from mcpinstall.model.manifest import ProbeSettings
from tests.builders.registry_folders import manifest, server_json

FILES = (("pylock.toml", "a" * 64), ("server.json", "b" * 64), ("tools.json", "c" * 64))
LOADERS = [
    "LD_PRELOAD", "LD_AUDIT", "LD_LIBRARY_PATH", "DYLD_INSERT_LIBRARIES", "NODE_OPTIONS",
    "_PYTHON_SYSCONFIGDATA_NAME", "__PYVENV_LAUNCHER__",
    "NODE_PATH", "PYTHONPATH", "PYTHONSTARTUP", "PYTHONHOME", "PYTHONWARNINGS", "BROWSER",
    "PERL5OPT", "RUBYOPT", "JAVA_TOOL_OPTIONS", "BASH_ENV", "ENV", "GIT_SSH_COMMAND",
    "GIT_CONFIG_COUNT", "npm_config_yes", "NPM_CONFIG_REGISTRY", "UV_INDEX_URL", "PIP_INDEX_URL",
    "HTTPS_PROXY", "http_proxy", "All_Proxy", "PATH", "Path", "ld_preload", "Node_Options",
    "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "HOME", "MCPI_HOME", "DOTNET_STARTUP_HOOKS",
    "GLIBC_TUNABLES", "ComSpec",
]  # fmt: skip
NO_NAMES = ["A=B", "1A", "A B", "A-B", "", "Ä"]


@pytest.mark.parametrize("name", [*LOADERS, *NO_NAMES])
def test_a_server_json_cannot_set_it(name: str) -> None:
    data = server_json(environmentVariables=[{"name": name, "value": "x"}])

    with pytest.raises(McpInstallError) as refused:
        server_text.parse(data, "server.json")

    assert refused.value.code is ErrorCode.SERVER_JSON_INVALID


@pytest.mark.parametrize("name", LOADERS)
def test_a_server_json_cannot_ask_the_user_for_it(name: str) -> None:
    data = server_json(environmentVariables=[{"name": name, "isRequired": True}])

    with pytest.raises(McpInstallError):
        server_text.parse(data, "server.json")


@pytest.mark.parametrize("name", LOADERS)
def test_a_probe_cannot_set_it(name: str) -> None:
    probe = ProbeSettings(environment=((name, "x"),))

    with pytest.raises(McpInstallError) as refused:
        manifest_text.parse(manifest_text.dump(replace(manifest(), files=FILES, probe=probe)))

    assert refused.value.code is ErrorCode.MANIFEST_INVALID


@pytest.mark.parametrize("name", ["CLOCK_TOKEN", "OBSIDIAN_API_KEY", "AWS_REGION", "TZ"])
def test_a_variable_of_the_server_can_be_set(name: str) -> None:
    data = server_json(environmentVariables=[{"name": name, "value": "x"}])

    assert server_text.parse(data, "server.json").packages[0].environment[0].name == name
