// Register and recognise with the types of openapi-typescript: arguments are an address and a photo.
import { readFileSync } from "node:fs";
import createClient from "openapi-fetch";
import type { paths } from "./openapi-typescript.js";

const [address, photo] = process.argv.slice(2);
const client = createClient<paths>({ baseUrl: address });
// In the types a file is a string; a form is made of what is sent.
const body = { image: new Blob([readFileSync(photo)]) as unknown as string };
const bodySerializer = (fields: object) => {
  const form = new FormData();
  Object.entries(fields).forEach(([name, value]) => form.append(name, value));
  return form;
};
const registered = await client.POST("/api/face/register", { params: { query: { name: "Grace" } }, body, bodySerializer });
const recognised = await client.POST("/api/face/recognize", { body, bodySerializer });
const data = recognised.data?.data;
if (!registered.data || !data || Array.isArray(data) || data.name !== "Grace") {
  throw new Error(JSON.stringify([registered.error, recognised.error]));
}
await client.DELETE("/api/face/{face_id}", { params: { path: { face_id: registered.data.data.id } } });
