# Tests of service, settings and the daemon's parts.
check_PROGRAMS += test-service
TESTS += test-service
test_service_SOURCES = tests/unit/test_service.c
test_service_LDADD = $(check_libs)

check_PROGRAMS += test-settings
TESTS += test-settings
test_settings_SOURCES = tests/unit/test_settings.c
test_settings_LDADD = libbolterconf.la $(check_libs)

check_PROGRAMS += test-policy
TESTS += test-policy
test_policy_SOURCES = tests/unit/test_policy.c $(field_sources)
test_policy_LDADD = libdaemon.la $(check_libs)
