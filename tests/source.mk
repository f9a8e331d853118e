# Tests of source.
