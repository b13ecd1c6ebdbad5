// Reads what container.py writes: arrays that share one buffer, and text as its lines.

const ARRAYS = {
  uint8: Uint8Array, int8: Int8Array, uint16: Uint16Array, uint32: Uint32Array, float32: Float32Array, float64: Float64Array,
};

/** Returns {meta, arrays} of an unzipped block (ArrayBuffer); each array has a `shape`. */
export function unpack(buffer) {
  const view = new DataView(buffer);
  if (buffer.byteLength < 8 || view.getUint32(0, false) !== 0x4e545449) throw new Error("this is no model of the page");
  const start = 8 + view.getUint32(4, true);
  const header = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, 8, start - 8)));
  const arrays = {};
  for (const { name, type, shape, start: place, length } of header.sections) {
    arrays[name] = new ARRAYS[type](buffer, start + place, length);
    arrays[name].shape = shape;
  }
  return { meta: header.meta, arrays };
}

/** Returns the lines of a text. */
export function linesOf(array) {
  return new TextDecoder().decode(array).split("\n");
}

/** Unzips bytes with what browsers have. */
export async function unzipped(bytes) {
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Response(stream).arrayBuffer();
}
