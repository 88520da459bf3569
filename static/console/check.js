// Mistakes in a gallery: people enrolled twice, faces that don't fit.
import {within} from "./api.js";
import {action, confirmed, count, h, heading, number, say} from "./dom.js";

const LIMIT = 50;

class Check extends HTMLElement {
  connectedCallback() {
    this.place = h("div");
    this.append(...heading("Gallery check", "Who is enrolled twice? Which faces don't fit their person? All faces are compared with each other."),
      h("div", {class: "card"}, h("div", {class: "row"}, action("Check this collection", () => this.check())),
        h("p", {class: "muted small"}, "It takes seconds, and up to a minute for tens of thousands of faces, which are checked part by part.")),
      this.place);
  }

  async check(after) {
    const waiting = h("p", {role: "status", class: "muted"}, "Comparing ...");
    this.place.replaceChildren(waiting);
    try {
      const {data, next} = await within("GET", "api/gallery/check", {query: {limit: LIMIT, after}});
      this.show(data, next);
    } finally {
      waiting.remove();
    }
  }

  show(data, next) {
    const nothing = !data.duplicates.length && !data.misfits.length && !data.lookalikes.length;
    this.place.replaceChildren(h("p", {role: "status"},
      `${count(data.checked, "face", "faces")} checked, of ${count(data.people, "person", "people")}.${nothing ? " Nothing looks wrong." : ""}`));
    this.section("People who look like the same person", "A search would take one for the other.", data.duplicates, (pair) => this.pair(pair));
    this.section("Faces that don't fit their person", "Perhaps a wrong photo, perhaps a bad one.", data.misfits, (face) => this.misfit(face));
    this.section("People who are only just told apart", "Nothing is wrong with them. More photos of each help.", data.lookalikes, (pair) => this.pair(pair, true));
    if (next) this.place.append(h("div", {class: "row"}, action("Check the next part", () => this.check(next))));
  }

  section(title, text, found, one) {
    if (!found.length) return;
    this.place.append(h("section", {class: "card"}, h("h2", {}, title), h("p", {class: "muted"}, text),
      h("ul", {class: "list"}, found.map((each) => h("li", {}, one(each))))));
  }

  person({profile_id: id, name, faces}) {
    return [h("a", {href: `#people/${id}`}, name), ` (${count(faces, "face", "faces")})`];
  }

  done(button, text) {
    say(text);
    button.closest("li").replaceChildren(h("p", {class: "muted"}, text));
  }

  pair({one, other, similarity, threshold, agreement}, alike = false) {
    const merge = (from, into) => action(`Merge into ${into.name}`, async (button) => {
      const text = `${into.name} gets all faces of ${from.name}, who is then gone. This can't be undone.`;
      if (!(await confirmed(`Merge ${from.name} into ${into.name}?`, text, "Merge"))) return;
      await within("POST", `api/profile/${from.profile_id}/merge`, {query: {into: into.profile_id}});
      this.done(button, `${from.name} is now part of ${into.name}.`);
    }, {class: "second"});
    return [h("p", {}, ...this.person(one), " and ", ...this.person(other)),
      h("p", {class: "muted small"}, `Similarity ${number(similarity, 3)}, threshold ${number(threshold, 3)}; ${number(100 * agreement, 0)}% of the faces agree.${agreement > 0.5 || alike ? "" : " A wrong face of one of them may be the reason: look below."}`),
      alike ? null : h("div", {class: "row"}, merge(other, one), merge(one, other))];
  }

  misfit({person, similarity, threshold, resembles}) {
    const buttons = [action("Delete the face", async (button) => {
      const text = `Face ${person.id} of ${person.name} is deleted for good.${person.faces === 1 ? " They are deleted with it." : ""}`;
      if (!(await confirmed(`Delete face ${person.id}?`, text, "Delete the face"))) return;
      await within("DELETE", `api/face/${person.id}`);
      this.done(button, `Face ${person.id} is deleted.`);
    }, {class: "danger"})];
    if (resembles) {
      buttons.unshift(action(`Move it to ${resembles.person.name}`, async (button) => {
        await within("POST", `api/face/${person.id}/move`, {query: {profile_id: resembles.person.profile_id}});
        this.done(button, `Face ${person.id} is now ${resembles.person.name}'s.`);
      }, {class: "second"}));
    }
    return [h("p", {}, `Face ${person.id} of `, ...this.person(person),
      ...(resembles ? [" looks like ", ...this.person(resembles.person)] : [" doesn't look like the others"])),
    h("p", {class: "muted small"}, `Similarity to the others of ${person.name}: ${number(similarity, 3)}, a match needs ${number(threshold, 3)}.${resembles ? ` To ${resembles.person.name}: ${number(resembles.similarity, 3)}.` : ""}`),
    h("div", {class: "row"}, buttons)];
  }
}

customElements.define("console-check", Check);
