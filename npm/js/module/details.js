// The names of details: those of the wire, and those of `index.d.ts`.

const names = {
  caller_authid: 'callerAuthid',
  caller_authrole: 'callerAuthrole',
  callee_authid: 'calleeAuthid',
  callee_authrole: 'calleeAuthrole',
  publisher_authid: 'publisherAuthid',
  publisher_authrole: 'publisherAuthrole',
};

/** Returns details with the names of `index.d.ts`. Unknown keys keep their names. */
export function renamed(details) {
  for (const key in details) {
    if (key.includes('_auth') && Object.hasOwn(names, key)) {
      details[names[key]] = details[key];
      delete details[key];
    }
  }
  return details;
}
