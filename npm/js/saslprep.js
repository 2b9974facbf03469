// SASLprep (RFC 4013): texts that look the same become the same, by what JavaScript knows of Unicode.
//
// RFC 4013 is about Unicode 3.2. What was assigned later is refused, so the engine's version does not
// matter.

/** Non-ASCII space characters (RFC 3454, table C.1.2), which become spaces. */
const SPACES = /[\u00a0\u1680\u2000-\u200b\u202f\u205f\u3000]/gu;

/** Characters that are commonly mapped to nothing (table B.1). */
const NOTHING = /[\u00ad\u034f\u1806\u180b-\u180d\u200c\u200d\u2060\ufe00-\ufe0f\ufeff]/gu;

/** Prohibited output (tables C.1.2 to C.9). */
const PROHIBITED =
  /[\p{Cc}\p{Co}\p{Cs}\p{Zl}\p{Zp}\p{Noncharacter_Code_Point}\u00a0\u1680\u2000-\u200f\u202a-\u202f\u205f-\u2063\u206a-\u206f\u3000\u0340\u0341\u06dd\u070f\u180e\u2ff0-\u2ffb\ufeff\ufff9-\ufffd\u{1d173}-\u{1d17a}\u{e0001}\u{e0020}-\u{e007f}]/u;

/** Characters with bidirectional property R or AL, as far as NFKC leaves them. */
const RIGHT =
  /[\u05be\u05c0\u05c3\u05d0-\u05f4\u061b-\u064a\u066d-\u066f\u0671-\u06d5\u06e5-\u06e6\u06fa-\u0710\u0712-\u072c\u0780-\u07a5\u07b1\ufe73]/u;

/** Characters with bidirectional property L that are letters, and are not. */
const LEFT_LETTERS = /[\p{L}\p{Mc}\p{Nl}]/u;
const NO_LEFT_LETTERS = /[\u02b9\u02ba\u02c6-\u02cf\u02ec]/u;
const LEFT_OTHERS =
  /[\u0482\u055a-\u055f\u0589\u0964-\u0970\u09e6-\u09ef\u09f4-\u09fa\u0a66-\u0a6f\u0ae6-\u0aef\u0b66-\u0b70\u0be7-\u0bf2\u0c66-\u0c6f\u0cbf\u0cc6\u0ce6-\u0cef\u0d66-\u0d6f\u0df4\u0e4f-\u0e5b\u0ed0-\u0ed9\u0f01-\u0f17\u0f1a-\u0f34\u0f36\u0f38\u0f85\u0fbe-\u0fc5\u0fc7-\u0fcf\u1040-\u104f\u10fb\u1361-\u137c\u166d-\u166e\u16eb-\u16ed\u1735-\u1736\u17d4-\u17d6\u17d8-\u17da\u17e0-\u17e9\u1810-\u1819\u2336-\u237a\u2395\u2800-\u28ff\u3190-\u3191\u327f\u{10320}-\u{10323}\u{1d000}-\u{1d15d}\u{1d16a}-\u{1d16c}\u{1d183}-\u{1d184}\u{1d18c}-\u{1d1a9}\u{1d1ae}-\u{1d1dd}]/u;

/**
 * Characters that Unicode 3.2 does not assign (table A.1), as far as the other rules do not refuse
 * them: the distance of each range from the last one, and its length less 1, to the base of 36.
 */
