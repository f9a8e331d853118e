/*
 * page.js - the page of bolter-train serve and bolter-milter: asks what the model is, shows the part
 * that fits it, and sends what is typed there to /classify or /generate. Text from anywhere is only
 * ever put into the page as text.
 */
"use strict";

const at = (id) => document.getElementById(id);

/* A new element with a class, "" for none, and what is inside. */
function made(name, kind, ...inside) {
    const e = document.createElement(name);
    if (kind)
        e.className = kind;
    e.append(...inside);
    return e;
}

function complain(text) {
    at("trouble").textContent = text;
    at("trouble").hidden = !text;
}

/* The answer of a path, once it is known to be a good one; its error is thrown as a sentence. */
async function ask(path, options) {
    let answer;
    try {
        answer = await fetch(path, options);
    } catch (e) {
        if (e.name === "AbortError")
            throw e;
        throw new Error("The server does not answer. Is it still running?");
    }
    if (answer.ok)
        return answer;
    let why = "status " + answer.status;
    try {
        why = (await answer.json()).error;
    } catch (e) {
        /* no JSON: the status is all that is known */
    }
    throw new Error("Refused: " + why + ".");
}

/* ---- A classifier ---- */

let model = null;
const words = { ham: "\u2713 Ham", unsure: "? Unsure", spam: "\u2717 Spam" };
const unscorable = {
    empty: "There is neither subject nor body.",
    encrypted: "The body is encrypted.",
};

/* Fields that mail begins with. */
const fields = ["from", "to", "cc", "subject", "date", "received", "return-path", "delivered-to",
    "message-id", "mime-version", "content-type", "dkim-signature", "authentication-results"];

function looksLikeMail(text) {
    const name = /^([!-9;-~]+):/.exec(text);
    const field = name ? name[1].toLowerCase() : "";
    return text.startsWith("From ") || fields.includes(field) || field.startsWith("x-");
}

/* Place on the scale, 0 to 1: log-odds, so that 0.99 and 0.999 stand apart. */
function place(p) {
    const far = 8;
    const odds = Math.log(p / (1 - p));
    return (Math.min(Math.max(odds, -far), far) + far) / (2 * far);
}

/* As many digits as tell it from 0 and 1. */
function probability(p) {
    return p > 0.999 || p < 0.001 ? p.toFixed(6) : p.toFixed(4);
}

function showScale(r) {
    const unsure = place(r.thresholds.unsure);
    const spam = place(r.thresholds.spam);
    const [a, b, c] = at("zones").children;
    const widths = [[a, unsure], [b, spam - unsure], [c, 1 - spam]];
    for (const [zone, width] of widths) {
        zone.style.width = 100 * width + "%";
        zone.hidden = width <= 0;
    }
    at("marker").style.left = 100 * place(r.score) + "%";
    const text = "unsure from " + Number(r.thresholds.unsure.toFixed(4)) + ", spam from " +
        Number(r.thresholds.spam.toFixed(4));
    at("scale").setAttribute("aria-label",
        "Probability of spam " + probability(r.score) + "; " + text);
    at("scale-note").textContent = "This model says " + text + ". The scale is of log-odds.";
}

function showTicks() {
    for (const p of [0.001, 0.01, 0.1, 0.5, 0.9, 0.99, 0.999]) {
        const tick = made("span", "", String(p));
        tick.style.left = 100 * place(p) + "%";
        at("ticks").append(tick);
    }
}

function tokensRead(r) {
    const all = r.tokens_total.toLocaleString("en");
    const read = r.parts.filter((p) => p.read);
    const inWindows = r.windows > 1 ? ", in " + r.windows + " windows" : "";
    if (r.parts.every((p) => p.read))
        return all + ", all of them" + inWindows;
    const n = read.reduce((sum, p) => sum + p.tokens, 0).toLocaleString("en");
    if (r.windows > 1)
        return n + " of " + all + inWindows;
    return n + " of " + all + ": the first " + read[0].tokens +
        (read.length > 1 ? " and the last " + read[1].tokens : "");
}

