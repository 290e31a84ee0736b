/**
 * What the stories need of the world, as small interfaces. Adapters implement them, `compose.ts` hands them over; core
 * and app never import an adapter.
 */
import type { CellSpec } from '../core/detect/cells.ts';
import type { PromptBook } from '../core/detect/prompts.ts';
import type { ErrorCode } from '../core/errors.ts';
import type { Grid, RgbImage } from '../core/grid/grid.ts';
import type { KeptMask, SamOptions } from '../core/ground/sam.ts';
import type { TextReading } from '../core/scene.ts';

export interface Size {
  readonly width: number;
  readonly height: number;
}

export interface DecodedImage {
  /** Native pixels after the EXIF turn, sRGB, alpha flattened, 8 bit: `[h, w, 3]`. */
  readonly pixels: RgbImage;
  readonly sha256: string;
  /** Size of the whole picture after the EXIF turn, before any cropping or resizing. */
  readonly native: Size;
  /** Decoded losslessly as is, or what was converted ("16-bit", "cmyk", "grey", "alpha"). */
  readonly notes: readonly string[];
}

/** Reads pictures. Every fault is a LogsadError with an IMAGE_* code that names the file. */
export interface ImageReader {
  /** Decodes; with `size`, resizes to it (see core/frame.ts for the geometry). */
  read(path: string, options?: ReadOptions): Promise<DecodedImage>;
  decode(bytes: Uint8Array, name: string, options?: ReadOptions): Promise<DecodedImage>;
  /** The file's bytes, within the byte limit. */
  bytes(path: string, signal?: AbortSignal): Promise<Uint8Array>;
  /** Native size after the EXIF turn, without decoding the pixels. */
  size(path: string): Promise<Size>;
  encodePng(image: Grid<Uint8Array>): Promise<Uint8Array>;
  encodeJpeg(image: RgbImage, quality?: number): Promise<Uint8Array>;
  /** Small pictures of a page. */
  encodeWebp(image: RgbImage, quality: number): Promise<Uint8Array>;
  /** Rasterises SVG text (used for overlays and the demo product). */
  renderSvg(svg: string, width: number, height: number): Promise<RgbImage>;
}

export interface ReadOptions {
  /** Exact output size in pixels of the part `box` of the image, or how it follows from the native size; native where absent. */
  readonly size?: Size | ((native: Size) => Size);
  readonly box?: readonly [number, number, number, number];
  readonly kernel?: 'linear' | 'cubic';
  readonly signal?: AbortSignal;
}

/** A tensor as it crosses to the inference child. */
export interface Tensor {
  readonly dims: readonly number[];
  readonly data: Float32Array | Uint8Array | Int32Array | BigInt64Array;
}

/** A graph the host can run: bytes made in memory, or a file on disk that was verified against the manifest. */
export type LocalGraph = { readonly bytes: Uint8Array } | { readonly path: string };

/** A tensor as a graph takes or yields it; -1 stands for any size. */
export interface TensorFace {
  readonly name: string;
  readonly type: 'float32' | 'uint8' | 'int32' | 'int64';
  readonly dims: readonly number[];
}

/** A graph that another machine runs, under the name and version it has there, with what it must take and yield. */
export interface RemoteGraph {
  readonly remote: string;
  readonly model: string;
  /** Absent: the one the server takes by default. */
  readonly version?: string;
  readonly inputs: readonly TensorFace[];
  readonly outputs: readonly TensorFace[];
}
export type GraphSource = LocalGraph | RemoteGraph;

/** What a loaded graph is called with. */
export interface LoadedGraph {
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  /** Dims of the inputs as a server states them, -1 for any size. */
  readonly stated?: Readonly<Record<string, readonly number[]>>;
}

/** One step of a program; feeds are tensors, names of resident tensors, or outputs of earlier steps of the program. */
export interface Step {
  readonly graph: string;
  readonly feeds: Readonly<
    Record<string, Tensor | { readonly resident: string } | { readonly step: number; readonly output: string }>
  >;
}

export interface RunOptions {
  readonly signal?: AbortSignal;
  readonly deadlineMs?: number;
  /**
   * Indices into `fetch` of tensors that are soon fed again, unchanged: the child holds on to them for a while, so that
   * feeding them costs no second way there. What it has let go of meanwhile is sent like every tensor.
   */
  readonly keep?: readonly number[];
}

/**
 * Runs ONNX graphs in a forked child that never blocks the caller. Sessions are created once per graph id; a child that
 * crashes or overruns its deadline is killed and respawned, its graphs and resident tensors restored, and the call
 * rejected with a LogsadError (INFERENCE_*).
 */
