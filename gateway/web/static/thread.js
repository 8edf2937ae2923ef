// Text messages: those of the phone's number, and the one that is being written.

import { write } from "/static/network.js";

const at = (id) => document.getElementById(id);
const alphabet = JSON.parse(document.body.dataset.alphabet);

// 3GPP TS 23.040: one message, or the parts of a longer one.
const ROOM = { gsm7: [160, 153], ucs2: [70, 67] };

function size(text) {
  let septets = 0;
  for (const letter of text) {
    if (alphabet.one.includes(letter)) septets += 1;
    else if (alphabet.two.includes(letter)) septets += 2;
    else {
      septets = null;
      break;
    }
  }
  const encoding = septets === null ? "ucs2" : "gsm7";
  const units = septets ?? text.length;
  const [whole, part] = ROOM[encoding];
  return { encoding, units, parts: units <= whole ? 1 : Math.ceil(units / part) };
}

export class Thread {
  #words;
  #fill;
  #events;
  #known = new Map(); // messages on the page, and their state there

  constructor(words, fill, events) {
    this.#words = words;
    this.#fill = fill;
    this.#events = events;
    const written = at("written");
    at("composer").addEventListener("submit", (event) => {
      event.preventDefault();
      this.#send(written.value).then((gone) => {
        if (gone) written.value = "";
        if (gone) this.#measure();
        written.focus();
      });
    });
    written.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
      event.preventDefault();
      at("composer").requestSubmit();
    });
    written.addEventListener("input", () => this.#measure());
    for (const chip of document.querySelectorAll("[data-word]")) {
      chip.addEventListener("click", () => this.#send(chip.dataset.word));
    }
  }

  clear() {
    this.#known.clear();
    at("messages").replaceChildren();
  }

  // Whether something arrived that was not there before.
  show(messages, { first }) {
    const list = at("messages");
    const down = list.scrollHeight - list.scrollTop - list.clientHeight < 40;
    let arrived = false;
    let added = false;
    messages.forEach((message, place) => {
      const known = this.#known.get(message.id);
      if (known?.state === message.state) return;
      const item = this.#bubble(message, !first && known === undefined);
      if (known !== undefined) {
        item.querySelector("details").open = known.item.querySelector("details").open;
        known.item.replaceWith(item);
      } else {
        list.insertBefore(item, list.children[place] ?? null);
        added = true;
        arrived ||= !first && !message.mine;
      }
      this.#known.set(message.id, { state: message.state, item });
    });
    const kept = new Set(messages.map((message) => message.id));
    for (const [id, { item }] of this.#known) {
      if (kept.has(id)) continue;
      item.remove();
      this.#known.delete(id);
    }
    if (added && (first || down)) list.scrollTop = list.scrollHeight;
    return arrived;
  }

  async #send(text) {
    if (text.trim() === "" || at("send").disabled) return false;
    at("send").disabled = true;
    try {
      await write(this.#events.number(), text);
    } catch {
      at("size").textContent = this.#words.not_sent;
      return false;
    } finally {
      at("send").disabled = false;
    }
    at("messages").scrollTop = at("messages").scrollHeight;
    await this.#events.sent();
    return true;
  }

  #measure() {
    const text = at("written").value;
    at("size").textContent = text === "" ? "" : this.#counted(size(text));
  }

  #counted({ encoding, units, parts }) {
    const many = parts === 1 ? this.#words.part : this.#fill(this.#words.parts, { n: parts });
    const unit = encoding === "gsm7" ? this.#words.counter_gsm7 : this.#words.counter_ucs2;
    return `${many} · ${units} ${unit}`;
  }

  #bubble(message, fresh) {
    const item = document.createElement("li");
    item.className = "bubble";
    if (message.mine) item.classList.add("mine");
    if (fresh) item.classList.add("fresh");
    const from = document.createElement("div");
    from.className = "from";
    const sender = document.createElement("span");
    sender.textContent = message.mine ? this.#words.you : message.sender;
    from.append(sender, this.#time(message.at, { hour: "2-digit", minute: "2-digit" }));
    const body = document.createElement("p");
    body.textContent = message.text;
    item.append(from, body, this.#fate(message));
    return item;
  }

  // What it took, and for what came from the counter each state that it went through.
  #fate(message) {
    if (message.state === null) {
      const small = document.createElement("small");
      small.textContent = this.#counted(message);
      return small;
    }
    const details = document.createElement("details");
    const summary = document.createElement("summary");
    summary.textContent = `${this.#counted(message)} · ${this.#words[`state_${message.state}`]}`;
    const way = document.createElement("ol");
    way.setAttribute("aria-label", this.#words.way);
    for (const { state, at: when, reason } of message.history) {
      const entered = document.createElement("li");
      const name = document.createElement("span");
      name.textContent = this.#words[`state_${state}`] + (reason === "" ? "" : ` (${reason})`);
      entered.append(this.#time(when, { timeStyle: "medium" }), name);
      way.append(entered);
    }
    details.append(summary, way);
    details.addEventListener("toggle", () => {
      if (details.open) way.scrollIntoView({ block: "nearest" });
    });
    return details;
  }

  #time(when, shape) {
    const time = document.createElement("time");
    const day = new Date(when);
    time.dateTime = day.toISOString();
    time.textContent = day.toLocaleTimeString(document.documentElement.lang, shape);
    return time;
  }
}
