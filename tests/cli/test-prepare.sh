#!/bin/sh
# test-prepare.sh - bolter-train prepare: what it writes and prints, what it refuses, and that finetune,
# evaluate and predict read its files.
. "${top_srcdir:?}/tests/cli/trainer.sh"

tiny-model base || exit 99
tiny-model class head || exit 99

# has TEXT: it was printed, blanks apart.
has()
{
    tr -s ' ' <out | grep -qF -- "$1"
}

lines()
{
    [ "$(wc -l <"$1")" -eq "$2" ]
}

# ---- Data: 100 ham, 50 spam, 10 eggs, then a copy, a near copy, a conflict ----

word()
{
    echo "$1" | tr 0123456789 qwertyuiop
}
{
    i=100
    while [ $i -lt 200 ]; do
        printf 'ham\tcup of tea %s\n' "$(word $i)"
        [ $i -ge 150 ] || printf 'spam\twin cash %s\n' "$(word $i)"
        [ $i -ge 110 ] || printf 'eggs\tfried, "%s"\n' "$(word $i)"
        i=$((i + 1))
    done
    printf 'ham\tCup of  TEA wqq!\n'
    printf 'ham\tone two three four five six seven eight nine ten eleven twelve\n'
    printf 'ham\tone two three four five six seven eight nine ten eleven dozen\n'
    printf 'ham\tboth\nspam\tboth\n'
} >data.tsv

# mbox FILE WORD FIRST
mbox()
{
    i=10
    while [ $i -lt 30 ]; do
        printf 'From a@example.org Mon Jan  1 00:00:00 2024\nFrom: Ann <a@%s.example>\n' "$(word $i)"
        printf 'Date: %d Jan 2024 10:00:00 +0000\nSubject: %s\n\n%s %s\n\n' $i "$2" "$2" "$(word $i)"
        i=$((i + 1))
    done >"$1"
}
mbox spam.mbox win
mbox ham.mbox tea

# ---- Files ----

runs 0 prepare -o p --data data.tsv -m base
ok "prepare splits a TSV of three labels"
has 'read 165 104 51 10' && has 'train 114 72 35 7' &&
    has 'validation 16 10 5 1' && has 'test 32 20 10 2'
ok "it prints the texts of each label and part"
has 'under several labels: 2 left out' && has 'duplicates: 1 left out' &&
    has 'near-duplicates: 1 kept in one part; 0 of them'
ok "it prints what it left out"
has 'train tokens' && has 'test in train: 0 the same, 0 more nearly' && has 'class weight 0.5'
ok "it prints lengths, leaks and weights"
head -n 1 p/train.csv | grep -qx 'Label,Text' && grep -q '^eggs,"fried, "".*"""$' p/train.csv &&
    [ "$(cat p/*.csv | wc -l)" -eq 165 ]
ok "the files are CSV, and have every text once"
[ -z "$(cut -d, -f2- p/*.csv | grep -v '^Text$' | sort | uniq -d)" ] &&
    [ "$(grep -l 'one two' p/*.csv | wc -l)" -eq 1 ]
ok "no text is in two parts, and near copies are in one"

runs 1 prepare -o p --data data.tsv && complains '^bolter-train: .*train.csv: is there'
ok "files that are there are not replaced"
cp -r p before
runs 0 prepare --force -o p --data data.tsv && diff -r p before >/dev/null
ok "--force replaces them, and the same seed gives the same files"
runs 0 prepare --force -o p --data data.tsv --seed 5 && ! diff -r p before >/dev/null
ok "another seed gives others"
[ -z "$(find p -name '*.tmp.*')" ]
ok "no temporary file stays"

runs 0 prepare -o j --data data.tsv --format jsonl --ids --numbers --json --balance \
    --near-duplicates remove --ratio 1,0,1 &&
    lines out 1 && grep -q '^{"v":1,"read":{"ham":104,"spam":51,"eggs":10}' out
ok "--json prints one object"
grep -q '"near_duplicates":1,' out && grep -q '"over_limit":131,' out &&
    grep -q '"train":{"texts":15,"labels":{"ham":5,"spam":5,"eggs":5}' out
ok "it has the counts of a balanced split"
lines j/train.jsonl 15 && lines j/validation.jsonl 0 &&
    ! grep -qv '^{"id":"[0-9]*","label":"[012]","text":".*"}$' j/test.jsonl
ok "--format jsonl, --ids and --numbers write what they say"
runs 0 prepare -o k --data j/train.jsonl --duplicates keep --max-per-class 2 && has 'read 15 5 5 5' &&
    has 'over the number of their label: 9 left out'
ok "prepare reads its JSON lines"

# ---- Mail ----

runs 0 prepare -o t --ids --split-by time --spam spam.mbox --ham ham.mbox
ok "prepare splits mail by time"
grep -q '/19$' t/test.csv && grep -q '/0$' t/train.csv && ! grep -q '/1[6-9]$' t/train.csv &&
    ! grep -q '/[0-9]$' t/test.csv && head -n 2 t/train.csv | grep -q '^spam,"Subject: win$'
ok "the oldest mail trains, the youngest tests"
runs 0 prepare -o s --ids --split-by sender --spam spam.mbox --ham ham.mbox &&
    [ "$(grep -lE '(spam|ham)/7$' s/*.csv | wc -l)" -eq 1 ]
ok "mail from one domain stays together"

# ---- Mailboxes of one name ----

