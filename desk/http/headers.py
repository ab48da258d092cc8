"""Headers that every answer carries: nothing from outside, no frame, no guess of types, nothing kept."""

from __future__ import annotations

from typing import Any

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; font-src 'self';"
    " form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
_HEADERS = {
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}
_YEAR_SECONDS = 31_536_000
_KEPT, _NOT_KEPT = (b"cache-control", b"public, max-age=3600"), (b"cache-control", b"no-store")


class SecureHeaders:
    """Adds them; plain ASGI, since it stands in the way of every look-up."""

    def __init__(self, app: Any, is_plain_http: bool = False) -> None:
        self.app = app
        headers = dict(_HEADERS)
        if not is_plain_http:
            headers["strict-transport-security"] = f"max-age={_YEAR_SECONDS}"
        self._headers = [(name.encode(), value.encode()) for name, value in headers.items()]

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """One request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        kept = _KEPT if scope["path"].startswith("/static/") else _NOT_KEPT

        async def send_with(message: Any) -> None:
            if message["type"] == "http.response.start":
                # No route sets one of them.
                message["headers"] = [*message["headers"], *self._headers, kept]
            await send(message)

        await self.app(scope, receive, send_with)
