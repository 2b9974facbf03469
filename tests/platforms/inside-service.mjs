// The same in a service worker, which may not load files later.

import '/pkg/eager.js';
import * as lib from '/pkg/index.js';
import * as cryptobox from '/pkg/cryptobox.js';
import * as patterns from '/pkg/patterns.js';
import { serve } from './serve.mjs';

serve({ lib, patterns, cryptobox });
