"""Who asks: the HTTP API and the command line; and what puts the service together and starts it."""
