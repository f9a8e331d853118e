# Tests of tok.
