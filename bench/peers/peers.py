#!/usr/bin/python3
"""peers.py - this engine and this filter beside others, on one machine, in turns; prints CSV.

    bench/peers/peers.py --build DIR [--node DIR] --mail MBOX... [--rounds N] [--only ROW,...]

  --build  a build directory with bolter, bolter-milter, bolter-train, and what this script makes there:
           bench-kernels, bench-message, fakemta
  --node   a folder with node_modules/onnxruntime-node ("npm install --ignore-scripts onnxruntime-node"); not
           said: Python's onnxruntime
  --mail   mailboxes (plain or .gz) of mail as it comes, named ham or spam in their file names
  --only   some of: kernels, message, start, daemon, memory, workers

All that is compared runs pinned to one processor, in turns (a b a b ...); each figure is a median over the
rounds. Processor seconds are what the ratios are made of, since other work may share the machine; wall
seconds stand beside them. Debian packages: python3-torch, python3-onnx, python3-numpy, nodejs, bogofilter,
spamassassin, spamd, spamc, rspamd. The two filters run with the rules that need neither network nor learning.
"""
import argparse
import csv
import glob
import gzip
import importlib.metadata
import json
import mailbox
import os
import platform
import re
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(os.path.dirname(HERE))
sys.path.insert(0, os.path.join(TOP, "bench"))
sys.path.insert(0, HERE)

CORE = max(os.sched_getaffinity(0))
SMALL = (8, 384, 6)    # layers, width, heads: the default model
LARGE = (12, 768, 12)  # GPT-2 124M
VOCAB, CONTEXT = 16384, 1024
MAILS, BATCH = 120, 12
TICKS = os.sysconf("SC_CLK_TCK")
ROWS = ("kernels", "message", "start", "daemon", "memory", "workers")

out = csv.writer(sys.stdout, lineterminator="\n")


def say(text):
    print(f"peers: {text}", file=sys.stderr, flush=True)


def row(what, case, unit, ours, peer_name, peer, ratio, wall_ratio=None):
    out.writerow([what, case, unit, f"{ours:.4g}", peer_name, f"{peer:.4g}", f"{ratio:.3g}",
                  f"{wall_ratio:.3g}" if wall_ratio else ""])
    sys.stdout.flush()


def pinned(command, core=CORE):
    return ["taskset", "-c", str(core), *command]


# ---- Kernels ----

def kernels(o):
    said = subprocess.run(pinned([f"{o.build}/bench-kernels", "avx512", str(o.rounds)]), check=True,
                          capture_output=True, text=True).stdout
    said += subprocess.run(pinned([f"{o.build}/bench-kernels", "avx2", str(o.rounds)]), check=True,
                           capture_output=True, text=True).stdout.split("\n", 1)[1]
    groups = {}
    for r in csv.DictReader(said.splitlines()):
        groups.setdefault((r["isa"], r["precision"], r["weights"], int(r["M"])), []).append(r)
    for (isa, precision, weights, m), found in groups.items():
        mean = {k: statistics.mean(float(r[k]) for r in found) for k in ("gops", "peak_gops", "share")}
        row("kernels", f"{isa} {precision} M={m} weights in {weights}", "Gop/s", mean["gops"], "peak",
            mean["peak_gops"], mean["share"])


# ---- One message ----

class Scorer:
    """A program that answers "TOKENS TIMES" with milliseconds, wall and processor."""

    def __init__(self, name, command, env=None):
        self.name = name
        self.child = subprocess.Popen(pinned(command), stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                      text=True, env={**os.environ, **(env or {})}, stderr=subprocess.DEVNULL)

    def ask(self, tokens, times):
        self.child.stdin.write(f"{tokens} {times}\n")
        self.child.stdin.flush()
        said = self.child.stdout.readline()
        if not said:
            sys.exit(f"peers: {self.name} gave no answer")
        return [float(x) for x in said.split()]

    def close(self):
        self.child.stdin.close()
        self.child.wait()


def in_turns(scorers, tokens, rounds):
    """Medians by scorer: [wall, cpu]."""
    seen = [[] for _ in scorers]
    for s in scorers:
        s.ask(tokens, 2)
    for _ in range(rounds):
        for s, v in zip(scorers, seen):
            v.append(s.ask(tokens, 3 if tokens > 300 else 9))
    return [[statistics.median(x) for x in zip(*v)] for v in seen]


