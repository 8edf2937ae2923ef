// The same five steps on ussd-menu-builder. A menu object per request, since a shared one mixes
// citizens' answers; the session goes through the library's own sessionConfig, into Redis.
const express = require("express");
const Redis = require("ioredis");
const UssdMenu = require("ussd-menu-builder");

const redis = new Redis(process.env.REDIS_PATH);
const app = express();
app.use(express.urlencoded({ extended: false }));

function build() {
  const menu = new UssdMenu();
  menu.sessionConfig({
    start: (id) => redis.hset("umb:" + id, "at", "start").then(() => redis.expire("umb:" + id, 180)),
    end: (id) => redis.del("umb:" + id),
    get: (id, key) => redis.hget("umb:" + id, key),
    set: (id, key, value) => redis.hset("umb:" + id, key, value),
  });
  menu.startState({
    run: () => menu.con("Actes d'état civil\n1. Demander un acte\n2. Suivre une demande"),
    next: { 1: "demande", 2: "suivi" },
  });
  menu.state("demande", {
    run: () => menu.con("Quel acte ?\n1. Naissance\n2. Mariage\n3. Décès\n0. Retour"),
    next: { 1: "npi", 2: "npi", 3: "npi", 0: "__start__" },
  });
  menu.state("npi", {
    run: () => menu.session.set("acte", menu.val).then(() => menu.con("Votre numéro NPI\n0. Retour")),
    next: { "*\\d{10}": "confirm" },
  });
  menu.state("confirm", {
    run: () =>
      menu.session
        .set("npi", menu.val)
        .then(() => menu.session.get("acte"))
        .then((acte) => menu.con(`Acte de ${acte} pour le NPI ${menu.val} ?\n1. Oui\n2. Non`)),
    next: { 1: "done", 2: "demande" },
  });
  menu.state("done", {
    run: () => menu.session.get("npi").then((npi) => menu.end(`Demande reçue pour le NPI ${npi}. Merci.`)),
  });
  menu.state("suivi", { run: () => menu.end("Aucune demande en cours.") });
  return menu;
}

app.post(/.*/, (request, response) => {
  build().run(request.body, (answer) => response.type("text/plain").send(answer));
});

app.listen(Number(process.env.PORT), "127.0.0.1");
