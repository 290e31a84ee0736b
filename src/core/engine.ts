/**
 * What learning computes, as a stamp: a profile of another engine is refused (PROFILE_STALE). The number is raised by hand
 * when the arithmetic changes; the tables of constants are hashed in, so that none of them can change unnoticed
 * (test/core/engine.test.ts holds the list against the sources).
 */
import { APRIL } from './detect/adapters.ts';
import { ALTER } from './detect/alter.ts';
import { CHOOSE } from './detect/choose.ts';
import { COVER } from './detect/cover.ts';
import { INTEREST } from './detect/instances.ts';
import { JOINED } from './detect/joined.ts';
import { MUTANTS } from './detect/mutants.ts';
import { PAPER, PATCH } from './detect/patchModel.ts';
import { PADIM } from './detect/placeGaussians.ts';
import { PLACES } from './detect/places.ts';
import { MAP_REGIONS } from './detect/regions.ts';
import { WINCLIP } from './detect/windows.ts';
import { digestOf } from './digest.ts';
import { ATTRIBUTE } from './ground/attributes.ts';
import { COLOUR_WORDS } from './ground/colourWords.ts';
import { GROUND } from './ground/constants.ts';
import { FOCUS } from './ground/focus.ts';
import { LIKENESS } from './ground/likeness.ts';
import { PRINT } from './ground/reading.ts';
import { SAM } from './ground/sam.ts';
import { SEGMENT } from './ground/segment.ts';

/** Every table whose numbers end up in a profile. What bounds are made of (core/statistics.ts) is computed anew each time. */
export const LEARNING_TABLES = {
  ALTER,
  APRIL,
  ATTRIBUTE,
  CHOOSE,
  COLOUR_WORDS,
  COVER,
  FOCUS,
  GROUND,
  INTEREST,
  JOINED,
  LIKENESS,
  MAP_REGIONS,
  MUTANTS,
  PADIM,
  PAPER,
  PATCH,
  PLACES,
  PRINT,
  SAM,
  SEGMENT,
  WINCLIP,
};

/** `ground-N`: raise N when what learning computes changes. */
const ARITHMETIC = 'ground-5';

export const engineOf = (tables: Readonly<Record<string, unknown>>): string =>
  `${ARITHMETIC}+${digestOf(tables).slice(0, 8)}`;

/** Stamp of the engine: its arithmetic and its constants. */
export const ENGINE = engineOf(LEARNING_TABLES);
