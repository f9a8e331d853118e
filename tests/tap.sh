# tap.sh - what the scripts that read the tree share: a rule is a sentence, and the offences against
# it are lines.
#
#     rule "no line is longer than 110 columns" long_lines
#     finish
#
# The command prints one offence a line; none, and a status of 0, means that the rule holds.

set -u
export LC_ALL=C
top_srcdir=${top_srcdir:-.}
top_builddir=${top_builddir:-.}
n_rules=0
n_broken=0

rule() {
    local sentence=$1 offences status
    shift
    n_rules=$((n_rules + 1))
    offences=$("$@" 2>&1)
    status=$?
    if [ -z "$offences" ] && [ $status -eq 0 ]; then
        echo "ok $n_rules - $sentence"
        return
    fi
    echo "${offences:-status $status}" | sed 's/^/# /'
    echo "not ok $n_rules - $sentence"
    n_broken=$((n_broken + 1))
}

# rule_with TOOL SENTENCE COMMAND...: skipped where the tool is not installed.
rule_with() {
    local tool=$1
    shift
    if command -v "$tool" >/dev/null; then
        rule "$@"
    else
        n_rules=$((n_rules + 1))
        echo "ok $n_rules - $1 # SKIP $tool is not installed"
    fi
}

finish() {
    echo "1..$n_rules"
    exit $((n_broken > 0))
}

# The folders that hold what we wrote; a build folder among them holds nothing of it.
our_folders="libcore conf web milter trainer models tests bench contrib"

# our_files NAME...: files with names like these, relative to the top of the tree, which is where the
# scripts run.
our_files() {
    local folder name
    for folder in $our_folders; do
        for name; do
            [ ! -d "$folder" ] || find "$folder" -type f -name "$name"
        done
    done | sort
}

# A variable as configure wrote it into the Makefile.
make_variable() {
    sed -n "s/^$1 = //p" "$build/Makefile"
}

build=$(cd "$top_builddir" && pwd) || exit 99
cd "$top_srcdir" || exit 99
