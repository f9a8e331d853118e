/*
 * page.cjs - the page of bolter-train serve and bolter-milter in a real browser, as its user meets it.
 *
 *     node page.cjs CHROMIUM MAILBOX CLASSIFIER WRITER ANSWERER DAEMON
 *
 * The last are addresses of a classifier, a language model, one that follows instructions, and a daemon
 * that has had a ham and two messages without content, which it turned away.
 * Prints TAP. With BOLTER_SCREENSHOTS=DIR it saves there how each state of the page looks.
 */
"use strict";

const fs = require("fs");
const path = require("path");
const axe = require("axe-core");
const { chromium } = require("playwright-core");

const [program, mailbox, classifier, writer, answerer, daemon] = process.argv.slice(2);
const views = {
    light: { colorScheme: "light", width: 1000, height: 900 },
    dark: { colorScheme: "dark", width: 1000, height: 900 },
    phone: { colorScheme: "light", width: 360, height: 740 },
};
const mails = fs.readFileSync(mailbox, "latin1").split(/^From .*\n/m).slice(1);
const spam = mails.find((m) => /^X-Sample: spam/m.test(m));
const ham = mails.find((m) => /^X-Sample: ham/m.test(m));
const long = ham + "\n" + "A line about the meeting of next week, and another one.\n".repeat(18000);
const malformed = "Subject: =?utf-8?B?////?=\nContent-Type: multipart/mixed; boundary=\n" +
    "MIME-Version: 1.0\n\n--\n--x\nContent-Transfer-Encoding: base64\n\n%%%%\n\u0000\u0001\ufffe";
const hostile = "<img src=x onerror=\"document.title='taken'\"><script>document.title='taken'</script> buy";

let page;
let faults = []; /* what the browser complained of */

function expect(what, got) {
    if (!what)
        throw new Error("got: " + JSON.stringify(got));
}

async function open(address) {
    await page.goto(address);
    await page.waitForFunction(() => !document.querySelector("#model").textContent.startsWith("Asking"));
}

async function verdictOf(text) {
    await page.fill("#message", text);
    return judged(() => page.click("#judge [type=submit]"));
}

async function judged(how) {
    const answer = page.waitForResponse(/classify/);
    await how();
    await answer;
    await page.waitForSelector("#judge [type=submit]:enabled");
    return page.textContent("#said");
}

/* What Ctrl+V does, without the clipboard of this machine. */
function paste(text) {
    return page.evaluate((t) => {
        const clipboardData = new DataTransfer();
        clipboardData.setData("text/plain", t);
        document.querySelector("#message").dispatchEvent(
            new ClipboardEvent("paste", { clipboardData, bubbles: true, cancelable: true }));
    }, text);
}

async function written(button) {
    await page.click(button);
    await page.waitForFunction(() => /stopped:/.test(document.querySelector("#progress").textContent));
    return page.textContent("#entries li:last-child .said:last-of-type");
}

async function view(name) {
    const v = views[name];
    await page.emulateMedia({ colorScheme: v.colorScheme });
    await page.setViewportSize({ width: v.width, height: v.height });
}

/* Serious faults of the page as it stands, in each view; a picture of each. */
async function looksWell(state) {
    const found = [];
    for (const name of Object.keys(views)) {
        await view(name);
        await page.evaluate(axe.source);
        const { violations } = await page.evaluate(() => window.axe.run());
        for (const v of violations)
            if (v.impact === "serious" || v.impact === "critical")
                found.push(name + ": " + v.id + " at " + v.nodes[0].target);
        if (await page.evaluate(() => document.documentElement.scrollWidth > window.innerWidth))
            found.push(name + ": wider than the window");
        if (process.env.BOLTER_SCREENSHOTS)
            await page.screenshot({ fullPage: true,
                path: path.join(process.env.BOLTER_SCREENSHOTS, state + "-" + name + ".png") });
    }
    await view("light");
    expect(found.length === 0, found);
}

