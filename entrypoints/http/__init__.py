"""The HTTP API: controllers, parameters, the table of errors. Handlers ask use cases, never ports."""
