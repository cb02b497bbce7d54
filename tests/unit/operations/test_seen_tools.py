"""When tools of a new version are compared only after its first start, and what differs then."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.model.host import Remote, ServerEntry
from mcpinstall.model.plan import ServerPlan
from mcpinstall.model.registry import ReviewedServer
from mcpinstall.model.tools import UNKNOWN_TOOLS, ToolList
from mcpinstall.operations import seen_tools, unreviewed
from mcpinstall.operations.context import Context
from mcpinstall.operations.describing import Comparison
from mcpinstall.operations.prepared import Prepared, Replacement
from tests.builders import plans, remote_plans
from tests.builders.described import described

OLD = ToolList(tools=({"name": "clock", "description": "Tells the time"},))
NEW = ToolList(tools=({"name": "clock", "description": "Tells all"},))


def server(tools: ToolList) -> ReviewedServer:
    return replace(plans.reviewed(), tools=tools)


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (OLD, UNKNOWN_TOOLS, True),
        (OLD, NEW, False),
        (UNKNOWN_TOOLS, UNKNOWN_TOOLS, False),
        (UNKNOWN_TOOLS, NEW, False),
    ],
)
def test_only_what_a_start_can_tell_is_compared_later(
    before: ToolList, after: ToolList, *, expected: bool
) -> None:
    plan = plans.server(server(after))
    for offline in (False, True):  # (what runs here is started anyhow)
        assert seen_tools.are_compared_later(plan, server(before), offline=offline) is expected
    assert not seen_tools.are_compared_later(plan, None, offline=False)


def test_what_runs_elsewhere_is_not_asked_offline() -> None:
    whole = Remote(transport="streamable-http", url=remote_plans.TEMPLATE)
    plan = remote_plans.remote_server(entry=ServerEntry(name="cloud", remote=whole))

    assert seen_tools.are_compared_later(plan, server(OLD), offline=False)
    assert not seen_tools.are_compared_later(plan, server(OLD), offline=True)
    completed = remote_plans.remote_server()  # the user's part stands in its address
    assert not seen_tools.are_compared_later(completed, server(OLD), offline=False)


def prepared(of: ServerPlan, before: ToolList | None) -> Prepared:
    """An update of one server, and of another one before it; without `before` nothing compared."""
    comparison = Comparison(
        before=replace(described(), tools=before or OLD), after=described(), changes=(), notes=(),
        inspected=0, needed=0,
    )  # fmt: skip
    entries = (plans.receipt(version="1.0"), plans.receipt("second", version="1.0"))
    replaced = Replacement(
        slug=of.slug, before=entries, server=of.reviewed,
        comparison=None if before is None else comparison,
    )  # fmt: skip
    other = replace(replaced, slug="notes-000000000000", comparison=None)
    return replace(plans.prepared(of, action="update"), replacements=(other, replaced))


def refused(
    monkeypatch: pytest.MonkeyPatch,
    before: ToolList | None,
    seen: ToolList,
    planned: ToolList = UNKNOWN_TOOLS,
) -> McpInstallError | None:
    monkeypatch.setattr(unreviewed, "first_tools", lambda *_: seen)
    plan = plans.server(server(planned))
    try:
        seen_tools.require_same(prepared(plan, before), plan, Context.current())
    except McpInstallError as error:
        return error
    return None


@pytest.mark.usefixtures("home")
def test_other_tools_stop_and_are_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    error = refused(monkeypatch, OLD, NEW)

    assert error is not None
    assert error.code is ErrorCode.TOOLS_CHANGED
    assert error.message.startswith("`git` 2026.10.19 offers other tools than 1.0")
    assert "description" in error.evidence
    assert "mcpi update git --dry-run" in error.hint


@pytest.mark.usefixtures("home")
@pytest.mark.parametrize(
    ("before", "seen", "planned"),
    [
        (OLD, OLD, UNKNOWN_TOOLS),
        (None, NEW, UNKNOWN_TOOLS),
        (UNKNOWN_TOOLS, NEW, UNKNOWN_TOOLS),
        (OLD, UNKNOWN_TOOLS, UNKNOWN_TOOLS),
        (OLD, NEW, NEW),
    ],
    ids=["same", "nothing compared", "none before", "none seen", "in the plan"],
)
def test_anything_else_goes_on(
    monkeypatch: pytest.MonkeyPatch, before: ToolList | None, seen: ToolList, planned: ToolList
) -> None:
    assert refused(monkeypatch, before, seen, planned) is None


@pytest.mark.usefixtures("home")
def test_an_installation_is_no_update() -> None:
    plan = plans.server(server(UNKNOWN_TOOLS))

    seen_tools.require_same(plans.prepared(plan), plan, Context.current())
