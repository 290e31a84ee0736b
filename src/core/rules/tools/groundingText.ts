/** A rule text cut down to what it looks for: for trying exemplars and regions before there are rules, or while they are broken. */
import { setBlock } from './textEdit.ts';

/** Rules, cases and vetting are left out, detectors are those that need no learning of their own. */
export function groundingText(text: string): string {
  let out = text;
  for (const gone of ['rules', 'cases', 'vetting', 'provenance', 'detectors']) out = setBlock(out, gone, '');
  return setBlock(out, 'detectors', 'detectors: [composition]\n');
}
