"""What stands around a run: the output folder, its lock, ``status.json``, ``latest.json``, the log."""
