// Publications.

import { session } from './connection.js';
import { onSubmit, say } from './form.js';

onSubmit('publish', 'publish-result', async ({ uri, args, kwargs, form }) => {
  const publication = await session.publish(uri, args, kwargs, {
    acknowledge: form.acknowledge.checked,
    excludeMe: !form.self.checked,
  });
  say('publish-result', publication ? `The router took it as event ${publication.id}.` : 'Sent.');
});
