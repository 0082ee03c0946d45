import { DbackedError } from "../../base/error.ts";

/** What the small documents of an archive hold: texts, switches and numbers. */
export type Fields = ReadonlyMap<string, string | boolean | bigint>;

const TEXT = 0x02;
const SWITCH = 0x08;
const INT32 = 0x10;
const INT64 = 0x12;

const decoder = new TextDecoder("utf-8", { fatal: true });

/**
 * Reads a document that an archive has between its collections.
 *
 * @throws {DbackedError} `damaged`, if it is none.
 */
export function readFields(document: Uint8Array): Fields {
  const fields = new Map<string, string | boolean | bigint>();
  try {
    const view = new DataView(document.buffer, document.byteOffset, document.length);
    let at = 4;
    while (document[at] !== 0) {
      const nameEnd = document.indexOf(0, at + 1);
      const name = decoder.decode(document.subarray(at + 1, nameEnd));
      const { value, end } = readValue(view, view.getUint8(at), nameEnd + 1);
      fields.set(name, value);
      at = end;
    }
    if (at !== document.length - 1) throw new RangeError("bytes behind its end");
  } catch (cause) {
    throw new DbackedError("damaged", "the dump holds a description that cannot be read", { cause });
  }
  return fields;
}

function readValue(
  view: DataView,
  type: number,
  at: number,
): { value: string | boolean | bigint; end: number } {
  switch (type) {
    case TEXT: {
      const length = view.getInt32(at, true);
      const end = at + 4 + length;
      if (length < 1 || view.getUint8(end - 1) !== 0) throw new RangeError("a text without an end");
      const bytes = new Uint8Array(view.buffer, view.byteOffset + at + 4, length - 1);
      return { value: decoder.decode(bytes), end };
    }
    case SWITCH:
      return { value: view.getUint8(at) === 1, end: at + 1 };
    case INT32:
      return { value: BigInt(view.getInt32(at, true)), end: at + 4 };
    case INT64:
      return { value: view.getBigUint64(at, true), end: at + 8 };
    default:
      throw new RangeError(`a value of the type ${type}`);
  }
}

/** The text of that name; empty if there is none. */
export function textIn(fields: Fields, name: string): string {
  const value = fields.get(name);
  return typeof value === "string" ? value : "";
}
