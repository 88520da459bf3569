"""What operators measure on their own photos: verification, searches, quality, liveness, thresholds."""
