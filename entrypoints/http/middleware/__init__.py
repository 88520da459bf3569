"""What happens to every request, whatever it asks: proxies, the access log, HEAD, clients that leave.

Plain ASGI applications around the framework's, which calls its own middleware for addresses that it knows only.
"""
