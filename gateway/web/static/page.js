// The phone page: keys, screen and network put together.

import { Keypad } from "/static/keypad.js";
import { Session, line, remember } from "/static/network.js";
import { Thread } from "/static/thread.js";

const words = JSON.parse(document.body.dataset.words);
const home = document.body.dataset.code;
const at = (id) => document.getElementById(id);

const phone = at("phone");
const text = at("text");
const answer = at("answer");
const keypad = new Keypad(answer);

const LOOK = 1000; // milliseconds between two looks for new messages

let session = null; // open at the operator's
let pending = null; // the session whose reply is awaited
let dialled = home; // what « dial again » dials
const fill = (sentence, values) =>
  sentence.replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);

const thread = new Thread(words, fill, {
  number: () => at("line").value,
  sent: () => refresh(at("line").value),
});

// ---- the screen ----

const LEFT = { idle: words.dial, open: words.reply, ended: words.ok, lost: words.redial };
const RIGHT = { idle: words.erase, open: words.erase };

function show(state, lines) {
  phone.dataset.state = state;
  text.setAttribute("aria-busy", String(state === "busy"));
  if (lines !== undefined) {
    text.textContent = lines;
    text.scrollTop = 0;
  }
  at("left-label").textContent = LEFT[state] ?? "";
  at("right-label").textContent = RIGHT[state] ?? "";
  phone.querySelector(".soft.left").setAttribute("aria-label", LEFT[state] ?? words.busy);
  at("lose").disabled = state === "lost";
  if (state !== "open" || !keypad.letters) setLetters(false);
}

function idle(lines = fill(words.idle, { code: home })) {
  session = pending = null;
  keypad.clear();
  count(null);
  show("idle", lines);
}

function setLetters(on) {
  keypad.letters = on;
  const mode = at("mode");
  mode.hidden = phone.dataset.state !== "open";
  mode.textContent = on ? "abc" : "123";
  mode.title = on ? words.letters_mode : words.digits_mode;
}

function count(page) {
  const meter = at("meter");
  meter.value = page === null ? 0 : page.units;
  if (page === null) {
    at("count").textContent = words.counter_none;
    at("took").textContent = "";
    return;
  }
  meter.max = page.budget;
  const unit = page.encoding === "gsm7" ? words.counter_gsm7 : words.counter_ucs2;
  at("count").textContent = `${page.units} ${words.of} ${page.budget} ${unit}`;
}

// ---- the call ----

async function exchange(input) {
  const asked = session;
  pending = asked;
  show("busy");
  const started = performance.now();
  let page;
  try {
    page = await asked.send(input);
  } catch {
    if (pending === asked) idle(words.no_answer);
    return;
  }
  if (pending !== asked) return; // cut meanwhile: the reply found no phone
  pending = null;
  keypad.clear();
  if (page.ends) session = null;
  setLetters(false);
  show(page.ends ? "ended" : "open", page.text);
  if (!page.ends) setLetters(false);
  count(page);
  const took = Math.max(1, Math.round(performance.now() - started));
  at("took").textContent = fill(words.answered_in, { ms: took });
  at("exchange").firstElementChild.textContent = `POST …/ussd\n${page.sent}\n\n${page.received}`;
  await refresh(asked.phone);
}

function dial(code) {
  at("arrived").hidden = true;
  dialled = code;
  session = new Session(at("line").value, at("network").value, code);
  return exchange();
}

function call() {
  const state = phone.dataset.state;
  if (state === "idle") return dial(answer.value.trim() || home);
  if (state === "open") return exchange(answer.value);
  if (state === "lost") return dial(dialled);
  if (state === "ended") idle();
  return undefined;
}

function hangUp() {
  const talking = session !== null;
  idle(talking ? words.cancelled : undefined);
}

function lose() {
  session = pending = null;
  keypad.clear();
  count(null);
  show("lost", `${words.lost}\n${words.lost_hint}`);
}

