train_sources =
