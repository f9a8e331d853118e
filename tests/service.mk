# Tests of service.
