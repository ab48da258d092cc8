"""Snapshots: written, described, checked and renamed into place (contract §3)."""
