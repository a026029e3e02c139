"""One video from the inbox to verified, published outputs, by a recipe."""
