"""What policy refuses whatever else comes: before an index is asked, and before inputs are.

Everything is judged again once all is known; here nobody types an answer for nothing.
"""

from __future__ import annotations

from collections.abc import Sequence

from mcpinstall.model.plan import Request
from mcpinstall.model.policy import PolicySubject
from mcpinstall.model.registry import ReviewedServer
from mcpinstall.model.server_json import STDIO
from mcpinstall.operations import policies, unreviewed
from mcpinstall.operations.context import Context
from mcpinstall.planning import policy, policy_rules, remotes


def of_names(request: Request, context: Context) -> None:
    """Refuse names of unreviewed sources that nothing which their source says could save.

    Raises:
        McpInstallError: `policy-refused`, `name-invalid`, or what refuses a policy file.
    """
    wanted = [unreviewed.named(spec) for spec in request.names if unreviewed.is_one(spec)]
    if not wanted:
        return
    rules = policy_rules.only(policies.load(context), policy_rules.BY_NAME)
    for name, version in wanted:
        source = name.partition(":")[0]
        subject = PolicySubject(
            name=name, version=version or "", registry=source, root_digest="", certified=False,
            criteria=(), transport=STDIO,
        )  # fmt: skip
        decision = policies.decide(rules, subject, context)
        if error := policy_rules.refused(decision, subject):
            raise error
        if request.unattended and "unreviewed" not in request.allow:
            raise policy.unreviewed(name, source)


def of_sources(servers: Sequence[ReviewedServer], request: Request, context: Context) -> None:
    """Refuse servers that the policy forbids whatever their inputs and hosts will be.

    Raises:
        McpInstallError: `policy-refused`, or what refuses a policy file.
    """
    rules = policy_rules.only(policies.load(context), policy_rules.BY_SOURCE)
    for server in servers if rules.rules else ():
        transport = remotes.transports(server.manifest, request.transport).chosen
        subject = policies.of_source(server, transport)
        decision = policies.decide(rules, subject, context)
        if error := policy_rules.refused(decision, subject):
            raise error
