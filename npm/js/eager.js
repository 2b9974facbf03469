// Brings all that is otherwise loaded when it is needed: for service workers, which may not load files
// later, and for programs in one file. Import it before the package.

import * as cbor from './codecs/cbor.js';
import * as msgpack from './codecs/msgpack.js';
import { provide } from './later.js';
import * as patterns from './patterns.js';
import * as payloads from './payloads.js';
import * as proofs from './proofs.js';
import * as tracebacks from './tracebacks.js';
import * as tracing from './tracing.js';

for (const [name, exports] of Object.entries({ cbor, msgpack, patterns, payloads, proofs, tracebacks, tracing })) {
  provide(name, exports);
}
