"""Plans of servers that are used where they run, made by hand."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from mcpinstall.model.environment import Command
from mcpinstall.model.host import EnvironmentValue, Remote, ServerEntry
from mcpinstall.model.lock import NO_LOCK
from mcpinstall.model.manifest import Integrates, RemoteChoice
from mcpinstall.model.plan import RemotePlan, ServerPlan
from mcpinstall.model.tools import UNKNOWN_TOOLS
from mcpinstall.operations import remote_plans
from mcpinstall.operations.prepared import Prepared
from tests.builders import plans

URL = "https://mcp.example.com/acme%2Feu/mcp"
TEMPLATE = "https://mcp.example.com/{tenant}/mcp"
TOKEN = EnvironmentValue(
    name="Authorization", reference="CLOUD_TOKEN", secret=True, prefix="Bearer "
)
REGION = EnvironmentValue(name="X-Region", value="eu")


def remote_server(*headers: EnvironmentValue, **changes: object) -> ServerPlan:
    choice = RemoteChoice(transport="streamable-http", url=TEMPLATE)
    manifest = plans.manifest(
        name="com.example/cloud", version="1.0", title="Cloud", package=None, remotes=(choice,),
        summary="read and write issues of the cloud service", integrates=Integrates.CLOUD,
    )  # fmt: skip
    reviewed = replace(plans.reviewed(manifest), lock=NO_LOCK, tools=UNKNOWN_TOOLS)
    values: dict[str, Any] = {
        "entry": ServerEntry(
            name="cloud", remote=Remote(transport="streamable-http", url=URL, headers=headers)
        ),
        "command": Command(executable="", arguments=()),
        "interpreter": None,
        "artifacts": (),
        "argv_template": (),
        "inputs": (),
        "remote": RemotePlan(
            transport="streamable-http", url=URL, url_template=TEMPLATE,
            headers=tuple(header.name for header in headers),
            declared=("a secret in the header Authorization",) if headers else (),
        ),
    }  # fmt: skip
    values.update(changes)
    return replace(plans.server(reviewed), **values)


def prepared(server: ServerPlan) -> Prepared:
    found = (server.reviewed.registry.check, server.reviewed.check)
    absent = {
        result.check: result for result in (*found, *remote_plans.checks(server, offline=False))
    }
    checks = tuple(absent.get(result.check, result) for result in plans.CHECKS)
    return plans.prepared(server, checks=checks)
