// Who is in a photo, or before the camera?
import {within} from "./api.js";
import {action, count, h, heading, problem} from "./dom.js";
import {faceCard, findings, labelOf} from "./face.js";
import {drawBoxes, dropZone, jpeg, loaded, onPaste} from "./photo.js";

const TOP = 3;
const FRAME_PAUSE_MS = 150;
const FRAME_QUERY = {faces: "all", top_k: TOP, quality: true};

class Recognise extends HTMLElement {
  connectedCallback() {
    this.liveness = h("input", {type: "checkbox", onchange: () => this.again?.()});
    this.result = h("div", {class: "result"});
    const zone = dropZone("Drop a photo here, paste one, or choose one.", ([photo]) => this.show(photo),
      {more: [action("Use the camera", () => this.camera(), {class: "second"})]});
    this.append(...heading("Recognise", "Who is in a photo? Every face is compared with everybody in this collection."),
      zone, h("p", {}, h("label", {class: "check"}, this.liveness, "Also judge whether each face is alive")), this.result);
    onPaste(this, ([photo]) => this.show(photo));
    this.welcome();
  }

  disconnectedCallback() { this.stop(); }

  async welcome() {
    try {
      const {data} = await within("GET", "api/profile", {query: {limit: 1}});
      if (data.length || this.result.hasChildNodes()) return;
      this.result.replaceChildren(h("div", {class: "card empty"},
        h("h2", {}, "Nobody is registered yet"),
        h("p", {}, "Choose a photo of somebody. Their face is marked, and you give it a name. From then on they are recognised in other photos."),
        h("p", {}, "To register many people at once, go to ", h("a", {href: "#many"}, "Many"), ".")));
    } catch { /* a key that may only recognise sees no list */ }
  }

  query() { return this.liveness.checked ? {...FRAME_QUERY, liveness: "observe"} : FRAME_QUERY; }

  async show(photo) {
    this.stop();
    const image = await loaded(photo, `The photo ${photo.name}`);
    const cards = h("div", {}, h("p", {class: "muted"}, "Looking for faces ..."));
    const frame = h("div", {class: "photo"}, image ?? []);
    this.result.replaceChildren(h("div", {class: "columns"}, image ? frame : h("p", {class: "card"}, photo.name), cards));
    this.again = () => this.recognise(photo, image, frame, cards);
    await this.again();
  }

  async recognise(photo, image, frame, cards) {
    try {
      const {data} = await within("POST", "api/face/search", {query: this.query(), form: {image: photo}});
      const alone = data.length === 1 || image === null;
      const cut = (found) => (alone ? photo : jpeg(image, image.naturalWidth, image.naturalHeight, found.face.box));
      this.faces(data, cards, cut, this.again);
      if (image) this.boxes(frame, data, image.naturalWidth, image.naturalHeight);
    } catch (error) {
      frame.querySelectorAll(".box").forEach((box) => box.remove());
      cards.replaceChildren(problem(error));
    }
  }

  faces(data, cards, cut, again) {
    const title = data.length ? count(data.length, "face", "faces") : "No face was found in this photo.";
    cards.replaceChildren(h("p", {class: "muted", role: "status"}, title),
      ...data.map((found, index) => faceCard(found, index, () => cut(found), again)));
  }

  boxes(frame, data, width, height) {
    drawBoxes(frame, data.map((found) => found.face), width, height, {
      labels: (index) => [labelOf(data[index]), data[index].verdict],
      chosen: (index) => this.querySelector(`#face-${index}`)?.focus(),
    });
  }

  async camera() {
    this.stop();
    if (!navigator.mediaDevices) throw new Error("Browsers give the camera to pages over https or on localhost only.");
    let stream;
    try {
      stream = await navigator.mediaDevices.getUserMedia({video: {facingMode: "user", width: {ideal: 1280}}});
    } catch {
      throw new Error("The camera can't be used: allow it for this page, and close other programs that use it.");
    }
    if (!this.isConnected) { stream.getTracks().forEach((track) => track.stop()); return; }
    const video = h("video", {playsinline: true, muted: true, "aria-label": "The camera's picture"});
    const frame = h("div", {class: "photo"}, video);
    const cards = h("div", {}, h("p", {class: "muted"}, "Waiting for the camera ..."));
    const running = {stream, aborted: new AbortController()};
    const hold = action("Stop here and register or correct", () => this.hold(running, video), {class: "second"});
    const off = action("Turn the camera off", () => { this.stop(); this.result.replaceChildren(); }, {class: "second"});
    this.result.replaceChildren(h("div", {class: "columns"},
      h("div", {}, frame, h("div", {class: "row"}, hold, off)), cards));
    this.running = running;
    video.srcObject = stream;
    await video.play();
    this.follow(running, video, frame, cards);
  }

  async follow(running, video, frame, cards) {
    while (this.running === running) {
      if (!document.hidden && video.videoWidth) {
        try {
          const {videoWidth: width, videoHeight: height} = video;
          const form = {image: await jpeg(video, width, height)};
          const {data} = await within("POST", "api/face/search",
            {query: this.query(), form, signal: running.aborted.signal, patient: true});
          if (this.running !== running) return;
          this.boxes(frame, data, width, height);
          const names = data.map((found) => labelOf(found)).join(", ");
          cards.replaceChildren(h("p", {class: "muted"}, data.length ? `In the picture: ${names}` : "No face in the picture."),
            ...data.map((found) => h("section", {class: "card"}, findings(found))));
        } catch (error) {
          if (error.name === "AbortError") return;
          cards.replaceChildren(problem(error));
          this.stop();
          return;
        }
      }
      await new Promise((resolve) => { setTimeout(resolve, FRAME_PAUSE_MS); });
    }
  }

  async hold(running, video) {
    const photo = await jpeg(video, video.videoWidth, video.videoHeight);
    await this.show(new File([photo], "camera.jpg", {type: photo.type}));
  }

  stop() {
    this.running?.aborted.abort();
    this.running?.stream.getTracks().forEach((track) => track.stop());
    this.running = null;
  }
}

customElements.define("console-recognise", Recognise);
