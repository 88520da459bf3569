"""Encryption at rest with AES-256-GCM, by the package cryptography."""
