ckpt_sources =
