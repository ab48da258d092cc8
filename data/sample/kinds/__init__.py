"""What each kind of record looks like: one module a kind, each a function of a chunk of entities."""
