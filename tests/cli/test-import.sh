#!/bin/sh
# test-import.sh - bolter-train import: OpenAI's release and PyTorch's files, also those that PyTorch
# itself writes, where it is installed.
. "${top_srcdir:?}/tests/cli/trainer.sh"

make-foreign . || exit 99

# The model in our own format, whose weights all others have.
bolter-train export -m base -o want || exit 99

runs 0 import -o a release && cmp a/model.safetensors want/model.safetensors &&
    cmp a/vocab.json base/vocab.json && cmp a/merges.txt base/merges.txt && [ -s a/tokenizer.bolter ]
ok "OpenAI's release becomes a model directory"
grep -q 'a: [0-9]* parameters, 1 blocks of 12 channels and 3 heads, 258 tokens' out && [ ! -s err ]
ok "what it is is said"
echo '{"ids":[5,17,200,3]}' >ids
bolter-train inspect logits -m base <ids >x && bolter-train inspect logits -m a <ids >y && cmp x y
ok "its logits are those of the model"
runs 0 import -o b --heads 3 hf.pth && cmp b/model.safetensors want/model.safetensors &&
    [ ! -e b/vocab.json ] && grep -q 'no tokenizer' out
ok "a state dict with Hugging Face's names does too"
runs 0 import -o c --heads 3 --tokenizer base book.pth &&
    cmp c/model.safetensors want/model.safetensors && cmp c/vocab.json base/vocab.json
ok "and one with the book's names, with a tokenizer from elsewhere"
runs 0 import -o d --heads 3 book && cmp d/model.safetensors want/model.safetensors
ok "it may be unpacked already"
runs 0 import -o e --heads 3 --tokenizer base --labels no,spam --pad-to 20 head.pth &&
    grep -q '2 labels' out && grep -q '"no"' e/bolter.json && grep -q '"pad_to": 20' e/bolter.json
ok "a classifier has labels and a length"
runs 0 import -o f --heads 3 --dtype float16 hf.pth &&
    [ "$(wc -c <f/model.safetensors)" -lt "$(wc -c <b/model.safetensors)" ]
ok "the number format may be another"
find . -maxdepth 1 -name '*import*' >out && [ ! -s out ]
ok "what was unpacked is gone"

printf 'PK\003\004 and no more' >torn.pth
runs 1 import -o g torn.pth && [ -s err ] && [ ! -e g ]
ok "a torn zip file is refused"
printf 'nothing of the kind' >old.pth
runs 1 import -o g old.pth && complains "no zip file"
ok "a file that is no zip is refused"
runs 1 import -o g base && complains "no data.pkl"
ok "a directory of another kind is refused"
mkdir -p evil && printf '\200\002cposix\nsystem\n(X\013\000\000\000touch pwnedtR.' >evil/data.pkl
runs 1 import -o g evil && complains "posix.system" && [ ! -e pwned ]
ok "a pickle that would run a program is refused"
mkdir -p letters && echo dear >letters/mail
runs 1 import -o letters --heads 3 hf.pth && complains "left alone" && [ -s letters/mail ]
ok "a directory with something else in it is left alone"
runs 2 import release && complains "needs -o DIR" && runs 2 import -o g && runs 2 import -o g a b
ok "a directory and one thing to import are needed"

# ---- PyTorch itself ----

cat >save.py <<'END'
import torch
book = torch.load("book.pth")
hf = torch.load("hf.pth")
assert list(book)[0] == "tok_emb.weight" and book["out_head.weight"].shape == (258, 12), list(book)
torch.save(book, "book-again.pth")
tied = dict(hf)
tied["lm_head.weight"] = tied["transformer.wte.weight"]
turned = {k: v.t().contiguous().t() if v.dim() == 2 and "c_attn" in k else v for k, v in tied.items()}
torch.save(turned, "hf-again.pth")
model = torch.nn.Linear(3, 2)
steps = torch.optim.AdamW(model.parameters(), lr=1e-3)
model(torch.ones(1, 3)).sum().backward()
steps.step()
torch.save({"model_state_dict": book, "optimizer_state_dict": steps.state_dict(), "epoch": 3}, "both.pth")
torch.save({k: v.to(torch.bfloat16) for k, v in hf.items() if k != "transformer.h.0.attn.bias"}, "bf16.pth")
own = dict(book)
own["out_head.weight"] = 2 * book["out_head.weight"]
torch.save(own, "own.pth")
torch.save(book, "old-way.pth", _use_new_zipfile_serialization=False)
END
cat >twice.py <<'END'
import json
x, y = (json.load(open(name))["logits"] for name in "xy")
assert len(x) == 258 and all(abs(2 * a - b) <= 1e-6 * (1 + abs(b)) for a, b in zip(x, y)), (x[:4], y[:4])
END
python=
for p in python3 /usr/bin/python3; do
    if "$p" -c 'import torch' 2>/dev/null; then python=$p; break; fi
done
if [ -n "$python" ]; then
    "$python" save.py >out 2>err
    ok "PyTorch reads the files that the tests write"
    runs 0 import -o h --heads 3 book-again.pth && cmp h/model.safetensors want/model.safetensors
    ok "what PyTorch writes is read"
    runs 0 import -o h --heads 3 hf-again.pth && cmp h/model.safetensors want/model.safetensors
    ok "with tensors that share values, and turned ones"
    runs 0 import -o h --heads 3 both.pth && cmp h/model.safetensors want/model.safetensors
    ok "with an optimiser beside the model"
    runs 0 import -o h --heads 3 --dtype bfloat16 bf16.pth && bolter-train export -m base -o w16 \
        --dtype bfloat16 && cmp h/model.safetensors w16/model.safetensors
    ok "in bfloat16"
    runs 0 import -o own --heads 3 own.pth && bolter-train inspect logits -m own <ids >y &&
        "$python" twice.py && bolter-train inspect model -m own | grep -q "a matrix of its own"
    ok "with an output layer of its own, twice the embedding"
    runs 1 import -o h --heads 3 old-way.pth && complains "no zip file"
    ok "its old format is refused"
else
    for what in "PyTorch reads the files that the tests write" "what PyTorch writes is read"; do
        skip "$what" "no python3-torch"
    done
fi
finish
