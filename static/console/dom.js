// Elements, messages and dialogs.

/** An element: `h("a", {href: "#x", onclick: f}, "text", child)`. Text is always text, never markup. */
export function h(name, attributes = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value === undefined || value === null || value === false) continue;
    if (key.startsWith("on")) element.addEventListener(key.slice(2), value);
    else if (key in element && typeof value !== "string") element[key] = value;
    else element.setAttribute(key, value === true ? "" : value);
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

let clearing;

/** Says what has been done, in words that screen readers read too. */
export function say(text) {
  const status = document.getElementById("status");
  status.textContent = text;
  clearTimeout(clearing);
  clearing = setTimeout(() => { status.textContent = ""; }, 6000);
}

/** What went wrong, in the service's words. */
export function problem(error) {
  return h("p", {class: "error", role: "alert"}, error.message);
}

/** A heading, and what the section is for. */
export function heading(title, lead) {
  return [h("h1", {tabindex: "-1"}, title), h("p", {class: "lead"}, lead)];
}

export const number = (value, digits = 2) => value.toFixed(digits);
export const count = (value, one, many) => `${value.toLocaleString("en")} ${value === 1 ? one : many}`;

/** Carries out what a button stands for; it is disabled meanwhile, and an error is shown beside it. */
export function action(label, work, attributes = {}) {
  const button = h("button", {type: "button", ...attributes, onclick: async () => {
    button.disabled = true;
    button.parentElement?.querySelector(":scope > .error")?.remove();
    try {
      await work(button);
    } catch (error) {
      button.parentElement?.append(problem(error));
    } finally {
      button.disabled = false;
    }
  }}, label);
  return button;
}

/** Asks before something that can't be undone. */
export function confirmed(title, text, label) {
  return new Promise((resolve) => {
    const dialog = h("dialog", {"aria-labelledby": "dialog-title", onclose: () => {
      resolve(dialog.returnValue === "yes");
      dialog.remove();
    }},
    h("h2", {id: "dialog-title"}, title),
    h("p", {}, text),
    h("div", {class: "row"},
      h("button", {type: "button", class: "danger", onclick: () => dialog.close("yes")}, label),
      h("button", {type: "button", class: "second", autofocus: true, onclick: () => dialog.close("")}, "Keep everything as it is")));
    document.body.append(dialog);
    dialog.showModal();
  });
}

let fields = 0;

/** A labelled text field. */
export function field(label, attributes = {}, element = "input") {
  const input = h(element, {id: `field-${fields += 1}`, ...attributes});
  return {input, label: h("label", {class: "field", for: input.id}, label, input)};
}

/** A button that picks files. */
export function filePicker(label, attributes, picked) {
  const input = h("input", {type: "file", ...attributes, onchange: () => {
    if (input.files.length) picked([...input.files]);
    input.value = "";
  }});
  return h("label", {}, input, h("span", {class: `button ${attributes.class ?? ""}`}, label));
}

/** A table; numbers are aligned to the right. On a narrow screen each row is a block, with the header beside each value. */
export function table(header, rows) {
  const text = (value) => (typeof value === "number" ? value.toLocaleString("en") : value);
  const kind = (value) => (typeof value === "number" ? "number" : null);
  return h("div", {class: "table", tabindex: "0", role: "group", "aria-label": `Table: ${header.filter(Boolean).join(", ")}`}, h("table", {role: "table"},
    h("thead", {role: "rowgroup"}, h("tr", {role: "row"}, header.map((title, column) => (title
      ? h("th", {role: "columnheader", scope: "col", class: kind(rows[0]?.[column])}, title) : h("td", {role: "cell"}))))),
    h("tbody", {role: "rowgroup"}, rows.map((row) => h("tr", {role: "row"}, row.map((value, column) =>
      h("td", {role: "cell", class: kind(value), "data-title": header[column]}, text(value))))))));
}
