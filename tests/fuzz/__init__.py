"""Fuzzing of all that reads what was delivered: grammars, targets, a corpus of what once went wrong."""
