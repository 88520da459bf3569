"""What handlers take: their parameters, and the fields of their bodies."""

from functools import lru_cache
from typing import ClassVar

import msgspec
from litestar.enums import ParamType
from litestar.handlers import BaseRouteHandler, HTTPRouteHandler
from litestar.openapi.spec import Operation
from litestar.params import ParameterKwarg
from litestar.typing import FieldDefinition


class OperationWithBody(Operation):
    """An operation whose body the handler reads itself."""

    form_fields: ClassVar[frozenset[str]] = frozenset()
    json_fields: ClassVar[frozenset[str]] = frozenset()


def form_fields(handler: BaseRouteHandler) -> frozenset[str]:
    """Names of the fields of a handler's form besides its parameters."""
    body = _body_of(handler)
    return body.form_fields if body else frozenset()


def json_fields(handler: BaseRouteHandler) -> frozenset[str]:
    """Names of the keys of a handler's JSON body."""
    if body := _body_of(handler):
        return body.json_fields
    return frozenset(
        field.encode_name for field in msgspec.structs.fields(parameters_of(handler)["data"].annotation)
    )


def takes_body(handler: BaseRouteHandler) -> bool:
    """Whether a handler has a use for a body besides a form of its parameters."""
    return takes_json(handler) or _body_of(handler) is not None


def takes_json(handler: BaseRouteHandler) -> bool:
    """Whether the framework reads a JSON body for a handler."""
    return "data" in parameters_of(handler)


def _body_of(handler: BaseRouteHandler) -> type[OperationWithBody] | None:
    if isinstance(handler, HTTPRouteHandler) and issubclass(handler.operation_class, OperationWithBody):
        return handler.operation_class
    return None


@lru_cache(maxsize=256)
def parameters_of(handler: BaseRouteHandler) -> dict[str, FieldDefinition]:
    """A handler's arguments, and those of what is injected into it, by name."""
    fields = dict(handler.parsed_fn_signature.parameters)
    for dependency in handler.resolve_dependencies().values():
        fields |= dependency.parsed_fn_signature.parameters
    return fields


@lru_cache(maxsize=256)
def query_parameters(handler: BaseRouteHandler) -> frozenset[str]:
    """Names of the parameters that a request may have in the query."""
    injected = handler.resolve_dependencies()  # which the framework describes as parameters of the query, too
    return frozenset(
        name
        for name, field in parameters_of(handler).items()
        if name not in injected
        and isinstance(field.kwarg_definition, ParameterKwarg)
        and field.kwarg_definition.param_type is ParamType.QUERY
    )


def required_query(handler: BaseRouteHandler) -> frozenset[str]:
    """Names of the query parameters that a request has to have."""
    parameters = parameters_of(handler)
    return frozenset(name for name in query_parameters(handler) if parameters[name].is_required)


@lru_cache(maxsize=256)
def optional_values(handler: BaseRouteHandler) -> frozenset[str]:
    """Names of parameters that are no text and may be absent: the framework reads the word `null` as absence."""
    return frozenset(
        name
        for name, field in parameters_of(handler).items()
        if field.is_optional and not any(inner.annotation is str for inner in field.inner_types)
    )
