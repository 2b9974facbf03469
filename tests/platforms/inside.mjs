// Runs the behaviour suite in a page or a worker; see driver.mjs.

import * as lib from '/pkg/index.js';
import * as cryptobox from '/pkg/cryptobox.js';
import * as patterns from '/pkg/patterns.js';
import { serve } from './serve.mjs';

serve({ lib, patterns, cryptobox });
