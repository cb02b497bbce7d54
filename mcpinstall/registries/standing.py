"""Which reviews of a manifest still stand, once the registry revoked some reviewers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from mcpinstall.model import revocation
from mcpinstall.model.backing import NO_BACKING, Backing
from mcpinstall.model.manifest import Manifest, Review
from mcpinstall.model.registry import RegistryState
from mcpinstall.model.revocation import AnyRevocation
from mcpinstall.registries.vouching import Vouched


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """A manifest without the reviews that don't count any more."""

    manifest: Manifest
    """Its criteria are those of the reviews that are left."""
    revoked: tuple[Review, ...]
    discounted: tuple[str, ...]
    """One sentence for each of `revoked`."""


def standing(manifest: Manifest, revocations: Sequence[AnyRevocation]) -> Standing:
    """Take the reviews of revoked reviewers out of a manifest that was compared and parsed."""
    judged = [
        (review, revocation.revoked_review(review.by, review.on, revocations))
        for review in manifest.reviews
    ]
    if all(item is None for _, item in judged):
        return Standing(manifest=manifest, revoked=(), discounted=())
    return Standing(
        manifest=replace(manifest, reviews=tuple(one for one, item in judged if item is None)),
        revoked=tuple(one for one, item in judged if item is not None),
        discounted=tuple(
            f"the review of `{one.by}` does not count: revoked, {item.reason} ({item.date})"
            for one, item in judged
            if item is not None
        ),
    )


def told(state: RegistryState, found: Vouched, reviews: Standing) -> RegistryState:
    """Return a registry's state for one server: whose reviews hold, and whose don't count."""
    facts = [state.check.evidence, *((found.evidence,) if found.evidence else ())]
    check = replace(state.check, evidence="; ".join([*facts, *reviews.discounted]))
    return replace(state, review=found.review, check=check, reviewers=found.reviewers)


def backing(found: Vouched, reviews: Standing) -> Backing:
    """Return what a server rests on, also what was revoked of it."""
    publisher, kept = reviews.manifest.publisher, reviews.manifest.reviews
    counted = [one for one in kept if not found.needed or one.by in found.counted]
    named = NO_BACKING if publisher is None else Backing(
        issuer=publisher.issuer,
        repository=publisher.repository,
        repository_id=publisher.repository_id,
        owner_id=publisher.owner_id,
    )  # fmt: skip
    every = (*counted, *reviews.revoked)
    return replace(
        named,
        reviews=tuple((one.by, one.on) for one in every),
        needed=found.needed or min(len(every), 1),
    )
