"""How the application's ports are met: one package a technology; they don't know each other."""
