tok_sources =
