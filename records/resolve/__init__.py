"""Resolution: which row is current, whom it concerns, what finds what (contract §2; set logic in Ibis)."""
