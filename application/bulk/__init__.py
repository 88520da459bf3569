"""The use cases of commands that process many photos or faces: enroll, identify, export, import, reembed."""
