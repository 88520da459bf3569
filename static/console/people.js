// The people of a collection, and one of them.
import {personNamed, within} from "./api.js";
import {action, confirmed, count, field, h, heading, problem, say} from "./dom.js";
import {personField} from "./person.js";

const PAGE = 50;
const PICTURES = 24;

class People extends HTMLElement {
  connectedCallback() {
    const id = Number(this.getAttribute("path"));
    (id ? this.person(id) : this.list()).catch((error) => this.append(problem(error)));
  }

  async list() {
    const search = field("Names that begin with", {type: "search", autocomplete: "off"});
    const people = h("ul", {class: "list"});
    const more = h("div", {class: "row"});
    this.append(...heading("People", "Everybody who is registered in this collection."),
      h("form", {class: "row", role: "search", onsubmit: (event) => { event.preventDefault(); fresh(); }}, search.label,
        h("button", {}, "Search")),
      h("div", {class: "card"}, people, more));
    const page = async (after) => {
      const {data, next} = await within("GET", "api/profile", {query: {name: search.input.value, limit: PAGE, after}});
      people.append(...data.map((person) => h("li", {class: "row spread"},
        h("a", {href: `#people/${person.id}`}, person.name),
        h("span", {class: "muted"}, count(person.faces, "face", "faces")))));
      more.replaceChildren(next ? action("Show more", () => page(next), {class: "second"}) : "");
      if (!people.hasChildNodes()) {
        people.append(h("li", {class: "empty"}, h("h2", {}, search.input.value ? "Nobody's name begins like that" : "Nobody is registered yet"),
          h("p", {}, "Register somebody from a photo under ", h("a", {href: "#recognise"}, "Recognise"),
            ", or a whole folder under ", h("a", {href: "#many"}, "Many"), ".")));
      }
    };
    const fresh = async () => {
      people.replaceChildren();
      try { await page(); } catch (error) { people.append(h("li", {}, problem(error))); }
    };
    await fresh();
  }

  async person(id) {
    const {data: person} = await within("GET", `api/profile/${id}`);
    const again = () => { this.replaceChildren(); return this.person(id); };
    const gone = (text) => { say(text); location.hash = "#people"; };
    this.replaceChildren(h("p", {}, h("a", {href: "#people"}, "All people")),
      ...heading(person.name, `Person ${person.id}, with ${count(person.faces.length, "face", "faces")}.`),
      h("div", {class: "columns"}, this.facesOf(person, again, gone),
        h("div", {}, this.rename(person, again), this.merge(person, gone), this.metadata(person, again), this.remove(person, gone))));
  }

  facesOf(person, again, gone) {
    const pictures = h("div", {class: "thumbs"});
    const list = h("ul", {class: "list"}, person.faces.map((face) => {
      const owner = personField("Move it to");
      return h("li", {},
        h("div", {}, h("strong", {}, `Face ${face.id}`), " ",
          h("span", {class: "muted small"}, `${face.recognition_model}, found by ${face.detection_model}`)),
        h("details", {}, h("summary", {"aria-label": `Move or delete face ${face.id}`}, "Move or delete"),
          h("div", {class: "row"}, owner.label, action("Move", async () => {
            const target = await personNamed(owner.name());
            if (target === null) throw new Error("Nobody has this name.");
            await within("POST", `api/face/${face.id}/move`, {query: {profile_id: target.id}});
            say(`Face ${face.id} is now ${target.name}'s.`);
            await (person.faces.length > 1 ? again() : gone(`${person.name} had no other face and is gone.`));
          }, {class: "second"})),
          h("div", {class: "row"}, action("Delete this face", async () => {
            const last = person.faces.length === 1;
            const text = last ? `It is the only face of ${person.name}, who is deleted with it. This can't be undone.`
              : "It is deleted for good. This can't be undone.";
            if (!(await confirmed(`Delete face ${face.id}?`, text, "Delete the face"))) return;
            await within("DELETE", `api/face/${face.id}`);
            say("The face is deleted.");
            await (last ? gone(`${person.name} is deleted.`) : again());
          }, {class: "danger"}))));
    }));
    return h("section", {class: "card"}, h("h2", {}, "Faces"),
      person.faces.length ? list : h("p", {class: "muted"}, "None yet. Register one under Recognise, by this name."),
      person.faces.length ? h("div", {class: "row"}, action("Show pictures", () => this.pictures(person, pictures), {class: "second"})) : null,
      pictures);
  }

  async pictures(person, place) {
    const {data} = await within("GET", `api/profile/${person.id}/export`, {query: {limit: PICTURES}});
    const kept = data.faces.filter((face) => face.crop);
    if (!kept.length) {
      place.replaceChildren(h("p", {class: "muted"}, "No pictures are kept of these faces. With FACE_STORE_CROPS=true the service keeps those of faces that are registered from then on."));
      return;
    }
    place.replaceChildren(...kept.map((face) => {
      const url = URL.createObjectURL(new Blob([Uint8Array.from(atob(face.crop), (char) => char.charCodeAt(0))], {type: "image/png"}));
      return h("img", {src: url, width: 88, height: 88, alt: `Face ${face.id} of ${person.name}`, onload: () => URL.revokeObjectURL(url)});
    }));
  }

  rename(person, again) {
    const name = field("Name", {value: person.name, maxlength: "200", autocomplete: "off"});
    return h("section", {class: "card"}, h("h2", {}, "Rename"), h("div", {class: "row"}, name.label, action("Rename", async () => {
      await within("PATCH", `api/profile/${person.id}`, {json: {name: name.input.value}});
      say("Renamed.");
      await again();
    }, {class: "second"})));
  }

  merge(person, gone) {
    const other = personField(`${person.name} is the same person as ...`);
    return h("section", {class: "card"}, h("h2", {}, "Merge"), h("div", {class: "row"}, other.label, action("Merge", async () => {
      const target = await personNamed(other.name());
      if (target === null) throw new Error("Nobody has this name.");
      if (target.id === person.id) throw new Error("That is this person.");
      const text = `${target.name} gets all faces of ${person.name}, who is then gone. This can't be undone.`;
      if (!(await confirmed(`Merge ${person.name} into ${target.name}?`, text, "Merge"))) return;
      await within("POST", `api/profile/${person.id}/merge`, {query: {into: target.id}});
      gone(`${person.name} is now part of ${target.name}.`);
    }, {class: "second"})));
  }

  metadata(person, again) {
    const text = field("Any JSON object", {spellcheck: "false"}, "textarea");
    text.input.value = JSON.stringify(person.metadata, null, 2);
    return h("section", {class: "card"}, h("h2", {}, "Metadata"), h("div", {class: "stack"}, text.label, action("Save", async () => {
      let metadata;
      try { metadata = JSON.parse(text.input.value); } catch { throw new Error("This is not JSON."); }
      await within("PATCH", `api/profile/${person.id}`, {json: {metadata}});
      say("Saved.");
      await again();
    }, {class: "second"})));
  }

  remove(person, gone) {
    return h("section", {class: "card"}, h("h2", {}, "Delete"),
      h("p", {class: "muted"}, "The person and all their faces are deleted for good."),
      h("div", {class: "row"}, action(`Delete ${person.name}`, async () => {
        const text = `${count(person.faces.length, "face goes", "faces go")} with them. This can't be undone.`;
        if (!(await confirmed(`Delete ${person.name}?`, text, "Delete for good"))) return;
        await within("DELETE", `api/profile/${person.id}`);
        gone(`${person.name} is deleted.`);
      }, {class: "danger"})));
  }
}

customElements.define("console-people", People);