function press(key) {
  const state = phone.dataset.state;
  if (key === "call" || key === "left") return call();
  if (key === "end") return hangUp();
  if (key === "up" || key === "down") {
    text.scrollBy({ top: key === "up" ? -60 : 60 });
    return undefined;
  }
  if (state === "ended") idle();
  if (state === "busy" || state === "lost") return undefined;
  if (key === "erase") keypad.erase();
  else if (key === "#" && state === "open") setLetters(!keypad.letters);
  else keypad.press(key);
  return undefined;
}

// ---- messages ----

// Messages are looked for all the time; her language only after something of hers, for a choice
// that is just being made must not be undone.
async function refresh(number, { first = false, language = true } = {}) {
  let kept;
  try {
    kept = await line(number);
  } catch {
    return; // it is asked for again
  }
  if (number !== at("line").value) return;
  if (language) at("language").value = kept.language ?? "";
  if (thread.show(kept.messages, { first })) at("arrived").hidden = false;
}

async function watch() {
  const number = at("line").value;
  if (!document.hidden) await refresh(number, { language: false });
  setTimeout(watch, LOOK);
}

// ---- what is around the phone ----

function carrier() {
  const network = at("network");
  at("carrier").textContent = network.selectedOptions[0].textContent;
}

function flash(key) {
  const button = phone.querySelector(`[data-key="${CSS.escape(key)}"]`);
  if (button === null) return;
  button.classList.add("down");
  setTimeout(() => button.classList.remove("down"), 120);
}

// A key that is clicked does not take what is typed next.
phone.addEventListener("mousedown", (event) => {
  if (event.target.closest("[data-key]") !== null) event.preventDefault();
});
phone.addEventListener("click", (event) => {
  const button = event.target.closest("[data-key]");
  if (button !== null) press(button.dataset.key);
});

// Outside a call only a code can be typed.
function onlyCode() {
  if (phone.dataset.state === "idle") answer.value = answer.value.replace(/[^0-9*#]/g, "");
}
answer.addEventListener("input", onlyCode);

// Keys typed anywhere but in another control belong to the phone.
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.target.closest("form") !== null) return; // a text message is being written
  const control = event.target.closest("select, button, a, summary");
  const writing = event.target === answer;
  if (event.key === "Escape") {
    hangUp();
    flash("end");
  } else if (event.key === "Enter" && (writing || control === null)) {
    event.preventDefault();
    call();
    flash("call");
  } else if (!writing && control === null && event.key === "Backspace") {
    event.preventDefault();
    press("erase");
  } else if (!writing && !event.target.closest("select") && event.key.length === 1) {
    if (event.key === " " && control !== null) return; // it presses that control
    event.preventDefault();
    if (phone.dataset.state === "ended") idle();
    if (["idle", "open"].includes(phone.dataset.state)) {
      answer.value = (answer.value + event.key).slice(0, answer.maxLength);
      onlyCode();
    }
    flash(event.key);
  } else if (writing && phone.dataset.state === "busy") {
    event.preventDefault();
  }
});

// What happens then is on the phone, and so is what is typed next.
function look() {
  phone.scrollIntoView({ block: "nearest" });
  text.focus({ preventScroll: true });
}

at("lose").addEventListener("click", () => {
  lose();
  look();
});
at("redial").addEventListener("click", () => {
  dial(dialled);
  look();
});
for (const chip of document.querySelectorAll("[data-dial]")) {
  chip.addEventListener("click", () => {
    dial(chip.dataset.dial);
    look();
  });
}

at("network").addEventListener("change", () => {
  carrier();
  idle();
});

at("line").addEventListener("change", () => {
  idle();
  thread.clear();
  at("arrived").hidden = true;
  refresh(at("line").value, { first: true });
});

at("language").addEventListener("change", async () => {
  idle();
  try {
    await remember(at("line").value, at("language").value);
  } catch {
    idle(words.no_answer);
  }
});

at("copy").addEventListener("click", async () => {
  const button = at("copy");
  try {
    await navigator.clipboard.writeText(at("curl").textContent);
    button.textContent = words.copied;
  } catch {
    getSelection().selectAllChildren(at("curl")); // no clipboard on a page without TLS
  }
});

at("arrived").addEventListener("click", () => {
  at("arrived").hidden = true;
});

carrier();
idle();
await refresh(at("line").value, { first: true });
watch();
