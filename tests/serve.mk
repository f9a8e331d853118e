# Tests of bolter-train serve: its interface, and the page in a browser.
TESTS += tests/cli/test-serve.sh tests/browser/test-page.sh
EXTRA_DIST += tests/cli/test-serve.sh tests/browser/test-page.sh tests/browser/page.cjs
