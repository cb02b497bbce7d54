"""Rules of `mcpi audit`, each explained in `docs/audit-rules.md`."""
