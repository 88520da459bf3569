// One folded list of an operation's errors, which all look alike.
const foldedErrors = ({React}) => ({wrapComponents: {responses: (Responses) => (properties) => {
  const element = React.createElement;
  const errors = properties.responses.filter((_, status) => Number(status) >= 400);
  const lines = errors.entrySeq().map(([status, response]) =>
    element("li", {key: status}, `${status} ${response.get("description").replaceAll("`", "")}`)).toArray();
  return element("div", null,
    element(Responses, {...properties, responses: properties.responses.filter((_, status) => !errors.has(status))}),
    element("details", {className: "opblock-description-wrapper"},
      element("summary", null, "Errors"),
      element("p", null, "Each with a detail for a person and a stable code for a program:"),
      element("ul", null, lines)));
}}});
const base = new URL(".", document.baseURI).href;
fetch(`${base}openapi.json`).then((answer) => answer.json()).then((spec) => SwaggerUIBundle({
  // Wherever a proxy has put this page, the service is beside it.
  spec: {...spec, servers: [{url: base.slice(0, -1)}]},
  plugins: [foldedErrors],
  dom_id: "#docs",
  deepLinking: true,
  tryItOutEnabled: true,
  displayRequestDuration: true,
}));
