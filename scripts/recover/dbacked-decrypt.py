#!/usr/bin/env python3
"""Opens a dbacked backup (format version 2, docs/format.md) without dbacked.

    python3 dbacked-decrypt.py PRIVATE_KEY.pem FILE.dbk [-o OUT] [--decompress]

Needs Python 3.8 and OpenSSL 1.1.1 or 3 (its library, libcrypto), nothing else. Volumes FILE.dbk.0001, FILE.dbk.0002, …
must lie beside FILE.dbk. The passphrase of the key is asked for, or taken from DBACKED_PRIVATE_KEY_PASSPHRASE.
Everything is checked, both signatures too; OUT appears only if all of it is right. Memory does not grow with the file.
Exit codes: 0 all is right, 2 usage, 7 wrong key or signer, 8 damaged.
"""
import argparse, base64, ctypes, ctypes.util, getpass, hashlib, hmac, json, os, shutil, struct, subprocess, sys

def die(code, message):
    print("dbacked-decrypt: error: " + message, file=sys.stderr)
    sys.exit(code)

def need(condition, what):  # every check of the file goes through here
    if not condition:
        die(8, "the backup is damaged, incomplete, or of a newer version: " + what)

# ---- libcrypto: RSA-OAEP, AES-256-GCM and Ed25519; SHA-256 and HMAC are Python's own

BREW = ["/opt/homebrew/opt/openssl@3/lib/libcrypto.3.dylib", "/usr/local/opt/openssl@3/lib/libcrypto.3.dylib"]
FOUND = BREW if sys.platform == "darwin" else ["libcrypto.so.3", "libcrypto.so.1.1", "libcrypto-3-x64.dll"]

def load_libcrypto():
    # macOS ends a program that loads the system's own libcrypto, so that one is not looked for.
    last = None if sys.platform == "darwin" else ctypes.util.find_library("crypto")
    for name in [os.environ.get("LIBCRYPTO")] + FOUND + [last]:
        try:
            library = ctypes.CDLL(name) if name else None
            if library and library.EVP_PKEY_new_raw_public_key:
                return library
        except (OSError, AttributeError):
            pass
    die(2, "no libcrypto of OpenSSL 1.1.1 or 3 here; set LIBCRYPTO to its path")

LIB = load_libcrypto()
pointer, size_t, byref = ctypes.c_void_p, ctypes.c_size_t, ctypes.byref

def new(function, *args):  # calls a function that returns a pointer
    getattr(LIB, function).restype = pointer
    return pointer(getattr(LIB, function)(*args))

def load_private_key(path):
    pem = open(path, "rb").read()
    passphrase = os.environ.get("DBACKED_PRIVATE_KEY_PASSPHRASE", "")
    if b"ENCRYPTED" in pem and not passphrase:
        if not sys.stdin.isatty():
            die(2, "the key has a passphrase: set DBACKED_PRIVATE_KEY_PASSPHRASE, or run this in a terminal")
        passphrase = getpass.getpass("Passphrase of %s: " % path)
    key = new("PEM_read_bio_PrivateKey", new("BIO_new_mem_buf", pem, len(pem)), None, None, passphrase.encode())
    if not key:
        die(7, path + " is no private key in PEM form, or the passphrase is wrong")
    der = ctypes.create_string_buffer(max(0, LIB.i2d_PUBKEY(key, None)))
    LIB.i2d_PUBKEY(key, byref(pointer(ctypes.addressof(der))))
    return key, hashlib.sha256(der.raw).digest()

def rsa_oaep_open(key, wrapped, label):  # SHA-256 for the hash and for MGF1
    context, out, size = new("EVP_PKEY_CTX_new", key, None), ctypes.create_string_buffer(8192), size_t(8192)
    options = [(b"rsa_padding_mode", b"oaep"), (b"rsa_oaep_md", b"sha256"), (b"rsa_mgf1_md", b"sha256")]
    options += [(b"rsa_oaep_label", label.hex().encode())] if label else []
    right = LIB.EVP_PKEY_decrypt_init(context) > 0
    right = right and all(LIB.EVP_PKEY_CTX_ctrl_str(context, *option) > 0 for option in options)
    right = right and LIB.EVP_PKEY_decrypt(context, out, byref(size), wrapped, size_t(len(wrapped))) > 0
    return out.raw[: size.value] if right and size.value == 32 else None