export interface Inference extends AsyncDisposable {
  /** @throws LogsadError INFERENCE_*, for a RemoteGraph also REMOTE_* */
  load(id: string, source: GraphSource): Promise<LoadedGraph>;
  /** Keeps a tensor in the child (memory banks, head weights); replaces one of the same name. */
  put(name: string, tensor: Tensor): Promise<void>;
  drop(name: string): Promise<void>;
  /** Runs the steps in order inside the child and returns the outputs asked for as `fetch: [step, output]`. */
  run(
    steps: readonly Step[],
    fetch: readonly (readonly [step: number, output: string])[],
    options?: RunOptions,
  ): Promise<Tensor[]>;
  readonly threads: number;
  /** Execution providers besides the processor, in the order they are tried; absent where there are none. */
  readonly providers?: readonly string[];
}

/** A dense backbone, ready to run: manifest facts plus its graph loaded into the host. */
export interface DenseBackbone {
  readonly id: string;
  /** Digest over weights, preparation and preprocessing: part of every profile's fingerprint. */
  readonly digest: string;
  /** Input sides must be multiples of this. */
  readonly multiple: number;
  /** In the order of the outputs: stride and channels of each tap. */
  readonly stages: readonly { readonly name: string; readonly stride: number; readonly channels: number }[];
  /** The graph takes uint8 RGB `[1, h, w, 3]` as `image`, and yields each stage as float32 `[1, h/s, w/s, c]`. */
  readonly graph: string;
  /**
   * The generated head graph for these stages: takes every stage output by its name plus `mean_<stage>` [c],
   * `scale_<stage>` [c] and `weight_<stage>` [c, K], and yields `logits` [1, h, w, K] on the finest stage's grid: the sum
   * of the half-pixel upsampled projections of z-scored, unit-normed positions.
   */
  readonly headGraph: string;
  /**
   * Where the graph depends on the size of the picture (a vision transformer): the graph for that size, loaded. `graph`
   * itself is then no graph; see `graphFor`.
   */
  readonly at?: (size: Size) => Promise<string>;
}

/** The graph that takes pictures of this size. */
export const graphFor = (backbone: DenseBackbone, size: Size): string | Promise<string> =>
  backbone.at ? backbone.at({ width: size.width, height: size.height }) : backbone.graph;

/**
 * An image-text model (CLIP). As a dense backbone its last stage is the NACLIP head's. The graph of a size also yields
 * `tokens` `[1, h, w, d]` (projected NACLIP tokens), `embedding` `[1, d]` (unit, of the unmodified model), `stock` and
 * `patches` `[1, h, w, c]` (last block as it was; after the last norm) and `positioned` `[1, L, c]` for `windows`.
 */
export interface ImageTextModel extends DenseBackbone {
  readonly at: (size: Size) => Promise<string>;
  /** d: length of embeddings of pictures and texts. */
  readonly dimension: number;
  /** Side it was trained at, and pixels per patch. */
  readonly size: number;
  readonly patch: number;
  /**
   * WinCLIP's windows of `count` tokens, class token included: the graph takes `positioned` and `windows` (int64
   * `[n, count]`, numbers of tokens, 0 = class) and yields `embedding` `[n, d]`, unit rows.
   */
  windows(count: number): Promise<string>;
  /** Unit rows `[n, 1, d]`, one per text; kept on disk. @throws LogsadError TEXT_TOO_LONG */
  embed(texts: readonly string[]): Promise<Grid<Float32Array>>;
}

/** A mask model (SAM): class-agnostic masks of a picture. */
export interface MaskModel {
  readonly id: string;
  readonly digest: string;
  /** Automatic masks over a grid of prompts, best first; the encoder runs once. */
  propose(image: RgbImage, options?: SamOptions & { readonly signal?: AbortSignal }): Promise<KeptMask[]>;
  /** The likeliest mask at each point `[x, y]` in pixels. */
  at(
    image: RgbImage,
    points: readonly (readonly [number, number])[],
    options?: { readonly signal?: AbortSignal },
  ): Promise<KeptMask[]>;
}

/** Reads one line of print. */
export interface TextReader {
  readonly id: string;
  readonly digest: string;
  read(line: RgbImage, signal?: AbortSignal): Promise<TextReading>;
}

