/**
 * A process that runs the engine. What it decodes and computes can hang or crash it without the service noticing more
 * than an end; it leaves when the service does.
 */
import { Desk } from './desk.ts';
import { serveParent } from './parent.ts';

process.on('disconnect', () => process.exit());
// Gone while this process was still starting: nobody will say so again.
if (!process.connected) process.exit();
serveParent(new Desk());
