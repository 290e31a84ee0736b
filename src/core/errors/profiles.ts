/** Codes of profiles. */
import { type ErrorEntry, entry, list } from './entry.ts';

export const PROFILE_ERRORS = {
  PROFILE_UNREADABLE: entry({
    exit: 2,
    http: 422,
    when: 'A profile is damaged, cut short, or no profile at all.',
    message: (p) => `${list(p.path)} cannot be read as a profile: ${list(p.reason)}`,
    fix: () => 'learn it again: `logsad learn RULES --normals DIR --profile OUT`',
  }),
  PROFILE_VERSION: entry({
    exit: 2,
    http: 422,
    when: 'A profile was written by another version of the file format.',
    message: (p) => `${list(p.path)} has profile format ${list(p.found)}, this version reads ${list(p.expected)}`,
    fix: () => 'learn it again: `logsad learn RULES --normals DIR --profile OUT`',
  }),
  PROFILE_PRODUCT: entry({
    exit: 2,
    http: 409,
    when: 'The profile was learnt for another product than the rule file describes.',
    message: (p) => `the profile is of product '${list(p.found)}', the rule file is of '${list(p.expected)}'`,
    fix: () => 'give the profile that was learnt with this rule file, or learn one',
  }),
  PROFILE_STALE: entry({
    exit: 2,
    http: 409,
    when: 'What the profile was learnt from (grounding part of the rule file, models, engine) has changed since. Edits to rules alone never cause this.',
    message: (p) => `the profile of '${list(p.product)}' is stale: ${list(p.what)}`,
    fix: () => 'learn it again: `logsad learn RULES --normals DIR --profile OUT`',
  }),
  EXEMPLAR_MISSING: entry({
    exit: 2,
    http: 422,
    when: 'The rule file draws exemplars on images that are not in the normals folder.',
    message: (p) => `exemplar images of '${list(p.product)}' are not among the normals: ${list(p.images)}`,
    fix: () => 'pass the folder that holds them as --normals, or name other images in the rule file',
  }),
  EXEMPLAR_EMPTY: entry({
    exit: 2,
    http: 422,
    when: 'What the rule file says of an interest labels no cell: a box outside frame.focus, an empty mask, a colour no image shows.',
    message: (p) =>
      `nothing shows ${list(p.interest)}: what the rule file draws of it or its colour covers no cell of ${list(p.images) || 'any image'}`,
    fix: (p) =>
      `draw exemplars of ${list(p.interest)} inside the part of the image that frame.focus looks at, on images that show it; where colour alone says how to find it, widen the colour`,
  }),
  FOCUS_NOT_FOUND: entry({
    exit: 2,
    http: 422,
    when: 'frame.focus finds nothing to look at: no normal has a silhouette, or the mask file of the focus is empty or was not read.',
    message: (p) => `frame.focus of '${list(p.product)}' finds nothing to look at: ${list(p.reason)}`,
    fix: () => 'state the place instead, for example focus: { box: [0.1, 0.1, 0.9, 0.9] }, or leave focus out',
  }),
  DETECTOR_OPTION: entry({
    exit: 2,
    http: 422,
    when: 'A detector of the rule file has an option it does not know, or with a value it cannot have.',
    message: (p) =>
      `detector '${list(p.detector)}': ${list(p.option)}: expected ${list(p.expected)}, found ${list(p.found)}`,
    fix: (p) =>
      `correct it under detectors: in the rule file; for example { name: ${list(p.detector)}, ${list(p.example)} }`,
  }),
  DETECTOR_UNAVAILABLE: entry({
    exit: 2,
    http: 422,
    when: 'The rule file asks for a detector that this version or the installed models do not offer.',
    message: (p) => `detector '${list(p.detector)}' is not available; available: ${list(p.known)}`,
    fix: () => 'name one of those under detectors: in the rule file',
  }),
  DETECTOR_NEEDS_MODEL: entry({
    exit: 3,
    http: 422,
    when: 'A detector compares pictures with words, and the model set has no image-text model.',
    message: (p) =>
      `detector '${list(p.detector)}' needs an image-text model; the set '${list(p.set)}' has none installed`,
    fix: () =>
      'bring one with: logsad models pull --set cpu, then learn with --models cpu; or take a detector that needs none: patch, patchcore, spade, padim',
  }),
  DETECTOR_NORMALS: entry({
    exit: 2,
    http: 422,
    when: 'A detector needs more normals than it was given.',
    message: (p) => `detector '${list(p.detector)}' needs at least ${list(p.needed)} normals, found ${list(p.found)}`,
    fix: () => 'add photographs of good parts, or take a detector that does with one: patch',
  }),
  PROMPTS_INVALID: entry({
    exit: 2,
    http: 422,
    when: 'A list of prompts in prompts/ is no table of states and templates.',
    message: (p) => `${list(p.path)} is no list of prompts: ${list(p.reason)}`,
    fix: () => 'expected schema, normal, anomalous and templates, each a list of texts with {} in them',
  }),
  ADAPTERS_INVALID: entry({
    exit: 2,
    http: 422,
    when: 'A file of APRIL-GAN adapters cannot be read as tensors, or does not fit the model.',
    message: (p) => `${list(p.path)} does not serve as adapters: ${list(p.reason)}`,
    fix: () =>
      'expected fc.0.weight [d, c] and fc.0.bias [d] to fc.3.* in a .pth (torch.save) or .safetensors file; train some with: logsad adapters train',
  }),
  WORDS_UNAVAILABLE: entry({
    exit: 2,
    http: 422,
    when: 'Interests of the rule file are given by words only, and the model set has no image-text model.',
    message: (p) =>
      `${list(p.product)}: ${list(p.interests)} can only be found by words, and the model set '${list(p.set)}' has no image-text model`,
    fix: () =>
      'run: logsad models pull --set cpu; then logsad learn RULES --normals DIR --models cpu --profile OUT; or draw exemplars: of these interests',
  }),
} as const satisfies Record<string, ErrorEntry>;
