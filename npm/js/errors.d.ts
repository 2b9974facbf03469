/** The errors of the package. */

/**
 * Error that a callee or the router sent, or that an endpoint throws to send it. The other errors of
 * the package are subclasses of it.
 */
export class WampError extends Error {
  /**
   * @param uri the error as a URI
   * @param args positional values, often one text for people
   * @param message the text of the error. Default: `uri` and, if it is a text, `args[0]`
   */
  constructor(
    uri: string,
    args?: unknown[],
    kwargs?: Record<string, unknown>,
    message?: string,
    options?: { cause?: unknown },
  );
  /** The error as a URI. */
  uri: string;
  /** Positional values of the error. */
  args: any[];
  /** Keyword values of the error. */
  kwargs: Record<string, any>;
  /** Session of the callee if disclosed; so are `calleeAuthid` and `calleeAuthrole`. */
  callee?: number;
  calleeAuthid?: string;
  calleeAuthrole?: string;
  /** Lines that the callee has sent to callers of this role, also in `kwargs`. */
  traceback?: string[];
  /**
   * All details of an error that was received, if it has some: also `forward_for`, and keys of extensions such as `x_…`.
   */
  details?: { callee?: number; calleeAuthid?: string; calleeAuthrole?: string; [key: string]: any };
}

/** The router could not be reached, or refused the session; `uri` is its reason. */
export class ConnectError extends WampError {}

/** The session has ended; `uri` is the reason. */
export class SessionClosedError extends WampError {}

/** A time limit has passed. */
export class TimeoutError extends WampError {}

/** A value cannot be sent; the message contains its path, such as `args[0].user.name`. */
export class EncodeError extends WampError {}

/** A received value cannot be decoded. */
export class DecodeError extends WampError {}
