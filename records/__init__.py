"""Records: the field registry, readers, identifiers, normalisation, the lake, resolution."""
