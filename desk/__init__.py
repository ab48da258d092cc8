"""The approval desk: eligibility store, look-ups, audit trail, users, HTTP API and web page.

It reads ``OUT/snapshots/*/desk/`` alone; nothing here knows a class or points (promise 5).
"""
