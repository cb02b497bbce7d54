"""The plan screen: what one yes would do, read from the bottom (design §10).  Pure."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from mcpinstall.cli import render_command, render_diff, render_permissions, render_policy, words
from mcpinstall.cli.layout import (
    BLANK,
    CONTINUED,
    Line,
    Screen,
    Segment,
    Tone,
    broken,
    cells,
    fields,
    line,
    padded,
    wrapped,
)
from mcpinstall.cli.render_diff import FileDiff
from mcpinstall.model.checks import CheckResult, Outcome
from mcpinstall.model.manifest import CRITERIA, REMOTE_CRITERIA, Audience, Integrates, Manifest
from mcpinstall.model.plan import ServerPlan
from mcpinstall.model.registry import RegistryState, ReviewState
from mcpinstall.operations.prepared import Prepared

CLOUD = (
    "works on a cloud service: where its provider offers a remote server with an authorization "
    "token, that is the better choice"
)
TECHNICAL = "for technically skilled users, who can read its source before they trust it"
NOT_REVIEWED = "nobody vouches for it; it is for technically skilled users who have read its source"

NOT_SEEN = (
    "nobody vouches for it, and nobody can read what runs there; it is for those who trust its "
    "provider"
)

OUTCOME_TONES = {
    Outcome.VERIFIED: Tone.GOOD,
    Outcome.FAILED: Tone.BAD,
    Outcome.ABSENT: Tone.WARN,
    Outcome.UNSUPPORTED: Tone.WARN,
    Outcome.NOT_CHECKED: Tone.WARN,
    Outcome.NOT_YET: Tone.FAINT,
}
_NOT_DONE = (Outcome.ABSENT, Outcome.UNSUPPORTED, Outcome.NOT_CHECKED)
_EXPLAINED = Segment("explained in docs/verification.md")
_LEAST_EVIDENCE = 20  # columns beside the outcome; with fewer, evidence goes below


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """How the screen looks: its size and what `~` stands for."""

    width: int
    home: Path
    height: int | None = None
    """Lines of the terminal; None where nothing scrolls away."""
    verbose: bool = False
    asking: bool = True
    """A question follows."""


def plan(prepared: Prepared, diffs: Sequence[FileDiff], view: View) -> Screen:
    """Return the screen; taller than the terminal, each diff becomes one line."""
    whole = _screen(prepared, diffs, view, whole=True)
    if view.height is None or len(whole) < view.height or not diffs:
        return whole
    return _screen(prepared, diffs, view, whole=False)


def _screen(prepared: Prepared, diffs: Sequence[FileDiff], view: View, *, whole: bool) -> Screen:
    servers = prepared.plan.servers
    installing = prepared.installs
    blocks = [
        _headings(group, len(servers), view, installing=installing)
        for group in _vouched_alike(servers)
    ]
    if prepared.replacements:
        blocks.insert(0, _replaced(prepared, view))
    if prepared.request.adopted is not None:
        from mcpinstall.cli import render_adopt

        titles = [change.file.row.title for change in prepared.plan.changes]
        blocks.append(render_adopt.taken_over(prepared.request.adopted, titles, view.width))
    if diffs:
        blocks.append(render_diff.files(diffs, view.home, view.width, whole=whole))
    if prepared.skipped:
        blocks.append(render_diff.skipped(prepared.skipped, view.width))
    if view.verbose:
        blocks.append(_artifacts(servers, view))
    blocks.append(
        (
            *_checks(prepared.plan.checks, view),
            *render_policy.line_of_plan(prepared.plan.policy, view.width),
            *_facts(servers, view),
        )
    )
    blocks += [render_command.commands(server, prepared, view.width) for server in servers]
    return (*_apart(blocks), *_bottom(prepared, view))


def _replaced(prepared: Prepared, view: View) -> Screen:
    """Return what an update changes, without the blank line at its end."""
    from mcpinstall.cli import render_update

    rows = render_update.changes(prepared, view.width)
    return rows[:-1] if rows[-1:] == (BLANK,) else rows


def _apart(blocks: Iterable[Screen]) -> Screen:
    return tuple(row for block in blocks if block for row in (*block, BLANK))[:-1]


# Heading ---------------------------------------------------------------------------------------


def _vouched_alike(servers: Sequence[ServerPlan]) -> Iterable[Sequence[ServerPlan]]:
    """Return neighbours together for which the same stands about who vouches."""
    for _, group in itertools.groupby(servers, key=_vouching):
        yield tuple(group)


def _headings(group: Sequence[ServerPlan], of: int, view: View, *, installing: bool) -> Screen:
    """Return the headings of servers for which the same stands about who vouches, and that."""
    rows = [row for server in group for row in _heading(server, view, installing=installing)]
    registry = group[0].reviewed.registry
    (state, tone), *facts = _vouching(group[0])
    whose = f" ({words.listed([server.entry.name for server in group])})" if of > 1 else ""
    rows += fields([Segment(f"{state}{whose}", tone), *facts], view.width, "  ")
    if registry.stale:
        rows += wrapped(f"! {stale(registry)}", view.width, "  ", Tone.WARN)
    return tuple(rows)


def _vouching(server: ServerPlan) -> tuple[Segment, ...]:
    remote = server.remote is not None
    return vouching(server.reviewed.registry, server.reviewed.manifest, remote=remote)


def _heading(server: ServerPlan, view: View, *, installing: bool) -> Screen:
    manifest, registry = server.reviewed.manifest, server.reviewed.registry
    title = f"{server.entry.name} {server.version}"
    first, *rest = wrapped(f"{title} — {manifest.summary}", view.width, CONTINUED)
    shown = first[0].text
    rows: list[Line] = [
        line(Segment(shown[: len(title)], Tone.STRONG), shown[len(title) :]),
        *rest,
        *broken(manifest.name, view.width, "  ", Tone.NAME),
    ]
    for sentence in guidance(manifest, registry, remote=server.remote is not None):
        rows += wrapped(f"  ! {sentence}", view.width, "    ", Tone.WARN)
    if server.advice:
        rows += wrapped(f"  over {_transport(server)}; {server.advice}", view.width, "    ")
    if server.replaces and installing:
        fact = f"  ! takes the place of {server.replaces}, which is installed: see what changed"
        rows += wrapped(fact, view.width, "    ")
    if server.already_installed and installing:
        rows += wrapped("  installed already; only its entry is added", view.width, "  ")
    return tuple(rows)


def vouching(
    registry: RegistryState, manifest: Manifest, *, remote: bool = False
) -> tuple[Segment, ...]:
    """Return who vouches for a server and what was done, or that nobody does.

    Of one that is used where it runs (`remote`), no file was locked or inspected.
    """
    if (said := words.UNVOUCHED.get(registry.kind)) is not None:
        return (Segment("NOT REVIEWED", Tone.BAD), Segment(said))
    source = Segment(f"registry: {registry.name} (issued {registry.issued:%Y-%m-%d})")
    if registry.review is not ReviewState.CERTIFIED:
        return (Segment("NOT REVIEWED", Tone.BAD), source, *_signed(registry, manifest))
    meant = REMOTE_CRITERIA if remote else CRITERIA
    done = [criterion for criterion in meant if criterion in manifest.criteria]
    undone = [criterion for criterion in meant if criterion not in done]
    items = [
        Segment("CERTIFIED", Tone.GOOD),
        source,
        Segment(f"criteria: {', '.join(done) or 'none'}"),
        Segment(f"not done: {', '.join(undone) or 'none'}", Tone.WARN if undone else Tone.PLAIN),
    ]
    items += [
        Segment(f"review {words.review(review, registry.reviewers)}, {review.on}")
        for review in manifest.reviews
    ]
    return tuple(items)


def _signed(registry: RegistryState, manifest: Manifest) -> Iterable[Segment]:
    """Yield the reviews of a server that has some, though too few to be certified."""
    for review in manifest.reviews if registry.reviewers else ():
        yield Segment(f"review {words.review(review, registry.reviewers)}, {review.on}")


def stale(registry: RegistryState) -> str:
    """Return the sentence about a registry that is past its expiry."""
    return (
        f"the registry `{registry.name}` is stale since {registry.expires:%Y-%m-%d}: "
        "newer versions and revocations may exist that it doesn't know of"
    )


def _transport(server: ServerPlan) -> str:
    return f"`{server.remote.transport if server.remote else 'stdio'}`"


def guidance(
    manifest: Manifest, registry: RegistryState, *, remote: bool = False
) -> tuple[str, ...]:
    """Return warnings, and what follows from who a server is for and works on (design §1)."""
    sentences = [*registry.warnings]
    if registry.review is ReviewState.CERTIFIED and manifest.audience is Audience.TECHNICAL:
        sentences.append(TECHNICAL)
    if manifest.integrates is Integrates.CLOUD and not (remote or manifest.remotes):
        sentences.append(CLOUD)
    return tuple(sentences)


def _artifacts(servers: Sequence[ServerPlan], view: View) -> Screen:
    """Return every file of the closure with its digest, for `--verbose`."""
    found = {artifact.sha256: artifact for server in servers for artifact in server.artifacts}
    rows: list[Line] = [line(Segment("Files", Tone.STRONG))]
    for artifact in found.values():
        rows += broken(f"{artifact.filename}  {words.size(artifact.size)}", view.width, "  ")
        rows += broken(f"sha256:{artifact.sha256}", view.width, "    ", Tone.FAINT)
    return tuple(rows)


# Checks ----------------------------------------------------------------------------------------


def _checks(results: Sequence[CheckResult], view: View) -> Screen:
    known = [result for result in results if result.outcome is not Outcome.NOT_YET]
    later = [result for result in results if result.outcome is Outcome.NOT_YET]
    tally = f"{_tally(known)}, {len(later)} after your yes"
    gap = view.width - len("Checks") - len(tally)
    title = Segment("Checks", Tone.STRONG)
    rows = [line(title, " " * gap, tally)] if gap > 1 else [line(title)]
    rows += [] if gap > 1 else wrapped(f"  {tally}", view.width, "  ")
    rows += check_rows(known, view.width)
    if later:
        items = [Segment(f"  {later[0].check:d} {later[0].check.title}", Tone.FAINT)]
        items += [Segment(f"{r.check:d} {r.check.title}", Tone.FAINT) for r in later[1:]]
        rows += fields([*items, Segment("not yet run", Tone.FAINT)], view.width, "    ")
    return tuple(rows)


def _tally(known: Sequence[CheckResult]) -> str:
    """Return how many checks were done, and how many were not, each by its outcome."""
    counts = Counter(result.outcome for result in known)
    done = len(known) - sum(counts[outcome] for outcome in _NOT_DONE)
    undone = [f"{counts[outcome]} {outcome}" for outcome in _NOT_DONE if counts[outcome]]
    return ", ".join([f"{done} done", *undone])


def check_rows(results: Sequence[CheckResult], width: int) -> Screen:
    """Return checks with their whole evidence, in columns as wide as these checks need."""
    titles = max((len(result.check.title) for result in results), default=0)
    outcomes = max((len(result.outcome) for result in results), default=0)
    return tuple(row for result in results for row in _check(result, width, titles, outcomes))


def _check(result: CheckResult, width: int, titles: int, outcomes: int) -> Screen:
    label = f"  {result.check:d} {padded(result.check.title, titles)}  "
    tone = OUTCOME_TONES[result.outcome]
    room = width - cells(label) - outcomes - 2
    if not result.evidence:
        return (line(label, Segment(result.outcome, tone)),)
    if room < _LEAST_EVIDENCE:
        head = line(label, Segment(result.outcome, tone))
        return (head, *wrapped(f"      {result.evidence}", width, "      "))
    indent = Segment(" " * (width - room))
    first, *rest = wrapped(result.evidence, room)
    head = line(label, Segment(padded(result.outcome, outcomes), tone), "  ")
    return ((*head, *first), *((indent, *more) for more in rest))


def all_checks(results: Sequence[CheckResult], view: View) -> Screen:
    """Return every check with its whole evidence, for the answer `c`."""
    return (
        *fields([Segment("Checks", Tone.STRONG), _EXPLAINED], view.width, "  "),
        *check_rows(results, view.width),
    )


def all_diffs(diffs: Sequence[FileDiff], view: View) -> Screen:
    """Return every file's whole diff, for the answer `d`."""
    return render_diff.files(diffs, view.home, view.width, whole=True)


