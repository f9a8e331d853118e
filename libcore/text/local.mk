text_sources =