function showFacts(r) {
    const facts = [
        ["Tokens read", tokensRead(r)],
        ["Log-odds of spam", r.logit === null ? "too large for a number" : signed(r.logit)],
        ["Time of the verdict", r.ms.toFixed(0) + " ms"],
        ["Model", r.model],
    ];
    at("facts").replaceChildren();
    for (const [name, value] of facts)
        at("facts").append(made("dt", "", name), made("dd", "", value));
}

function showVerdict(r) {
    const word = made("span", "word " + r.verdict, words[r.verdict]);
    const score = made("span", "score", probability(r.score));
    if (r.unscorable)
        at("said").replaceChildren(made("span", "word", "Nothing to judge"),
            unscorable[r.unscorable] + " The model's number for that, ", score, ", means nothing.");
    else
        at("said").replaceChildren(word, "Probability of spam ", score,
            r.verdict === "unsure" ? ": too close for this model to say." : "");
}

/* ---- What moved it ---- */

function signed(x) {
    return (x < 0 ? "\u2212" : "+") + Math.abs(x).toFixed(2);
}

function side(x) {
    return x < 0 ? "against" : "for";
}

/* The text of a part, with marks where pieces of at least this weight are: places are in bytes of UTF-8,
 * which no other string of the page is counted in. */
function marked(part, pieces, least) {
    const bytes = new TextEncoder().encode(part.text);
    const text = (from, to) => new TextDecoder().decode(bytes.subarray(from - part.at, to - part.at));
    const end = part.at + bytes.length;
    const inside = pieces.filter((p) => p.at >= part.at && p.at < end && Math.abs(p.weight) >= least);
    const out = [];
    let done = part.at;
    for (const p of inside.sort((a, b) => a.at - b.at)) {
        const [, before, words, after] = /^(\s*)(.*?)(\s*)$/s.exec(text(p.at, p.at + p.bytes));
        const sign = made("b", "", p.weight < 0 ? "\u2212" : "+");
        const mark = made("mark", side(p.weight), sign, words);
        mark.title = signed(p.weight);
        out.push(text(done, p.at) + before, mark, after);
        done = p.at + p.bytes;
    }
    return [...out, text(done, end)];
}

function showPieces(r) {
    const moving = r.pieces.slice(0, 12).filter((p) => Math.abs(p.weight) >= 0.005);
    const least = moving.length > 0 ? Math.abs(moving[moving.length - 1].weight) : Infinity;
    at("pieces").replaceChildren(...moving.map((p) =>
        made("li", side(p.weight), made("span", "weight", signed(p.weight)),
            made("span", "", p.text))));
    if (moving.length === 0)
        at("pieces").append(made("li", "", "", made("span", "", "No single piece moved it.")));
    at("text").replaceChildren();
    for (const part of r.parts) {
        if (part.read)
            at("text").append(...marked(part, r.pieces, least));
        else
            at("text").append(made("span", "gap",
                part.tokens.toLocaleString("en") + " tokens not read"));
    }
}

/* ---- The form of a classifier ---- */

let file = null; /* judged instead of the text */
const longest = 100000; /* characters that a browser lays out without a long wait */

function take(f) {
    file = f;
    at("message").value = "";
    at("message").placeholder = f ? f.name + ", " + f.size.toLocaleString("en") + " bytes" : "";
}

/* A text that is very long is judged, but not shown. */
function paste(event) {
    const text = event.clipboardData.getData("text/plain");
    if (text.length <= longest)
        return;
    event.preventDefault();
    at("file").value = "";
    take(new File([text], "What was pasted"));
}

async function typeOf(body) {
    const wanted = document.querySelector("input[name=kind]:checked").value;
    const beginning = body instanceof Blob ? await body.slice(0, 200).text() : body.slice(0, 200);
    return wanted || (looksLikeMail(beginning) ? "message/rfc822" : "text/plain");
}

