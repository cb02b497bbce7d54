"""The screens of `show`, `test` and `verify`.  Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from mcpinstall.cli import render_publishers, words
from mcpinstall.cli.layout import (
    BLANK,
    CONTINUED,
    Line,
    Screen,
    Segment,
    Tone,
    broken,
    fields,
    padded,
    table,
    wrapped,
)
from mcpinstall.cli.render_error import evidence
from mcpinstall.cli.render_plan import check_rows, guidance, vouching
from mcpinstall.model.registry import RegistryKind
from mcpinstall.planning.questions import Question

if TYPE_CHECKING:
    from mcpinstall.operations.catalog import Shown
    from mcpinstall.operations.test_server import TestResult
    from mcpinstall.operations.verify import VerifiedEntry


def server(shown: Shown, width: int) -> Screen:
    """Return everything about one server of a registry."""
    manifest, registry = shown.reviewed.manifest, shown.reviewed.registry
    rows: list[Line] = [
        *broken(f"{manifest.title} {manifest.version}", width, "", Tone.STRONG),
        *broken(manifest.name, width, "  ", Tone.NAME),
        *wrapped(f"  {manifest.summary}", width, CONTINUED),
        BLANK,
    ]
    if shown.reviewed.withdrawal is not None:
        text = f"  REVOKED: {shown.reviewed.withdrawal.label}"
        rows += wrapped(text, width, CONTINUED, Tone.BAD)
    for segment in vouching(registry, manifest, remote=manifest.package is None):
        rows += wrapped(f"  {segment.text}", width, CONTINUED, segment.tone)
    for text in guidance(manifest, registry):
        rows += wrapped(f"  ! {text}", width, "    ", Tone.WARN)
    for text in shown.reviewed.discounted:
        rows += wrapped(f"  ! {text}", width, "    ", Tone.WARN)
    rows += [BLANK, *_facts(shown, width)]
    if shown.questions:
        rows += [BLANK, *inputs(shown.questions, width)]
    tools = [str(tool.get("name")) for tool in shown.reviewed.tools.tools if isinstance(tool, dict)]
    heading = f"{words.count(len(tools), 'tool')}: "
    if not shown.reviewed.tools.known:
        heading = "its tools were not reviewed"
    return (*rows, BLANK, *wrapped(heading + ", ".join(tools), width, CONTINUED))


def _facts(shown: Shown, width: int) -> Screen:
    manifest = shown.reviewed.manifest
    entries = ", ".join(receipt.entry_name for receipt in shown.receipts)
    package = manifest.package
    local = () if package is None else (
        ("package", f"{package.registry_type} {package.identifier} {package.version}"),
        ("python", package.requires_python),
        ("platforms", ", ".join(package.platforms)),
    )  # fmt: skip
    versions = ", ".join(_version(one, shown) for one in shown.versions)
    facts = (
        *local,
        *(("remote", _remote(*one, shown)) for one in shown.remotes),
        ("publisher", render_publishers.named(manifest)),
        *render_publishers.facts(shown.receipts),
        *((("versions", versions),) if versions else ()),
        ("installed", f"as {entries}" if entries else f"no{_offer(shown)}"),
    )
    return tuple(row for name, fact in facts for row in _fact(name, fact, width))


def _remote(transport: str, url: str, shown: Shown) -> str:
    is_guess = shown.reviewed.registry.kind is RegistryKind.NONE and not shown.receipts
    return f"{transport}{' (or `--transport sse`)' if is_guess else ''} {url}"


def _version(version: str, shown: Shown) -> str:
    return f"{version} (REVOKED)" if version in shown.revoked_versions else version


def _offer(shown: Shown) -> str:
    return f"; {_command(shown)}" if shown.reviewed.withdrawal is None else ""


def _command(shown: Shown) -> str:
    """Return the command that installs a server, with the inputs that it can't do without."""
    manifest, registry = shown.reviewed.manifest, shown.reviewed.registry
    names = [alias for alias, full in registry.aliases if full == manifest.name]
    named = (
        RegistryKind.BUNDLED, RegistryKind.NONE, RegistryKind.INDEX, RegistryKind.MCP,
    )  # fmt: skip
    prefix = "" if registry.kind in named else f"{registry.name}:"
    flags = [q.flag for q in shown.questions if q.required and q.default is None and not q.secret]
    return f"`{' '.join([f'mcpi install {prefix}{[*names, manifest.name][0]}', *flags])}`"


