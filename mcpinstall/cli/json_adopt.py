"""What `mcpi adopt --json` answers.  Pure; no value of a variable is in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mcpinstall.model.adoption import Adoption
    from mcpinstall.operations.adoption import Offer, Survey


def survey(found: Survey) -> dict[str, object]:
    """Return every server of the hosts' files, and the files that could not be read."""
    return {
        "servers": [_offer(one) for one in found.offers],
        "unread": [
            {"path": one.subject, "code": one.code, "message": one.message} for one in found.unread
        ],
    }


def taken_over(adopted: Adoption | None) -> dict[str, object]:
    """Return what a plan takes over, as a field of it; nothing for another plan."""
    if adopted is None:
        return {}
    return {
        "adopts": {
            "starts": adopted.starts,
            "keeps": {
                "environment": list(adopted.keeps.variables),
                "fields": list(adopted.stays),
            },
            "notes": list(adopted.notes),
        }
    }


def _offer(offer: Offer) -> dict[str, object]:
    finding = offer.finding
    return {
        "name": offer.name,
        "places": [
            {"host": place.row.id if place.row else "", "path": place.shown}
            for place in offer.places
        ],
        "starts": offer.starts,
        "disabled": offer.is_disabled,
        "standing": str(offer.standing),
        "why_not": offer.why_not,
        "finding": None
        if finding is None
        else {
            "rule": finding.rule.id,
            "severity": str(finding.rule.severity),
            "message": finding.message,
        },
        "becomes": None
        if not offer.spec
        else {"name": offer.spec, "version": offer.version, "certified": offer.is_certified},
        "settings": [list(pair) for pair in offer.settings],
        "arguments": list(offer.extra_arguments),
        "keeps": {"environment": list(offer.keeps.variables), "fields": list(offer.stays)},
        "notes": list(offer.notes),
    }