const UNASSIGNED = [
  'f5 0 j r 2n 1 1s g 29 f h 3 3 d 8 0 2 0 l 0 19 0 14 8 3s 0 20 0 13 1 3 5 h w 13 1 8 0 14 0 3 5 i 0 o',
  '0 b a s 4 6 m 2 d 2 2 2 0 r 4 n 9 3z 1 g 0 f 0 v 2 s 1g 1f 9a 4 0 1i 1 j 1 6 2 q f 4 0 9 1 3 1 n 0 8',
  '0 2 2 5 1 2 0 8 1 3 1 4 8 2 6 6 1 m 6 2 1 7 3 3 1 n 0 8 0 3 0 3 0 3 1 2 0 6 3 3 1 4 a 5 8 g b 4 0 8',
  '0 2 0 4 0 n 0 8 0 3 0 6 1 b 0 4 0 4 1 2 e 2 4 b g 4 0 9 1 3 1 n 0 8 0 3 1 5 1 9 2 3 1 4 7 3 6 4 3 c',
  'g 3 0 7 2 4 0 5 2 3 0 2 0 3 2 3 2 4 2 9 0 4 3 6 2 4 0 5 8 2 e d d 4 0 9 0 4 0 o 0 b 0 6 3 8 0 4 0 5',
  '6 3 8 3 3 b h 3 0 9 0 4 0 o 0 b 0 6 3 8 0 4 0 5 6 3 6 2 0 3 3 b h 3 0 9 0 4 0 o 0 h 3 7 1 4 0 5 8 2',
  '7 3 3 b h 3 0 j 2 p 0 a 0 2 1 8 2 2 3 7 0 2 0 9 h 4 b 1n 3 u 10 3 0 2 1 3 0 2 1 2 5 5 0 8 0 4 0 2 0',
  '2 1 3 0 e 0 4 1 6 0 2 0 7 1 b 11 21 0 z 5 s 3 9 0 11 0 g 1 2 1b z 0 6 0 3 0 8 2 5 5 r 1x 13 9 16 1 2',
  '3 2j 4 1x 4 2b 5 8 0 1s 0 2 0 5 1 8 0 2 0 5 1 14 0 2 0 5 1 w 0 2 0 5 1 8 0 2 0 5 1 8 0 8 0 o 0 w 0 2',
  '0 5 1 8 0 14 0 k 5 t y 2e b hj 8 u 2 2a e e 0 8 a o 8 l b e 0 4 0 3 b 2m 2 b l g 0 b 5 2h 7 17 11x',
  '4d 3 2j 5 n 1 7 1 13 1 7 1 9 0 2 0 2 0 2 0 w 1 1i 0 g 0 f 1 7 0 k 1 4 0 a 0 2c 24 j t s k 1o 1 g 6',
  '1e b g0 1c 14 o c k 4g 0 7p 1 3 0 2u 1 b 3a 5 0 5 1 t 0 10 0 2 0 5 2 2 0 8 1 1h 2 p 0 f g t 3 lt ov',
  'r 0 2i 7f 1t 0 2f 1 2w 4 15 2q 15 1j 1a 2p 26 8j 52v 21 g4n 2h we 2 1k 1fc 8md 2j 6r3 6m r 4b a6 5b',
  'h f 5 b o 14 6 wa w 0 5 b s 50 13 1 13 148h 6v 9 14 2 51 93z wyi hcfa',
].join(' ');

/**
 * Prepares a text.
 *
 * @throws {Error} if it contains forbidden characters. `name` is in the text, the text itself is not.
 */
export function prepared(name, text) {
  const normal = text.replace(SPACES, ' ').replace(NOTHING, '').normalize('NFKC');
  if (PROHIBITED.test(normal) || isMixed([...normal]) || [...normal].some(isUnassigned)) {
    throw new Error(`${name} contains characters that SASLprep (RFC 4013) forbids`);
  }
  return normal;
}

/** Returns whether the directions of the text are mixed in a way that RFC 3454, section 6, forbids. */
function isMixed(chars) {
  const isRight = (char) => RIGHT.test(char);
  return chars.some(isRight) && (chars.some(isLeft) || !isRight(chars[0]) || !isRight(chars.at(-1)));
}

function isLeft(char) {
  return LEFT_OTHERS.test(char) || (LEFT_LETTERS.test(char) && !NO_LEFT_LETTERS.test(char) && !RIGHT.test(char));
}

/** First and last code points of the ranges, once they are needed. */
let ranges;

function isUnassigned(char) {
  if (ranges === undefined) {
    ranges = [];
    const numbers = UNASSIGNED.split(' ').map((digits) => parseInt(digits, 36));
    for (let [place, last] = [0, 0]; place < numbers.length; place += 2) {
      const first = last + numbers[place];
      last = first + numbers[place + 1];
      ranges.push([first, last]);
    }
  }
  const code = char.codePointAt(0);
  return ranges.some(([first, last]) => first <= code && code <= last);
}
