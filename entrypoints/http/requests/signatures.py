"""What the framework knows of a handler's parameters."""

from functools import lru_cache

from litestar.enums import ParamType
from litestar.handlers import BaseRouteHandler
from litestar.params import ParameterKwarg
from litestar.typing import FieldDefinition


@lru_cache(maxsize=256)
def parameters_of(handler: BaseRouteHandler) -> dict[str, FieldDefinition]:
    """A handler's arguments, and those of what is injected into it, by name."""
    fields = dict(handler.parsed_fn_signature.parameters)
    for dependency in handler.resolve_dependencies().values():
        fields |= dependency.parsed_fn_signature.parameters
    return fields


@lru_cache(maxsize=256)
def required_query(handler: BaseRouteHandler) -> frozenset[str]:
    """Names of the query parameters that a request has to have."""
    return frozenset(
        name
        for name, field in parameters_of(handler).items()
        if isinstance(field.kwarg_definition, ParameterKwarg)
        and field.kwarg_definition.param_type is ParamType.QUERY
        and field.is_required
    )


@lru_cache(maxsize=256)
def optional_values(handler: BaseRouteHandler) -> frozenset[str]:
    """Names of parameters that are no text and may be absent: the framework reads the word `null` as absence."""
    return frozenset(
        name
        for name, field in parameters_of(handler).items()
        if field.is_optional and not any(inner.annotation is str for inner in field.inner_types)
    )
