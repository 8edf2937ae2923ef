// What an operator does: it numbers the session, keeps its transcript and calls the counter.

async function post(path, body) {
  const answer = await fetch(path, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body),
  });
  if (!answer.ok) throw new Error(String(answer.status));
  return answer.json();
}

export class Session {
  #id;
  #inputs = [];

  constructor(phone, network, code) {
    const random = crypto.getRandomValues(new Uint8Array(16));
    this.#id = "web_" + Array.from(random, (byte) => byte.toString(16).padStart(2, "0")).join("");
    this.phone = phone;
    this.network = network;
    this.code = code;
  }

  // The first request has no text; each further one has all inputs so far.
  async send(input) {
    if (input !== undefined) this.#inputs.push(input);
    return post("/phone/step", {
      phone: this.phone,
      network: this.network,
      code: this.code,
      session: this.#id,
      text: this.#inputs.join("*"),
    });
  }
}

// What the counter keeps of a test number: its language, its messages.
export async function line(phone) {
  const answer = await fetch(`/phone/line?phone=${encodeURIComponent(phone)}`);
  if (!answer.ok) throw new Error(String(answer.status));
  return answer.json();
}

// A text message to the short code.
export function write(phone, text) {
  return post("/phone/text", { phone, text });
}

export function remember(phone, language) {
  return post("/phone/language", { phone, language });
}
