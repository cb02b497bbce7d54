"""Changes of what reviewers and publishers declare: manifest and `server.json`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict

from mcpinstall.model.manifest import Manifest, Publisher, Review
from mcpinstall.planning.change import Change, ChangeKind, gone, new, note, same
from mcpinstall.planning.described import Described
from mcpinstall.planning.word_diff import Budget, changed_text


def compare_manifests(before: Described, after: Described, budget: Budget) -> Iterator[Change]:
    """Yield what changed of what people declare, inputs and remotes apart."""
    old, new_ = before.manifest, after.manifest
    yield from _value(ChangeKind.SERVER, "name", old.name, new_.name)
    yield from _value(ChangeKind.VERSION, "the server", old.version, new_.version)
    yield from _package(old, new_)
    yield from _publisher(old, new_)
    yield from _permissions(old, new_)
    yield from _value(ChangeKind.USE, "audience", old.audience, new_.audience)
    yield from _value(ChangeKind.USE, "integrates", old.integrates, new_.integrates)
    yield from _reviews(old, new_)
    yield from _variations(old, new_)
    yield from _probe(old, new_)
    yield from _reasons(old, new_)
    yield from _words(before, after, budget)
    yield from _packages_facts(before, after)


def _value(kind: ChangeKind, subject: str, old: str, new_: str) -> Iterator[Change]:
    if old != new_:
        yield Change(kind=kind, subject=subject, before=old, after=new_)


def _package(old: Manifest, new_: Manifest) -> Iterator[Change]:
    before, after = old.package, new_.package
    yield from _value(
        ChangeKind.PACKAGE,
        "package",
        f"{before.registry_type}:{before.identifier}" if before else "",
        f"{after.registry_type}:{after.identifier}" if after else "",
    )
    if before is None or after is None:
        return
    yield from _value(ChangeKind.VERSION, "its package", before.version, after.version)
    yield from _value(ChangeKind.START, "script", before.script, after.script)
    yield from _value(
        ChangeKind.PYTHON, "requires-python", before.requires_python, after.requires_python
    )
    for platform in sorted(set(before.platforms) ^ set(after.platforms)):
        came = platform in after.platforms
        yield Change(
            kind=ChangeKind.PLATFORM,
            subject=platform,
            before="" if came else "covered",
            after="covered" if came else "",
        )


def _publisher(old: Manifest, new_: Manifest) -> Iterator[Change]:
    if old.publisher != new_.publisher:
        yield Change(
            kind=_publisher_kind(bool(old.publisher), bool(new_.publisher)),
            subject="manifest",
            before=_identity(old.publisher) or old.publisher_absent,
            after=_identity(new_.publisher) or new_.publisher_absent,
        )
    elif old.publisher_absent != new_.publisher_absent:
        yield Change(
            kind=ChangeKind.OTHER,
            subject="why no publisher is named",
            before=old.publisher_absent,
            after=new_.publisher_absent,
        )


def _publisher_kind(was: bool, now: bool) -> ChangeKind:  # noqa: FBT001 - two sides of one thing
    if not now:
        return ChangeKind.PUBLISHER_LOST
    return ChangeKind.PUBLISHER_CHANGED if was else ChangeKind.PUBLISHER_ADDED


def _identity(publisher: Publisher | None) -> str:
    if publisher is None:
        return ""
    return ", ".join(f"{name} {value}" for name, value in asdict(publisher).items())


def _packages_facts(before: Described, after: Described) -> Iterator[Change]:
    """Yield what changed of what others say about the packages, as far as it is known."""
    old, new_ = _identities(before), _identities(after)
    kept = {package.name for package in before.lock.packages} & {
        package.name for package in after.lock.packages
    }
    for package in sorted(old.keys() | new_.keys()):
        was, now = old.get(package, ""), new_.get(package, "")
        if was != now and (now or package in kept):
            kind = _publisher_kind(bool(was), bool(now))
            yield Change(kind=kind, subject=package, before=was, after=now)
    for package, advisory in sorted(set(after.advisories) - set(before.advisories)):
        yield Change(kind=ChangeKind.ADVISORY, subject=package, after=advisory)
    for package, advisory in sorted(set(before.advisories) - set(after.advisories)):
        yield Change(kind=ChangeKind.ADVISORY_GONE, subject=package, before=advisory)
    yield from _held(before, after)


def _held(before: Described, after: Described) -> Iterator[Change]:
    for held in sorted(set(after.held) - set(before.held), key=lambda one: one.package):
        yield Change(
            kind=ChangeKind.HELD_BACK,
            subject=held.package,
            after=held.version,
            lines=(
                note("the newest is ", same(held.newest), f", {held.days} days old"),
                *(note("advisory: ", new(advisory)) for advisory in held.advisories),
            ),
        )
    still = {held.package for held in after.held}
    for package in sorted({held.package for held in before.held} - still):
        yield Change(kind=ChangeKind.OTHER, subject="held back no more", after=package)


def _identities(described: Described) -> dict[str, str]:
    found: dict[str, list[str]] = {}
    for package, identity in sorted(described.publishers):
        found.setdefault(package, []).append(identity)
    return {package: ", ".join(identities) for package, identities in found.items()}


def _permissions(old: Manifest, new_: Manifest) -> Iterator[Change]:
    for field in ("network", "read", "write", "exec"):
        was, now = set(getattr(old.permissions, field)), set(getattr(new_.permissions, field))
        anywhere = field == "network" and "*" in was
        if (now - was) and not anywhere:
            yield _permission(ChangeKind.PERMISSION_WIDENED, field, was, now)
        if (was - now) and not (field == "network" and "*" in now):
            yield _permission(ChangeKind.PERMISSION_NARROWED, field, was, now)
        elif was != now and anywhere:
            yield _permission(ChangeKind.OTHER, field, was, now)


def _permission(kind: ChangeKind, field: str, was: set[str], now: set[str]) -> Change:
    lines = (
        *((gone(text),) for text in sorted(was - now)),
        *((new(text),) for text in sorted(now - was)),
    )
    return Change(
        kind=kind,
        subject=field,
        before=", ".join(sorted(was)),
        after=", ".join(sorted(now)),
        lines=lines if was and now else (),
    )


def _reviews(old: Manifest, new_: Manifest) -> Iterator[Change]:
    was, now = (
        {criterion for review in side.reviews for criterion in review.criteria}
        for side in (old, new_)
    )
    yield from (
        Change(kind=ChangeKind.CRITERIA_LOST, subject=criterion) for criterion in sorted(was - now)
    )
    yield from (
        Change(kind=ChangeKind.CRITERIA_GAINED, subject=criterion)
        for criterion in sorted(now - was)
    )
    before, after = ({_review(one) for one in side.reviews} for side in (old, new_))
    if before != after:
        lines = (
            *((gone(text),) for text in sorted(before - after)),
            *((new(text),) for text in sorted(after - before)),
        )
        yield Change(kind=ChangeKind.REVIEW, subject="reviews", lines=lines)


def _review(review: Review) -> str:
    parts = (
        f"{review.by} on {review.on}",
        ", ".join(sorted(review.criteria)),
        ", ".join(sorted(review.platforms)),
        review.notes,
    )
    return "; ".join(part for part in parts if part)


def _variations(old: Manifest, new_: Manifest) -> Iterator[Change]:
    yield from differing(ChangeKind.VARIATION, _places(old), _places(new_))


def _places(manifest: Manifest) -> dict[str, str]:
    """Return how each place may vary; one place can be named more than once."""
    found: dict[str, list[str]] = {}
    for one in manifest.varies:
        said = (("pattern", one.pattern), ("when", one.when), ("reason", one.reason))
        text = "; ".join(f"{word} {text}" for word, text in said if text)
        found.setdefault(one.pointer, []).append(text)
    return {pointer: " | ".join(sorted(texts)) for pointer, texts in found.items()}


def _probe(old: Manifest, new_: Manifest) -> Iterator[Change]:
    was, now = (
        {
            "probe arguments": " ".join(side.probe.arguments),
            **{f"probe variable {name}": value for name, value in side.probe.environment},
            **{f"probe input {name}": value for name, value in side.probe.inputs},
        }
        for side in (old, new_)
    )
    yield from differing(ChangeKind.PROBE, was, now)


def _reasons(old: Manifest, new_: Manifest) -> Iterator[Change]:
    """Yield accepted files that stayed, and whose reason is another one now."""
    was, now = (
        {(hook.wheel, hook.member, hook.sha256, hook.kind): hook.reason for hook in side.hooks}
        for side in (old, new_)
    )
    for key in sorted(was.keys() & now.keys()):
        yield from _value(
            ChangeKind.OTHER, f"why {key[0]}: {key[1]} is accepted", was[key], now[key]
        )


def differing(kind: ChangeKind, was: Mapping[str, str], now: Mapping[str, str]) -> Iterator[Change]:
    """Yield one change for each name whose text came, went, or is another one."""
    for name in sorted(was.keys() | now.keys()):
        if was.get(name) != now.get(name):
            yield Change(kind=kind, subject=name, before=was.get(name, ""), after=now.get(name, ""))


def _words(before: Described, after: Described, budget: Budget) -> Iterator[Change]:
    was, now = _texts(before), _texts(after)
    for name in sorted(was):
        if was[name] != now[name]:
            lines = changed_text(was[name], now[name], budget)
            yield Change(kind=ChangeKind.WORDS, subject=name, lines=lines)
    yield from _value(
        ChangeKind.REPOSITORY,
        "repository",
        before.server.repository or "",
        after.server.repository or "",
    )


def _texts(described: Described) -> dict[str, str]:
    manifest, server = described.manifest, described.server
    return {
        "title": manifest.title,
        "summary": manifest.summary,
        "try": manifest.try_sentence,
        "server.json title": server.title or "",
        "server.json description": server.description,
    }
