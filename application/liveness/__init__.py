"""Use cases of presentation attack detection: the gate that photos pass, and liveness sessions."""
