"""What operators measure on their own photos.

`datasets` has the photos, `metrics` the error rates; each other package answers one question.
"""
