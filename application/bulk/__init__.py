"""Use cases of commands on many photos: enrol, identify, export, import, embed anew."""
