// Zip archives, read by their central directory and never beyond stated bounds. They may be damaged, or made to harm.

// A file with more bytes is not read, packed or unpacked; the same as LARGEST of nexttrack.data.listener.formats.
export const LARGEST_FILE = 128_000_000;

// An archive's file that unpacks to so many times its packed size is made to harm; exports reach some 40.
const MOST_PACKED = 200;
const HARMLESS_SIZE = 1_000_000;

// Why a file is not read: what follows its name in a note.
export const UnreadableFileError = class extends Error {};

const ZIP_AGAIN = "get the file again";

// The bytes from..to of a Uint8Array, or of a File, a Blob or what has size, slice and arrayBuffer as they do.
export const bytesOf = async (source, from = 0, to = sizeOf(source)) => {
  if (source instanceof Uint8Array) return source.subarray(from, to);
  return new Uint8Array(await source.slice(from, to).arrayBuffer());
};

export function sizeOf(source) {
  return source instanceof Uint8Array ? source.byteLength : source.size;
}

export function checkSize(size) {
  if (size > LARGEST_FILE) {
    const read = `at most ${LARGEST_FILE / 1e6} MB are read`;
    const much = Math.round(size / 1e6).toLocaleString("en-US");
    throw new UnreadableFileError(`${much} MB, where ${read}; ask Spotify for the export again, or split it`);
  }
}

// The files in an archive: [{name, size, unpack}], where unpack() gives the bytes or throws UnreadableFileError.
export const zipMembers = async (source) => {
  const {view, entries} = await centralDirectory(source);
  const members = [];
  let at = 0;
  for (let i = 0; i < entries; i++) {
    if (at + 46 > view.byteLength || view.getUint32(at, true) !== 0x02014b50) {
      throw new UnreadableFileError(`a damaged zip archive; ${ZIP_AGAIN}`);
    }
    const [nameLength, extraLength, commentLength] = [28, 30, 32].map((offset) => view.getUint16(at + offset, true));
    const end = Math.min(at + 46 + nameLength, view.byteLength);
    const name = new TextDecoder().decode(new Uint8Array(view.buffer, view.byteOffset + at + 46, end - at - 46));
    const entry = {
      encrypted: view.getUint16(at + 8, true) & 1,
      method: view.getUint16(at + 10, true),
      packed: view.getUint32(at + 20, true),
      size: view.getUint32(at + 24, true),
      offset: view.getUint32(at + 42, true),
    };
    const hidden = name.split("/").some((part) => part.startsWith(".") || part === "__MACOSX");
    if (!hidden && !name.endsWith("/")) {
      members.push({name, size: entry.size, unpack: () => unpackedMember(source, entry)});
    }
    at += 46 + nameLength + extraLength + commentLength;
  }
  return members;
};

async function centralDirectory(source) {
  const size = sizeOf(source);
  const tail = await bytesOf(source, Math.max(0, size - 65_557), size);
  const view = new DataView(tail.buffer, tail.byteOffset, tail.byteLength);
  let at = tail.byteLength - 22;
  while (at >= 0 && view.getUint32(at, true) !== 0x06054b50) at--;
  if (at < 0) throw new UnreadableFileError(`a zip archive that is cut short; ${ZIP_AGAIN}`);
  const [entries, length, start] = [view.getUint16(at + 10, true), view.getUint32(at + 12, true),
    view.getUint32(at + 16, true)];
  if (entries === 0xffff || start === 0xffffffff) {
    throw new UnreadableFileError("a zip archive in the 64-bit form; unpack it and give its files");
  }
  const directory = await bytesOf(source, start, Math.min(start + length, size));
  return {view: new DataView(directory.buffer, directory.byteOffset, directory.byteLength), entries};
}

async function unpackedMember(source, {encrypted, method, packed, size, offset}) {
  if (encrypted) throw new UnreadableFileError("encrypted; unpack the archive and give its files");
  if (method !== 0 && method !== 8) {
    throw new UnreadableFileError(`packed by a method that is not read here (${method}); unpack the archive`);
  }
  checkSize(size);
  checkSize(packed);
  if (size > HARMLESS_SIZE && size > MOST_PACKED * packed) {
    throw new UnreadableFileError(`would unpack to over ${MOST_PACKED} times its size, as no export does; ${ZIP_AGAIN}`);
  }
  const head = await bytesOf(source, offset, offset + 30);
  if (head.byteLength < 30) throw new UnreadableFileError(`damaged in its zip archive; ${ZIP_AGAIN}`);
  const view = new DataView(head.buffer, head.byteOffset, 30);
  const start = offset + 30 + view.getUint16(26, true) + view.getUint16(28, true);
  const data = await bytesOf(source, start, start + packed);
  const unpacked = method === 0 ? data : await inflated(data, size);
  if (unpacked === null || unpacked.byteLength !== size) {
    throw new UnreadableFileError(`damaged in its zip archive; ${ZIP_AGAIN}`);
  }
  return unpacked;
}

// The unpacked bytes, or null if they are damaged or more than the archive declares: no more are ever unpacked.
async function inflated(data, size) {
  const stream = new DecompressionStream("deflate-raw");
  const writer = stream.writable.getWriter();
  writer.write(data).catch(() => {});
  writer.close().catch(() => {});
  const unpacked = new Uint8Array(size);
  let at = 0;
  try {
    for (const reader = stream.readable.getReader(); ;) {
      const {done, value} = await reader.read();
      if (done) return at === size ? unpacked : null;
      if (at + value.byteLength > size) {
        reader.cancel().catch(() => {});
        return null;
      }
      unpacked.set(value, at);
      at += value.byteLength;
    }
  } catch {
    return null;
  }
}
