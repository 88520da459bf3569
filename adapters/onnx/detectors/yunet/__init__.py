"""YuNet, the default detector; it also locates the landmarks that alignment uses."""
