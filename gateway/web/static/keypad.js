// Twelve keys that write digits or, pressed several times, letters.

const LETTERS = {
  1: ".,'-?!1", 2: "abc2", 3: "def3", 4: "ghi4", 5: "jkl5", 6: "mno6",
  7: "pqrs7", 8: "tuv8", 9: "wxyz9", 0: " 0",
};
const AGAIN = 1000; // milliseconds in which a second press changes the letter

export class Keypad {
  #field;
  #last = { key: "", at: 0, turn: 0 };
  letters = false;

  constructor(field) {
    this.#field = field;
  }

  // Writes what `key` stands for at the end of the field.
  press(key, now = performance.now()) {
    const field = this.#field;
    const choices = this.letters ? LETTERS[key] : undefined;
    if (choices === undefined) {
      this.#write(field.value + key);
      return;
    }
    const again = this.#last.key === key && now - this.#last.at < AGAIN;
    const turn = again ? (this.#last.turn + 1) % choices.length : 0;
    const kept = again ? [...field.value].slice(0, -1).join("") : field.value;
    this.#write(kept + choices[turn]);
    this.#last = { key, at: now, turn };
  }

  erase() {
    this.#write([...this.#field.value].slice(0, -1).join(""));
  }

  clear() {
    this.#write("");
  }

  #write(value) {
    this.#field.value = value.slice(0, this.#field.maxLength);
    this.#last = { key: "", at: 0, turn: 0 };
  }
}
