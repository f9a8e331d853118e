service_sources =
