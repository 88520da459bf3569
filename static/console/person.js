// A field for a person's name, with the names that there are.
import {within} from "./api.js";
import {field, h} from "./dom.js";

const SUGGESTIONS = 20;
const PAUSE_MS = 250;
let lists = 0;

/** Suggests people by what their name begins with, if the key may list them. */
export function personField(label, value = "") {
  const list = h("datalist", {id: `people-${lists += 1}`});
  const {input, label: element} = field(label, {value, list: list.id, autocomplete: "off", maxlength: "200"});
  let timer;
  input.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(async () => {
      try {
        const {data} = await within("GET", "api/profile", {query: {name: input.value, limit: SUGGESTIONS}});
        list.replaceChildren(...data.map((person) => h("option", {value: person.name})));
      } catch {
        list.replaceChildren(); // a key that may not list people enrols them all the same
      }
    }, PAUSE_MS);
  });
  element.append(list);
  return {input, label: element, name: () => {
    const name = input.value.trim();
    if (!name) { input.focus(); throw new Error("Give the person's name."); }
    return name;
  }};
}
