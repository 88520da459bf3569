"""What the service does: one class a use case. It knows the domain and its own ports only."""
