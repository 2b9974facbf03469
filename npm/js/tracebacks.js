// The causes of errors, for callers that may see them: as lines, in the form of Autobahn. Loaded if the
// option `tracebacks` is set.

/** Maximum number of causes, of lines, and of characters of a line. */
const [MAX_CAUSES, MAX_LINES, MAX_LINE] = [32, 100, 400];

/** Returns a function that returns the lines of a thrown error, if the role of the caller is one of these. */
export function tracebackFor(roles) {
  return (thrown, role) => (roles.includes(role) ? linesOf(thrown) : undefined);
}

function linesOf(thrown) {
  const lines = [];
  let error = thrown;
  for (let number = 0; error instanceof Error && number < MAX_CAUSES; number++) {
    if (Array.isArray(error.traceback)) {
      // That of another callee, which is passed on.
      lines.push(...error.traceback);
    } else {
      lines.push(...`${number === 0 ? '' : 'caused by: '}${error.stack ?? error}`.split('\n'));
    }
    error = error.cause;
  }
  // Not in the middle of a character; in JSON, U+0000 begins binary data.
  const short = (line) => [...line.slice(0, 2 * MAX_LINE)].slice(0, MAX_LINE).join('').replace(/^\0+/, '');
  return lines.length === 0 ? undefined : lines.slice(0, MAX_LINES).map(short);
}
