"""The API's description: what each operation may refuse."""

from collections import defaultdict
from http import HTTPStatus

from litestar.openapi import OpenAPIConfig, ResponseSpec
from litestar.openapi.plugins import JsonRenderPlugin
from litestar.openapi.spec import Components, SecurityScheme

from domain import errors
from entrypoints.http.envelope import Failure
from entrypoints.http.errors import status_of

ALWAYS = (
    errors.InvalidInput,
    errors.Unauthenticated,
    errors.AccessDenied,
    errors.Unavailable,
    errors.FaceServiceError,
)
"""What any operation may answer: bad parameters, no key, no permission, no database, a defect of ours."""


def refusals(*kinds: type[errors.FaceServiceError]) -> dict[int, ResponseSpec]:
    """The error answers of an operation, by status, each with the codes that it may have."""
    codes: defaultdict[HTTPStatus, list[str]] = defaultdict(list)
    codes[HTTPStatus.BAD_REQUEST].append("validation_error")
    possible: tuple[type[errors.FaceServiceError], ...] = (*kinds, *ALWAYS)
    for kind in possible:
        codes[status_of(kind)].append(kind.code)
    return {
        int(status): ResponseSpec(
            Failure,
            description=f"{status.phrase}: " + ", ".join(f"`{code}`" for code in sorted(set(names))),
            generate_examples=False,
        )
        for status, names in sorted(codes.items())
    }


def openapi_config(version: str) -> OpenAPIConfig:
    """What the description says of the whole."""
    return OpenAPIConfig(
        title="Face API",
        version=version,
        description="Registers people from photos and recognises them in new ones.",
        render_plugins=[JsonRenderPlugin()],
        use_handler_docstrings=True,
        components=Components(
            security_schemes={
                "ApiKey": SecurityScheme(type="apiKey", name="X-API-Key", security_scheme_in="header"),
                "Bearer": SecurityScheme(type="http", scheme="bearer"),
            }
        ),
        security=[{"ApiKey": []}, {"Bearer": []}, {}],
    )
