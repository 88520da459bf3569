// Photos: picking them, showing faces on them, cutting faces out.
import {filePicker, h} from "./dom.js";

const MARGIN = 0.75;
const CROP_QUALITY = 0.95;

/** What a verdict is called here; all others are refusals, by their code. */
export const VERDICTS = {match: "match", unknown: "unknown", ambiguous: "ambiguous"};
export const kind = (verdict) => VERDICTS[verdict] ?? "refused";

/** Where photos are dropped, pasted or picked; `photos` takes the files. */
export function dropZone(text, photos, {multiple = false, more = []} = {}) {
  const zone = h("div", {class: "drop"},
    h("p", {}, text),
    h("div", {class: "row"}, filePicker("Choose a photo", {accept: "image/*", multiple}, photos), ...more));
  zone.addEventListener("dragover", (event) => { event.preventDefault(); zone.classList.add("over"); });
  zone.addEventListener("dragleave", () => zone.classList.remove("over"));
  zone.addEventListener("drop", (event) => {
    event.preventDefault();
    zone.classList.remove("over");
    if (event.dataTransfer.files.length) photos([...event.dataTransfer.files]);
  });
  return zone;
}

/** Takes photos from the clipboard while `element` is on the page. */
export function onPaste(element, photos) {
  const pasted = (event) => {
    if (!element.isConnected) { document.removeEventListener("paste", pasted); return; }
    const files = [...event.clipboardData.files].filter((file) => file.type.startsWith("image/"));
    if (files.length) { event.preventDefault(); photos(files); }
  };
  document.addEventListener("paste", pasted);
}

/** A photo as an image; null if this browser can't show it (the service may still read it). */
export async function loaded(file, alt) {
  const image = h("img", {alt});
  const url = URL.createObjectURL(file);
  image.src = url;
  try {
    await image.decode();
    return image;
  } catch {
    return null;
  } finally {
    URL.revokeObjectURL(url);
  }
}

/** Lays the boxes of faces over a picture; `labels` has a text and a verdict for each. */
export function drawBoxes(frame, faces, width, height, {labels, chosen}) {
  frame.querySelectorAll(".box").forEach((box) => box.remove());
  faces.forEach((face, index) => {
    if (!face) return;
    const {x, y, width: wide, height: high} = face.box;
    const [text, verdict] = labels(index);
    const box = h("button", {type: "button", class: "box", "data-verdict": kind(verdict),
      "aria-label": `Face ${index + 1}: ${text}`, onclick: () => chosen(index)}, h("span", {"aria-hidden": "true"}, text));
    box.classList.toggle("low", y + high > 0.85 * height);
    box.classList.toggle("right", x > 0.6 * width);
    Object.assign(box.style, {left: `${100 * x / width}%`, top: `${100 * y / height}%`,
      width: `${100 * wide / width}%`, height: `${100 * high / height}%`});
    frame.append(box);
  });
}

/** A picture, or a frame of a video, as a JPEG; `box` cuts out a face with what is around it. */
export function jpeg(source, width, height, box = null) {
  const margin = box ? MARGIN * Math.max(box.width, box.height) : 0;
  const left = box ? Math.max(0, box.x - margin) : 0;
  const top = box ? Math.max(0, box.y - margin) : 0;
  const right = box ? Math.min(width, box.x + box.width + margin) : width;
  const bottom = box ? Math.min(height, box.y + box.height + margin) : height;
  const canvas = h("canvas", {width: Math.max(1, Math.round(right - left)), height: Math.max(1, Math.round(bottom - top))});
  canvas.getContext("2d").drawImage(source, left, top, right - left, bottom - top, 0, 0, canvas.width, canvas.height);
  return new Promise((resolve, reject) => {
    canvas.toBlob((blob) => (blob ? resolve(blob) : reject(new Error("The picture can't be copied."))), "image/jpeg", CROP_QUALITY);
  });
}