async function judge(event) {
    event.preventDefault();
    const body = new Blob([file || at("message").value]);
    const button = at("judge").querySelector("[type=submit]");
    complain("");
    if (body.size > model.max_body) {
        complain("The message has " + body.size.toLocaleString("en") + " bytes; this page takes " +
            model.max_body.toLocaleString("en") + ".");
        return;
    }
    button.disabled = true;
    try {
        const type = await typeOf(file || at("message").value);
        const answer = await ask("/classify?explain=1",
            { method: "POST", headers: { "Content-Type": type }, body });
        const r = await answer.json();
        at("verdict").hidden = false;
        for (const id of ["scale", "scale-note", "facts", "moved"])
            at(id).hidden = r.unscorable !== null;
        showScale(r);
        showFacts(r);
        showPieces(r);
        showVerdict(r);
    } catch (e) {
        at("verdict").hidden = true;
        complain(e.message);
    } finally {
        button.disabled = false;
    }
}

function openClassifier() {
    const form = at("judge");
    form.addEventListener("submit", judge);
    form.addEventListener("dragover", (e) => {
        e.preventDefault();
        form.classList.add("dropping");
    });
    form.addEventListener("dragleave", () => form.classList.remove("dropping"));
    form.addEventListener("drop", (e) => {
        form.classList.remove("dropping");
        if (e.dataTransfer.files.length === 0)
            return;
        e.preventDefault();
        at("file").value = "";
        take(e.dataTransfer.files[0]);
    });
    at("file").addEventListener("change", () => take(at("file").files[0] || null));
    at("message").addEventListener("paste", paste);
    at("message").addEventListener("input", () => {
        file = null;
        at("file").value = "";
        at("message").placeholder = "";
    });
    at("empty").addEventListener("click", () => {
        at("file").value = "";
        take(null);
        complain("");
        at("verdict").hidden = true;
        at("message").focus();
    });
    at("wide-note").hidden = !model.wide;
    showTicks();
    at("classifier").hidden = false;
}

/* ---- The mail of a daemon ---- */

/* The shares of ham, unsure and spam; the numbers beside it say the same. */
function barOf(h) {
    const bar = made("div", "bar");
    const all = h.ham + h.unsure + h.spam;
    bar.setAttribute("aria-hidden", "true");
    for (const kind of ["ham", "unsure", "spam"]) {
        const share = made("span", kind);
        share.style.width = (all > 0 ? 100 * h[kind] / all : 0) + "%";
        bar.append(share);
    }
    return bar;
}

function rowOf(h) {
    const begin = new Date(h.hour);
    const day = made("span", "day", begin.toLocaleDateString("en", { weekday: "short" }) + " ");
    const time = [begin.getHours(), begin.getMinutes()].map((n) => String(n).padStart(2, "0"));
    const head = made("th", "", day, time.join(":"));
    head.scope = "row";
    head.title = begin.toString();
    const bars = made("td", "bars", barOf(h));
    const numbers = [h.ham, h.unsure, h.spam, h.other, h.failed, h.refused];
    return made("tr", "", head, bars, ...numbers.map((n) => made("td", "", n.toLocaleString("en"))));
}

/* The newest hour first. A failure leaves what was there: the next one says more. */
async function showHours() {
    const { hours } = await (await ask("/hours")).json();
    at("hours").replaceChildren(...hours.reverse().map(rowOf));
    at("mail").hidden = false;
}

function openHours() {
    const minute = 60000;
    const show = () => showHours().catch(() => {});
    show();
    setInterval(() => document.hidden || show(), minute);
}

/* ---- A language model ---- */

let running = null; /* stops the text that is being written */

function wish() {
    const w = {};
    for (const name of ["max_tokens", "temperature", "top_k", "top_p", "seed"])
        w[name] = Number(at(name).value);
    if (model.kind !== "instructed")
        return { prompt: at("prompt").value, ...w };
    w.instruction = at("instruction").value;
    return at("input").value ? { input: at("input").value, ...w } : w;
}

/* A place for a new text, with what it answers; gives the element that takes the text. */
function entry(w) {
    const text = made("span", "");
    const e = made("li", "card writing");
    if (w.instruction === undefined) {
        e.append(made("p", "said", made("span", "given", w.prompt), text));
        at("entries").prepend(e);
    } else {
        e.append(made("h3", "", "Instruction"), made("p", "said", w.instruction));
        if (w.input)
            e.append(made("h3", "", "Input"), made("p", "said", w.input));
        e.append(made("h3", "", "Response"), made("p", "said", text));
        at("entries").append(e);
    }
    return { e, text };
}

