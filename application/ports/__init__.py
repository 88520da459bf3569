"""What the application needs from outside, as protocols that adapters implement."""
