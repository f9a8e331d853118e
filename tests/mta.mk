# Tests of mta.
