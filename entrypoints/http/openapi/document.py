"""The API's description."""

from litestar.openapi import OpenAPIConfig
from litestar.openapi.plugins import JsonRenderPlugin


def openapi_config(version: str) -> OpenAPIConfig:
    """What the framework makes of the handlers."""
    return OpenAPIConfig(
        title="Face API",
        version=version,
        description="Registers people from photos and recognises them in new ones.",
        render_plugins=[JsonRenderPlugin()],
        use_handler_docstrings=True,
    )
