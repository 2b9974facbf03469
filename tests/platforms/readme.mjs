// The examples of the package README, as a reader would copy them.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';

const text = readFileSync(new URL('../../npm/js/README.md', import.meta.url), 'utf8');

/** The address in the README, at which there may be another program here. */
const ADDRESS = 'ws://127.0.0.1:8080/ws';

/** What the first example writes. */
export const said = ['5', 'It works by me', '1', '2', '3', 'left wamp.close.goodbye_and_out'];

function blocks(language) {
  return [...text.matchAll(new RegExp(`^\`\`\`${language}\\n([^]*?)^\`\`\`$`, 'gm'))].map(([, block]) => block);
}

/** All examples in JavaScript. */
export function examples() {
  return blocks('js');
}

/** The first example with the address of a router, and nothing else changed. */
export function firstExample(router) {
  const [example] = examples();
  assert.ok(example.includes(ADDRESS));
  return example.replace(ADDRESS, router);
}

/** The page with the import map, which runs another script. */
export function examplePage(script) {
  const [page] = blocks('html');
  assert.ok(page.includes('src="example.js"'));
  return `<!doctype html><link rel="icon" href="data:,">${page.replace('src="example.js"', `src="${script}"`)}`;
}
