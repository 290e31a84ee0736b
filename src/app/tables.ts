/** The figures of an evaluation as tables for a terminal. */
import { table } from '../core/report/text.ts';
import { type Evaluation, GOOD } from './evaluation.ts';

const three = (v: number | null | undefined): string => (v === null || v === undefined ? '–' : v.toFixed(3));
const share = (r: { n: number; of: number } | undefined): string => (r ? `${r.n}/${r.of}` : '–');

/** Scores per detector, what was found per folder, first causes per defect group. */
export function evaluationToText(e: Evaluation): string {
  const anomalies = Object.keys(e.n).filter((f) => f !== GOOD);
  const blocks: string[][][] = [];
  blocks.push([
    ['folder', 'images', 'alarms', 'reviews', 'AUROC'],
    ...Object.keys(e.n).map((f) => {
      const alarms = f === GOOD ? e.falseAlarms : e.detected[f];
      return [f, String(e.n[f]), share(alarms), String(e.reviews[f] ?? 0), f === GOOD ? '' : three(e.auroc[f])];
    }),
  ]);
  const scores = { fused: e, ...e.detectors };
  blocks.push([
    ['detector', 'AUROC', ...anomalies, 'AP', 'F1-max', 'false alarms'],
    ...Object.entries(scores).map(([name, r]) => [
      name,
      three(r.auroc.all),
      ...anomalies.map((f) => three(r.auroc[f])),
      three(r.ap),
      three(r.f1max),
      share(r.falseAlarms),
    ]),
  ]);
  if (Object.keys(e.groups).length > 0) {
    blocks.push([
      ['defect group', 'parts', 'first violated rule'],
      ...Object.entries(e.groups).map(([g, rules]) => [
        g,
        String(Object.values(rules).reduce((a, b) => a + b, 0)),
        Object.entries(rules)
          .sort((a, b) => b[1] - a[1])
          .map(([rule, n]) => `${rule} ${n}`)
          .join(', '),
      ]),
    ]);
  }
  const lines = blocks.map((b) => table(b));
  if (e.falseAlarms.ci) {
    const [low, high] = e.falseAlarms.ci.map((v) => `${(100 * v).toFixed(1)} %`);
    lines.push(
      `false alarms ${share(e.falseAlarms)}; the true rate lies between ${low} and ${high} (95 %, Clopper-Pearson)`,
    );
  }
  if (e.causes) lines.push(`right first cause ${e.causes.right}/${e.causes.of} of the detected`);
  const excluded = e.images.filter((i) => 'excluded' in i).length;
  const leftOut = e.images.filter((i) => 'leftOut' in i).length;
  if (excluded > 0) lines.push(`${excluded} images gave exemplars and are not scored`);
  if (leftOut > 0) lines.push(`${leftOut} images are normals of the profile; each was judged with itself left out`);
  return lines.join('\n\n');
}
