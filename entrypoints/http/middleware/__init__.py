"""What happens to every request, whatever it asks: the access log, HEAD, proxies, clients that leave."""
