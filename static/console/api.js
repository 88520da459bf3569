// The public API. The key is kept for this tab only.

const root = new URL("../", import.meta.url);
const KEY = "face-console-key";
const COLLECTION = "face-console-collection";
const TOO_MANY = 429;
const BUSY = 503;
const TRIES = 5;

/** An answer that refuses; its message is the service's. */
export class Refused extends Error {
  constructor(status, body) {
    super(body?.detail || `The service answered ${status}.`);
    Object.assign(this, {status, code: body?.code ?? "", data: body?.data});
  }
}

let askForKey = async () => null;
let asking = null;
let declined = false;

/** What asks the person for a key when the service wants one; it returns null if they give none. */
export function onKeyNeeded(ask) {
  askForKey = ask;
}

/** Ask for a key again, though the person went on without one. */
export const askAgain = () => { declined = false; };

export const hasKey = () => sessionStorage.getItem(KEY) !== null;
export const forgetKey = () => sessionStorage.removeItem(KEY);
export const collection = () => sessionStorage.getItem(COLLECTION) || "default";
export const chooseCollection = (name) => sessionStorage.setItem(COLLECTION, name);

/** The address of a path of the service, wherever a proxy has put it. */
export function address(path, query = {}) {
  const url = new URL(path, root);
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined && value !== null && value !== "") url.searchParams.set(name, value);
  }
  return url;
}

async function key(refused) {
  if (declined) return null;
  asking ??= askForKey(refused).finally(() => { asking = null; });
  const given = await asking;
  declined = given === null;
  return given;
}

/** Sends a request; `form` is an object of fields, `json` a body. Returns the envelope, or a `text` as it is. */
export async function call(method, path, {query, form, json, signal, patient = false, text = false} = {}) {
  for (let tries = 1; ; tries += 1) {
    const headers = new Headers();
    if (hasKey()) headers.set("X-API-Key", sessionStorage.getItem(KEY));
    let body;
    if (form) {
      body = new FormData();
      for (const [name, value] of Object.entries(form)) body.append(name, value);
    } else if (json) {
      headers.set("Content-Type", "application/json");
      body = JSON.stringify(json);
    }
    let answer;
    try {
      answer = await fetch(address(path, query), {method, headers, body, signal, credentials: "omit", cache: "no-store"});
    } catch (error) {
      if (error.name === "AbortError") throw error;
      throw new Error("The service can't be reached. Is it running?");
    }
    if (answer.ok && text) return answer.text();
    const content = await answer.json().catch(() => null);
    if (answer.ok) return content;
    const refused = new Refused(answer.status, content);
    if (answer.status === 401) {
      const given = await key(hasKey());
      if (given === null) throw refused;
      sessionStorage.setItem(KEY, given);
      continue;
    }
    if ((answer.status === BUSY || answer.status === TOO_MANY) && patient && tries < TRIES) {
      const seconds = Number(answer.headers.get("Retry-After")) || 1;
      await new Promise((resolve) => { setTimeout(resolve, 1000 * seconds); });
      continue;
    }
    throw refused;
  }
}

/** The same, in the chosen collection. */
export const within = (method, path, options = {}) =>
  call(method, path, {...options, query: {collection: collection(), ...options.query}});

/** A person by exactly this name; null if there is none. */
export async function personNamed(name) {
  const {data} = await within("GET", "api/profile", {query: {name, limit: 1000}});
  return data.find((person) => person.name === name.trim().normalize("NFC")) ?? null;
}