def random_model(o, shape, name):
    """Directories of a random model in float32 and in int8."""
    import book
    book.LAYERS, book.WIDTH, book.HEADS = shape
    book.VOCAB, book.CONTEXT = VOCAB, CONTEXT
    folder = os.path.join(o.work, name)
    os.mkdir(folder)
    book.write_base(folder, f"{TOP}/models/default", head=2)
    subprocess.run([f"{o.build}/bolter-train", "export", "-m", folder, "-o", folder + ".int8", "--dtype", "int8"],
                   check=True, stdout=subprocess.DEVNULL)
    return folder, folder + ".int8"


def default_model(o):
    """The default model with thresholds that made-up texts do not come near to, so that each is scored once."""
    import book
    folder, source = os.path.join(o.work, "default"), f"{TOP}/models/default"
    os.mkdir(folder)
    for name in os.listdir(source):
        if name != "bolter.json":
            os.symlink(os.path.join(source, name), os.path.join(folder, name))
    with open(f"{source}/bolter.json") as f:
        card = {k: v for k, v in json.load(f).items() if k != "threshold_proof"}
    with open(os.path.join(folder, "bolter.json"), "w") as f:
        json.dump({**card, **book.NO_DOUBT}, f)
    return folder


def onnx_scorers(o, shape, name, int8):
    import graph
    scorers = []
    for fused in (False, True):
        path = os.path.join(o.work, f"{name}-{int(int8)}{int(fused)}.onnx")
        graph.write(path, (*shape, VOCAB, CONTEXT), int8, fused)
        scorers.append(Scorer("onnxruntime " + ("MultiHeadAttention" if fused else "MatMul"),
                              ["node", f"{HERE}/message.js", path] if o.node else
                              [sys.executable, f"{HERE}/message_ort.py", path],
                              {"NODE_PATH": f"{o.node}/node_modules"}))
    return scorers


def torch_env():
    """PyTorch at its fair best: OpenBLAS and ATen choose for this processor."""
    with open("/proc/cpuinfo") as f:
        best = "avx512" if "avx512f" in f.read() else "avx2"
    os.environ.pop("OPENBLAS_CORETYPE", None)
    return {"ATEN_CPU_CAPABILITY": best}


def compare(case, ours, peers, tokens, rounds, kinds):
    """One row for each kind of peer, each with its fastest."""
    got = in_turns([ours, *peers], tokens, rounds)
    mine, rest = got[0], list(zip(peers, got[1:]))
    for kind in kinds:
        known = [(v, s) for s, v in rest if s.name.startswith(kind)]
        best, scorer = min(known, key=lambda x: x[0][1])
        row("message", f"{case} T={tokens}", "ms CPU", mine[1], scorer.name, best[1], best[1] / mine[1],
            best[0] / mine[0])


def message(o):
    wide, narrow = random_model(o, LARGE, "124M")
    mine = f"{o.build}/bench-message"
    for name, shape, model in (("124M int8", LARGE, narrow), ("default int8", SMALL, default_model(o))):
        ours = Scorer("bolter", [mine, model, "int8"])
        avx2 = Scorer("bolter avx2", [mine, model, "int8", "avx2"])
        peers = onnx_scorers(o, shape, name.split()[0], True)
        for tokens in (32, 128, 256) if shape is SMALL else (32, 128, 256, 1024):
            compare(name, ours, peers, tokens, o.rounds, ["onnxruntime"])
        compare(name + " on AVX2", avx2, [ours], 128, o.rounds, ["bolter"])
        for s in (ours, avx2, *peers):
            s.close()
    ours = Scorer("bolter", [mine, wide, "float32"])
    avx2 = Scorer("bolter", [mine, wide, "float32", "avx2"])
    compare("124M float32 on AVX2", avx2, [ours], 128, o.rounds, ["bolter"])
    avx2.close()
    peers = onnx_scorers(o, LARGE, "124M", False)
    peers.append(Scorer("PyTorch", [sys.executable, f"{HERE}/message_torch.py", *map(str, LARGE)], torch_env()))
    compare("124M float32", ours, peers, 128, o.rounds, ["onnxruntime", "PyTorch"])
    for s in (ours, *peers):
        s.close()


