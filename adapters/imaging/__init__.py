"""Pictures: decoded, turned upright, scaled, aligned and assessed (Pillow, OpenCV)."""
