# Rules of the source text, of who includes whom, and of the documents.
source_checks = tests/check-source tests/check-layers tests/check-docs
TESTS += $(source_checks)
EXTRA_DIST += $(source_checks) tests/tap.sh autogen.sh .ci/run
