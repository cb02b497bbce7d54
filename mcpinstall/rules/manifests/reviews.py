"""MV601 to MV605: who reviewed it, what they claim, and when."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime, timedelta

from mcpinstall.model import revocation
from mcpinstall.model.finding import Finding, Severity
from mcpinstall.model.manifest import Manifest
from mcpinstall.model.registry_text import RegistryFile, ReviewRules
from mcpinstall.rules.manifests.facts import MANIFEST, Version, rule

REVIEWS_MISSING = rule(601, "reviews-missing", Severity.HIGH, "Too few people reviewed it")
CRITERIA_MISSING = rule(
    602, "criteria-missing", Severity.MEDIUM, "No review claims a criterion that is asked for"
)
REVIEWED_BY_PUBLISHER = rule(
    603, "reviewed-by-publisher", Severity.HIGH, "A reviewer is the server's publisher"
)
REVIEW_DATE = rule(604, "review-date", Severity.HIGH, "A review is from the future")
PLATFORM_UNCLAIMED = rule(
    605, "platform-unclaimed", Severity.LOW, "A review is of a platform that the manifest lacks"
)

_AHEAD = timedelta(days=1)  # it is tomorrow somewhere


def enough(version: Version, described: RegistryFile | None) -> Iterator[Finding]:
    """Yield a manifest that too few people reviewed, or not by every criterion asked for.

    A review by somebody whom the registry revoked does not count; a version that it revoked
    needs none.
    """
    manifest = version.manifest
    asked = (described.review if described else None) or ReviewRules()
    revoked = described.revocations if described else ()
    if manifest is None or revocation.is_withdrawn(manifest.name, manifest.version, revoked):
        return
    counted = tuple(
        review
        for review in manifest.reviews
        if revocation.revoked_review(review.by, review.on, revoked) is None
    )
    manifest = replace(manifest, reviews=counted)
    people = {_folded(review.by) for review in counted}
    if len(people) < asked.reviewers:
        wanted = f"{asked.reviewers} are asked for"
        yield version.finding(
            REVIEWS_MISSING, MANIFEST, f"{len(people)} reviewed it, {wanted}",
            at="reviews[0]",
            fix="let somebody else review it and add a `[[reviews]]`",
        )  # fmt: skip
    for criterion in asked.criteria:
        if manifest.package is not None and criterion not in manifest.criteria:
            yield version.finding(
                CRITERIA_MISSING, MANIFEST, f"no review claims `{criterion}`",
                at="reviews[0].criteria", fix="do it, then claim it",
            )  # fmt: skip


def independent(version: Version) -> Iterator[Finding]:
    """Yield reviews by whoever publishes the server."""
    manifest = version.manifest
    if manifest is None:
        return
    publishers = {_folded(name) for name in _publishers(manifest)}
    for number, review in enumerate(manifest.reviews):
        if _folded(review.by) in publishers:
            yield version.finding(
                REVIEWED_BY_PUBLISHER, MANIFEST, f"`{review.by}` publishes the server",
                at=f"reviews[{number}].by", fix="let somebody else review it",
            )  # fmt: skip


def dates(version: Version, now: datetime) -> Iterator[Finding]:
    """Yield reviews that are dated after today."""
    for number, review in enumerate(version.manifest.reviews if version.manifest else ()):
        if date.fromisoformat(review.on) > (now + _AHEAD).date():
            yield version.finding(
                REVIEW_DATE, MANIFEST, f"the review is of {review.on}", at=f"reviews[{number}].on"
            )


def platforms(version: Version) -> Iterator[Finding]:
    """Yield reviews of platforms that the manifest doesn't claim."""
    manifest = version.manifest
    if manifest is None or manifest.package is None:
        return
    for number, review in enumerate(manifest.reviews):
        for place, name in enumerate(review.platforms):
            if name not in manifest.package.platforms:
                yield version.finding(
                    PLATFORM_UNCLAIMED, MANIFEST, f"the manifest does not claim `{name}`",
                    at=f"reviews[{number}].platforms[{place}]",
                )  # fmt: skip


def _publishers(manifest: Manifest) -> Iterator[str]:
    """Yield whom name and publisher of a manifest belong to."""
    namespace = manifest.name.partition("/")[0]
    yield namespace
    forge = re.fullmatch(r"io\.(?:github|gitlab)\.(.+)", namespace)
    if forge:
        yield forge[1]
    if manifest.publisher is not None:
        yield manifest.publisher.repository.rstrip("/").split("/")[-2]


def _folded(name: str) -> str:
    """Return a person's name as it is compared: no case, no `@`, no spaces."""
    return "".join(name.casefold().split()).removeprefix("@")