GCM, CIPHER = new("EVP_CIPHER_CTX_new"), new("EVP_aes_256_gcm")

def gcm_open(key, nonce, aad, sealed, what):
    out, size, ok = ctypes.create_string_buffer(len(sealed)), ctypes.c_int(), len(sealed) > 16
    ok = ok and LIB.EVP_DecryptInit_ex(GCM, CIPHER, None, key, nonce) == 1
    ok = ok and (not aad or LIB.EVP_DecryptUpdate(GCM, None, byref(size), aad, len(aad)) == 1)
    ok = ok and LIB.EVP_DecryptUpdate(GCM, out, byref(size), sealed, len(sealed) - 16) == 1
    ok = ok and LIB.EVP_CIPHER_CTX_ctrl(GCM, 0x11, 16, sealed[-16:]) == 1  # the tag
    ok = ok and LIB.EVP_DecryptFinal_ex(GCM, ctypes.create_string_buffer(16), byref(size)) == 1
    need(ok, what + " cannot be authenticated")
    return out.raw[:-16]

P25519, Y8 = 2**255 - 19, 0x05FC536D880238B13933C6D305ACDFD5F098EFF289F4C345B027B2C28F95E826
WEAK = 0, 1, P25519 - 1, Y8, P25519 - Y8  # y of the points of small order

def check_signature(signer, signature, message, what):
    for point in signer, signature[:32]:  # some points let anybody sign
        y = int.from_bytes(point, "little") % 2**255
        need(y < P25519 and y not in WEAK, "the signer's key or %s is no proper point" % what)
    key, context = new("EVP_PKEY_new_raw_public_key", 1087, None, signer, size_t(32)), new("EVP_MD_CTX_new")
    ok = key and LIB.EVP_DigestVerifyInit(context, None, None, None, key) == 1
    ok = ok and LIB.EVP_DigestVerify(context, signature, size_t(64), message, size_t(len(message))) == 1
    need(ok, what + " does not verify")

def hkdf(key, salt, info):  # RFC 5869, SHA-256, 32 bytes
    return hmac.digest(hmac.digest(salt, key, "sha256"), b"dbacked.v2 " + info + b"\1", "sha256")

# ---- the file

class Volumes:
    """FILE.dbk, FILE.dbk.0001, … read as one file."""
    def __init__(self, path):
        self.paths, self.at, self.open, self.handle = [path], 0, None, None
        while os.path.exists("%s.%04d" % (path, len(self.paths))):
            self.paths.append("%s.%04d" % (path, len(self.paths)))
        self.sizes = [os.path.getsize(each) for each in self.paths]
        self.size = sum(self.sizes)

    def read(self, length, what):
        data, start = b"", 0
        for path, size in zip(self.paths, self.sizes):
            if start <= self.at < start + size and len(data) < length:
                if self.open != path:
                    self.open, self.handle = path, open(path, "rb")
                self.handle.seek(self.at - start)
                piece = self.handle.read(min(length - len(data), start + size - self.at))
                data, self.at = data + piece, self.at + len(piece)
            start += size
        need(len(data) == length, what + " is cut off")
        return data

def parse_metadata(raw, what):
    try:
        value = json.loads(raw.decode("utf-8"), parse_constant=int)  # int() refuses NaN and Infinity
        return value, json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
    except (ValueError, RecursionError):
        need(False, what + " is no JSON")

def read_recipients(source):
    count, = struct.unpack(">H", source.read(2, "the list of recipients"))
    need(1 <= count <= 64, "the list of recipients has %d entries" % count)
    raw, entries = struct.pack(">H", count), []
    for _ in range(count):
        head = source.read(36, "the list of recipients")
        kind, length = struct.unpack(">HH", head[:4])
        need(1 <= length <= 8192, "a recipient has %d bytes" % length)
        body = source.read(length, "the list of recipients")
        raw, entries = raw + head + body, entries + [(kind, head[4:], body)]
    return raw, entries

