"""Answers to OPTIONS."""

from litestar.datastructures import MutableScopeHeaders
from litestar.enums import ScopeType
from litestar.types import Message, Scope


async def allow_all_methods(message: Message, scope: Scope) -> None:
    """Name every method of the address in Allow: the framework names those of one of its handlers."""
    if message["type"] != "http.response.start" or scope["type"] != ScopeType.HTTP:
        return
    if scope["method"] == "OPTIONS" and (template := scope.get("path_template")):
        routes = [route for route in scope["litestar_app"].routes if route.path_format == template]
        methods = {method for route in routes for method in route.methods}
        MutableScopeHeaders.from_message(message)["Allow"] = ", ".join(sorted(methods))
