"""Names of the folders and files that stand around the tables of a snapshot (contract §3), and how many at once."""

SNAPSHOTS = "snapshots"
TEMP_PREFIX = ".writing-"
REPORTS = "reports"  # beside the snapshots, a folder of the same name for each
REGULATORS = "regulators"
DESK = "desk"
MANIFEST = "manifest.json"
PRUNED = "pruned.json"
REPORT = f"{REGULATORS}/report.html"
DESK_MANIFEST = f"{DESK}/manifest.json"

CORES = 2  # tables that are written, or looked at, at a time
