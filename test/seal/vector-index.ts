/** `index.json` beside the golden files. */
export interface VectorIndex {
  /** Whose signature all files bear that are signed rightly. */
  signer: string;
  vectors: Vector[];
}

/** What must happen to one golden file: it opens, or it is refused as the wrong key would be, or as damaged. */
export type Vector = GoodVector | BadVector;

export interface GoodVector {
  file: string;
  why: string;
  expect: "ok";
  /** Whose private keys open it. */
  keys: readonly string[];
  /** With more than one, the others are called `<file>.0001` and so on. */
  volumes: number;
  /** Of the payload. */
  compression: "none" | "zstd" | "gzip";
  dump: Described;
}

export interface BadVector {
  file: string;
  why: string;
  expect: "key" | "damaged";
  /** Whose private key is tried. */
  keys: readonly string[];
  /** What finds the fault in a stream. */
  check: string;
  /** What finds it if the end is looked at first, and all segments before any is given out. */
  early: string;
  /** The longest plaintext that a streaming reader may give out before it refuses. */
  released: Described;
}

interface Described {
  bytes: number;
  sha256: string;
}
