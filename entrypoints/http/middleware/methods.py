"""HEAD, and what an address answers to OPTIONS."""

from functools import partial

from litestar.datastructures import MutableScopeHeaders
from litestar.types import ASGIApp, HTTPResponseStartEvent, Message, Receive, Scope, Send

from entrypoints.http.middleware.answer_start import at_start


def head_as_get(app: ASGIApp) -> ASGIApp:
    """Answers HEAD as GET, without the body (RFC 9110, section 9.3.2), and says so in Allow."""

    async def answered(scope: Scope, receive: Receive, send: Send) -> None:
        head = scope.get("method") == "HEAD"

        async def without_body(message: Message) -> None:
            if message["type"] == "http.response.body":
                message["body"] = b""
            await send(message)

        if head:
            # A copy: the server looks at its own, to send no body.
            scope = scope.copy()
            scope["method"] = "GET"  # type: ignore[typeddict-unknown-key]
        allow = partial(_allow_head, scope)
        await app(scope, receive, at_start(without_body if head else send, allow))

    return answered


def _allow_head(scope: Scope, message: HTTPResponseStartEvent) -> None:
    if scope.get("method") == "OPTIONS":
        _allow_all_methods(message, scope)
    for name, _ in message["headers"]:
        if name == b"allow":
            headers = MutableScopeHeaders.from_message(message)
            allowed = set(headers["Allow"].split(", "))
            headers["Allow"] = ", ".join(sorted(allowed | ({"HEAD"} if "GET" in allowed else set())))
            return


def _allow_all_methods(message: HTTPResponseStartEvent, scope: Scope) -> None:
    """Name every method of the address in the answer to OPTIONS: the framework names those of one handler."""
    if template := scope.get("path_template"):
        routes = [route for route in scope["litestar_app"].routes if route.path_format == template]
        methods = {method for route in routes for method in route.methods}
        MutableScopeHeaders.from_message(message)["Allow"] = ", ".join(sorted(methods))