def _fact(name: str, fact: str, width: int) -> Screen:
    return wrapped(f"{padded(name, 11)} {fact}", width, " " * 12)


def inputs(questions: Sequence[Question], width: int) -> Screen:
    """Return the inputs of a server, with the flag for each."""
    return table(
        ("input", "needed", "meaning"),
        [(Segment(q.flag, Tone.NAME), _needed(q), _meaning(q)) for q in questions],
        width,
    )


def _needed(question: Question) -> str:
    kind = "required" if question.required and question.default is None else "optional"
    return f"{kind}, secret" if question.secret else kind


def _meaning(question: Question) -> str:
    facts = [question.description] if question.description else []
    facts += [f"one of {', '.join(question.choices)}"] if question.choices else []
    facts += [f"default {question.default}"] if question.default is not None else []
    return "; ".join(facts) or "-"


def tested(result: TestResult, width: int) -> Screen:
    """Return what a server answered."""
    receipt = result.receipt
    if result.authorization:
        return _unwelcome(result, width)
    count = words.count(len(result.tools), "tool")
    state = "NOT as reviewed" if result.differences else "unchanged since review"
    tone = Tone.BAD if result.differences else Tone.GOOD
    if result.seen_first:
        as_before = "OTHER than" if result.differences else "as"
        state = f"{as_before} it showed first; nobody reviewed them"
    elif not result.reviewed:
        state, tone = "which nobody reviewed", Tone.WARN
    rows = wrapped(
        f"{receipt.entry_name} {receipt.version} answers: {count}, {state} "
        f"(protocol {result.protocol}, {result.seconds:.1f} s)",
        width,
        "    ",
        tone,
    )
    if not result.differences:
        return (*rows, *wrapped(f"  {', '.join(result.tools)}", width, CONTINUED))
    return (*rows, *evidence("\n".join(result.differences), width))


def _unwelcome(result: TestResult, width: int) -> Screen:
    """Return what authorization a remote server wants."""
    name = result.receipt.entry_name
    if not any(value.secret for value in result.receipt.inputs):
        what = "no secret was given for it: a host that knows OAuth asks you to sign in"
        if result.receipt.name.startswith("remote:"):
            what += f"; `mcpi configure {name} --set token=env:VARIABLE` gives it a token"
    elif result.with_secrets:
        what = "what your variables hold for it was sent, and it did not take that"
    else:
        what = f"`mcpi test {name} --with-secrets` sends what your variables hold for it"
    return (
        *wrapped(f"{name} answers: {result.authorization}", width, "    ", Tone.WARN),
        *wrapped(f"  its tools were not seen; {what}", width, "    "),
    )


def verified(entries: Sequence[VerifiedEntry], width: int) -> Screen:
    """Return what was found out about each installed entry, and the anchor reached."""
    rows: list[Line] = []
    for entry in entries:
        state = words.count(len(entry.findings), "finding") if entry.findings else "no findings"
        if entry.problem is not None:
            state += ", not fully checked"
        title = Segment(f"{entry.entry_name} {entry.version}", Tone.STRONG)
        tone = Tone.BAD if entry.findings or entry.problem else Tone.GOOD
        rows += fields((title, Segment(state, tone)), width, "  ")
        rows += check_rows(entry.checks, width)
        for finding in entry.findings:
            text = f"  finding: {finding.check.title}: `{finding.subject}` {finding.message}"
            rows += wrapped(text, width, "    ", Tone.BAD)
        rows += [*wrapped(f"  anchor: {entry.anchor}", width, "    "), BLANK]
    return tuple(rows[:-1])
