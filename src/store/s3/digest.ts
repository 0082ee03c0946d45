/** MD5 of a few bytes: what S3 checks a body against. */
export function md5(bytes: Uint8Array): Buffer {
  return new Bun.CryptoHasher("md5").update(bytes).digest();
}
