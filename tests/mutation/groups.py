"""What is mutated, and the tests that must see it: groups that one run takes at a time."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Group:
    """Modules, and the tests that are asked about them."""

    modules: tuple[str, ...]
    """Patterns below `mcpinstall/`."""
    tests: tuple[str, ...]
    """Files and folders below `tests/`."""
    seconds: float
    """Of tests for each mutant at most, the quickest first."""
    asked: str = ""
    """Which of the tests, as pytest's `-k` has it."""


GROUPS = {
    "splices": Group(
        (
            "hosts/json_*.py", "hosts/toml_*.py", "hosts/edits.py", "hosts/chains.py",
            "hosts/proof.py", "hosts/redaction.py", "planning/spans.py",
        ),
        ("unit/hosts", "unit/planning/test_spans.py"),
        8,
    ),
    "hosts": Group(
        ("hosts/reading.py", "hosts/settled.py", "hosts/writing.py"),
        ("unit/hosts", "attacks/test_host_file_changed.py", "attacks/test_host_file_mode.py"),
        20,
    ),
    "inspection": Group(
        ("verification/*.py",),
        (
            "unit/verification", "attacks/test_archive_ambiguity.py",
            "attacks/test_archive_bomb.py", "attacks/test_archive_escape.py",
            "attacks/test_file_swapped.py",
            "attacks/test_source_distribution.py", "attacks/test_startup_hook.py",
            "attacks/test_swap_after_check.py", "attacks/test_wheel_over_environment.py",
        ),
        20,
    ),
    "environments": Group(
        (
            "environments/closed_list.py", "environments/facts.py",
            "environments/interpreter.py", "environments/tree.py", "environments/trust.py",
        ),
        ("unit/environments",),
        20,
    ),
    "registries": Group(
        (
            "registries/agreement.py", "registries/memory.py", "registries/sources.py",
            "registries/tree.py", "planning/checks.py", "planning/policy.py",
        ),
        (
            "unit/registries", "unit/planning", "attacks/test_dependency_confusion.py",
            "attacks/test_hostile_name.py", "attacks/test_json_ambiguity.py",
            "attacks/test_look_alike_name.py", "attacks/test_registry_rolled_back.py",
        ),
        10,
    ),
    "network": Group(
        ("probing/comparison.py", "system/routes.py", "system/urls.py"),
        (
            "unit/probing/test_comparison.py", "unit/system/test_fetch.py",
            "unit/system/test_routes.py", "unit/system/test_urls.py",
            "attacks/test_credentials_follow_a_redirect.py",
            "attacks/test_redirect_inside_the_network.py",
        ),
        10,
    ),
    "recovery": Group(
        (
            "operations/recovery.py", "operations/settling.py", "operations/sweeping.py",
            "operations/transaction.py", "operations/verify_disk.py", "receipts/store.py",
        ),
        (
            "unit/receipts", "unit/operations", "attacks/test_crash.py",
            "attacks/test_failing_disk.py", "e2e/test_odd_clocks.py",
            "e2e/test_operations_failures.py", "e2e/test_operations_folders.py",
            "e2e/test_operations_host_saves.py", "e2e/test_operations_lifecycle.py",
            "e2e/test_operations_readers.py", "e2e/test_operations_recovery_races.py",
            "e2e/test_operations_two_states.py", "e2e/test_operations_undo.py",
            "e2e/test_operations_verify.py",
            "e2e/test_operations_without_locks.py",
        ),
        40,
    ),
    "audit": Group(
        ("rules/audit/*.py", "model/secret_forms.py"),
        (
            "unit/rules",
            "unit/operations/test_audit_engine.py", "integration/test_audit_corpora.py",
            "cli/test_audit_indexes.py", "attacks/test_tool_text_gives_orders.py",
        ),
        3,
        asked="not square and not bounded",  # how long 5 MB take
    ),
    "auditing": Group(
        ("operations/audit*.py",),
        (
            "unit/operations/test_audit_drift.py", "unit/operations/test_audit_engine.py",
            "unit/operations/test_audit_indexes.py", "unit/operations/test_audit_locks.py",
            "unit/operations/test_audit_of_odd_hosts.py",
            "unit/operations/test_audit_online.py", "cli/test_audit.py",
            "cli/test_audit_baseline.py", "cli/test_audit_excerpts.py",
            "cli/test_audit_indexes.py", "cli/test_audit_settings.py", "cli/test_audit_since.py",
            "attacks/test_audited_file.py", "attacks/test_audited_repository.py",
            "attacks/test_foreign_startup_hook.py", "attacks/test_forked_proposal.py",
            "attacks/test_installed_server_changed.py", "attacks/test_lying_advisory_service.py",
            "integration/test_audit_programs.py",
        ),
        15,
    ),
    "tracking": Group(
        ("system/git_tracking.py",), ("unit/system/test_git_tracking.py",), 30
    ),
    "policies": Group(
        (
            "model/globs.py", "model/policy.py", "model/policy_text.py", "model/toml_lines.py",
            "planning/policy_rules.py", "operations/policies.py",
            "operations/early_refusals.py", "system/policy_files.py",
        ),
        (
            "unit/model/test_globs.py", "unit/model/test_policy_text.py",
            "unit/model/test_toml_lines.py", "unit/planning/test_policy_rules.py",
            "unit/operations/test_policies.py", "unit/system/test_policy_files.py",
            "attacks/test_policy_hostile.py", "attacks/test_policy_loosened.py",
            "attacks/test_policy_planted.py", "e2e/test_early_refusals.py",
            "e2e/test_operations_policy.py",
        ),
        10,
    ),
    "unreviewed": Group(
        (
            "indexes/ages.py", "indexes/naming.py", "model/near_names.py",
            "model/registry_entry.py", "model/server_schemas.py", "model/unreviewed_lock.py",
            "operations/look_alikes.py", "operations/unreviewed*.py", "registries/mcp_api.py",
        ),
        (
            "unit/model/test_near_names.py", "unit/model/test_registry_entry.py",
            "unit/model/test_unreviewed_lock.py", "attacks/test_dependency_confusion.py",
            "attacks/test_index_changes_hands.py", "attacks/test_lock_that_lies.py",
            "attacks/test_lying_mcp_registry.py", "attacks/test_package_nobody_reviewed.py",
            "e2e/test_early_refusals.py", "e2e/test_mcp_registry.py",
            "e2e/test_unreviewed_packages.py",
        ),
        20,
    ),
    "updates": Group(
        (
            "operations/holds.py", "operations/offers*.py", "operations/outdated.py",
            "operations/replacing.py", "operations/rollback.py", "operations/seen_tools.py",
            "operations/starts.py", "operations/update.py", "operations/ways_back.py",
            "cli/hold.py", "cli/outdated.py", "cli/rollback.py", "cli/update.py",
        ),
        (
            "cli/test_update.py", "unit/operations/test_holds.py",
            "unit/operations/test_rollback.py",
            "unit/operations/test_seen_tools.py", "unit/operations/test_ways_back.py",
            "integration/test_replacing.py", "integration/test_rollback_choice.py",
            "integration/test_unreviewed_choice.py", "integration/test_update_choice.py",
            "integration/test_update_plan.py", "integration/test_update_selection.py",
            "attacks/test_update_leads_elsewhere.py", "e2e/test_install_over_entries.py",
            "e2e/test_outdated.py", "e2e/test_rollback.py", "e2e/test_update.py",
            "e2e/test_update_asks_again.py",
            "e2e/test_update_command.py", "e2e/test_update_entries.py",
            "e2e/test_update_sources.py",
        ),
        30,
    ),
    "authoring": Group(
        (
            "operations/authoring_folders.py", "operations/authoring_index.py",
            "operations/manifest_index.py", "operations/manifest_paths.py",
            "operations/manifest_proposal.py", "operations/manifest_sources.py",
            "operations/registry_folder.py", "planning/proposals.py",
        ),
        (
            "unit/planning/test_proposals.py", "unit/operations/test_authoring_folders.py",
            "integration/test_authoring_index.py", "unit/operations/test_manifest_proposal.py",
            "unit/operations/test_manifest_sources.py", "unit/operations/test_registry_folder.py",
            "e2e/test_authoring_trouble.py",
            "e2e/test_manifest_index.py", "e2e/test_manifest_new.py",
            "e2e/test_manifest_lock.py", "attacks/test_package_becomes_a_manifest.py",
        ),
        30,
    ),
}  # fmt: skip
