"""HEAD, which health checkers and link checkers ask with: GET's answer without its body."""

from starlette.types import ASGIApp, Message, Receive, Scope, Send


class Head:
    """Answers HEAD wherever GET is answered."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass HEAD on as GET and keep the body back; what the app notes of the request stays noted."""
        if scope["type"] != "http" or scope["method"] != "HEAD":
            await self._app(scope, receive, send)
            return

        async def send_bare(message: Message) -> None:
            await send({**message, "body": b""} if message["type"] == "http.response.body" else message)

        # a copy: the server goes by its own scope when it decides whether a body must follow
        asked = {**scope, "method": "GET"}
        try:
            await self._app(asked, receive, send_bare)
        finally:
            scope.update(asked, method="HEAD")
