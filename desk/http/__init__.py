"""The desk over HTTP: an API for systems and a page for the counter. Only this package knows FastAPI."""