# ---- Mail ----

def messages_of(path):
    with tempfile.NamedTemporaryFile() as plain:
        opened = gzip.open(path) if path.endswith(".gz") else open(path, "rb")
        with opened as f:
            shutil.copyfileobj(f, plain)
        plain.flush()
        for m in mailbox.mbox(plain.name, create=False):
            yield m.as_bytes()


def write_mail(o):
    """MAILS files, as many ham as spam, spread over the mailboxes; and as many again to learn from."""
    kinds = {"ham": [], "spam": []}
    for path in o.mail:
        name = os.path.basename(path)
        kinds["ham" if "ham" in name else "spam"] += list(messages_of(path))
    test, learn = [], {"ham": [], "spam": []}
    for kind, all_of_it in kinds.items():
        step = max(1, len(all_of_it) // MAILS)
        for i, text in enumerate(all_of_it[::step][:MAILS]):
            path = os.path.join(o.work, f"{kind}-{i:03}.eml")
            with open(path, "wb") as f:
                f.write(text)
            (test if i % 2 else learn[kind]).append(path)
    return test[:MAILS], learn


def timed(command, path):
    """Wall and processor seconds of a process that reads a mail."""
    begin = time.perf_counter()
    with open(path, "rb") as f:
        child = subprocess.Popen(pinned(command), stdin=f, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, _, usage = os.wait4(child.pid, 0)
    return time.perf_counter() - begin, usage.ru_utime + usage.ru_stime


def start(o):
    test, learn = write_mail(o)
    words = os.path.join(o.work, "bogofilter")
    os.mkdir(words)
    for kind, flag in (("ham", "-n"), ("spam", "-s")):
        subprocess.run(["bogofilter", "-d", words, flag, "-B", *learn[kind]], check=True)
    # What libtool puts in its place in a build directory is a script, which would be measured as well.
    os.environ["LD_LIBRARY_PATH"] = f"{o.build}/.libs"
    commands = {"bolter": [f"{o.build}/.libs/bolter", "-p", "-m", f"{TOP}/models/default"],
                "bogofilter": ["bogofilter", "-d", words]}
    seen = {name: [] for name in commands}
    for path in test:
        for name, command in commands.items():
            seen[name].append(timed(command, path))
    wall, cpu = ({n: [1e3 * x[i] for x in v] for n, v in seen.items()} for i in (0, 1))
    for share, name in ((50, "p50"), (90, "p90")):
        at = {(w, n): statistics.quantiles(v[n], n=100)[share - 1]
              for w, v in (("wall", wall), ("cpu", cpu)) for n in commands}
        row("start", f"one mail, whole process, {name}", "ms CPU", at["cpu", "bolter"], "bogofilter",
            at["cpu", "bogofilter"], at["cpu", "bogofilter"] / at["cpu", "bolter"],
            at["wall", "bogofilter"] / at["wall", "bolter"])


def tree_of(pid):
    pids = [pid]
    for path in glob.glob(f"/proc/{pid}/task/*/children"):
        with open(path) as f:
            for child in f.read().split():
                pids += tree_of(int(child))
    return pids


def cpu_of(pid):
    """Processor seconds of a process and its children so far."""
    total = 0
    for p in tree_of(pid):
        with open(f"/proc/{p}/stat") as f:
            total += sum(map(int, f.read().rsplit(")", 1)[1].split()[11:13]))
    return total / TICKS


def resident(pid):
    with open(f"/proc/{pid}/status") as f:
        return int(re.search(r"VmRSS:\s*(\d+)", f.read())[1]) / 1024


class Milter:
    def __init__(self, o, workers, cores):
        self.o, self.cores = o, cores
        self.socket = f"unix:{o.work}/milter{workers}"
        self.child = subprocess.Popen(
            ["taskset", "-c", cores, f"{o.build}/bolter-milter", "-f", "--set", f"socket={self.socket}",
             "--set", f"model={TOP}/models/default", "--set", f"workers={workers}"],
            stderr=subprocess.DEVNULL)
        wait_for(lambda: os.path.exists(self.socket[5:]), self.child)

    def take(self, files, connections=1):
        subprocess.run(["taskset", "-c", self.cores, f"{self.o.build}/fakemta", "--socket", self.socket, "--summary",
                        "--timeout", "120000", "-c", str(connections), "-m", str(len(files)), *files],
                       check=True, stdout=subprocess.DEVNULL)

    def close(self):
        self.child.terminate()
        self.child.wait()


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return str(s.getsockname()[1])


class Spamd:
    name = "spamd -L"

    def __init__(self, o):
        self.port = free_port()
        self.child = subprocess.Popen(
            pinned(["spamd", "-L", "-x", "-m", "1", "-i", "127.0.0.1", "-p", self.port, "--cf=use_bayes 0",
                    "--cf=use_auto_welcomelist 0", "-s", "stderr"]), stderr=subprocess.DEVNULL)
        wait_for(self.answers, self.child)

    def answers(self):
        with socket.socket() as s:
            return s.connect_ex(("127.0.0.1", int(self.port))) == 0 and len(tree_of(self.child.pid)) > 1

    def take(self, files):
        for path in files:
            with open(path, "rb") as f:
                subprocess.run(pinned(["spamc", "-p", self.port]), stdin=f, stdout=subprocess.DEVNULL, check=True)

    def close(self):
        self.child.terminate()
        self.child.wait()


class Rspamd:
    name = "rspamd"
    # What asks other hosts, or learns.
    OFF = ("asn", "bayes_expiry", "dkim", "dkim_signing", "arc", "dmarc", "fuzzy_check", "greylist", "history_redis",
           "mid", "neural", "mx_check", "p0f", "phishing", "ratelimit", "rbl", "replies", "reputation", "rspamd_update",
           "spf", "surbl", "url_redirector", "whitelist")

    def __init__(self, o):
        self.port, folder = free_port(), os.path.join(o.work, "rspamd")
        for name, text in self.settings():
            path = os.path.join(folder, "override.d", name)
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "w") as f:
                f.write(text)
        places = [x for key in ("DBDIR", "RUNDIR", "LOGDIR", "LOCAL_CONFDIR") for x in ("--var", f"{key}={folder}")]
        self.child = subprocess.Popen(pinned(["rspamd", "-f", "-i", "-c", "/etc/rspamd/rspamd.conf", *places]),
                                      stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_for(self.answers, self.child)

    def settings(self):
        yield "worker-normal.inc", f'bind_socket = "127.0.0.1:{self.port}"; count = 1;'
        yield "worker-controller.inc", "count = -1;"
        yield "worker-proxy.inc", "count = -1;"
        yield "logging.inc", 'level = "error";'
        yield "statistic.conf", "classifier {}"
        yield "options.inc", 'dns { nameserver = ["127.0.0.1:9"]; timeout = 0s; retransmits = 0; }'
        for module in self.OFF:
            yield f"{module}.conf", "enabled = false;"

    def answers(self):
        """Also when its expressions are compiled, which a child of it does: nothing is done for a second."""
        with socket.socket() as s:
            if s.connect_ex(("127.0.0.1", int(self.port))) != 0 or len(tree_of(self.child.pid)) == 1:
                return False
        before = cpu_of(self.child.pid)
        time.sleep(1)
        return cpu_of(self.child.pid) == before

    def take(self, files):
        for path in files:
            subprocess.run(pinned(["rspamc", "-h", f"127.0.0.1:{self.port}", path]), stdout=subprocess.DEVNULL,
                           check=True)

    def close(self):
        self.child.terminate()
        self.child.wait()


def wait_for(ready, child, seconds=120):
    for _ in range(10 * seconds):
        if child.poll() is not None:
            break
        if ready():
            return
        time.sleep(0.1)
    sys.exit(f"peers: {child.args} did not start")


def spent(daemon, files, *rest):
    begin, before = time.perf_counter(), cpu_of(daemon.child.pid)
    daemon.take(files, *rest)
    return (time.perf_counter() - begin) / len(files), (cpu_of(daemon.child.pid) - before) / len(files)


def daemon(o, want=("daemon", "memory")):
    test, _ = write_mail(o)
    ours, peers = Milter(o, 1, str(CORE)), [Spamd(o), Rspamd(o)]
    for d in (ours, *peers):
        d.take(test[:BATCH])
    seen = {d: [] for d in (ours, *peers)}
    for at in range(0, len(test), BATCH):
        for d in (ours, *peers):
            seen[d].append(spent(d, test[at:at + BATCH]))
    mean = {d: [statistics.mean(x) for x in zip(*v)] for d, v in seen.items()}
    for peer in peers:
        if "daemon" in want:
            row("daemon", f"{len(test)} mails through the socket, one core", "ms CPU a mail", 1e3 * mean[ours][1],
                peer.name, 1e3 * mean[peer][1], mean[peer][1] / mean[ours][1], mean[peer][0] / mean[ours][0])
        if "memory" in want:
            mine, child = resident(ours.child.pid), resident(tree_of(peer.child.pid)[1])
            row("memory", "resident, after the mails", "MiB", mine, f"a child of {peer.name.split()[0]}", child,
                child / mine)
    for d in (ours, *peers):
        d.close()


def workers(o):
    """Two workers on two processors against one on one, in mails a second (wall)."""
    if len(os.sched_getaffinity(0)) < 2:
        return
    test, _ = write_mail(o)
    cores = sorted(os.sched_getaffinity(0))[-2:]
    one, two = Milter(o, 1, str(cores[1])), Milter(o, 2, f"{cores[0]},{cores[1]}")
    seen = {one: [], two: []}
    for n in range(o.rounds + 1):
        for d, connections in ((one, 2), (two, 4)):
            seen[d].append(spent(d, test, connections))
    rate = {d: 1 / statistics.median(w for w, _ in v[1:]) for d, v in seen.items()}
    work = {d: statistics.median(c for _, c in v[1:]) for d, v in seen.items()}
    row("workers", "two workers and processors", "mails/s wall", rate[two], "one", rate[one],
        2 * work[one] / work[two], rate[two] / rate[one])
    one.close()
    two.close()


# ---- All of it ----

def versions():
    found = subprocess.run(["dpkg-query", "-W", "-f", "${Package} ${Version}, ", "python3-torch", "libopenblas0",
                            "bogofilter-bdb", "spamassassin", "rspamd", "nodejs"],
                           capture_output=True, text=True, check=False)
    return found.stdout.strip(", ")


def head_lines(o):
    with open("/proc/cpuinfo") as f:
        info = f.read()
    model = re.search(r"model name\s*: (.*)", info)[1]
    family = "/".join(re.search(rf"{k}\s*: (\d+)", info)[1] for k in ("cpu family", "model\t"))
    said = subprocess.run([f"{o.build}/bolter-train", "--version"], capture_output=True, text=True, check=True)
    if o.node:
        with open(f"{o.node}/node_modules/onnxruntime-node/package.json") as f:
            onnx = "onnxruntime-node " + json.load(f)["version"]
    else:
        onnx = ", ".join(f"{name} {importlib.metadata.version(name)}" for name in ("onnxruntime", "torch"))
    print(f"# bench/peers/peers.py --rounds {o.rounds}, {time.strftime('%d %B %Y')}; "
          f"{said.stdout.splitlines()[0]}.")
    print(f"# {model} (family/model {family}), {os.cpu_count()} processors, Linux {platform.release()}, load average "
          f"{os.getloadavg()[0]:.1f} at the start. {onnx}, {versions()}.")
    print("# ratio: processor seconds of the peer over ours (kernels: share of the peak); ratio_wall: the same by the "
          "clock.")
    print("what,case,unit,bolter,peer_name,peer,ratio,ratio_wall", flush=True)


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--build", required=True, type=os.path.abspath)
    p.add_argument("--node", type=os.path.abspath)
    p.add_argument("--mail", nargs="+", default=[])
    p.add_argument("--rounds", type=int, default=7)
    p.add_argument("--only", default=",".join(ROWS))
    o = p.parse_args()
    only = o.only.split(",")
    subprocess.run(["make", "-s", "-C", o.build, "all", "bench-kernels", "bench-message", "fakemta"], check=True,
                   stdout=sys.stderr)
    head_lines(o)
    for name, job in (("kernels", kernels), ("message", message), ("start", start), ("workers", workers)):
        if name in only:
            say(name)
            with tempfile.TemporaryDirectory() as o.work:
                job(o)
    both = [x for x in ("daemon", "memory") if x in only]
    if both:
        say("daemon")
        with tempfile.TemporaryDirectory() as o.work:
            daemon(o, both)
    return 0


if __name__ == "__main__":
    sys.exit(main())
