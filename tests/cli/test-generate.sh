#!/bin/sh
# test-generate.sh - bolter-train generate on a tiny language model.
. "${top_srcdir:?}/tests/cli/trainer.sh"

# A tiny model of 32 positions, see tests/unit/tiny.h.
tiny-model lm || exit 99
tiny-model class head || exit 99

generate()
{
    bolter-train generate -m lm "$@" 2>said
}

the_same_from_everywhere()
{
    generate -n 12 --prompt "hello" >one &&
        echo "hello" | generate -n 12 >two && cmp one two &&
        echo "hello" >prompt && generate -n 12 prompt >three && cmp one three &&
        generate -n 12 --echo -p hello >four && same "hello$(cat one)" "$(cat four)"
}

json_says_all()
{
    generate -n 5 -p hello --json >out &&
        grep -q '^{"v":1,"model":"[0-9a-f]\{16\}","prompt":"hello","text":".*","ids":\[.*\],"prompt_tokens":4,"stop":".*","seconds":[0-9.e-]*}$' out &&
        same 1 "$(wc -l <out)"
}

seeds_decide()
{
    generate -n 20 -t 1 --seed 1 -p a >one && generate -n 20 -t 1 --seed 1 -p a >two &&
        cmp one two && generate -n 20 -t 1 --seed 2 -p a >three && ! cmp -s one three
}

stops_at()
{
    says=$1
    shift
    generate "$@" >out && grep -q "stopped: $says" said
}

output_is_utf8()
{
    for seed in 1 2 3 4 5 6 7 8; do
        generate -n 25 -t 5 --seed $seed -p a | iconv -f utf-8 -t utf-8 >/dev/null || return 1
    done
}

refused()
{
    says=$1 status=$2
    shift 2
    exits "$status" generate "$@" >out </dev/null && test ! -s out && grep -q "$says" said
}

ok "option, file and standard input are the same prompt" the_same_from_everywhere
ok "--json prints one object" json_says_all
ok "the same seed draws the same text" seeds_decide
ok "it stops after --max-tokens" stops_at length -n 3 -p a
ok "it stops when the context is full" stops_at "context is full" -n 100 -t 0.01 -p a
ok "no tokens are no text" stops_at length -n 0 -p a
ok "an empty prompt begins with the begin token" stops_at length -n 1 -p ""
ok "what comes out is UTF-8" output_is_utf8
ok "a prompt longer than the context is an error" \
    refused "positions" 1 -p "$(printf '%040d' 0)"
ok "a missing model is an error" refused "config.json" 1 -m none -p a
ok "a classifier is refused" refused "classifier" 1 -m class -p a
ok "an unknown precision is refused" refused "expected one of auto" 2 --precision int4 -p a
ok "two prompts are wrong usage" refused "FILE" 2 -p a prompt
finish
