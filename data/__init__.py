"""Sample landing files and the reference tables they are made from."""
