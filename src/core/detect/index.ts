/** The detectors there are: one file and one line each. `composition` is the rule file's rules and needs no entry. */
import { aprilGan } from './aprilGan.ts';
import { asDetector, type Detector } from './detector.ts';
import { interest } from './interest.ts';
import { padim } from './padim.ts';
import { patch } from './patch.ts';
import { patchcore } from './patchcore.ts';
import { spade } from './spade.ts';
import { winclip } from './winclip.ts';
import { winclipPlus } from './winclipPlus.ts';

export const DETECTORS: readonly Detector[] = [
  asDetector(patch),
  asDetector(interest),
  asDetector(patchcore),
  asDetector(spade),
  asDetector(padim),
  asDetector(winclip),
  asDetector(winclipPlus),
  asDetector(aprilGan),
];

/** The name under which the rules themselves are scored. */
export const COMPOSITION = 'composition';
