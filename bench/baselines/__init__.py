"""Hand-written programs that give the same classes and statuses from the same lake: what a person would write once.

They take what ingest has read and made uniform, and leave out validation, reasons, blockers, dates and documents.
"""