def find_file_key(path, entries, salt, commitment):
    fits = lambda file_key: file_key and hmac.compare_digest(hkdf(file_key, salt, b"commit"), commitment)
    if os.path.getsize(path) == 32:
        file_key = open(path, "rb").read()
        return file_key if fits(file_key) else die(7, path + " is not the file key of this backup")
    key, fingerprint = load_private_key(path)
    found = [(kind, body) for kind, owner, body in entries if owner == fingerprint and kind in (1, 2)]
    if not found:
        others = "\n  ".join(owner.hex() for _, owner, _ in entries)
        die(7, "this private key (%s) cannot open it; one of these can:\n  %s" % (fingerprint.hex(), others))
    for kind, body in found:
        file_key = rsa_oaep_open(key, body, b"dbacked.v2.file-key" if kind == 1 else b"")
        if fits(file_key):
            return file_key
    die(7, "what was wrapped for this private key is damaged, or was made for another one")

def nonce(index, last):
    return b"\0\0\0" + struct.pack(">QB", index, last)

def run(args):
    # The steps are those of "Reading" in docs/format.md. 1: the fixed part
    source = Volumes(args.file)
    fixed = source.read(120, "the header")
    magic, major, suite, log2, flags, core_length = struct.unpack(">7sBHBBI", fixed[:16])
    salt, commitment, signer, p, q = struct.unpack(">32s32s32sII", fixed[16:])
    need(magic == b"DBACKED", "it does not begin with DBACKED")
    if major < 2:
        die(8, "this is a backup of the 2018 agent, format version 1; docs/recovery.md says how to open it by hand")
    need(major == 2 and suite == 1 and flags == 0, "format %d, suite %d, flags %d are unknown here" % (major, suite, flags))
    need(12 <= log2 <= 24 and 2 <= p <= 16384 and 18 <= q <= 65552, "the header's lengths are wrong")
    need(core_length == 120 + p + q, "the header's lengths contradict each other")
    public, sealed_metadata = source.read(p, "the public metadata"), source.read(q, "the sealed metadata")
    core = fixed + public + sealed_metadata
    core_hash, (metadata, compact) = hashlib.sha256(core).digest(), parse_metadata(public, "the public metadata")
    need(isinstance(metadata, dict) and compact == public, "the public metadata is not in its one form")
    recipients, entries = read_recipients(source)
    header_mac, header_sig = source.read(32, "the header"), source.read(64, "the header")
    start = source.at

    # 2: who made it
    check_signature(signer, header_sig, b"dbacked.v2 header-sig\0" + core_hash, "the header's signature")
    signer_text = "ed25519:" + base64.b64encode(signer).decode()
    print("signer   " + signer_text, file=sys.stderr)
    if not args.signer:
        print("         is it the one in your notes? anybody can make a backup and sign it himself", file=sys.stderr)
    elif args.signer != signer_text:
        die(7, "this backup was signed by another than " + args.signer)

    # 3: the file key; 4: the sealed metadata
    mac_label = b""
    if args.keys:  # wrapped keys made later, for other recipients
        mac_label, source_of_keys = b"dbacked.v2 rewrap\0", Volumes(args.keys)
        need(source_of_keys.read(39, args.keys) == b"DBKEYS\2" + core_hash, args.keys + " belongs to another backup")
        recipients, entries = read_recipients(source_of_keys)
        header_mac = source_of_keys.read(32, args.keys)
        need(source_of_keys.at == source_of_keys.size, args.keys + " is too long")
    file_key = find_file_key(args.private_key, entries, salt, commitment)
    mac_key, key = hkdf(file_key, salt, b"header-mac" + core_hash), hkdf(file_key, salt, b"payload" + core_hash)
    mac = hmac.digest(mac_key, (mac_label + core_hash if args.keys else core) + recipients, "sha256")
    if not hmac.compare_digest(mac, header_mac):
        die(7, "the header's MAC is wrong: somebody changed the list of recipients")
    meta_key, what = hkdf(file_key, salt, b"meta"), "the sealed metadata"
    details, _ = parse_metadata(gcm_open(meta_key, bytes(12), core[: 120 + p], sealed_metadata, what), what)
    print("backup   %s\nsealed   %s" % (json.dumps(metadata, indent=1), json.dumps(details, indent=1)), file=sys.stderr)

    # 5: the end first, which refuses a file that was cut or extended
    step, rest = 2**log2 + 16, source.size - start - 216
    count = -(-rest // step)
    need(rest >= 0 and (rest - 1) % step >= 16 and count < 2**32 and rest - 16 * count <= 2**46, "the end is missing")
    source.at = source.size - 216
    trailer = source.read(216, "the trailer")
    summary = gcm_open(key, nonce(count, 1), trailer[:56], trailer[56:152], "the trailer")
    need(trailer[:24] == b"DBKEND\x02\x0a" + struct.pack(">QQ", count, rest - 16 * count), "the trailer's counts are wrong")
    check_signature(signer, trailer[152:], b"dbacked.v2 final-sig\0" + core_hash + trailer[:152], "the final signature")

    # 6, 7, 8: all segments in order; their digests must lead to the signed one
    def segments(open_them):
        chain, source.at = hashlib.sha256(b"dbacked.v2 chain\0" + core_hash).digest(), start
        for index in range(count):
            segment = source.read(min(step, start + rest - source.at), "segment %d" % index)
            if sys.stderr.isatty() and (index % 256 == 0 or index == count - 1):
                print("%3d %%" % (100 * (index + 1) // count), end="\r", file=sys.stderr)
            chain = hashlib.sha256(chain + hashlib.sha256(segment).digest()).digest()
            yield gcm_open(key, nonce(index, 0), b"", segment, "segment %d" % index) if open_them else b""
        need(chain == trailer[24:56], "the digest of the segments is wrong")

    write(args, str(metadata.get("compression")), segments, summary)

def write(args, compression, segments, summary):
    length, digest, _, flags = struct.unpack(">Q32sQI", summary[:52])
    if args.out == "-":
        print("warning: use nothing of what comes out here unless this program ends with exit code 0", file=sys.stderr)
        for _ in segments(False):  # so that nothing comes out of a file that is not whole
            pass
        for plain in segments(True):
            sys.stdout.buffer.write(plain)
        return sys.stdout.buffer.flush()
    program = {"zstd": "zstd", "gzip": "gzip"}.get(compression) if args.decompress else None
    if args.decompress and compression != "none" and not (program and shutil.which(program)):
        die(2, "--decompress needs the program for %s; leave it out and decompress later" % compression)
    ending = "" if program else {"none": "", "zstd": ".zst", "gzip": ".gz"}.get(compression, ".compressed")
    out = args.out or (args.file[:-4] if args.file.endswith(".dbk") else args.file) + ".dump" + ending
    if os.path.exists(out):
        die(2, out + " exists already")
    part, child = os.fdopen(os.open(out + ".part", os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o600), "w+b"), None
    try:
        for plain in segments(True):
            if program and not child:  # an empty payload is an empty dump, and no stream of zstd
                child = subprocess.Popen([program, "-dc"], stdin=subprocess.PIPE, stdout=part)
            (child.stdin if child else part).write(plain)
        if child:
            child.stdin.close()
            need(child.wait() == 0, "the payload is no whole %s stream" % program)
        part.flush()
        if program or compression == "none":  # this is the dump as it was made: read it back and compare
            part.seek(0)
            seen = hashlib.sha256()
            for piece in iter(lambda: part.read(2**20), b""):
                seen.update(piece)
            right = part.tell() == length and (not flags & 1 or seen.digest() == digest)
            need(right, "the dump is not the one that was sealed")
        os.fsync(part.fileno())
        part.close()
        os.rename(out + ".part", out)
    except BaseException as error:
        if child:
            child.kill()  # before its input ends: it must not take a part for the whole
        part.close()
        os.unlink(out + ".part")
        need(not isinstance(error, BrokenPipeError), "%s refused the payload" % program)
        raise
    seal = digest.hex() if flags & 1 else "not recorded"
    print("wrote    %s\ndump     %d bytes, SHA-256 %s" % (out, length, seal), file=sys.stderr)
    if flags & 2:
        print("warning: the dump program had warned when this backup was made", file=sys.stderr)
    if ending:
        print("next     decompress it (for .zst: zstd -d %s), and compare the SHA-256 above" % out, file=sys.stderr)

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("private_key", help="PEM file; or the 32 bytes of the file key, unwrapped elsewhere")
parser.add_argument("file", help="FILE.dbk")
parser.add_argument("-o", "--out", help="where to write; default: beside FILE; - for stdout")
parser.add_argument("--decompress", action="store_true", help="write the dump itself, by the program zstd or gzip")
parser.add_argument("--signer", help="refuse backups of another signer than this ed25519:… text")
parser.add_argument("--keys", help="a file NAME.keys-… with keys wrapped later")
try:
    run(parser.parse_args())
except (OSError, EOFError) as error:
    die(2, str(error))
