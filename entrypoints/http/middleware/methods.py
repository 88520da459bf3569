"""HEAD, and what an address answers to OPTIONS."""

from litestar.datastructures import MutableScopeHeaders
from litestar.types import ASGIApp, HTTPResponseStartEvent, Message, Receive, Scope, Send


def head_as_get(app: ASGIApp) -> ASGIApp:
    """Answers HEAD as GET, without the body (RFC 9110, section 9.3.2), and says so in Allow."""

    async def answered(scope: Scope, receive: Receive, send: Send) -> None:
        head = scope.get("method") == "HEAD"

        async def sent(message: Message) -> None:
            if message["type"] == "http.response.start":
                if scope.get("method") == "OPTIONS":
                    _allow_all_methods(message, scope)
                if any(name == b"allow" for name, _ in message["headers"]):
                    headers = MutableScopeHeaders.from_message(message)
                    allowed = set(headers["Allow"].split(", "))
                    headers["Allow"] = ", ".join(sorted(allowed | ({"HEAD"} if "GET" in allowed else set())))
            elif head and message["type"] == "http.response.body":
                message["body"] = b""
            await send(message)

        if head:
            # A copy: the server looks at its own, to send no body.
            scope = scope.copy()
            scope["method"] = "GET"  # type: ignore[typeddict-unknown-key]
        await app(scope, receive, sent)

    return answered


def _allow_all_methods(message: HTTPResponseStartEvent, scope: Scope) -> None:
    """Name every method of the address in the answer to OPTIONS: the framework names those of one handler."""
    if template := scope.get("path_template"):
        routes = [route for route in scope["litestar_app"].routes if route.path_format == template]
        methods = {method for route in routes for method in route.methods}
        MutableScopeHeaders.from_message(message)["Allow"] = ", ".join(sorted(methods))
