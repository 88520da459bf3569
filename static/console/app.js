// The sections, the collection, and the key.
import {address, askAgain, call, chooseCollection, collection, forgetKey, hasKey, onKeyNeeded} from "./api.js";
import {field, h, say} from "./dom.js";
import "./recognise.js";
import "./people.js";
import "./compare.js";
import "./many.js";
import "./check.js";
import "./system.js";

const SECTIONS = {recognise: "Recognise", people: "People", compare: "Compare", many: "Many", check: "Gallery check", system: "System"};
const PRINTABLE = /^[\x21-\x7e]+$/;

const main = document.getElementById("main");
const forget = document.getElementById("forget-key");
const select = document.getElementById("collection");

function show(focus) {
  const [name, path] = location.hash.slice(1).split("/");
  const section = name in SECTIONS ? name : "recognise";
  document.querySelectorAll("nav a").forEach((link) => {
    if (link.hash === `#${section}`) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  });
  document.title = `${SECTIONS[section]} - Face console`;
  main.replaceChildren(h(`console-${section}`, {path: path ?? ""}));
  if (focus) main.focus();
}

function askForKey(refused) {
  return new Promise((resolve) => {
    const key = field("API key", {type: "password", autocomplete: "off", required: true});
    const wrong = h("p", {class: "error", role: "alert", hidden: !refused}, "The service doesn't accept this key.");
    const dialog = h("dialog", {"aria-labelledby": "key-title", onclose: () => {
      resolve(dialog.returnValue || null);
      dialog.remove();
      keyButton(Boolean(dialog.returnValue));
    }}, h("form", {class: "stack", onsubmit: (event) => {
      event.preventDefault();
      const given = key.input.value.trim();
      if (PRINTABLE.test(given)) { dialog.close(given); return; }
      wrong.hidden = false;
      wrong.textContent = "A key has no spaces and no special characters.";
    }}, h("h2", {id: "key-title"}, "This service needs an API key"),
    h("p", {class: "muted"}, "It is kept for this tab only, and forgotten when you close it."), wrong, key.label,
    h("div", {class: "row"}, h("button", {}, "Use this key"),
      h("button", {type: "button", class: "second", onclick: () => dialog.close("")}, "Go on without"))));
    document.body.append(dialog);
    dialog.showModal();
  });
}

/** A button that forgets the key, or asks for one again. */
function keyButton(given) {
  forget.hidden = false;
  forget.textContent = given ? "Forget the key" : "Enter a key";
}

async function collections() {
  try {
    const {data} = await call("GET", "api/collection");
    const names = data.map((each) => each.name);
    if (!names.includes(collection()) && names.length) chooseCollection(names[0]);
    select.replaceChildren(...names.map((name) => h("option", {value: name, selected: name === collection()}, name)));
    document.getElementById("collection-label").hidden = names.length < 2;
  } catch { /* a key that may not list them uses the default one */ }
}

document.querySelector("nav").append(...Object.entries(SECTIONS).map(([name, title]) => h("a", {href: `#${name}`}, title)));
document.getElementById("api-docs").href = address("");
select.addEventListener("change", () => { chooseCollection(select.value); show(false); });
forget.addEventListener("click", async () => {
  if (hasKey()) {
    forgetKey();
    forget.hidden = true;
    say("The key is forgotten.");
  }
  askAgain();
  await collections();
  show(false);
});
document.querySelector(".skip").addEventListener("click", (event) => { event.preventDefault(); main.focus(); });
for (const kind of ["dragover", "drop"]) window.addEventListener(kind, (event) => event.preventDefault());
window.addEventListener("hashchange", () => show(true));
onKeyNeeded(askForKey);
if (hasKey()) keyButton(true);
collections().then(() => show(false));
