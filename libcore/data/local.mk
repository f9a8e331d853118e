data_sources =
