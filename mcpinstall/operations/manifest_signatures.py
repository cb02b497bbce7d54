"""Signatures of a folder of manifests, by who may sign it as `config.toml` of the user says."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.model.finding import Finding
from mcpinstall.model.registry import ReviewState
from mcpinstall.model.signing import Signing
from mcpinstall.operations import configuration
from mcpinstall.operations.context import Context
from mcpinstall.operations.signers import Signers
from mcpinstall.registries import MANIFEST_SIGNATURES, REGISTRY_SIGNATURES
from mcpinstall.rules.manifests import signed
from mcpinstall.rules.manifests.facts import MANIFEST, RegistryFacts, Version
from mcpinstall.rules.manifests.reading import REGISTRY


def signing_of(root: Path, context: Context) -> tuple[str, Signing] | None:
    """Return name and signers of the folder `root`, or None where nobody is named.

    Raises:
        McpInstallError: `config-invalid`.
    """
    folders = (
        one
        for one in configuration.configured(context)
        if isinstance(one, configuration.FolderRegistry)
    )
    for one in folders:
        if one.signing is not None and os.path.realpath(one.path) == os.path.realpath(root):
            return one.name, one.signing
    return None


def check(
    facts: RegistryFacts,
    versions: Sequence[Version],
    signers: tuple[str, Signing],
    context: Context,
) -> Iterator[Finding]:
    """Yield what is not signed by enough of those who have to; never remembered.

    Raises:
        McpInstallError: what keeps signatures from being verified at all.
    """
    text = facts.documents.get(REGISTRY)
    if text is None:
        return
    voucher = Signers(*signers, context)
    signatures = facts.documents.get(REGISTRY_SIGNATURES)
    try:
        voucher.registry(text.data, signatures.data if signatures else None)
    except McpInstallError as error:
        if error.code is not ErrorCode.SIGNATURE_INVALID:
            raise
        yield signed.registry(facts, error)
    for version in versions:
        if version.manifest is None:
            continue
        own = version.documents.get(MANIFEST_SIGNATURES)
        told = voucher.manifest(
            version.manifest,
            version.file(MANIFEST).sha256,
            own.data if own else None,
            ReviewState.CERTIFIED,
        )
        if told.review is not ReviewState.CERTIFIED:
            yield signed.manifest(version, told.evidence)
