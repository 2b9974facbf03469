/** Rules and patterns of URIs. */

/**
 * Returns whether a text is a URI. By the loose rule components have no white space and no `#`, by the
 * strict one they are lower case letters, digits and `_`. Default: loose, `match: 'exact'`.
 */
export function isUri(text: unknown, options?: { strict?: boolean; match?: 'exact' | 'prefix' | 'wildcard' }): boolean;

/**
 * Returns the pattern of a starred URI, as Autobahn's `convert_starred_uri` does:
 *
 * | text | pattern |
 * | --- | --- |
 * | `com.example.add` | exact |
 * | `com.example.*`, `com.ex*`, `*`: one star, at the end | prefix `com.example.`, `com.ex`, all URIs |
 * | `com.*.add`, `com.*.*`: other stars, each a whole component | wildcard `com..add`, `com..` |
 *
 * ```js
 * const { uri, match } = fromStarred('com.*.created');
 * await session.subscribe(uri, handler, { match });
 * ```
 *
 * @throws {TypeError} if a star is only a part of a component, or a component is not valid
 */
export function fromStarred(text: string): { uri: string; match: 'exact' | 'prefix' | 'wildcard' };

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
