/** The detectors there are: one file and one line each. `composition` is the rule file's rules and needs no entry. */
import { asDetector, type Detector } from './detector.ts';
import { interest } from './interest.ts';
import { patch } from './patch.ts';

export const DETECTORS: readonly Detector[] = [asDetector(patch), asDetector(interest)];

/** The name under which the rules themselves are scored. */
export const COMPOSITION = 'composition';
