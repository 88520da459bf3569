"""Memory that all processes of the service share."""
