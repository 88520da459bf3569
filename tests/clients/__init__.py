"""Clients that are generated from the description of the API, each used to register and recognise a face."""
