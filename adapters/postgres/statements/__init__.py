"""The SQL statements, made once: repositories give them their parameters."""
