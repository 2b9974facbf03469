// Files that are loaded when they are needed, unless `eager.js` brings them.

const provided = new Map();

/** Provides the exports of a file. */
export function provide(name, exports) {
  provided.set(name, exports);
}

/** Returns the exports of a file, which `load` loads if they are not provided. */
export async function later(name, load) {
  return provided.get(name) ?? load();
}
