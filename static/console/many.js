// Many photos with names: a folder, or a zip, with a folder a person.
import {within} from "./api.js";
import {action, count, filePicker, h, heading, problem} from "./dom.js";
import {entriesOf} from "./zip.js";

const PHOTO = /\.(jpe?g|png|webp|avif|bmp|heic|heif)$/i;
const HIDDEN = /(^|\/)(\.|__MACOSX|@eaDir)/;
const AT_ONCE = 2;
const SHOWN = 500;

/** Photos with their people: the folder's name, or the file's without its ending where there is no folder. */
export function named(entries, inFolder) {
  const photos = entries.filter(({path}) => PHOTO.test(path) && !HIDDEN.test(path))
    .sort((one, other) => (one.path < other.path ? -1 : 1));
  const parts = photos.map(({path}) => path.split("/"));
  const wrapped = inFolder || (photos.length > 0 && parts.every((each) => each.length > 2 && each[0] === parts[0][0]));
  return photos.map((photo, index) => {
    const [first, ...rest] = parts[index].slice(wrapped ? 1 : 0);
    return {...photo, person: rest.length ? first : first.replace(/\.[^.]*$/, "")};
  });
}

class Many extends HTMLElement {
  connectedCallback() {
    this.place = h("div");
    const folder = filePicker("Choose a folder", {webkitdirectory: true}, (files) =>
      this.plan(files.map((file) => ({path: file.webkitRelativePath || file.name, read: async () => file})), true));
    const zip = filePicker("Choose a zip file", {accept: ".zip,application/zip", class: "second"}, async ([file]) => {
      try { this.plan(await entriesOf(file), false); } catch (error) { this.place.replaceChildren(problem(error)); }
    });
    this.append(...heading("Many", "Register many people at once: a folder, or a zip file, with one folder a person. A bad photo stops nothing."),
      h("div", {class: "card"}, h("p", {}, "Like this: ", h("code", {}, "people/Ada/1.jpg"), ", ", h("code", {}, "people/Grace/1.jpg"), "."),
        h("div", {class: "row"}, folder, zip)), this.place);
  }

  disconnectedCallback() { this.stopped = true; }

  plan(entries, inFolder) {
    const photos = named(entries, inFolder);
    const people = new Set(photos.map(({person}) => person)).size;
    const skipped = entries.length - photos.length;
    if (!photos.length) {
      this.place.replaceChildren(h("p", {class: "warning"}, "There are no photos in it."));
      return;
    }
    this.place.replaceChildren(h("section", {class: "card"},
      h("h2", {}, `${count(photos.length, "photo", "photos")} of ${count(people, "person", "people")}`),
      skipped ? h("p", {class: "muted"}, `${count(skipped, "other file is", "other files are")} skipped.`) : null,
      h("div", {class: "row"}, action("Register them", () => this.enrol(photos)))));
  }

  async enrol(photos) {
    this.stopped = false;
    const report = photos.map(({path, person}) => ({path, person, result: "not done"}));
    const bar = h("progress", {max: photos.length, value: 0, "aria-label": "Photos done"});
    const state = h("p", {role: "status"}, "Starting ...");
    const lines = h("ul", {class: "list"});
    const row = h("div", {class: "row middle"}, h("button", {type: "button", class: "second", onclick: () => { this.stopped = true; }}, "Stop"));
    this.place.replaceChildren(h("section", {class: "card"}, bar, state, row, lines));
    let next = 0;
    const tally = {registered: 0, refused: 0};
    const one = async () => {
      while (next < photos.length && !this.stopped) {
        const index = next;
        next += 1;
        const line = report[index];
        try {
          const {data} = await within("POST", "api/face/register",
            {query: {name: line.person}, form: {image: await photos[index].read()}, patient: true});
          Object.assign(line, {result: "registered", face: data.id, profile_id: data.profile_id, warnings: data.warnings});
          tally.registered += 1;
          if (data.warnings) this.line(lines, line.path, "warning", `registered, but it resembles ${data.warnings.map((each) => each.name).join(", ")} or not the person`);
        } catch (error) {
          Object.assign(line, {result: "refused", code: error.code, detail: error.message});
          tally.refused += 1;
          this.line(lines, line.path, "error", error.message);
        }
        bar.value = tally.registered + tally.refused;
        state.textContent = `${tally.registered} registered, ${tally.refused} refused, of ${photos.length}.`;
      }
    };
    await Promise.all(Array.from({length: AT_ONCE}, one));
    state.textContent = `${this.stopped ? "Stopped" : "Done"}: ${tally.registered} registered, ${tally.refused} refused, of ${photos.length}.`;
    const url = URL.createObjectURL(new Blob([JSON.stringify(report, null, 2)], {type: "application/json"}));
    row.replaceChildren(h("a", {class: "button second", href: url, download: "registered.json"}, "Download the report"),
      h("a", {href: "#people"}, "See the people"));
  }

  line(lines, path, style, text) {
    if (lines.childElementCount < SHOWN) lines.append(h("li", {}, h("strong", {}, path), h("p", {class: style}, text)));
  }
}

customElements.define("console-many", Many);
