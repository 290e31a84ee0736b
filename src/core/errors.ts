/**
 * The closed catalogue of everything that can go wrong by input or environment. One class, one table: the code, who is
 * at fault (exit 2 = usage or file, 3 = environment), the HTTP status the service answers with, and a message and a fix
 * computed from named parameters. `docs/errors.md` is generated from this table and compared in `completeness.test.ts`.
 *
 * A defective part is no error: it is a successful inspection with violations.
 */

/** Where in a text file a fault lies; line and column are 1-based. */
export interface Place {
  readonly file: string;
  readonly line?: number;
  readonly col?: number;
}

type Params = Readonly<Record<string, string | number | readonly (string | number)[] | undefined>>;

export interface ErrorEntry {
  /** 2: usage or a file is at fault; 3: the machine is. */
  readonly exit: 2 | 3;
  readonly http: number;
  /** One line for docs/errors.md: when this happens. */
  readonly when: string;
  readonly message: (p: Params) => string;
  /** What to do about it; names the next command to type where there is one. */
  readonly fix: (p: Params) => string;
}

const list = (v: Params[string]): string => (Array.isArray(v) ? v.join(', ') : String(v ?? ''));
const entry = (e: ErrorEntry): ErrorEntry => e;

/** Sections follow the folders that raise them; add a code to the section of the file that throws it. */
export const CATALOGUE = {
  // --- files -------------------------------------------------------------------------------------------------------
  FILE_NOT_FOUND: entry({
    exit: 2,
    http: 404,
    when: 'A path given on the command line or in a file does not exist.',
    message: (p) => `${list(p.path)} does not exist`,
    fix: (p) => `check the path${p.expected ? `; expected ${list(p.expected)}` : ''}`,
  }),
  FILE_UNREADABLE: entry({
    exit: 2,
    http: 422,
    when: 'A file exists but cannot be read: permission, a folder in its place, a failing disk.',
    message: (p) => `${list(p.path)} cannot be read (${list(p.reason)})`,
    fix: (p) => `name a readable file; look with: ls -l ${list(p.path)}`,
  }),
  FILE_NOT_UTF8: entry({
    exit: 2,
    http: 422,
    when: 'A text file (rules, CSV) holds bytes that are not UTF-8.',
    message: (p) => `expected UTF-8 text, found byte ${list(p.byte)} at offset ${list(p.offset)}`,
    fix: (p) => `save the file as UTF-8, for example: iconv -f latin1 -t utf-8 ${list(p.path)} -o ${list(p.path)}.utf8`,
  }),
  NOT_A_FOLDER: entry({
    exit: 2,
    http: 422,
    when: 'A folder was expected and a file stands there, or a part of the path is a file.',
    message: (p) => `${list(p.path)} is not a folder`,
    fix: () => 'name a folder, or remove the file that stands in its place',
  }),
  NO_WRITE_PERMISSION: entry({
    exit: 3,
    http: 500,
    when: 'The operating system refuses to write to a folder (permission, or a read-only file system).',
    message: (p) => `cannot write ${list(p.path)} (${list(p.reason)})`,
    fix: (p) => `choose another place, or allow writing with: chmod u+w ${list(p.folder)}`,
  }),
  DISK_FULL: entry({
    exit: 3,
    http: 507,
    when: 'The disk or the quota is used up; what was half written has been removed.',
    message: (p) => `no room left to write ${list(p.path)} (${list(p.bytes)} bytes)`,
    fix: (p) => `free some space (see: df -h ${list(p.folder)}) or write to another disk`,
  }),
  WRITE_FAILED: entry({
    exit: 3,
    http: 500,
    when: 'Writing failed for another reason that the operating system names.',
    message: (p) => `cannot write ${list(p.path)} (${list(p.reason)})`,
    fix: () => 'check the path and the disk, then run the command again',
  }),
  // --- normals, batches and datasets -------------------------------------------------------------------------------
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
    fix: () => 'put photographs of good parts into it (4 will do, 30 are better), or name another folder',
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
    fix: () => 'name image files or a folder that holds some',
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
    message: (p) => `the rules of ${list(p.product)} are proposed, not accepted`,
    fix: () => 'read them, then set "status: accepted" in the rule file (or remove the line)',
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
    message: (p) => `${list(p.product)} has no interests and no rules: only patches are compared with the normals`,
    fix: () =>
      'draw interests and write rules (docs/authoring.md), or keep it so where any departure from the normals is a defect',
  }),
  USAGE: entry({
    exit: 2,
    http: 400,
    when: 'A command was called with a missing or wrong argument or option.',
    message: (p) => list(p.reason),
    fix: (p) => `see: logsad ${p.command ? `${list(p.command)} ` : ''}--help`,
  }),

  // --- images ------------------------------------------------------------------------------------------------------
  IMAGE_NOT_FOUND: entry({
    exit: 2,
    http: 404,
    when: 'An image path does not exist, cannot be opened, or is a directory.',
    message: (p) => `${list(p.image)}: expected an image file, found ${list(p.found)}`,
    fix: () => 'check the path and its permissions',
  }),
  IMAGE_EMPTY: entry({
    exit: 2,
    http: 422,
    when: 'An image file holds no bytes.',
    message: (p) => `${list(p.image)}: expected an image, found an empty file`,
    fix: () => 'copy or export the picture again; the transfer or the camera wrote nothing',
  }),
  IMAGE_NOT_AN_IMAGE: entry({
    exit: 2,
    http: 422,
    when: 'A file is no picture at all, whatever its name says.',
    message: (p) => `${list(p.image)}: expected ${list(p.expected)}, found ${list(p.found)}`,
    fix: () => 'leave the file out, or export the picture as PNG or JPEG (the content counts, not the name)',
  }),
  IMAGE_FORMAT: entry({
    exit: 2,
    http: 415,
    when: 'A picture is in a format that is not read.',
    message: (p) => `${list(p.image)}: expected ${list(p.expected)}, found ${list(p.found)}`,
    fix: () => 'convert it to PNG (no loss) or JPEG, for example `magick picture.bmp picture.png`',
  }),
  IMAGE_UNREADABLE: entry({
    exit: 2,
    http: 422,
    when: 'A picture is truncated or corrupt.',
    message: (p) => `${list(p.image)}: expected a complete ${list(p.format)} file, found damage: ${list(p.reason)}`,
    fix: () => 'copy or export the picture again; compare its size with the original',
  }),
  IMAGE_TOO_LARGE: entry({
    exit: 2,
    http: 413,
    when: 'A picture has more bytes or pixels than the limit; it is refused before it is decoded.',
    message: (p) => `${list(p.image)}: expected at most ${list(p.limit)}, found ${list(p.found)}`,
    fix: () => 'scale the picture down or cut out the product before it is inspected',
  }),
  IMAGE_TOO_SMALL: entry({
    exit: 2,
    http: 422,
    when: 'A side of a picture is shorter than the smallest one that can be inspected.',
    message: (p) => `${list(p.image)}: expected sides of at least ${list(p.limit)} px, found ${list(p.found)}`,
    fix: () => 'use the original picture, not its thumbnail',
  }),
  IMAGE_ANIMATED: entry({
    exit: 2,
    http: 422,
    when: 'A file holds several frames or pages; which one shows the product would be a guess.',
    message: (p) => `${list(p.image)}: expected one still picture, found ${list(p.found)}`,
    fix: () => 'export the one frame to be inspected as PNG or JPEG',
  }),
  IMAGE_BOX: entry({
    exit: 2,
    http: 422,
    when: 'A part of a picture was asked for that is empty or lies outside it.',
    message: (p) =>
      `${list(p.image)}: expected a box [x0, y0, x1, y1] in fractions 0..1 with x0 < x1 and y0 < y1, found [${list(p.found)}]`,
    fix: () => 'correct the box; fractions count from the top left corner after the EXIF turn',
  }),

  // --- rules --------------------------------------------------------------------------------------------------------
  RULES_INVALID: entry({
    exit: 2,
    http: 422,
    when: 'A rule file has faults: unknown names, contradictory bounds, unreachable guards and the like. All are listed.',
    message: (p) =>
      `${p.count} ${Number(p.count) === 1 ? 'fault' : 'faults'} in the rules\n${(p.faults as readonly string[] | undefined)?.join('\n') ?? ''}`,
    fix: (p) => `mend every place named; docs/rules.md lists what is valid; then: logsad rules lint ${list(p.file)}`,
  }),

  RULES_NOT_ACCEPTABLE: entry({
    exit: 2,
    http: 409,
    when: 'rules accept was called on a file that has not been vetted, was edited since, or holds rules that vetting advises against.',
    message: (p) =>
      `the rules of ${list(p.product)} cannot be accepted yet: ${(p.reasons as readonly string[] | undefined)?.join('; ') ?? ''}`,
    fix: (p) =>
      `run: logsad rules vet ${list(p.file)} --profile P --write, mend what it names, and accept again (or --force)`,
  }),
  CASES_INVALID: entry({
    exit: 2,
    http: 422,
    when: 'A file given to rules test is neither a rule file nor a file of cases.',
    message: (p) => `these are no cases: ${list(p.reason)}`,
    fix: () => 'write cases: into a rule file, or a file of one kind with kind: and a list cases:',
  }),
  SCENE_INVALID: entry({
    exit: 2,
    http: 422,
    when: 'A stored scene is no JSON, or not of the shape that inspect --scenes writes.',
    message: (p) => `${list(p.file)} is no stored scene: ${list(p.reason)}`,
    fix: () => 'write scenes with: logsad inspect RULES --profile P --scenes DIR IMAGE...',
  }),
  SCENES_NONE: entry({
    exit: 2,
    http: 422,
    when: 'A folder given as --scenes holds no stored scene.',
    message: (p) => `${list(p.path)} holds no *.json scene`,
    fix: () => 'write scenes with: logsad inspect RULES --profile P --scenes DIR IMAGE...',
  }),

  // --- profiles ----------------------------------------------------------------------------------------------------
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
  // --- models ------------------------------------------------------------------------------------------------------
  MODEL_MANIFEST: entry({
    exit: 2,
    http: 500,
    when: 'A model manifest is missing, no YAML, or not of the shape models/manifest.yaml has.',
    message: (p) => `the model manifest is not usable:\n${list(p.faults)}`,
    fix: () => 'correct the lines named; models/README.md documents every key',
  }),
  MODEL_SET_UNKNOWN: entry({
    exit: 2,
    http: 422,
    when: 'A model set was named that no manifest defines, or that lacks the role asked for.',
    message: (p) => `no model set '${list(p.set)}' with a '${list(p.role)}' model; known sets: ${list(p.known)}`,
    fix: () => 'name one of the known sets, or add a manifest by LOGSAD_MODELS=/path/manifest.yaml',
  }),
  MODEL_ROLE: entry({
    exit: 2,
    http: 422,
    when: 'A model set names a model whose role does not fit the use.',
    message: (p) => `model '${list(p.model)}' has role '${list(p.found)}', expected '${list(p.expected)}'`,
    fix: () => 'name a model of the right role in the set of the manifest',
  }),
  MODEL_MISSING: entry({
    exit: 3,
    http: 503,
    when: 'The package or file that carries a model is not on this machine.',
    message: (p) => `model '${list(p.model)}': ${list(p.path)} is missing`,
    fix: (p) => list(p.remedy),
  }),
  MODEL_DIGEST: entry({
    exit: 3,
    http: 503,
    when: 'A model file is not the one the manifest pins by sha256.',
    message: (p) =>
      `model '${list(p.model)}': ${list(p.path)} expected sha256 ${list(p.expected)}, found ${list(p.found)}`,
    fix: (p) => list(p.remedy),
  }),
  MODEL_INVALID: entry({
    exit: 3,
    http: 503,
    when: 'A model file cannot be read as the graph the manifest says it is.',
    message: (p) => `model '${list(p.model)}': ${list(p.reason)}`,
    fix: () => 'restore the file the manifest pins (`logsad models verify`), or correct the entry of the manifest',
  }),
  MODEL_UNSUPPORTED_OP: entry({
    exit: 3,
    http: 503,
    when: 'A graph to be converted holds an operation, or a setting of one, that the converter does not know.',
    message: (p) => `model '${list(p.model)}': node '${list(p.node)}': ${list(p.reason)}`,
    fix: (p) => `use the pinned version of the package; the converter knows ${list(p.known)}`,
  }),
  MODEL_TAP: entry({
    exit: 3,
    http: 503,
    when: 'A stage of the manifest names a tensor that the graph does not hold.',
    message: (p) => `model '${list(p.model)}': the graph holds no tensor '${list(p.tensor)}'`,
    fix: () => 'correct `stages` (or `input`) of the entry in the manifest',
  }),

  MODEL_LAYOUT: entry({
    exit: 3,
    http: 503,
    when: 'A model file is an ONNX graph, but not built as its role needs: other inputs, another structure, an optimised or quantised export.',
    message: (p) => `model '${list(p.model)}': ${list(p.path)}: expected ${list(p.expected)}, found ${list(p.found)}`,
    fix: (p) =>
      `bring the plain float32 export: logsad models pull ${list(p.model)} --force; or export the checkpoint anew (docs/models.md says how)`,
  }),
  MODEL_UNPINNED: entry({
    exit: 3,
    http: 503,
    when: 'A model that is brought from outside has files here, but no digest of them was ever pinned.',
    message: (p) => `model '${list(p.model)}': ${list(p.path)} has no sha256 in ${list(p.lock)}`,
    fix: (p) => `run: logsad models pull ${list(p.model)}`,
  }),
  MODEL_UNKNOWN: entry({
    exit: 2,
    http: 404,
    when: 'A model or a set was named that no manifest defines.',
    message: (p) => `no ${list(p.what)} '${list(p.name)}'; known: ${list(p.known)}`,
    fix: () => 'name one of those; see: logsad models list',
  }),
  PULL_FAILED: entry({
    exit: 3,
    http: 502,
    when: 'A file of a model could not be brought: no answer, a refusal, or a transfer that kept breaking off. What arrived is kept and continued.',
    message: (p) => `${list(p.url)} could not be brought in ${list(p.attempts)} tries: ${list(p.reason)}`,
    fix: () =>
      'run the same command again: it continues; behind a proxy set HTTPS_PROXY; elsewhere: logsad models pull ID --from MIRROR or --from FOLDER (docs/models.md)',
  }),
  PULL_DIGEST: entry({
    exit: 3,
    http: 502,
    when: 'A brought file is not the one that was pinned, or that the server says it is: damaged on the way, or changed at its source.',
    message: (p) => `${list(p.url)}: expected sha256 ${list(p.expected)}, found ${list(p.found)}`,
    fix: () =>
      'run it again (the damaged file was removed); if its source has truly changed and you trust it: logsad models pull ID --force',
  }),
  PULL_SOURCE: entry({
    exit: 2,
    http: 404,
    when: 'The folder given as --from does not hold a file of the model.',
    message: (p) => `${list(p.from)} holds no ${list(p.path)} of '${list(p.model)}'; looked at ${list(p.tried)}`,
    fix: () => 'put the file at one of those places, or name another folder, mirror or hub as --from',
  }),
  TEXT_TOO_LONG: entry({
    exit: 2,
    http: 422,
    when: 'A text of the rule file (say, object, states) is longer than the text model reads.',
    message: (p) =>
      `model '${list(p.model)}' reads ${list(p.expected)} tokens, found ${list(p.found)} in \u201c${list(p.text).slice(0, 80)}\u201d`,
    fix: () => 'say it in fewer words under say:, object: or states: of the rule file; then: logsad rules lint RULES',
  }),

  // --- inference ---------------------------------------------------------------------------------------------------
  INFERENCE_UNAVAILABLE: entry({
    exit: 3,
    http: 503,
    when: 'The inference child cannot start: the runtime is missing or does not fit this machine.',
    message: (p) => `the inference process did not start: ${list(p.reason)}`,
    fix: () => 'run `logsad doctor`; `npm ci` restores onnxruntime-node',
  }),
  INFERENCE_CRASHED: entry({
    exit: 3,
    http: 503,
    when: 'The inference child died twice in the same call.',
    message: (p) => `the inference process died (${list(p.reason)}) and died again when the call was repeated`,
    fix: () => 'look at free memory and at the image that was being inspected; `logsad doctor` tests the runtime',
  }),
  INFERENCE_TIMEOUT: entry({
    exit: 3,
    http: 504,
    when: 'A call overran its deadline; the child was killed and will be started anew.',
    message: (p) => `inference took longer than ${list(p.deadlineMs)} ms`,
    fix: () => 'use a smaller `frame.long`, fewer normals in the bank, or a machine with less load',
  }),
  INFERENCE_MEMORY: entry({
    exit: 3,
    http: 503,
    when: 'The inference child ran out of memory.',
    message: (p) => `inference ran out of memory: ${list(p.reason)}`,
    fix: () => 'use a smaller `frame.long` or bank, or give the machine more memory',
  }),
  INFERENCE_SHAPE: entry({
    exit: 3,
    http: 500,
    when: 'A graph was fed tensors that are not the ones it declares.',
    message: (p) => `graph '${list(p.graph)}': expected ${list(p.expected)}, found ${list(p.found)}`,
    fix: () => 'the profile, the model and the image do not fit together: learn the profile anew',
  }),
  INFERENCE_GRAPH: entry({
    exit: 3,
    http: 503,
    when: 'The runtime refused to load a graph, or a graph failed while it ran.',
    message: (p) => `graph '${list(p.graph)}': ${list(p.reason)}`,
    fix: () => '`logsad models verify` checks the files; `logsad doctor` the runtime',
  }),
  INFERENCE_CLOSED: entry({
    exit: 3,
    http: 503,
    when: 'A call came after the inference host was closed.',
    message: () => 'the inference host is closed',
    fix: () => 'this is a fault of the program: report it with the command that led to it',
  }),
  // --- language models and proposals ---------------------------------------------------------------------------------
  LLM_NOT_CONFIGURED: entry({
    exit: 2,
    http: 422,
    when: 'propose or llm probe was called and no language model is named.',
    message: (p) => `no language model is configured: ${list(p.reason)}`,
    fix: () =>
      'set LOGSAD_LLM_MODEL and LOGSAD_LLM_URL (and LOGSAD_LLM_KEY where the server asks for one), or pass --llm FILE; without any: --no-llm',
  }),
  LLM_CONFIG: entry({
    exit: 2,
    http: 422,
    when: 'The file that describes a language model is not valid.',
    message: (p) => `${list(p.file)} does not describe a language model: ${list(p.reason)}`,
    fix: () => 'expected for example: { url: "http://localhost:11434/v1", model: NAME, keyEnv: NAME_OF_A_VARIABLE }',
  }),
  LLM_AUTH: entry({
    exit: 3,
    http: 502,
    when: 'The server of the language model refuses the key, or the key may not use the model.',
    message: (p) => `${list(p.endpoint)} refuses access (${list(p.status)}): ${list(p.reason)}`,
    fix: () => 'check the key in LOGSAD_LLM_KEY (or the variable that keyEnv names) and that it may use the model',
  }),
  LLM_UNREACHABLE: entry({
    exit: 3,
    http: 502,
    when: 'Nothing answers at the address of the language model.',
    message: (p) => `${list(p.endpoint)} cannot be reached: ${list(p.reason)}`,
    fix: () => 'start the server or correct LOGSAD_LLM_URL, then: logsad llm probe',
  }),
  LLM_TIMEOUT: entry({
    exit: 3,
    http: 504,
    when: 'The language model did not answer in time.',
    message: (p) => `${list(p.endpoint)} gave no answer to ${list(p.stage)} within ${list(p.seconds)} s`,
    fix: () => 'allow more time (timeoutSeconds in the file of --llm), or use a faster model',
  }),
  LLM_BUSY: entry({
    exit: 3,
    http: 503,
    when: 'The server of the language model limits the rate, also after the retries.',
    message: (p) => `${list(p.endpoint)} is busy (429): ${list(p.reason)}`,
    fix: () => 'wait and run the same command again: what was answered is in the record and is not asked twice',
  }),
  LLM_SERVER: entry({
    exit: 3,
    http: 502,
    when: 'The server of the language model answers with a fault, or with something that is no chat completion.',
    message: (p) => `${list(p.endpoint)} answered ${list(p.status)}: ${list(p.reason)}`,
    fix: () => 'look at the log of the server; logsad llm probe tries what it can do',
  }),
  LLM_REFUSED: entry({
    exit: 2,
    http: 422,
    when: 'The language model refuses to answer.',
    message: (p) => `${list(p.model)} refused ${list(p.stage)}: ${list(p.reason)}`,
    fix: () => 'reword the instructions, use another model, or author without one: --no-llm',
  }),
  LLM_TRUNCATED: entry({
    exit: 2,
    http: 422,
    when: 'An answer was cut off at the token limit, also at twice the limit.',
    message: (p) => `the answer of ${list(p.model)} to ${list(p.stage)} was cut off at ${list(p.tokens)} tokens`,
    fix: () => 'raise maxOutputTokens in the file of --llm, shorten the instructions, or show fewer pictures',
  }),
  LLM_REPLY_INVALID: entry({
    exit: 2,
    http: 422,
    when: 'The answers of a language model are not what was asked for, also after the repair rounds.',
    message: (p) =>
      `${list(p.model)} gave no usable answer to ${list(p.stage)} in ${list(p.rounds)} rounds\n${(p.faults as readonly string[] | undefined)?.map((f) => `  ${f}`).join('\n') ?? ''}`,
    fix: () => 'use a stronger model, name better pictures with --images, or draw the exemplars by hand: --no-llm',
  }),
  LLM_BUDGET: entry({
    exit: 2,
    http: 402,
    when: 'The next request would pass the cap on tokens or cost; it was not sent.',
    message: (p) =>
      `${list(p.stage)} would need about ${list(p.needed)} ${list(p.unit)}; ${list(p.used)} of ${list(p.cap)} are used`,
    fix: (p) => `raise the cap with ${list(p.option)}, or show fewer pictures: --images a,b,c`,
  }),
  LLM_RECORD_MISSING: entry({
    exit: 2,
    http: 404,
    when: 'A replay asks for an exchange that the record does not hold: pictures, instructions, prompts or models changed.',
    message: (p) => `the record ${list(p.file)} holds no answer to this ${list(p.stage)} request (${list(p.key)})`,
    fix: () => 'run without --replay to ask the model, or restore what the record was made with',
  }),
  LLM_RECORD_INVALID: entry({
    exit: 2,
    http: 422,
    when: 'A record of exchanges cannot be read.',
    message: (p) => `${list(p.file)} is no record of exchanges: ${list(p.reason)}`,
    fix: () => 'use the exchanges.jsonl that propose wrote, unchanged',
  }),
  PROMPT_INVALID: entry({
    exit: 2,
    http: 500,
    when: 'A prompt file has no valid front matter, or other slots than it names.',
    message: (p) => `${list(p.file)} is no prompt: ${list(p.reason)}`,
    fix: () => 'restore the file from the package, or correct the front matter: name and slots',
  }),
  PROPOSE_NOTHING: entry({
    exit: 2,
    http: 422,
    when: 'propose ended with nothing worth writing: no interest could be found on the normals, or no rule stands.',
    message: (p) => `nothing can be proposed: ${list(p.reason)}`,
    fix: (p) => list(p.fix),
  }),
  // --- service -----------------------------------------------------------------------------------------------------
  AUTH_REQUIRED: entry({
    exit: 2,
    http: 401,
    when: 'A request carries no token or session, or one that is unknown, revoked or expired.',
    message: (p) => `this needs a token or a session: ${list(p.reason)}`,
    fix: () => 'send `Authorization: Bearer TOKEN`; an admin makes tokens with POST /api/v1/tokens',
  }),
  FORBIDDEN: entry({
    exit: 2,
    http: 403,
    when: 'A request is beyond the role of its token, or a cookie request lacks its CSRF token or comes from another site.',
    message: (p) => `not allowed: expected ${list(p.expected)}, found ${list(p.found)}`,
    fix: (p) => list(p.remedy),
  }),
  REQUEST_INVALID: entry({
    exit: 2,
    http: 400,
    when: 'A request to the service has a parameter, header or body that is not of the documented shape.',
    message: (p) => `the request is not valid: ${list(p.reason)}`,
    fix: () => 'see /api/docs for what this address expects',
  }),
  NOT_FOUND: entry({
    exit: 2,
    http: 404,
    when: 'An address of the service, or the thing it names, does not exist.',
    message: (p) => `${list(p.what)} does not exist`,
    fix: () => 'check the address; /api/docs lists what there is',
  }),
  CONFLICT: entry({
    exit: 2,
    http: 409,
    when: 'A request does not fit the present state: a name that is taken, an item somebody else changed meanwhile.',
    message: (p) => list(p.reason),
    fix: (p) => list(p.remedy),
  }),
  IDEMPOTENCY_REUSED: entry({
    exit: 2,
    http: 409,
    when: 'An Idempotency-Key was sent before with another request.',
    message: (p) => `the Idempotency-Key '${list(p.key)}' belongs to another request`,
    fix: () => 'use a new key for every new request, and the same key only to repeat one',
  }),
  PRODUCT_NOT_READY: entry({
    exit: 2,
    http: 409,
    when: 'A product has no live rule file, or no profile learnt for it, so nothing can be inspected yet.',
    message: (p) => `product '${list(p.product)}' cannot inspect yet: ${list(p.reason)}`,
    fix: (p) => list(p.remedy),
  }),
  UPLOAD_TOO_LARGE: entry({
    exit: 2,
    http: 413,
    when: 'An upload has more bytes or files than the service takes.',
    message: (p) => `the upload is too large: expected at most ${list(p.limit)}`,
    fix: () => 'send fewer or smaller pictures at a time',
  }),
  UPLOAD_TYPE: entry({
    exit: 2,
    http: 415,
    when: 'A request body has a content type that the address does not take.',
    message: (p) => `expected ${list(p.expected)}, found content type ${list(p.found)}`,
    fix: () => 'set Content-Type to what the body is; see /api/docs',
  }),
  RATE_LIMITED: entry({
    exit: 2,
    http: 429,
    when: 'More requests came from one client than the service answers in a minute.',
    message: (p) => `more than ${list(p.limit)} requests in a minute`,
    fix: () => 'wait as long as the Retry-After header says, then go on more slowly',
  }),
  INSPECTION_FAILED: entry({
    exit: 3,
    http: 422,
    when: 'An inspection killed or hung its engine process every time it was tried; it is not tried again.',
    message: (p) => `the engine process failed ${list(p.attempts)} times on this picture, at last: ${list(p.reason)}`,
    fix: () => 'look at the picture; export it again as PNG or JPEG and inspect it anew',
  }),
  WEBHOOK_TARGET: entry({
    exit: 2,
    http: 422,
    when: 'The address of a webhook is no http(s) address, or leads to a private network and that is not allowed.',
    message: (p) => `${list(p.url)} cannot be a webhook target: ${list(p.reason)}`,
    fix: () => 'name a public address, or start the service with --allow-private-webhooks',
  }),
  RULES_NEED_FILES: entry({
    exit: 2,
    http: 422,
    when: 'A rule file given to the service names mask files, which the service does not keep.',
    message: (p) => `the rules name mask files, which the service does not keep: ${list(p.files)}`,
    fix: () => 'draw polygons or boxes instead, or inspect this product on the command line',
  }),
  DATA_IN_USE: entry({
    exit: 3,
    http: 503,
    when: 'Another process owns the data folder; the embedded database has one owner.',
    message: (p) => `${list(p.path)} is in use by process ${list(p.owner)}`,
    fix: () =>
      'stop that process first, or give another folder with --data; several processes need PostgreSQL (DATABASE_URL)',
  }),
  DATABASE_UNAVAILABLE: entry({
    exit: 3,
    http: 503,
    when: 'The database cannot be reached or does not answer.',
    message: (p) => `the database does not answer: ${list(p.reason)}`,
    fix: () => 'check DATABASE_URL and that PostgreSQL runs; the service goes on by itself when it is back',
  }),
  DATABASE_VERSION: entry({
    exit: 3,
    http: 500,
    when: 'The database was written by a newer version of the service.',
    message: (p) => `the database is at migration ${list(p.found)}, this version knows ${list(p.known)}`,
    fix: () => 'install the newer version, or restore a backup made by this one',
  }),
  SHUTTING_DOWN: entry({
    exit: 3,
    http: 503,
    when: 'The service is starting or stopping and takes no new work.',
    message: () => 'the service is not taking requests now',
    fix: () => 'repeat the request in a few seconds, with the same Idempotency-Key',
  }),
  BACKUP_INVALID: entry({
    exit: 2,
    http: 422,
    when: 'A folder given to restore is no backup, is damaged, or the target holds data already.',
    message: (p) => `cannot restore ${list(p.path)}: ${list(p.reason)}`,
    fix: () => 'name a folder written by logsad backup and an empty target',
  }),
  INTERNAL: entry({
    exit: 3,
    http: 500,
    when: 'The service failed in a way that is its own fault; the log has the cause under the request id.',
    message: () => 'the service failed on this request',
    fix: () => 'repeat the request; if it fails again report it with the request id',
  }),
} as const satisfies Record<string, ErrorEntry>;

export type ErrorCode = keyof typeof CATALOGUE;

/** An input or environment fault with a stable code, a place, and the fix. */
export class LogsadError extends Error {
  readonly code: ErrorCode;
  readonly fix: string;
  readonly exit: 2 | 3;
  readonly http: number;
  readonly place: Place | undefined;
  readonly params: Params;

  constructor(code: ErrorCode, params: Params = {}, options: { place?: Place; cause?: unknown } = {}) {
    const e: ErrorEntry = CATALOGUE[code];
    const at = options.place
      ? `${options.place.file}${options.place.line ? `:${options.place.line}:${options.place.col ?? 1}` : ''}: `
      : '';
    super(at + e.message(params), options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'LogsadError';
    this.code = code;
    this.fix = e.fix(params);
    this.exit = e.exit;
    this.http = e.http;
    this.place = options.place;
    this.params = params;
  }

  toJSON(): { code: ErrorCode; message: string; fix: string; place?: Place } {
    return {
      code: this.code,
      message: this.message,
      fix: this.fix,
      ...(this.place ? { place: this.place } : {}),
    };
  }
}
