#!/usr/bin/python3
"""fill.py - the texts of this folder as training data: JSON lines, {"id", "label", "text", "part"}.

    models/written/fill.py [--variants N] [--seed N] [--part train|validation|all]
    models/written/fill.py --check

Each text is printed N times (4), with other names, hosts and numbers in its placeholders each time, drawn
in the same manner for ham and for spam; but hosts are a firm's own in ham, mostly, and seldom in spam, and
firms.txt knows where some real ones are at home. One in six texts, by its digest, is of the validation part.
--check prints how many texts there are by label and language, and fails at an unknown placeholder or a text that
is there twice.
"""
import argparse
import collections
import glob
import hashlib
import json
import os
import random
import re
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
PLACEHOLDER = re.compile(r"\{([a-z0-9]+)\}")

GIVEN = """Anna Amir Aiko Ben Bruno Carla Chen Daniel Dilek Elena Emma Farid Grace Hana Hugo Ines Ivan Jonas Jun
Karin Kofi Laila Lucas Maria Marek Mei Nadia Nils Olga Omar Paula Pedro Priya Rahul Rosa Sam Sofia Tariq Tomas
Ursula Viktor Wei Yara Yusuf Zoe""".split()
FAMILY = """Abbott Almeida Bakker Berg Carvalho Costa Dubois Dvorak Eriksen Ferrari Fischer Garcia Haddad Hansen
Ito Ivanova Jensen Kaya Kim Kowalski Lee Lopez Martin Meyer Moreau Nguyen Novak Okafor Olsen Patel Popescu Quinn
Rossi Santos Sato Schmidt Silva Singh Tanaka Taylor Urban Vega Virtanen Wang Weber Yilmaz Zhang""".split()
SYLLABLES = """al an ar bel bo cor da del dor el en fa fin gal gen hal in ka kel la len lo lu ma mer mi mon na nel
no or pa pel qui ra ren ri ro sal sel so ta tel ti tor u val ven vi vo wes xa ya zen zo""".split()
WORDS = """alpha blue bridge bright cedar city clear cloud coast core dash direct east fast field first fresh
garden global green grove hill home house lake lane light line link local main market meadow metro moon north nova
oak ocean one open park peak pine point prime quick river rock silver sky smart south spark spring star stone sun
swift terra tower trail true union vale valley view vista west wild wind wood yard""".split()
TRADES = """account app billing book care center cloud club connect data delivery desk digital express finance
group health hub info invest lab login mail media net news office online pay portal post secure service shop
solutions store studio support systems team tech trade travel update web world""".split()
# The common ones are there more than once.
ENDINGS = """com com com com com com com net net org org co io app info biz online site shop store top xyz club
live me eu de de fr es it nl pl pt se ch at be cz dk fi no gr hu ro ru tr ua uk.com co.uk com.br com.tr com.au co.jp
co.kr co.in in id th vn cn tw ir il ae""".split()
CITIES = """Aarhus Athens Bangkok Basel Berlin Bogota Brno Bursa Chennai Cork Delhi Dubai Gdansk Geneva Ghent Graz
Haifa Hanoi Houston Izmir Jakarta Kyiv Lagos Leeds Lille Lima Lyon Malmo Milan Nairobi Nantes Osaka Oslo Porto
Prague Riga Seoul Seville Sofia Tampere Toronto Turin Utrecht Vienna Warsaw Zurich""".split()
DEVICES = ["Windows 11", "Windows 10", "Chrome on Windows", "Safari on iPhone", "iPhone 14", "iPad", "Android 13",
           "Android phone", "Firefox on Linux", "Edge on Windows 11", "MacBook Pro", "Chrome on Android"]
MONTHS = "January February March April May June July August September October November December".split()
FREE = "gmail.com outlook.com hotmail.com yahoo.com icloud.com gmx.net mail.ru qq.com".split()
CLOUDS = "web.app github.io vercel.app pages.dev blogspot.com weebly.com wixsite.com firebaseapp.com r2.dev".split()
SHORT = "bit.ly t.co tinyurl.com goo.su cutt.ly is.gd".split()
BANKS = ["{w} Bank", "Bank {w}", "{w} Savings Bank", "Banque {w}", "Banco {w}", "Banca {w}", "{w}bank", "First {w}"]


