"""Is an output what its recipe asked for: measured on its decoded pictures and sound, against its source's."""
