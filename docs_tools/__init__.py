"""Documents that are made from the sources, so that they cannot drift from them."""
