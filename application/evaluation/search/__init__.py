"""1:N searches: how often they err, by size of the gallery, by method and by group."""
