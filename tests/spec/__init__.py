"""Spec cases: rules as a lawyer would test them, run on the reference engine and on the real pipeline."""
