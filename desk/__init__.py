"""The approval desk reads what `publish` writes into `desk/` of a snapshot, and nothing else (no code yet)."""
