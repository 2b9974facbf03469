// Rules and patterns of URIs: the same as `wampwerk::uri` in Rust.

import { need } from './check.js';

const LOOSE = /^[^\s.#]+$/;
const STRICT = /^[0-9a-z_]+$/;
const NAMED = /^<([A-Za-z_][A-Za-z0-9_]*)(?::(int|str|string|suffix))?>$/;

/**
 * Returns whether a text is a URI by the loose or the strict rule, where components are lower case
 * letters, digits and `_`. Patterns may have empty components.
 */
export function isUri(text, { strict = false, match = 'exact' } = {}) {
  need('match', match, ['exact', 'prefix', 'wildcard'].includes(match));
  if (typeof text !== 'string') {
    return false;
  }
  const rule = strict ? STRICT : LOOSE;
  const components = text.split('.');
  return components.every((component, place) => {
    const mayBeEmpty = match === 'wildcard' || (match === 'prefix' && place === components.length - 1);
    return component === '' ? mayBeEmpty : rule.test(component);
  });
}

/** Returns the pattern `{uri, match}` of a URI in which stars stand for what matches. */
export function fromStarred(text) {
  need('a starred URI', text, typeof text === 'string');
  const stars = text.split('*').length - 1;
  const match = stars === 0 ? 'exact' : stars === 1 && text.endsWith('*') ? 'prefix' : 'wildcard';
  if (match === 'wildcard') {
    for (const [place, component] of text.split('.').entries()) {
      need(`component ${place + 1} of a starred URI`, component, component === '*' || (component !== '' && !component.includes('*')));
    }
  }
  const uri = text.replaceAll('*', '');
  need('a starred URI', text, isUri(uri, { match }));
  return { uri, match };
}

/** A pattern with named components, such as `com.example.<id:int>.<name>`. */
export class UriPattern {
  #components;

  constructor(text) {
    need('the pattern', text, typeof text === 'string');
    const names = new Set();
    this.#components = text.split('.').map((component, place, all) => {
      const [, name, type = 'str'] = NAMED.exec(component) ?? [];
      if (component === '') {
        return { isAny: true };
      }
      if (name === undefined) {
        need('a component of the pattern', component, LOOSE.test(component) && !/[<>]/.test(component));
        return { literal: component };
      }
      need('a name of the pattern, there twice,', name, !names.has(name));
      names.add(name);
      need('a suffix before the end of the pattern', component, type !== 'suffix' || place === all.length - 1);
      return { name, type };
    });
    const last = this.#components.at(-1);
    const before = this.#components.slice(0, -1);
    const isOpen = last.type === 'suffix';
    need('a suffix behind named components', text, !isOpen || before.every(({ literal }) => literal !== undefined));
    const isExact = this.#components.every(({ literal }) => literal !== undefined);
    this.match = isOpen ? 'prefix' : isExact ? 'exact' : 'wildcard';
    const plain = (isOpen ? before : this.#components).map(({ literal = '' }) => literal);
    this.uri = isOpen && plain.length > 0 ? `${plain.join('.')}.` : plain.join('.');
    Object.freeze(this);
  }

  /** Returns the named components of a URI; null if it does not match. */
  extract(uri) {
    need('the URI', uri, typeof uri === 'string');
    const components = uri.split('.');
    const all = this.#components;
    const isOpen = this.match === 'prefix';
    if (isOpen ? components.length < all.length : components.length !== all.length) {
      return null;
    }
    const found = {};
    for (const [place, { literal, name, type, isAny }] of all.entries()) {
      const component = type === 'suffix' ? components.slice(place).join('.') : components[place];
      if (name === undefined) {
        if (!isAny && component !== literal) {
          return null;
        }
      } else if (type === 'int') {
        if (!/^-?\d+$/.test(component) || !Number.isSafeInteger(Number(component))) {
          return null;
        }
        found[name] = Number(component);
      } else {
        found[name] = component;
      }
    }
    return found;
  }
}
