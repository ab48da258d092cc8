"""Writers: cells to bytes, the same bytes for the same cells."""
