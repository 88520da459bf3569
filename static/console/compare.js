// Are two photos of the same person?
import {within} from "./api.js";
import {h, heading, number, problem} from "./dom.js";
import {gauge} from "./face.js";
import {dropZone, loaded} from "./photo.js";

class Compare extends HTMLElement {
  connectedCallback() {
    this.photos = {};
    this.result = h("div", {role: "status"});
    this.append(...heading("Compare", "Are two photos of the same person? Nobody needs to be registered."),
      h("div", {class: "columns"}, this.side("image1", "First photo"), this.side("image2", "Second photo")), this.result);
  }

  side(name, title) {
    const place = h("div");
    const pick = async ([photo]) => {
      this.photos[name] = photo;
      const image = await loaded(photo, `${title}: ${photo.name}`);
      place.replaceChildren(image ? h("div", {class: "photo"}, image) : h("p", {}, photo.name));
      await this.compare();
    };
    return h("section", {class: "card stack", "aria-label": title}, h("h2", {}, title),
      dropZone("Drop a photo here, or choose one.", pick), place);
  }

  async compare() {
    const {image1, image2} = this.photos;
    if (!image1 || !image2) {
      this.result.replaceChildren(h("p", {class: "muted"}, "Now the other photo."));
      return;
    }
    try {
      const {data} = await within("POST", "api/face/verify", {form: {image1, image2}});
      const same = data.verdict === "match";
      this.result.replaceChildren(h("section", {class: "card"},
        h("h2", {}, same ? "The same person." : "Different people."),
        gauge(data.similarity, data.threshold),
        data.fmr === null ? null : h("p", {class: "muted small"},
          `Of pairs of different people, ${number(100 * data.fmr, 3)}% would pass that threshold.`)));
    } catch (error) {
      this.result.replaceChildren(problem(error));
    }
  }
}

customElements.define("console-compare", Compare);
