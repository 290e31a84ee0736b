/**
 * WinCLIP, zero-shot (CVPR 2023, sections 4.1 and 4.2; ALGORITHM 8): how anomalous a picture and each of its windows look
 * by words alone. Normals teach it nothing but where its scores lie.
 */
import { bag, type Rows } from '../grid/cluster.ts';
import type { ProfileSection } from '../profile.ts';
import type { DetectorReading } from '../scene.ts';
import {
  type DetectContext,
  type Detection,
  type Detector,
  type Learning,
  type Needs,
  viewsAnswer,
} from './detector.ts';
import { largest } from './joined.ts';
import { classTexts, LANGUAGE_OPTIONS, type Language, languageOf, readView, seeSpec } from './language.ts';
import { type Options, readOptions } from './options.ts';
import { joinTiles } from './windows.ts';

export type WinclipOptions = Options<typeof LANGUAGE_OPTIONS>;

export interface WinclipModel {
  readonly language: Language;
  /** Class vectors, normal then anomalous. */
  readonly texts: Rows;
}

function* judge(image: number, { language, texts }: WinclipModel): Needs<Detection> {
  const spec = seeSpec(language);
  const views = viewsAnswer(yield { do: 'see', image, ...spec });
  const read = views.map((v) => readView(v, texts, language, spec.windows));
  const map = joinTiles(
    views.map(({ x, y, of }, i) => ({ x, y, of, map: read[i]!.map })),
    views[0]!.side,
  );
  const score = read.reduce((s, r) => s + r.score, 0) / read.length;
  return { reading: { score, peak: largest(map.data) }, map };
}

function* learn(context: DetectContext, options: WinclipOptions): Needs<Learning<WinclipModel>> {
  const model: WinclipModel = { language: languageOf('winclip', options), texts: yield* classTexts(context, options) };
  const readings: DetectorReading[] = [];
  for (let i = 0; i < context.images.length; i++) readings.push((yield* judge(i, model)).reading);
  return { model, readings };
}

export const winclip: Detector<WinclipOptions, WinclipModel> = {
  name: 'winclip',
  dense: false,
  imageText: true,
  options: (given) => {
    const options = readOptions('winclip', LANGUAGE_OPTIONS, given);
    languageOf('winclip', options);
    return options;
  },
  learn,
  *open() {},
  *detect(_, model) {
    return yield* judge(0, model);
  },
  pack({ language, texts }): ProfileSection {
    return { facts: { language, channels: texts.channels }, arrays: { texts: texts.data } };
  },
  unpack({ facts, arrays }) {
    const { language, channels } = facts as { language: Language; channels: number };
    return { language, texts: bag(arrays.texts!, channels) };
  },
};
