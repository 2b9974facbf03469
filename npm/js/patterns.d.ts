/** Rules and patterns of URIs. */

/**
 * Returns whether a text is a URI. By the loose rule components have no white space and no `#`, by the
 * strict one they are lower case letters, digits and `_`. Default: loose, `match: 'exact'`.
 */
export function isUri(text: unknown, options?: { strict?: boolean; match?: 'exact' | 'prefix' | 'wildcard' }): boolean;

/**
 * A pattern with named components. Types are `str`, `int` and, at the end, `suffix` for all further
 * components.
 *
 * ```js
 * import { UriPattern } from 'wampwerk/patterns.js';
 *
 * const pattern = new UriPattern('com.example.<id:int>.created');
 * await session.subscribe(pattern.uri, (args, kwargs, { topic }) => {
 *   console.log(pattern.extract(topic)?.id);
 * }, { match: pattern.match });
 * ```
 */
export class UriPattern {
  /** @throws {TypeError} if the text is not a pattern */
  constructor(text: string);
  /** The pattern for the router. */
  readonly uri: string;
  readonly match: 'exact' | 'prefix' | 'wildcard';
  /** Returns the named components of a URI; null if it does not match. */
  extract(uri: string): Record<string, string | number> | null;
}