def invented(rng):
    """The name of a firm."""
    kind = rng.randrange(4)
    if kind == 0:
        return "".join(rng.choice(SYLLABLES) for _ in range(rng.randint(2, 3))).capitalize()
    if kind == 1:
        return rng.choice(WORDS).capitalize() + rng.choice(WORDS).capitalize()
    if kind == 2:
        return rng.choice(WORDS).capitalize() + " " + rng.choice(TRADES).capitalize()
    return rng.choice(WORDS).capitalize() + rng.choice(["", "ly", "ify", "o", "a"])


# ---- Hosts ----

def firms():
    """Names and domains of real firms."""
    with open(os.path.join(HERE, "firms.txt"), encoding="utf-8") as f:
        return [tuple(line.rstrip("\n").split("\t")) for line in f]


FIRMS = firms()


def firm(rng):
    """A name and a domain: of a real one, or invented."""
    if rng.random() < .45:
        return rng.choice(FIRMS)
    name = invented(rng)
    return name, slug(name) + "." + rng.choice(ENDINGS)


def slug(name):
    return re.sub(r"[^a-z0-9]", "", name.lower()) or "mail"


def server(rng, domain):
    return rng.choice(["", "", "", "www.", "mail.", "my.", "app.", "account.", "click.", "links.", "e.", "news.",
                       "email."]) + domain


def stranger(rng):
    """A domain of somebody who has nothing to do with it."""
    letters = "abcdefghijklmnopqrstuvwxyz0123456789"
    name = rng.choice([rng.choice(WORDS) + rng.choice(TRADES), rng.choice(WORDS) + rng.choice(WORDS),
                       "".join(rng.choice(SYLLABLES) for _ in range(rng.randint(2, 4))),
                       rng.choice(FAMILY).lower() + rng.choice(["", "-" + rng.choice(TRADES)]),
                       "".join(rng.choice(letters) for _ in range(rng.randint(5, 12)))])
    return name + "." + rng.choice(ENDINGS)


def lookalike(rng, brand):
    """A domain that is to be taken for the firm's."""
    own, trade = slug(brand), rng.choice(TRADES)
    name = rng.choice([own + "-" + trade, trade + "-" + own, own + trade, own + str(rng.randint(1, 99)),
                       own[:-1] + 2 * own[-1:], own + "-" + rng.choice(WORDS)])
    return name + "." + rng.choice(ENDINGS)


def mailer(rng):
    """One that sends newsletters for others."""
    return "mail." + rng.choice(WORDS) + rng.choice(["mailer.com", "mail.net", "send.io"])


def anywhere(rng):
    """Where a page can be put without a domain of one's own."""
    return rng.choice([slug(invented(rng)) + "." + rng.choice(CLOUDS), rng.choice(SHORT),
                       ".".join(str(rng.randint(1, 254)) for _ in range(4))])


def host(rng, label, brand, domain, link):
    """Of a link or, without link, of the sender; the firm's domain is known."""
    x = rng.random()
    if label == "ham":
        return server(rng, domain) if x < .78 else mailer(rng) if x < .9 else server(rng, stranger(rng))
    if x < (.04 if link else .1):
        return server(rng, domain)
    if x < .34:
        return server(rng, lookalike(rng, brand))
    if x < .85:
        return server(rng, stranger(rng))
    return anywhere(rng) if link else rng.choice(FREE)


# ---- The other placeholders ----

def code(rng):
    letters = rng.choice(["ABCDEFGHJKLMNPQRSTUVWXYZ23456789", "0123456789abcdef"])
    return "".join(rng.choice(letters) for _ in range(rng.randint(6, 12)))


def amount(rng):
    value = rng.choice([rng.uniform(1, 20), rng.uniform(20, 300), rng.uniform(300, 9000)])
    text = rng.choice([f"{value:.2f}", f"{value:,.2f}", f"{value:.2f}".replace(".", ","), str(round(value))])
    return rng.choice(["{} EUR", "€{}", "{} €", "${}", "{} USD", "£{}", "CHF {}", "{} kr"]).format(text)


def date(rng):
    d, m, y = rng.randint(1, 28), rng.randint(1, 12), rng.randint(2019, 2026)
    return rng.choice([f"{d:02}.{m:02}.{y}", f"{d:02}/{m:02}/{y}", f"{y}-{m:02}-{d:02}", f"{d} {MONTHS[m - 1]} {y}"])