const cases = [
    ["the page names the model", async () => {
        await open(classifier);
        const said = await page.textContent("#model");
        expect(/a classifier, /.test(said), said);
        await looksWell("empty");
    }],
    ["a spam that is pasted is called spam, with its pieces", async () => {
        const said = await verdictOf(spam);
        expect(/Spam/.test(said) && /Probability of spam 0\.9/.test(said), said);
        expect(await page.locator("#pieces li").count() > 2, "pieces");
        expect(await page.locator("#text mark").count() > 2, "marks");
        const mark = await page.textContent("#text mark");
        expect(/^[+\u2212]\S/.test(mark), mark);
        await looksWell("spam");
    }],
    ["a ham that is pasted is called ham", async () => {
        const said = await verdictOf(ham);
        expect(/Ham/.test(said), said);
        const marks = await page.locator("#text mark").allTextContents();
        const pieces = await page.locator("#pieces li span:last-child").allTextContents();
        const shown = marks.map((m) => m.slice(1).replace(/\s+/g, " ").trim());
        const named = (m) => pieces.some((p) => p !== "" && m.startsWith(p));
        expect(shown.length > 2 && shown.every(named), { shown, pieces });
        await looksWell("ham");
    }],
    ["words that stand there twice are marked where they are, in any script", async () => {
        const line = "Größe zählt. 価格は無料です。 💰💰 free money today.\n";
        await verdictOf(line + "Grüße aus Köln.\n" + line);
        const whole = (await page.textContent("#text")).replace(/[+\u2212](?=.)/gu, "");
        expect(whole.split("💰💰 free").length === 3 && !whole.includes("\ufffd"), whole);
        expect(await page.locator("#text mark").count() > 2, "marks");
    }],
    ["a mail of a megabyte is judged, and says how much of it was read", async () => {
        await paste(long);
        await judged(() => page.click("#judge [type=submit]"));
        const facts = await page.textContent("#facts");
        expect(/\d+ of [\d,]+, in 4 windows/.test(facts), facts);
        expect(/tokens not read/.test(await page.textContent("#text")), "gap");
        await looksWell("long");
    }],
    ["a malformed mail has a verdict", async () => {
        const said = await verdictOf(malformed);
        expect(/Ham|Spam|Unsure/.test(said), said);
    }],
    ["nothing to judge is said to be nothing", async () => {
        const said = await verdictOf("");
        expect(/means nothing/.test(said), said);
        await looksWell("nothing");
    }],
    ["markup in a message stays text", async () => {
        await verdictOf(hostile);
        expect(await page.title() !== "taken", await page.title());
        expect(await page.locator("#text img, #pieces img").count() === 0, "img");
        expect((await page.textContent("#text")).includes("onerror"), await page.textContent("#text"));
    }],
    ["a file is judged as its bytes are", async () => {
        await page.setInputFiles("#file", { name: "a.eml", mimeType: "", buffer: Buffer.from(spam, "latin1") });
        const said = await judged(() => page.click("#judge [type=submit]"));
        expect(/Spam/.test(said), said);
    }],
    ["a message over the limit is not sent, and the page says so", async () => {
        await paste("a".repeat(2 * 1024 * 1024 + 1));
        await page.click("#judge [type=submit]");
        const said = await page.textContent("#trouble");
        expect(/2,097,153 bytes/.test(said), said);
        await page.click("#empty");
    }],
    ["the keyboard alone leads to a verdict", async () => {
        await open(classifier);
        await page.keyboard.press("Tab");
        expect(await page.evaluate(() => document.activeElement.id) === "message", "first stop");
        await page.keyboard.insertText(ham);
        const said = await judged(() => page.keyboard.press("Control+Enter"));
        expect(/Ham/.test(said), said);
        for (let i = 0; i < 9; i++)
            await page.keyboard.press("Tab");
        const outline = await page.evaluate(() => getComputedStyle(document.activeElement).outlineStyle);
        expect(outline !== "none", outline);
    }],
    ["the verdict is announced", async () => {
        expect(await page.getAttribute("#said", "role") === "status", "role");
    }],
    ["a page without mail shows no hours", async () => {
        expect(!await page.isVisible("#mail"), "hours");
    }],
    ["the page of a daemon shows its mail by hour", async () => {
        await open(daemon);
        await page.waitForSelector("#hours tr");
        const rows = await page.locator("#hours tr").evaluateAll((all) =>
            all.map((row) => [...row.cells].slice(2).map((cell) => Number(cell.textContent))));
        const sums = rows.reduce((a, b) => a.map((n, i) => n + b[i]));
        expect(sums.join() === "1,0,0,2,0,2", rows); /* ham, unsure, spam, other, failed, refused */
        const heads = await page.locator("#mail thead th").allTextContents();
        expect(heads.join() === "From,Share,Ham,Unsure,Spam,Other,Failed,Refused", heads);
        await looksWell("daemon");
        await view("phone");
        const box = await page.$eval("#mail-box", (e) => [e.scrollWidth, e.clientWidth]);
        await view("light");
        expect(box[0] <= box[1], box);
    }],
    ["the bars of an hour have the shares of its mail", async () => {
        const shares = await page.locator("#hours .bar span").evaluateAll((all) =>
            all.map((span) => span.getBoundingClientRect().width));
        expect(shares.some((w) => w > 50) && shares.filter((w) => w > 0).length === 1, shares);
    }],
    ["a message is judged beside the daemon's mail", async () => {
        const said = await verdictOf(spam);
        expect(/Spam/.test(said) && await page.locator("#text mark").count() > 2, said);
        expect(await page.isVisible("#mail"), "hours");
    }],
    ["a language model goes on with a prompt", async () => {
        await open(writer);
        expect(!await page.isVisible("#message"), "form of a classifier");
        await page.fill("#prompt", "hello");
        await page.fill("#max_tokens", "12");
        const said = await written("#write [type=submit]");
        expect(said.startsWith("hello") && said.length > 6, said);
        expect(/^12 tokens after/.test(await page.textContent("#progress")), "progress");
        await looksWell("writer");
    }],
    ["a prompt that is too long is refused in words", async () => {
        await page.fill("#prompt", "0 ".repeat(3000));
        await page.click("#write [type=submit]");
        await page.waitForSelector("#trouble:visible");
        const said = await page.textContent("#trouble");
        expect(/positions/.test(said), said);
        await page.click("#forget");
    }],
    ["an instruction is answered, and earlier ones stay", async () => {
        await open(answerer);
        await page.fill("#instruction", "Say jam 3.");
        const first = await written("#write [type=submit]");
        await page.fill("#instruction", "Say tea 4.");
        expect(await page.inputValue("#instruction") === "Say tea 4.", "instruction");
        await page.evaluate(() => { document.querySelector("#progress").textContent = ""; });
        await written("#write [type=submit]");
        expect(await page.locator("#entries li").count() === 2, "entries");
        expect(first === "jam", first);
        await looksWell("answerer");
    }],
    ["Stop ends a text that is being written", async () => {
        await open(writer);
        await page.route("**/generate", () => { /* no answer comes */ });
        await page.fill("#prompt", "hello");
        await page.click("#write [type=submit]");
        await page.click("#stop");
        await page.waitForFunction(() => document.querySelector("#progress").textContent === "Stopped.");
        expect(await page.isEnabled("#write [type=submit]"), "button");
    }],
    ["the browser complained of nothing", async () => {
        expect(faults.length === 0, faults);
    }],
];

async function main() {
    const browser = await chromium.launch({ executablePath: program, args: ["--no-sandbox"] });
    let failed = 0;
    page = await browser.newPage();
    page.on("pageerror", (e) => faults.push(String(e)));
    page.on("console", (m) => {
        if (m.type() === "error" && !/status of 400|favicon/.test(m.text() + m.location().url))
            faults.push(m.text());
    });
    page.setDefaultTimeout(20000);
    console.log("1.." + cases.length);
    for (const [i, [sentence, run]] of cases.entries()) {
        let word = "ok";
        try {
            await run();
        } catch (e) {
            console.log("# " + String(e.stack || e).slice(0, 600).replace(/\n/g, "\n# "));
            word = "not ok";
            failed = 1;
        }
        console.log(word + " " + (i + 1) + " - " + sentence);
    }
    await browser.close();
    process.exitCode = failed;
}

main();
