"""The pipeline of one photo, from the file to embedded faces: decode, detect, select, align, embed, check."""