/* The objects of an answer, line by line, as they come. */
async function* lines(answer) {
    const reader = answer.body.getReader();
    const decoder = new TextDecoder();
    let rest = "";
    for (;;) {
        const { done, value } = await reader.read();
        if (done)
            return;
        const parts = (rest + decoder.decode(value, { stream: true })).split("\n");
        rest = parts.pop();
        for (const line of parts)
            yield JSON.parse(line);
    }
}

function summary(r) {
    const rate = r.seconds > 0 ? ", " + (r.tokens / r.seconds).toFixed(1) + " a second" : "";
    return r.tokens + " tokens after " + r.prompt_tokens + " of prompt in " + r.seconds.toFixed(2) +
        " s" + rate + "; stopped: " + r.stop + ".";
}

async function follow(answer, text) {
    let ended = false;
    for await (const r of lines(answer)) {
        if (r.error)
            throw new Error(r.error);
        if (r.text)
            text.append(r.text);
        if (r.done) {
            at("progress").textContent = summary(r);
            ended = true;
        }
    }
    if (!ended)
        throw new Error("The text broke off.");
}

function setRunning(control) {
    running = control;
    at("stop").disabled = !control;
    at("write").querySelector("[type=submit]").disabled = Boolean(control);
}

async function write(event) {
    event.preventDefault();
    if (running)
        return;
    const w = wish();
    const control = new AbortController();
    let shown = null;
    complain("");
    setRunning(control);
    at("progress").textContent = "Writing\u2026";
    try {
        const answer = await ask("/generate", {
            method: "POST",
            headers: { "Content-Type": "application/json" },
            body: JSON.stringify(w),
            signal: control.signal,
        });
        shown = entry(w);
        at("instruction").value = at("input").value = "";
        await follow(answer, shown.text);
    } catch (e) {
        const stopped = control.signal.aborted;
        at("progress").textContent = stopped ? "Stopped." : "";
        complain(stopped ? "" : e.message);
    } finally {
        if (shown)
            shown.e.classList.remove("writing");
        setRunning(null);
    }
}

function stop() {
    if (running)
        running.abort();
}

function openWriter() {
    const task = model.kind === "instructed";
    at("for-prompt").hidden = task;
    at("for-task").hidden = !task;
    at("max_tokens").value = Math.min(task ? 256 : 200, model.context);
    at("temperature").value = task ? 0 : 0.8;
    if (task) {
        at("write").querySelector("[type=submit]").textContent = "Answer";
        at("writer").append(at("write")); /* below what was said, as in a conversation */
    }
    at("write").addEventListener("submit", write);
    at("stop").addEventListener("click", stop);
    at("forget").addEventListener("click", () => {
        stop();
        at("entries").replaceChildren();
        at("progress").textContent = "";
        complain("");
        at(task ? "instruction" : "prompt").focus();
    });
    document.addEventListener("keydown", (e) => {
        if (e.key === "Escape")
            stop();
    });
    at("writer").hidden = false;
}

/* ---- The page ---- */

function sendByKey(event) {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && event.target.form)
        event.target.form.requestSubmit();
}

async function open() {
    try {
        model = await (await ask("/model")).json();
    } catch (e) {
        at("model").textContent = "No model.";
        complain(e.message);
        return;
    }
    const size = model.parameters >= 1e6 ? (model.parameters / 1e6).toFixed(1) + " million"
        : model.parameters.toLocaleString("en");
    const kind = { classifier: "a classifier", "language model": "a language model",
        instructed: "a language model that follows instructions" }[model.kind];
    at("model").textContent = (model.name ? model.name + ": " : "") + kind + ", " + size +
        " parameters, " + model.id;
    at("about").textContent += " bolter " + model.version + ".";
    document.title = "bolter: " + (model.name || model.id);
    document.addEventListener("keydown", sendByKey);
    if (model.kind === "classifier")
        openClassifier();
    else
        openWriter();
    if (model.hours)
        openHours();
}

open();