def values(rng, label):
    """What the placeholders stand for in one use of a text."""
    given, family, (brand, own) = rng.choice(GIVEN), rng.choice(FAMILY), firm(rng)
    user = rng.choice([given, f"{given}.{family}", f"{given[0]}{family}", family]).lower()
    domain = rng.choice(WORDS) + rng.choice(WORDS) + "." + rng.choice(ENDINGS)
    return {"name": rng.choice([f"{given} {family}", given]), "user": user, "domain": domain,
            "email": f"{user}@{domain}", "brand": brand, "own": own, "host": host(rng, label, brand, own, True),
            "bank": rng.choice(BANKS).format(w=rng.choice([*WORDS, *SYLLABLES]).capitalize()),
            "amount": amount(rng), "amount2": amount(rng), "date": date(rng),
            "time": f"{rng.randint(0, 23):02}:{rng.randint(0, 59):02}", "code": code(rng),
            "number": str(rng.randrange(10 ** rng.randint(3, 9))), "city": rng.choice(CITIES),
            "phone": f"+{rng.randint(1, 98)} {rng.randint(10, 999)} {rng.randint(100, 999)} {rng.randint(100, 9999)}",
            "ip": ".".join(str(rng.randint(1, 254)) for _ in range(4)), "device": rng.choice(DEVICES),
            "percent": f"{rng.choice([5, 10, 15, 20, 25, 30, 40, 50, 60, 70, 80, 90, 95, rng.randint(1, 99)])}%"}


def sender(rng, label, v):
    """The line From of the model's text, of most messages."""
    who = rng.choice([v["brand"], v["brand"], f"{rng.choice(GIVEN)} {rng.choice(FAMILY)}"])
    at = host(rng, label, v["brand"], v["own"], False)
    if who != v["brand"] and rng.random() < .3:
        at = rng.choice(FREE)
    return f"From: {who} {at}\n" if rng.random() < .85 else ""


def texts():
    """(label, name, subject, body) of each text."""
    for path in sorted(glob.glob(os.path.join(HERE, "*", "*.txt"))):
        label, name = os.path.basename(os.path.dirname(path)), os.path.basename(path)[:-4]
        with open(path, encoding="utf-8") as f:
            for n, block in enumerate(re.split(r"(?m)^@@.*\n", f.read())[1:]):
                head, _, body = block.partition("\n")
                if not head.startswith("Subject:"):
                    sys.exit(f"{path}: text {n + 1} begins with {head!r}, not with Subject:")
                yield label, f"{name}/{n}", head[len("Subject:"):].strip(), body.strip("\n")


def laid_out(rng, label, subject, body):
    v = values(rng, label)
    # A text names several people and days, but one firm, one recipient and one server.
    own = ("brand", "host", "email", "user", "domain", "bank", "code")
    value = lambda m: (v if m[1] in own else values(rng, label))[m[1]]
    fill = lambda s: PLACEHOLDER.sub(value, s)
    return f"Subject: {fill(subject)}\n{sender(rng, label, v)}\n{fill(body)}"


def part_of(subject, body):
    return "train" if hashlib.sha256((subject + body).encode()).digest()[0] % 6 else "validation"


def check():
    counts, seen, known = collections.Counter(), {}, set(values(random.Random(0), "ham")) - {"own"}
    for label, name, subject, body in texts():
        unknown = set(PLACEHOLDER.findall(subject + body)) - known
        if unknown:
            sys.exit(f"{label}/{name}: unknown placeholder {', '.join(sorted(unknown))}")
        if (subject, body) in seen:
            sys.exit(f"{label}/{name}: the same as {seen[subject, body]}")
        seen[subject, body] = f"{label}/{name}"
        counts[label, name.split("/")[0].split("-")[0]] += 1
    for (label, language), n in sorted(counts.items()):
        print(f"{label}\t{language}\t{n}")


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--variants", type=int, default=4)
    p.add_argument("--seed", type=int, default=1)
    p.add_argument("--part", choices=["train", "validation", "all"], default="all")
    p.add_argument("--check", action="store_true")
    o = p.parse_args()
    if o.check:
        return check()
    for label, name, subject, body in texts():
        part = part_of(subject, body)
        if o.part not in ("all", part):
            continue
        for k in range(o.variants):
            rng = random.Random(f"{o.seed} {label} {name} {k}")
            print(json.dumps({"id": f"{label}/{name}/{k}", "label": label, "part": part,
                              "text": laid_out(rng, label, subject, body)}, ensure_ascii=False))


if __name__ == "__main__":
    main()
