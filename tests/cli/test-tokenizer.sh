#!/bin/sh
# test-tokenizer.sh - bolter-train tokenizer train: from files and corpora to a tokenizer that encodes.
. "${top_srcdir:?}/tests/cli/trainer.sh"

i=0
while [ $i -lt 200 ]; do
    echo "cheap watches and cheap pills, number $i"
    i=$((i + 1))
done >text
gzip -c text >text.gz
sed 's/^/spam	/' text >data.tsv
printf 'From: a@example.org\nSubject: lunch\n\nAt noon, at noon, at noon?\n' >mail.eml

runs 0 tokenizer train -o a --vocab-size 300 text && [ -s a/vocab.json ] && [ -s a/merges.txt ] &&
    [ -s a/tokenizer.bolter ] && [ "$(head -n 1 a/merges.txt)" = "#version: 0.2" ]
ok "a tokenizer is learned from a file of text"
[ "$(tail -n 1 out)" = "300 tokens in a" ] && [ ! -s err ]
ok "what came of it is said, and nothing else"
echo '{"text":"cheap pills"}' >in
runs 0 tokenizer encode -m a && cp out in && runs 0 tokenizer decode -m a &&
    [ "$(cat out)" = '{"text":"cheap pills"}' ] && [ "$(tr -cd , <in | wc -c)" -lt 5 ]
ok "it encodes and decodes"
: >in
runs 0 tokenizer train -o b --vocab-size 300 text.gz && cmp a/vocab.json b/vocab.json &&
    cmp a/merges.txt b/merges.txt
ok "a file may be compressed"
runs 0 tokenizer train -o c --vocab-size 300 --json --data data.tsv --spam mail.eml &&
    grep -q '"texts":201,' out && grep -q '"vocab":300,' out
ok "corpora, with labels or mail, are texts too"
grep -q '"<|endoftext|>":0,"!":1,' a/vocab.json
ok "the end of text has id 0 and the bytes follow"
runs 0 tokenizer train -o d --vocab-size 300 --special '<a>' --special '<b>' text &&
    grep -q '"<a>":0,"<b>":1,"!":2,' d/vocab.json
ok "special tokens may be named"
runs 0 tokenizer train -o e --vocab-size 299 --special '' text && grep -q '{"!":0,' e/vocab.json &&
    cmp a/merges.txt e/merges.txt
ok "and there may be none"
runs 0 tokenizer train -o f --vocab-size 5000 text && complains "tokens instead of 5000"
ok "fewer tokens than wanted are said"
runs 1 tokenizer train -o a --vocab-size 300 text && complains "is there already"
ok "a tokenizer that is there stays"
runs 1 tokenizer train -o g --vocab-size 300 nowhere && complains nowhere && [ ! -e g ]
ok "a file that is missing is named, and no directory is made"
runs 1 tokenizer train -o g --vocab-size 300 /dev/null && complains "nothing to learn"
ok "no text is nothing to learn from"
runs 2 tokenizer train --vocab-size 300 text && complains "needs -o DIR" &&
    runs 2 tokenizer train -o g text && runs 2 tokenizer train -o g --vocab-size 300
ok "a directory, a size and texts are needed"
runs 2 tokenizer train -o g --vocab-size 300 --special the text && complains "could be learned"
ok "a special token that text could make is refused"
finish
