// SHA-256 (FIPS 180-4) and HMAC (RFC 2104), written out. Browsers have their own only on pages from https or from their
// own machine, and a classroom opens this lab by plain http from another one. It is slow, and leaks by its timing: fit
// for secrets that are shown on the page, and for nothing else.

const BLOCK = 64; // bytes
const primes = (count) => Array.from({ length: 400 }, (_, n) => n).filter(isPrime).slice(0, count);
const START = primes(8).map((prime) => fraction(Math.sqrt(prime)));
const ROUND = primes(64).map((prime) => fraction(Math.cbrt(prime)));

/** The 32 bytes of the hash of these bytes. */
export function sha256(bytes) {
  const words = new DataView(padded(bytes).buffer);
  const state = [...START];
  for (let at = 0; at < words.byteLength; at += BLOCK) mixIn(state, words, at);
  const hash = new DataView(new ArrayBuffer(32));
  state.forEach((word, index) => hash.setUint32(4 * index, word));
  return new Uint8Array(hash.buffer);
}

/** HS256 (RFC 7518 §3.2): the 32 bytes of HMAC-SHA-256. */
export function hmacSha256(key, message) {
  const block = new Uint8Array(BLOCK);
  block.set(key.length > BLOCK ? sha256(key) : key);
  const inner = sha256(joined(block.map((byte) => byte ^ 0x36), message));
  return sha256(joined(block.map((byte) => byte ^ 0x5c), inner));
}

export function hex(bytes) {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

function mixIn(state, words, at) {
  const w = Array.from({ length: 16 }, (_, index) => words.getUint32(at + 4 * index));
  for (let i = 16; i < 64; i++) {
    const [early, late] = [w[i - 15], w[i - 2]];
    const small = turned(early, 7) ^ turned(early, 18) ^ (early >>> 3);
    w[i] = (w[i - 16] + small + w[i - 7] + (turned(late, 17) ^ turned(late, 19) ^ (late >>> 10))) >>> 0;
  }
  let [a, b, c, d, e, f, g, h] = state;
  for (let i = 0; i < 64; i++) {
    const one = h + (turned(e, 6) ^ turned(e, 11) ^ turned(e, 25)) + ((e & f) ^ (~e & g)) + ROUND[i] + w[i];
    const two = (turned(a, 2) ^ turned(a, 13) ^ turned(a, 22)) + ((a & b) ^ (a & c) ^ (b & c));
    [a, b, c, d, e, f, g, h] = [(one + two) >>> 0, a, b, c, (d + one) >>> 0, e, f, g];
  }
  [a, b, c, d, e, f, g, h].forEach((word, index) => (state[index] = (state[index] + word) >>> 0));
}

/** The message, a bit 1, zeros, and the length in bits, to whole blocks. */
function padded(bytes) {
  const made = new Uint8Array(BLOCK * Math.ceil((bytes.length + 9) / BLOCK));
  made.set(bytes);
  made[bytes.length] = 0x80;
  new DataView(made.buffer).setBigUint64(made.length - 8, BigInt(bytes.length) * 8n);
  return made;
}

function joined(one, other) {
  const made = new Uint8Array(one.length + other.length);
  made.set(one);
  made.set(other, one.length);
  return made;
}

function turned(word, bits) {
  return (word >>> bits) | (word << (32 - bits));
}

/** The first 32 bits after the point. */
function fraction(number) {
  return Math.floor((number - Math.floor(number)) * 2 ** 32);
}

function isPrime(number) {
  return number > 1 && Array.from({ length: Math.floor(Math.sqrt(number)) }, (_, at) => at + 1).every((one) => one === 1 || number % one !== 0);
}