export interface Backbones {
  /** Loads the backbone that the set names for the role. @throws LogsadError MODEL_* */
  dense(role: 'ground' | 'match', set: string): Promise<DenseBackbone>;
  /** The image-text model of a set; null where the set names none. @throws LogsadError MODEL_* */
  imageText?(set: string): Promise<ImageTextModel | null>;
  /** The mask model of a set; null where the set names none. @throws LogsadError MODEL_* */
  masks?(set: string): Promise<MaskModel | null>;
  /** The text recogniser of a set; null where the set names none. @throws LogsadError MODEL_* */
  reader?(set: string): Promise<TextReader | null>;
  /** Loads a dense backbone by its id. @throws LogsadError MODEL_* */
  model(id: string): Promise<DenseBackbone>;
  /** Ids of the dense backbones whose files are on this machine, in manifest order. */
  installed(): Promise<readonly string[]>;
  /** Loads the graph that turns raw stages of a backbone into rows (adapters/backbones/cellGraph.ts); its id. */
  cells(backbone: DenseBackbone, spec: CellSpec): Promise<string>;
  /**
   * Loads the search `q[n, d]`, `bank[m, d]`, with `bias` also `bias[m]` -> `cosine[n]` (with `index` also `index[n]`); its
   * id. With a `count` above 1 `cosine[n, count]`, the largest first.
   */
  nearest(of: { readonly index?: boolean; readonly bias: boolean; readonly count?: number }): Promise<string>;
  /** Loads the product `a[n, k]`, `bT[m, k]` -> `product[n, m]`; its id. */
  products(): Promise<string>;
  /** Loads the choice of rows: `rows[n, d]`, `index[k]` (int64) -> `picked[k, d]`; its id. */
  picked(): Promise<string>;
  /** The prompt lists of `prompts/`. @throws LogsadError PROMPTS_INVALID */
  prompts(): Promise<PromptBook>;
}

// --- language models: asked while authoring, never while inspecting ------------------------------------------------------

/** A picture as it leaves the machine: re-encoded, so without EXIF. */
export interface ChatImage {
  readonly name: string;
  readonly jpeg: Uint8Array;
  readonly width: number;
  readonly height: number;
  readonly sha256: string;
}

export interface ChatMessage {
  readonly role: 'system' | 'user' | 'assistant';
  readonly parts: readonly ({ readonly text: string } | { readonly image: ChatImage })[];
}

/** How an answer of a given shape is asked for, strongest first. */
export type ChatMode = 'strict' | 'schema' | 'tool' | 'plain';

export interface ChatRequest {
  /** What it is for: `describe`, `rules`, ... */
  readonly stage: string;
  readonly mode: ChatMode;
  readonly messages: readonly ChatMessage[];
  readonly schema: { readonly name: string; readonly schema: Readonly<Record<string, unknown>> };
  readonly maxOutputTokens: number;
}

export interface ChatReply {
  /** What the model said; with a tool call, its arguments. */
  readonly text: string;
  readonly refusal: string | null;
  /** `stop`, `length`, `content_filter`, `tool_calls`, or what the server calls it. */
  readonly finish: string;
  readonly usage: { readonly input: number; readonly output: number } | null;
  readonly model: string;
  readonly id: string | null;
  readonly fingerprint: string | null;
  /** ISO time of the answer; in a replay, that of the record. */
  readonly at: string;
  /** The server cannot do this mode, and why; then there is no answer. */
  readonly unsupported: string | null;
}

/** What is recorded of any request that was sent. Never holds a key. */
export interface ChatAsked {
  readonly schema: 'logsad/exchange/v1';
  /** SHA-256 of what was asked (model, messages with pictures replaced by their digests, schema, mode, limit). */
  readonly key: string;
  readonly stage: string;
  readonly mode: ChatMode;
  readonly endpoint: string;
  readonly model: string;
  /** SHA-256 of all text that was sent. */
  readonly prompt: string;
  readonly maxOutputTokens: number;
  readonly images: readonly { readonly name: string; readonly sha256: string }[];
}

/** One request with its answer, refusals too. */
export interface ChatExchange extends ChatAsked {
  readonly reply: ChatReply;
}

/** Why an attempt brought no answer. */
export interface ChatFault {
  /** The error that it is, or null where the caller gave up. */
  readonly code: ErrorCode | null;
  readonly params: Readonly<Record<string, string | number>>;
  /** HTTP status, null where none came. */
  readonly status: number | null;
  /** Counted from 1 within one question. */
  readonly attempt: number;
  /** ISO time of the fault. */
  readonly at: string;
}

/** One request that was sent and got no answer. */
export interface ChatFailure extends ChatAsked {
  readonly fault: ChatFault;
}

export type ChatEntry = ChatExchange | ChatFailure;

export interface ChatOptions {
  readonly signal?: AbortSignal;
  /** Told before each attempt is sent, repeats too. What it throws ends the question, and nothing is sent. */
  readonly onAttempt?: () => void;
  /** Told, and waited for, after each attempt that brought no answer. */
  readonly onFault?: (fault: ChatFault) => Promise<void> | void;
}

export interface LanguageModel {
  readonly model: string;
  /** Host of the server, without path, key or user. */
  readonly endpoint: string;
  /** The mode that worked last time, where that is known. */
  readonly mode: ChatMode | null;
  /** Most tokens of one answer. */
  readonly maxOutputTokens: number;
  /** Dollars per million tokens, where the user stated them. */
  readonly prices: { readonly input: number; readonly output: number } | null;
  /** @throws LogsadError LLM_*, the abort reason of `signal` */
  complete(request: ChatRequest, options?: ChatOptions): Promise<ChatReply>;
}
