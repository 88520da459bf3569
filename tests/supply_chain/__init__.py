"""What the service is made of, for those who watch over it: a bill of materials, known vulnerabilities."""
