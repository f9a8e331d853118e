kern_sources =
