// Models, collections, thresholds, versions, keys.
import {call, collection} from "./api.js";
import {action, confirmed, field, h, heading, number, problem, say} from "./dom.js";

const SCOPES = ["detect", "recognize", "enrol", "manage", "admin"];
const TASKS = {detection: "finds faces", recognition: "recognises", anti_spoofing: "judges liveness"};
const percent = (rate) => `${Number((100 * rate).toPrecision(2))}%`;

class System extends HTMLElement {
  connectedCallback() {
    this.append(...heading("System", "What this service runs with."));
    for (const part of [this.state, this.collections, this.calibration, this.models, this.keys]) this.card(part);
  }

  card(part) {
    const reading = h("p", {class: "muted"}, "Reading ...");
    const card = h("section", {class: "card"}, reading);
    this.append(card);
    part.call(this, card).finally(() => reading.remove()).catch((error) => {
      if (error.status === 403) card.remove(); // this key may not see it
      else card.append(problem(error));
    });
  }

  async state(card) {
    card.append(h("h2", {}, "State"));
    const description = await call("GET", "openapi.json");
    const ready = await call("GET", "health/ready").then(
      ({degraded}) => (degraded?.includes("storage_full") ? "Answers, but nobody can be registered: the disk is full." : "Ready."), (error) => error.message);
    card.append(h("dl", {class: "facts"}, h("dt", {}, "Version"), h("dd", {}, description.info.version), h("dt", {}, "Health"), h("dd", {}, ready)));
  }

  async collections(card) {
    const {data} = await call("GET", "api/collection");
    card.append(h("h2", {}, "Collections"), table(["Name", "People"], data.map((each) => [each.name, each.profiles])));
  }

  async calibration(card) {
    const {data} = await call("GET", `api/collection/${encodeURIComponent(collection())}/calibration`);
    const lines = [["Comparing two photos", data.verification], ["Searching among everybody", data.identification]];
    card.append(h("h2", {}, `Thresholds in ${data.collection}`),
      h("p", {class: "muted"}, data.mode === "gallery" ? "Fitted to the people enrolled; each comparison has its own, near these." : "Those of the model's table."),
      table(["", "Threshold", "Accepted errors", "Expected errors"], lines.map(([name, each]) =>
        [name, number(each.threshold, 3), percent(each.promised), percent(each.estimated)])),
      ...data.warnings.map((warning) => h("p", {class: "warning"}, warning.detail)));
  }

  async models(card) {
    const {data} = await call("GET", "api/model");
    card.append(h("h2", {}, "Models"), table(["Name", "Task", "Installed", "Licence", "Commercial use", "Accuracy"], data.map((model) => [
      model.name, `${TASKS[model.task] ?? model.task}${model.default ? " (default)" : ""}`, model.installed ? "yes" : "no",
      model.licence, model.commercial ? "yes" : "no",
      model.threshold === null ? "" : `${percent(model.fmr)} false matches from ${number(model.threshold, 3)} on`])));
  }

  async keys(card) {
    const {data} = await call("GET", "api/key");
    const secret = h("div", {role: "status"});
    const name = field("Name of the new key", {maxlength: "100", autocomplete: "off"});
    const scope = field("It may", {}, "select");
    scope.input.append(...SCOPES.map((each) => h("option", {}, each)));
    const again = async () => { card.replaceChildren(); await this.keys(card); };
    const show = (issued) => secret.replaceChildren(h("p", {class: "warning"}, "Copy the secret now, it can't be shown again: ", h("code", {}, issued.secret)));
    card.append(h("h2", {}, "API keys"),
      data.length ? table(["Name", "May", "Collections", "State", ""], data.map((each) => [each.name, each.scopes.join(", "),
        each.collections?.join(", ") ?? "all", each.revoked_at ? "revoked" : each.expires_at && new Date(each.expires_at) < new Date() ? "expired" : "valid",
        each.revoked_at ? "" : h("div", {}, action("Revoke", async () => {
          if (!(await confirmed(`Revoke ${each.name}?`, "Whoever uses it is refused within two seconds. This can't be undone.", "Revoke"))) return;
          await call("DELETE", `api/key/${each.id}`);
          say("Revoked.");
          await again();
        }, {class: "danger", "aria-label": `Revoke ${each.name}`}))]))
        : h("p", {class: "muted"}, "There is none: only this machine is answered, and it may do everything. From the first key on nobody gets in without one, so begin with one for admin."),
      h("div", {class: "row"}, name.label, scope.label, action("Make a key", async () => {
        const {data: issued} = await call("POST", "api/key", {json: {name: name.input.value, scopes: [scope.input.value]}});
        show(issued);
      }, {class: "second"})), secret);
  }
}

/** A table; numbers are aligned to the right. */
function table(header, rows) {
  const cell = (name, value) => h(name, {class: typeof value === "number" ? "number" : null}, typeof value === "number" ? value.toLocaleString("en") : value);
  return h("div", {class: "table", tabindex: "0", role: "group", "aria-label": `Table: ${header.filter(Boolean).join(", ")}`}, h("table", {},
    h("thead", {}, h("tr", {}, header.map((text, column) => (text ? h("th", {scope: "col", class: typeof rows[0]?.[column] === "number" ? "number" : null}, text) : h("td", {}))))),
    h("tbody", {}, rows.map((row) => h("tr", {}, row.map((value) => cell("td", value)))))));
}

customElements.define("console-system", System);
