"""The description of the API, OpenAPI 3.1: made from the handlers, completed with what the framework can't see."""
