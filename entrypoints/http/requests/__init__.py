"""What requests carry: parameters, photos, forms and JSON, each read within its bounds."""
