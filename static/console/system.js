// Load, latencies, errors, models, collections, thresholds, versions, keys.
import {call, collection} from "./api.js";
import {action, confirmed, count, field, h, heading, number, problem, say, table} from "./dom.js";
import {bound, samplesOf, sums, total} from "./metrics.js";

const SCOPES = ["admin", "detect", "recognize", "enrol", "manage", "metrics"];
const STAGES = {queue: "Waiting for a worker", decode: "Decoding the photo", detect: "Finding faces", refine: "Locating landmarks again",
  align: "Aligning", embed: "Embedding", quality: "Judging quality", liveness: "Judging liveness", search: "Searching", database: "Database"};
const STAGE = "face_stage_duration_seconds";
const MIB = 2 ** 20;
const TAIL = 0.95;
const TASKS = {detection: "finds faces", recognition: "recognises", anti_spoofing: "judges liveness"};
const percent = (rate) => `${Number((100 * rate).toPrecision(2))}%`;

class System extends HTMLElement {
  connectedCallback() {
    this.append(...heading("System", "What this service runs with."));
    for (const part of [this.state, this.load, this.collections, this.calibration, this.models, this.keys]) this.card(part);
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

  async load(card) {
    const metrics = samplesOf(await call("GET", "metrics", {text: true}));
    const sum = (name, labels) => total(metrics, name, labels);
    const memory = metrics.get("face_process_resident_memory_bytes") ?? [];
    const facts = {
      "Photos that wait": sum("face_queue_photos").toLocaleString("en"),
      "Workers busy": `${sum("face_workers_busy")} of ${sum("face_workers")}`,
      "Requests so far": sum("face_requests_total").toLocaleString("en"),
      "In progress": sum("face_requests_in_progress").toLocaleString("en"),
      "Database connections": sum("face_database_connections").toLocaleString("en"),
      Memory: `${Math.round(sum("face_process_resident_memory_bytes") / MIB).toLocaleString("en")} MiB in ${count(memory.length, "process", "processes")}`,
    };
    const stages = sums(metrics, `${STAGE}_sum`, "stage").map(([stage, seconds]) => {
      const times = sum(`${STAGE}_count`, {stage});
      return [`${STAGES[stage] ?? ""} (${stage})`, times, Number((1000 * seconds / times).toPrecision(3)), within(bound(metrics, STAGE, {stage}, TAIL))];
    });
    const refused = sums(metrics, "face_refusals_total", "code");
    card.append(h("div", {class: "row spread"}, h("h2", {}, "Load"), action("Read again", async () => {
      card.replaceChildren();
      await this.load(card);
    }, {class: "quiet"})),
    h("dl", {class: "facts"}, Object.entries(facts).flatMap(([name, value]) => [h("dt", {}, name), h("dd", {}, value)])),
    h("h3", {}, "Latencies by stage"),
    stages.length ? table(["Stage", "Times", "Mean, ms", "95% within, ms"], stages) : h("p", {class: "muted"}, "Nothing was analysed or searched since the start."),
    h("h3", {}, "Errors"),
    refused.length ? table(["Code", "Answers"], refused) : h("p", {class: "muted"}, "No answer was an error since the start."));
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
    const rows = (installed) => data.filter((model) => model.installed === installed).map((model) => [
      model.name, `${TASKS[model.task] ?? model.task}${model.default ? " (default)" : ""}`,
      model.licence, model.commercial ? "yes" : "no",
      model.threshold === null ? "" : `${percent(model.fmr)} false matches from ${number(model.threshold, 3)} on`]);
    const header = ["Name", "Task", "Licence", "Commercial use", "Accuracy"];
    const others = rows(false);
    card.append(h("h2", {}, "Models"), table(header, rows(true)),
      others.length ? h("details", {}, h("summary", {}, `${others.length} more can be installed`),
        h("p", {class: "muted small"}, "By the operator: ", h("code", {}, "face-api models pull NAME"), "."), table(header, others)) : null);
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

/** A bucket's bound in milliseconds. */
const within = (seconds) => (Number.isFinite(seconds) ? 1000 * seconds : "over 10,000");

customElements.define("console-system", System);
