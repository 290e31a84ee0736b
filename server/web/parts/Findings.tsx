/** What was found in a part, in words: violations with their plots, all measurements, detectors. */
import { marginBar, rangePlot } from '../../../src/core/report/plots.ts';
import { figure } from '../../../src/core/report/style.ts';
import { to } from '../router.ts';
import type { Box, Inspection, Measurement, Result, Scene, Violation } from '../types.ts';
import { Svg } from './layers.tsx';

/** Values that the normals measured, by rule and quantity. */
export type NormalValues = ReadonlyMap<string, readonly number[]>;
export const valueKey = (m: Pick<Measurement, 'rule' | 'quantity'>): string => `${m.rule}\n${m.quantity}`;

/** The part of the picture that a violation speaks of: its instances and its ghost. */
export function boxOf(v: Measurement, scene: Scene | undefined): Box | null {
  const boxes = scene ? scene.instances.filter((i) => v.instances.includes(i.id)).map((i) => i.box) : [];
  if (v.ghost) boxes.push(v.ghost);
  if (boxes.length === 0) return null;
  const least = (k: 0 | 1): number => Math.min(...boxes.map((b) => b[k]));
  const most = (k: 2 | 3): number => Math.max(...boxes.map((b) => b[k]));
  return [least(0), least(1), most(2), most(3)];
}

/** Why a part without violations is no pass: the detectors that are beyond their border, or what made it doubtful. */
export function otherCause(result: Result): string {
  const over = Object.entries(result.detectors).filter(([, d]) => d.unit > 1);
  if (over.length === 0) return result.reviewReasons[0] ?? (result.verdict === 'pass' ? 'Nothing found.' : '');
  const named = over.map(([name, d]) => `${name} (${figure(d.unit)})`).join(', ');
  return `No rule is violated, but it looks unlike the normals to ${named}; the border is 1.`;
}

interface Props {
  readonly inspection: Inspection;
  readonly result: Result;
  readonly scene: Scene | undefined;
  readonly normals?: NormalValues | undefined;
  readonly chosen?: string | null;
  readonly onChoose?: (v: Violation) => void;
}

/** Every violation as the sentence it breaks, what was measured, and the line of the rule file that says so. */
export function Violations({ inspection, result, normals, chosen, onChoose }: Props) {
  if (result.violations.length === 0) return <p>{otherCause(result)}</p>;
  return (
    <ol class="violations">
      {result.violations.map((v) => (
        <li key={v.fingerprint} class={chosen === v.fingerprint ? 'chosen' : ''}>
          <button
            type="button"
            class="violation"
            aria-pressed={chosen === v.fingerprint}
            onClick={() => onChoose?.(v)}
            title="Show where it is in the picture"
          >
            <span class={`severity ${v.severity}`}>{v.severity === 'warn' ? 'warning' : 'reject'}</span>
            <span class="because">{v.because || v.message}</span>
            {v.because ? <span class="message-line">{v.message}</span> : null}
          </button>
          <Svg class="plot" text={rangePlot(v, normals?.get(valueKey(v)) ?? [])} />
          <p class="small faint rule-place">
            <a
              href={to(['products', inspection.product, 'rules'], {
                version: inspection.rules,
                line: v.line,
                view: 'yaml',
              })}
            >
              {v.rule} · line {v.line}
            </a>
            <span>{v.kind}</span>
          </p>
        </li>
      ))}
    </ol>
  );
}

const shownValue = (m: Measurement): string => m.skipped ?? figure(m.measured);

export function Measurements({ result }: { result: Result }) {
  const ranked = [...result.measurements].sort((a, b) => b.margin - a.margin);
  return (
    <details class="block">
      <summary>All {ranked.length} measurements</summary>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling table must be reached by keys. */}
      <section class="scroll" tabIndex={0} aria-label="Measurements">
        <table>
          <thead>
            <tr>
              <th>Rule</th>
              <th>Quantity</th>
              <th class="n">Measured</th>
              <th>Expected</th>
              <th>Margin</th>
            </tr>
          </thead>
          <tbody>
            {ranked.map((m, i) => (
              <tr key={`${m.rule} ${m.quantity} ${i}`} class={m.violated ? 'bad' : ''}>
                <td>{m.rule}</td>
                <td>{m.quantity}</td>
                <td class="n">{shownValue(m)}</td>
                <td>{m.expected.text}</td>
                <td>{m.skipped ? null : <Svg class="margin" text={marginBar(m.margin)} />}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </section>
    </details>
  );
}

export function Detectors({ result }: { result: Result }) {
  return (
    <div class="block">
      <h3>Detectors</h3>
      <dl class="detectors">
        {Object.entries(result.detectors).map(([name, d]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>
              <Svg class="margin" text={marginBar(d.unit)} />
            </dd>
          </div>
        ))}
      </dl>
      <p class="small faint">
        In tolerance units: above 1 is an alarm. Fused {figure(result.unit)}
        {result.p === null ? '' : `, p ${figure(result.p)}`}
        {result.allows
          ? ` (${result.allows.n} normals allow a rate of ${figure(result.allows.smallestRate)} at best)`
          : ''}
        .
      </p>
    </div>
  );
}