# Permissions, interpreter, command -------------------------------------------------------------


def _facts(servers: Sequence[ServerPlan], view: View) -> Screen:
    rows: list[Line] = [*render_permissions.screen(servers, view.home, view.width)]
    known = [server.interpreter for server in servers if server.interpreter is not None]
    interpreters = {interpreter.path: interpreter for interpreter in known}
    for interpreter in interpreters.values():
        rows += wrapped(
            f"Uses  Python {interpreter.version} at {interpreter.path} "
            "(yours; not verified by mcpi)",
            view.width,
            "      ",
        )
    return tuple(rows)


# Bottom ----------------------------------------------------------------------------------------


def _bottom(prepared: Prepared, view: View) -> Screen:
    """Return the last lines: who vouches, said again where the eye rests."""
    rows: list[Line] = []
    for server in prepared.plan.servers:
        if server.reviewed.registry.review is not ReviewState.CERTIFIED:
            why = NOT_SEEN if server.remote else NOT_REVIEWED
            fact = f"{server.entry.name} is NOT REVIEWED: {why}."
            rows += wrapped(fact, view.width, "  ", Tone.BAD)
    registries = {
        s.reviewed.registry.root_digest: s.reviewed.registry for s in prepared.plan.servers
    }
    for registry in registries.values():
        if registry.stale:
            rows += wrapped(f"{words.sentence(stale(registry))}.", view.width, "  ", Tone.WARN)
    if prepared.print_rows and not prepared.request.print_only:
        fact = "No host was found on this machine: you will get the entry to paste."
        rows += wrapped(fact, view.width, "  ", Tone.WARN)
    if prepared.replacements:
        from mcpinstall.cli import render_update

        rows += render_update.bottom(prepared, view.width)
    last = [*_certified(prepared.plan.servers)]
    last += ["Nothing has been written yet."] if view.asking else []
    return (*rows, *(wrapped(" ".join(last), view.width, "  ") if last else ()))


def _certified(servers: Sequence[ServerPlan]) -> Iterable[str]:
    by: dict[str, list[str]] = {}
    for server in servers:
        registry = server.reviewed.registry
        if registry.review is ReviewState.CERTIFIED:
            by.setdefault(registry.name, []).append(f"{server.entry.name} {server.version}")
    for registry_name, names in by.items():
        verb = "is" if len(names) == 1 else "are"
        yield f"{words.listed(names)} {verb} certified by registry {registry_name}."


def question(prepared: Prepared, files: int) -> str:
    """Return the question without its answers: `Install git and change 1 file?`."""
    entries = words.listed([server.entry.name for server in prepared.plan.servers])
    verb = {
        "reinstall": "Build {} again",
        "configure": "Change the settings of {}",
        "update": "Update {}",
        "adopt": "Adopt {}",
    }.get(prepared.action, "Install {}")
    if files == 0:
        return f"{verb.format(entries)}?"
    comma = "," if len(prepared.plan.servers) > 1 else ""
    return f"{verb.format(entries)}{comma} and change {words.count(files, 'file')}?"
