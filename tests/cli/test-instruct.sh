#!/bin/sh
# test-instruct.sh - bolter-train instruct and respond: tasks in parts, learned answers, a judge.
# shellcheck disable=SC2086 # words that are several
. "${top_srcdir:?}/tests/cli/trainer.sh"
unset http_proxy HTTP_PROXY all_proxy ALL_PROXY

tiny-model vocab || exit 99

# A model with room for the template, which learns nothing yet.
i=0
while [ $i -lt 12 ]; do
    echo "the hen and the ten other hens are here, she then hears them all, one two three four five six."
    i=$((i + 1))
done >text.txt
bolter-train pretrain --vocab vocab --layers 1 --width 32 --heads 2 --context 256 -o base --length 32 -b 2 \
    --steps 2 text.txt 2>said || exit 99

# 40 tasks, one answer.
{
    sep='['
    for word in tea cup pot jam; do
        for copy in 0 1 2 3 4 5 6 7 8 9; do
            printf '%s{"instruction": "Say %s %d.", "input": "", "output": "jam"}\n' "$sep" $word $copy
            sep=,
        done
    done
    echo ']'
} >tasks.json
learn="-m base --lr 0.02 -b 4 -e 25 -j 1 --schedule constant --warmup 0 --clip-norm 1"

instruct()
{
    bolter-train instruct "$@" 2>said
}

respond()
{
    bolter-train respond "$@" 2>said
}

learns_answers()
{
    instruct $learn -o one --mask-instructions tasks.json || return 1
    grep -q "^34 tasks to train on, 2 to validate on, 4 left for the test; 0 without" said &&
        grep -q '"template": "alpaca"' one/instruct.json && test -s one/loss.svg &&
        same 4 "$(grep -c instruction one/test.json)" &&
        awk -F, 'NR == 2 { first = $4 } END { exit !($4 < 0.2 * first) }' one/train.csv
}

answers()
{
    echo '{"instruction":"Say jam 3.","output":"jam"}' | respond -m one -n 5 >out &&
        same '{"v":1,"instruction":"Say jam 3.","output":"jam","response":"jam"}' "$(cat out)"
}

answers_a_list()
{
    respond -m one -n 3 --limit 2 one/test.json >out && same 2 "$(wc -l <out)" &&
        grep -q '"response":"' out
}

# The loss of all tokens is not that of the answers.
masks()
{
    instruct $learn -o all tasks.json || return 1
    first() { awk -F, 'NR == 2 { print $6 }' $1/train.csv; }
    test "$(first all)" != "$(first one)"
}

keeps_template_and_begin()
{
    instruct $learn --steps 2 -o phi --template phi --begin tasks.json && grep -q '"template": "phi"' phi/instruct.json &&
        grep -q '"begin": true' phi/instruct.json && respond -m phi -n 2 --limit 1 tasks.json >out
}

adapters_are_merged()
{
    instruct $learn -o lora --trainable lora --lora-rank 4 tasks.json &&
        ! cmp -s lora/model.safetensors base/model.safetensors && respond -m lora -n 2 --limit 1 tasks.json >out
}

goes_on()
{
    instruct $learn -e 200 -o whole tasks.json || return 1
    bolter-train instruct $learn -e 200 -o again --log live tasks.json 2>said &
    pid=$!
    wait_for live
    kill -INT $pid
    exits 130 wait $pid && instruct $learn -e 200 -o again --resume tasks.json && cmp again/model.safetensors whole/model.safetensors
}

# judged ANSWER...: three tasks, and what the judge says.
judged()
{
    rm -f port asked
    judge-stub port asked "$@" &
    stub=$!
    wait_for port
    respond -m one -n 2 --limit 3 --judge "http://127.0.0.1:$(cat port)/v1/chat/completions" --judge-model m tasks.json >out
    status=$?
    kill $stub 2>log.2
    wait $stub
    return $status
}

scores_are_written()
{
    BOLTER_JUDGE_KEY=secret judged 80 "Score: 41/100" 5 && grep -q "3 of 3 answers scored, mean 42.00" said &&
        same 3 "$(grep -c '"score":' out)" && grep -q '"score":41' out &&
        same 3 "$(grep -c '^POST /v1/chat/completions' asked)" &&
        same 3 "$(tr -d '\r' <asked | grep -c '^Authorization: Bearer secret$')" &&
        same 3 "$(grep -c '"model": *"m"' asked)" && grep -q 'Say tea' asked && ! grep -q secret said
}

trouble_is_no_score()
{
    judged 90 '!500' "raw:nothing" && grep -q "1 of 3 answers scored, mean 90.00" said &&
        same 2 "$(grep -c '"score":null' out)" && grep -q "HTTP status 500" said && grep -q "not JSON" said &&
        judged "no idea" "101" "7" && grep -q "1 of 3 answers scored, mean 7.00" said && grep -q "gave no number" said &&
        exits 1 judged "raw:{}" "raw:[]" "-5"
}

refused()
{
    says=$1 status=$2
    shift 2
    exits "$status" bolter-train "$@" >out 2>said </dev/null && grep -q "$says" said && test ! -e none
}

echo '{"input": "x"}' >no-instruction.json
echo '[{"instruction": "a", "output": 3}]' >number.json
echo '[{"instruction": "a"' >broken.json
long=$(printf '%0600d' 0)
echo "[{\"instruction\": \"$long\", \"output\": \"x\"}, {\"instruction\": \"a\", \"output\": \"$long\"},
    {\"instruction\": \"b\", \"output\": \"y\"}]" >long.json

long_tasks_are_cut_or_left_out()
{
    instruct -m base -o none.long --steps 1 -b 1 --test-share 0 --validation-share 0.34 long.json &&
        grep -q "^1 tasks to train on, 1 to validate on, 0 left for the test; 1 without" said &&
        respond -m base long.json -n 2 >out && head -n 1 out | grep -q '"response":""'
}

ok "a model learns the answers" learns_answers
ok "it gives them" answers
ok "a list is answered line by line" answers_a_list
ok "masked instructions are not in the loss" masks
ok "template and begin token stay with the model" keeps_template_and_begin
ok "adapters are merged into the model" adapters_are_merged
ok "a run that is interrupted goes on to the same bits" goes_on
ok "scores of a judge are written, and their mean" scores_are_written
ok "a judge in trouble gives no score" trouble_is_no_score
ok "long tasks are cut, or left out" long_tasks_are_cut_or_left_out
ok "a task without an instruction" refused "task 1: expected strings" 1 instruct -m base -o none no-instruction.json
ok "an output that is a number" refused "task 1: expected strings" 1 instruct -m base -o none number.json
ok "broken JSON" refused "broken.json" 1 instruct -m base -o none broken.json
ok "nothing to train on" refused "none is left" 1 instruct -m base -o none --test-share 50% --validation-share 50% tasks.json
ok "an unknown template" refused "expected alpaca or phi" 2 instruct -m base -o none --template x tasks.json
ok "a judge without a model's name" refused "judge-model" 2 respond -m one --judge http://127.0.0.1:1/ tasks.json
ok "a judge that is no address" refused "not an address" 2 respond -m one -n 1 --limit 1 --judge file:///etc/passwd --judge-model m tasks.json
finish
