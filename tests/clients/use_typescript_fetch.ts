// Register and recognise with the client of openapi-generator's `typescript-fetch`: arguments are an address and a photo.
import { readFileSync } from "node:fs";
import { Configuration, FacesApi, type RecognizedView } from "./typescript-fetch/index.js";

const [address, photo] = process.argv.slice(2);
const image = new Blob([readFileSync(photo)]);
const faces = new FacesApi(new Configuration({ basePath: address }));
const face = (await faces.registerFace({ image, name: "Grace" })).data;
const recognised = (await faces.recognizeFace({ image })).data as RecognizedView;
if (recognised.name !== "Grace" || recognised.profileId !== face.profileId) {
  throw new Error(JSON.stringify(recognised));
}
await faces.deleteFace({ faceId: face.id });
