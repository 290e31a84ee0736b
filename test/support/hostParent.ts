/** Run as a process of its own by inference.test.ts: starts a host, reports the child's pid, then stays or leaves. */
import { createInference } from '../../src/adapters/inference/host.ts';

const host = await createInference({ threads: 1 });
process.send!(host.pid);
if (process.argv[2] === 'stay') setInterval(() => {}, 1000);
else process.disconnect();
