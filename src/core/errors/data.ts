/** Codes of normals, batches and datasets. */
import { type ErrorEntry, entry, list } from './entry.ts';

export const DATA_ERRORS = {
  NORMALS_MISSING: entry({
    exit: 2,
    http: 404,
    when: 'The folder of normal photographs does not exist.',
    message: (p) => `the folder of normals ${list(p.path)} does not exist`,
    fix: () => 'pass the folder that holds photographs of good parts: --normals DIR',
  }),
  NORMALS_EMPTY: entry({
    exit: 2,
    http: 422,
    when: 'The folder of normal photographs holds no image.',
    message: (p) => `${list(p.path)} holds no image (looked for ${list(p.extensions)})`,
    fix: (p) =>
      p.folders
        ? `its folders are not searched: name the one that holds good parts: ${list(p.folders)}`
        : 'put photographs of good parts into it (4 will do, 30 are better), or name another folder',
  }),
  NORMALS_SINGLE: entry({
    exit: 2,
    http: 422,
    when: 'A warning, not a stop: one normal shows no spread, so every learnt bound is a guess of the tolerance table.',
    message: (p) => `${list(p.path)} gives a single normal: learnt bounds rest on default tolerances alone`,
    fix: () =>
      'add at least 3 more photographs of good parts, or state the bounds in the rule file (within: [low, high])',
  }),
  IMAGES_NONE: entry({
    exit: 2,
    http: 422,
    when: 'A folder given to inspect holds no image.',
    message: (p) => `${list(p.path)} holds no image (looked for ${list(p.extensions)})`,
    fix: (p) =>
      p.folders
        ? `its folders are not searched: name them: ${list(p.folders)}`
        : 'name image files or a folder that holds some',
  }),
  DATASET_LAYOUT: entry({
    exit: 2,
    http: 422,
    when: 'The folder given as --dataset has no layout that evaluate knows.',
    message: (p) => `${list(p.path)} is no labelled dataset: ${list(p.reason)}`,
    fix: () =>
      'expected DIR/test/good/*.jpg and DIR/test/<anomaly>/*.jpg (MVTec AD, MVTec LOCO AD or mask-free; masks in DIR/ground_truth are optional), or DIR/split_csv/1cls.csv (VisA)',
  }),
  DATASET_MASK: entry({
    exit: 2,
    http: 422,
    when: 'A mask of a labelled dataset does not fit its image, is empty, or holds a value that defects_config.json does not list.',
    message: (p) => `mask ${list(p.mask)} ${list(p.reason)}`,
    fix: () =>
      'replace the mask, or take it away: an image without a mask counts for image metrics only; how masks are read is in docs/evaluation.md',
  }),
  CSV_INVALID: entry({
    exit: 2,
    http: 422,
    when: 'A CSV (defect groups, allowed causes, labels, the table of VisA) lacks a column or a value, or holds one that is not expected.',
    message: (p) => list(p.reason),
    fix: (p) => `expected the columns ${list(p.columns)}, one record a line`,
  }),
  RULES_PROPOSED: entry({
    exit: 2,
    http: 409,
    when: 'inspect was given a rule file that is only proposed.',
    message: (p) => `the rules of ${list(p.product)} are proposed, not accepted: no person has signed them off yet`,
    fix: (p) =>
      `read them; then: logsad rules vet ${list(p.file ?? 'RULES')} --profile P --write, and logsad rules accept ${list(p.file ?? 'RULES')} (it changes "status: proposed" to accepted; by hand does as well)`,
  }),
  INSTALL_INCOMPLETE: entry({
    exit: 3,
    http: 500,
    when: 'A package or its native library cannot be loaded: a half install, or node_modules of another machine.',
    message: (p) => `the installation is incomplete: ${list(p.reason)}`,
    fix: () => 'run npm ci in the folder of the package, without --omit=optional; logsad doctor checks again',
  }),
  RULES_EXIST: entry({
    exit: 2,
    http: 409,
    when: 'init was pointed at a folder that has a rule file already.',
    message: (p) => `${list(p.path)} exists and is not overwritten`,
    fix: (p) =>
      `edit it and look with: logsad rules lint ${list(p.quoted)}; for a fresh one name another folder: logsad init OTHER --normals ${list(p.normals)}`,
  }),
  RULES_EMPTY: entry({
    exit: 2,
    http: 422,
    when: 'A warning, not a stop: the rule file names nothing to look for and nothing that must hold.',
    message: (p) =>
      `${list(p.product)} has no interests and no rules yet: nothing is counted or measured, only patches are compared with the normals`,
    fix: () =>
      'draw interests and write rules in rules.yaml (docs/authoring.md), or keep it so where any departure from the normals is a defect',
  }),
  USAGE: entry({
    exit: 2,
    http: 400,
    when: 'A command was called with a missing or wrong argument or option.',
    message: (p) => list(p.reason),
    fix: (p) => `see: logsad ${p.command ? `${list(p.command)} ` : ''}--help`,
  }),
} as const satisfies Record<string, ErrorEntry>;
