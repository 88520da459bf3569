"""The API's operations: one module a resource. Handlers read the request, ask a use case and show its answer."""
