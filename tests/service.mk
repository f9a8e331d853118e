# Tests of service, settings and the daemon's parts.
check_PROGRAMS += test-service test-windows
TESTS += test-service test-windows
test_windows_SOURCES = tests/unit/test_windows.c
test_windows_LDADD = libtiny.la $(check_libs)
test_service_SOURCES = tests/unit/test_service.c
test_service_LDADD = $(check_libs)

check_PROGRAMS += test-explain
TESTS += test-explain
test_explain_SOURCES = tests/unit/test_explain.c
test_explain_LDADD = libtiny.la $(check_libs)

check_PROGRAMS += test-settings
TESTS += test-settings
test_settings_SOURCES = tests/unit/test_settings.c
test_settings_LDADD = libbolterconf.la $(check_libs)

check_PROGRAMS += test-policy
TESTS += test-policy
test_policy_SOURCES = tests/unit/test_policy.c $(field_sources)
test_policy_LDADD = libdaemon.la $(check_libs)

check_PROGRAMS += test-listener test-operation
TESTS += test-listener test-operation
test_listener_SOURCES = tests/unit/test_listener.c
test_listener_LDADD = libdaemon.la $(check_libs)
test_operation_SOURCES = tests/unit/test_operation.c milter/ask.c $(field_sources)
test_operation_LDADD = libdaemon.la $(check_libs)

check_PROGRAMS += test-rules
TESTS += test-rules
test_rules_SOURCES = tests/unit/test_rules.c $(field_sources)
test_rules_LDADD = libdaemon.la $(check_libs)
