// What is known of one face of a photo, and what can be done about it.
import {personNamed, within} from "./api.js";
import {action, count, h, number, say} from "./dom.js";
import {personField} from "./person.js";
import {kind} from "./photo.js";

const CHECKED = {live: "alive", spoof: "a picture of a face", undetermined: "can't be told"};
const REFUSALS = {
  spoof_detected: "It looks like a picture of a face: a print, a screen or a mask.",
  liveness_undetermined: "The photo doesn't show whether the face is alive.",
  low_quality: "The photo of this face is too bad.",
};

/** What a box says. */
export function labelOf(found) {
  const best = found.candidates[0];
  if (found.verdict === "match") return `${best.name} ${number(best.similarity)}`;
  if (found.verdict === "ambiguous") return `${best.name}?`;
  return found.verdict === "unknown" ? "Unknown" : "Refused";
}

/** Similarity beside threshold. */
export function gauge(similarity, threshold, nearest = "") {
  const bar = h("div", {class: `gauge${similarity >= threshold ? " over" : ""}`, "aria-hidden": "true"}, h("i"), h("b"));
  bar.firstChild.style.width = `${100 * Math.max(0, similarity)}%`;
  bar.lastChild.style.left = `${100 * Math.max(0, threshold)}%`;
  return [bar, h("p", {class: "small"}, `${nearest}Similarity ${number(similarity, 3)}, and a match needs ${number(threshold, 3)}.`)];
}

function sentence(found) {
  const best = found.candidates[0];
  if (found.verdict === "match") return `This is ${best.name}.`;
  if (found.verdict === "ambiguous") return `Too close to call: ${found.candidates.map((one) => one.name).join(", ")}.`;
  if (found.verdict !== "unknown") return REFUSALS[found.verdict] ?? `Refused: ${found.verdict}.`;
  return best ? "Nobody who is registered." : "Nobody is registered yet.";
}

function facts({liveness, quality, searched}) {
  const list = h("dl", {class: "facts"});
  const add = (name, value) => list.append(h("dt", {}, name), h("dd", {}, value));
  if (searched !== undefined) add("Compared with", count(searched, "person", "people"));
  if (liveness) {
    const why = liveness.reasons.length ? ` (${liveness.reasons.join(", ").replaceAll("_", " ")})` : "";
    add("Liveness", `${CHECKED[liveness.verdict]}, ${number(liveness.score)} of ${number(liveness.threshold)}${why}`);
  }
  if (quality) add("Quality", `${number(quality.score)} of 1`);
  return list;
}

async function register(name, photo, again) {
  const {data} = await within("POST", "api/face/register", {query: {name, faces: "largest"}, form: {image: photo}});
  const doubts = (data.warnings ?? []).map((doubt) => (doubt.reason === "resembles_another_person"
    ? `it resembles ${doubt.name}` : `it doesn't resemble the other faces of ${doubt.name}`));
  say(`Registered as ${data.name}.${doubts.length ? ` Look again: ${doubts.join(", and ")}.` : ""}`);
  await again();
}

async function move(candidate, name) {
  const person = await personNamed(name);
  if (person === null) throw new Error(`Nobody is called ${name}. Register a face of theirs first.`);
  await within("POST", `api/face/${candidate.id}/move`, {query: {profile_id: person.id}});
  say(`Face ${candidate.id} is now ${person.name}'s.`);
}

/** What was found out about a face. */
export function findings(found) {
  const best = found.candidates[0];
  return [h("div", {class: "row spread"}, h("h2", {}, sentence(found)),
    h("span", {class: "verdict", "data-verdict": kind(found.verdict)}, kind(found.verdict))),
  best && found.threshold !== undefined ? gauge(best.similarity, found.threshold, found.verdict === "unknown" ? `The nearest is ${best.name}. ` : "") : null,
  facts(found)].flat();
}

/** A card about a face; `photo` makes the picture of it, `again` recognises anew. */
export function faceCard(found, index, photo, again) {
  const best = found.candidates[0];
  const right = personField(found.verdict === "unknown" ? "Who is this?" : "This is ...");
  const adding = h("div", {class: "row"}, right.label,
    action(found.verdict === "unknown" ? "Register" : "Register for this person",
      async () => register(right.name(), await photo(), again)));
  const card = h("section", {class: "card", id: `face-${index}`, tabindex: "-1", "aria-label": `Face ${index + 1}`},
    findings(found));
  if (found.verdict === "unknown") {
    card.append(adding);
  } else if (best) {
    const owner = personField(`The stored face that matched (face ${best.id} of ${best.name}) is really of ...`);
    card.append(h("details", {}, h("summary", {}, "This is wrong"), adding,
      h("div", {class: "row"}, owner.label, action("Move that face", async () => {
        await move(best, owner.name());
        await again();
      }, {class: "second"}))));
  }
  if (found.candidates.length > 1) {
    card.append(h("details", {}, h("summary", {}, "Others who were near"),
      h("ul", {class: "list"}, found.candidates.slice(1).map((one) =>
        h("li", {}, `${one.name}, ${number(one.similarity, 3)}`)))));
  }
  return card;
}