mkdir -p one two/deep other/deep
cp spam.mbox one/spam.mbox
cp spam.mbox two/deep/spam
gzip -c spam.mbox >other/deep/spam.mbox.gz
# ids CORPUS...: what ids begin with, without the numbers.
ids()
{
    runs 0 prepare -o n --force --ids --duplicates keep "$@" --ham ham.mbox &&
        cat n/*.csv | sed -n 's|.*,\([a-z/]*\)/[0-9]*$|\1|p' | sort -u | tr '\n' ' '
}
same 'ham spam ' "$(ids --spam one/spam.mbox)"
ok "one mailbox of a name goes by its name"
same 'deep/spam ham one/spam ' "$(ids --spam two/deep/spam --spam one/spam.mbox)" &&
    same 'deep/spam ham one/spam ' "$(ids --spam one/spam.mbox --spam two/deep/spam)"
ok "two of a name go by their folders, in whatever order they are given"
same 'ham one/spam other/deep/spam two/deep/spam ' \
    "$(ids --spam one/spam.mbox --spam two/deep/spam --spam other/deep/spam.mbox.gz)"
ok "three go by as many folders as each needs"
for i in 0 1 2; do printf '%s\tham\ttrain\n' $i; done >parts.split
printf 'ham\ttea\nham\tmilk\nspam\twin\n' >first.tsv
printf 'spam\tcash\nham\tcup\n' >second.tsv
runs 0 prepare -o n --force --data first.tsv --split parts.split
ok "a split file is about one corpus"
runs 1 prepare -o none --data first.tsv --data second.tsv --split parts.split &&
    complains '0: of this id there is a text in first.tsv and one in second.tsv'
ok "a split file for two corpora with the same ids is refused"

runs 1 prepare -o none --split-by thread --data data.tsv && complains '^bolter-train: '
ok "texts cannot be split by thread"
[ ! -e none ]
ok "and nothing is written"

# ---- Checking ----

runs 0 prepare --check t/train.csv t/validation.csv t/test.csv &&
    has 'test in train: 0 the same, 0 more nearly' && has 'validation in train: 0 the same'
ok "--check finds no leak in prepared files"
printf 'Label,Text\nham,"CUP OF TEA, wqq?"\nham,new\n' >leak.csv
printf 'Label,Text\nham,cup of tea wqq\n' >seen.csv
runs 0 prepare --check --json seen.csv leak.csv &&
    grep -qF '"leaks":[{"part":"test","in":"train","same":1,"near":1,"id":"0","other":"0"}]' out
ok "--check finds one in others"
runs 1 prepare --check --data data.tsv && complains '^bolter-train: '
ok "--check of one part fails"

# ---- The book ----

printf 'ham\ta\nspam\t"b\nham\tc"\nham\td\n' >sms
runs 0 prepare -o book --book sms && has 'read 3 2 1' && lines book/test.csv 2 &&
    ! grep -q '^ham,' book/train.csv
ok "--book balances and writes numbers"
shared="${BOLTER_SHARED:-$top_srcdir/../shared}/corpora/sms-spam-collection"
if [ -r "$shared/raschka-split/train.csv" ]; then
    runs 0 prepare -o raschka --book "$shared/SMSSpamCollection" -m base &&
        diff -r raschka "$shared/raschka-split" >/dev/null
    ok "--book makes the book's files, byte for byte"
else
    skip "--book makes the book's files, byte for byte" "no shared reference data"
fi

# ---- What reads the files ----

runs 0 prepare -o bare --spam spam.mbox --ham ham.mbox --layout '{subject}: {body}' &&
    ! grep -q From: bare/train.csv && grep -q '^spam,"\{0,1\}[^"]*: ' bare/train.csv &&
    runs 1 prepare -o x --spam spam.mbox --ham ham.mbox --layout '{body} {mood}' &&
    complains 'unknown placeholder {mood}'
ok "--layout says what of a mail is read"
runs 0 prepare -o two --spam spam.mbox --ham ham.mbox &&
    runs 0 finetune -m base -o model --train two/train.csv --validation \
        two/validation.csv -e 2 -b 8 --lr 0.01 -j 1 --max-tokens 24
ok "finetune reads them"
runs 0 evaluate -m model --test two/test.csv && grep -q '^8 messages' out
ok "evaluate reads them"
runs 0 predict -m class --train two/train.csv --test two/test.csv && lines out 36
ok "predict of all parts has the training part too"
runs 0 predict -m class --kind mboxcl2 --spam spam.mbox --kind mboxo --ham ham.mbox &&
    lines out 40
ok "--kind says what the corpora after it are"

# ---- Wrong usage and failures ----

usage "no place" prepare --data data.tsv
usage "no corpus" prepare -o x
usage "a corpus besides the book" prepare -o x --book sms --data data.tsv
usage "a place for a check" prepare -o x --check seen.csv leak.csv
usage "a check of one file" prepare --check seen.csv
usage "a file without an option" prepare -o x --data data.tsv more
usage "a ratio of two" prepare -o x --data data.tsv --ratio 80,20
usage "a ratio of nothing" prepare -o x --data data.tsv --ratio 0,0,0
usage "a ratio below nothing" prepare -o x --data data.tsv --ratio 2,-1,0
usage "an unknown split" prepare -o x --data data.tsv --split-by luck
usage "an unknown format" prepare -o x --data data.tsv --format xml
usage "an unknown way with copies" prepare -o x --data data.tsv --near-duplicates burn

runs 1 prepare -o x --data nothing.tsv && complains '^bolter-train: .*nothing.tsv'
ok "a corpus that is not there fails"
runs 1 prepare -o no/such --data data.tsv && complains '^bolter-train: .*no/such'
ok "a place that cannot be fails"
runs 1 prepare -o x --kind pdf --data data.tsv && complains '^bolter-train: .*mboxcl2'
ok "an unknown kind fails"
[ ! -e x ]
ok "after a failure nothing is there"
bolter-train prepare -o full --data data.tsv >/dev/full 2>err
[ $? -eq 1 ] && complains '^bolter-train: '
ok "prepare on a full disk fails"

finish
