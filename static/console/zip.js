// Photos of a zip file, one after another, so that memory never has all of them.

const END = 0x06054b50;
const ENTRY = 0x02014b50;
const END_BYTES = 22;
const MOST_COMMENT = 65535;
const MOST_ENTRIES = 20000;
const MOST_BYTES = 64 * 2 ** 20;
const UTF8 = 0x800;
const ENCRYPTED = 1;

const view = async (file, from, to) => new DataView(await file.slice(from, to).arrayBuffer());

/** The entries of a zip: a path, and what reads it as a file. */
export async function entriesOf(zip) {
  const tail = await view(zip, Math.max(0, zip.size - END_BYTES - MOST_COMMENT), zip.size);
  let at = tail.byteLength - END_BYTES;
  while (at >= 0 && tail.getUint32(at, true) !== END) at -= 1;
  if (at < 0) throw new Error(`${zip.name} is not a zip file.`);
  const total = tail.getUint16(at + 10, true);
  const size = tail.getUint32(at + 12, true);
  const start = tail.getUint32(at + 16, true);
  if (total > MOST_ENTRIES || start === 0xffffffff) throw new Error(`The zip has too much in it: ${MOST_ENTRIES} files at most.`);
  const list = await view(zip, start, start + size);
  const entries = [];
  for (let place = 0, seen = 0; seen < total; seen += 1) {
    if (place + 46 > list.byteLength || list.getUint32(place, true) !== ENTRY) throw new Error(`${zip.name} is damaged.`);
    const flags = list.getUint16(place + 8, true);
    const entry = {method: list.getUint16(place + 10, true), packed: list.getUint32(place + 20, true),
      unpacked: list.getUint32(place + 24, true), offset: list.getUint32(place + 42, true), encrypted: flags & ENCRYPTED};
    const [name, extra, comment] = [28, 30, 32].map((field) => list.getUint16(place + field, true));
    const bytes = new Uint8Array(list.buffer, place + 46, Math.min(name, list.byteLength - place - 46));
    const path = new TextDecoder(flags & UTF8 ? "utf-8" : "windows-1252").decode(bytes);
    if (!path.endsWith("/")) entries.push({path, read: () => unpacked(zip, path, entry)});
    place += 46 + name + extra + comment;
  }
  return entries;
}

async function unpacked(zip, path, {method, packed, unpacked: size, offset, encrypted}) {
  if (encrypted) throw new Error("It is encrypted.");
  if (size > MOST_BYTES) throw new Error("It is larger than any photo.");
  const head = await view(zip, offset, offset + 30);
  const start = offset + 30 + head.getUint16(26, true) + head.getUint16(28, true);
  const raw = zip.slice(start, start + packed);
  if (method === 0) return new File([raw], path);
  if (method !== 8) throw new Error("It is packed in a way that isn't supported.");
  const reader = raw.stream().pipeThrough(new DecompressionStream("deflate-raw")).getReader();
  const parts = [];
  for (let length = 0; ;) {
    const {done, value} = await reader.read();
    if (done) return new File(parts, path);
    length += value.length;
    if (length > size) throw new Error("It is damaged.");
    parts.push(value);
  }
}
