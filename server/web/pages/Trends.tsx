/** How a product does over time: pass rate, which rules fire, and which measurements move away from the normals. */
import { figure } from '../../../src/core/report/style.ts';
import { at, call } from '../api.ts';
import type { Trends as Found } from '../contracts.ts';
import { percent, plural } from '../format.ts';
import { useLoaded } from '../load.ts';
import { Empty, FaultBox, Waiting } from '../parts/basics.tsx';
import { query, setQuery, to } from '../router.ts';
import type { Page, Product, ProductMetrics } from '../types.ts';

const DAYS = [1, 7, 30, 90] as const;
const day = new Intl.DateTimeFormat(undefined, { day: 'numeric', month: 'short', timeZone: 'UTC' });
const hour = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit' });

export function Trends() {
  const q = query.value;
  const products = useLoaded<Page<Product>>('products', (signal) => call(at(['products']), { signal }));
  const product = q.product ?? products.data?.items[0]?.id;
  const days = Number(q.days ?? 30);
  const bucket = days <= 1 ? 'hour' : 'day';
  const trends = useLoaded<Found>(product ? `trends ${product} ${days}` : null, (signal) =>
    call(at(['products', product!, 'trends'], { days, bucket }), { signal }),
  );
  const metrics = useLoaded<ProductMetrics>(product ? `metrics ${product}` : null, (signal) =>
    call(at(['products', product!, 'metrics']), { signal }),
  );
  const t = trends.data;
  return (
    <main class="page">
      <header class="page-head">
        <h1>Trends</h1>
        <span class="gap" />
        <select aria-label="Product" value={product} onChange={(e) => setQuery({ product: e.currentTarget.value })}>
          {products.data?.items.map((p) => (
            <option key={p.id} value={p.id}>
              {p.title}
            </option>
          ))}
        </select>
        <select aria-label="Time" value={days} onChange={(e) => setQuery({ days: e.currentTarget.value })}>
          {DAYS.map((d) => (
            <option key={d} value={d}>
              {d === 1 ? 'last day' : `last ${d} days`}
            </option>
          ))}
        </select>
      </header>
      {metrics.data ? <Figures m={metrics.data} /> : null}
      <FaultBox fault={trends.fault} retry={trends.reload} />
      {!t && trends.loading ? <Waiting /> : null}
      {t?.buckets.every((b) => b.total === 0) ? <Empty title="Nothing was inspected in this time" /> : null}
      {t?.buckets.some((b) => b.total > 0) ? (
        <>
          <section class="card">
            <h2>Verdicts per {t.bucket}</h2>
            <Verdicts t={t} />
          </section>
          <div class="halves">
            <section class="card">
              <h2>Rules that fire</h2>
              <Fires t={t} />
            </section>
            <section class="card">
              <h2>Drift against the normals</h2>
              <Drift t={t} />
            </section>
          </div>
        </>
      ) : null}
    </main>
  );
}

function Figures({ m }: { m: ProductMetrics }) {
  const judged = m.pass + m.review + m.reject;
  const tiles = [
    { name: 'inspected', value: m.inspections.toLocaleString() },
    { name: 'pass rate', value: judged > 0 ? percent(m.pass / judged) : '–' },
    { name: 'reviewed', value: m.reviewed.toLocaleString() },
    { name: 'false alarms found', value: m.falseAlarms.toLocaleString() },
    { name: 'misses found', value: m.missed.toLocaleString() },
  ];
  return (
    <dl class="tiles">
      {tiles.map((t) => (
        <div class="tile" key={t.name}>
          <dd>
            <b>{t.value}</b>
          </dd>
          <dt>{t.name}</dt>
        </div>
      ))}
    </dl>
  );
}

const CHART = { width: 1000, height: 180, foot: 22, left: 34, gap: 0.22 } as const;
const STACK = ['pass', 'review', 'reject', 'failed'] as const;

const LENGTH_MS = { hour: 3_600_000, day: 86_400_000 } as const;
/** Fewer places than this would be a bar or two with an axis. */
const LEAST_PLACES = 7;

/** Hours or days up to the newest with verdicts, those without any too, so that a gap is seen as one. */
function placesOf(t: Found): { at: string; bucket: Found['buckets'][number] | null }[] {
  const length = LENGTH_MS[t.bucket];
  const last = Math.max(...t.buckets.map((b) => Date.parse(b.at)));
  // Rounded: days around a change of the clocks are an hour longer or shorter.
  const back = new Map(t.buckets.map((b) => [Math.round((last - Date.parse(b.at)) / length), b]));
  const count = Math.max(LEAST_PLACES, Math.max(...back.keys()) + 1);
  return Array.from({ length: count }, (_, i) => {
    const bucket = back.get(count - 1 - i) ?? null;
    return { at: bucket?.at ?? new Date(last - (count - 1 - i) * length).toISOString(), bucket };
  });
}

/** Stacked bars per bucket; the pass rate is in the tooltip and for readers that cannot see them. */
function Verdicts({ t }: { t: Found }) {
  const places = placesOf(t);
  const most = Math.max(...t.buckets.map((b) => b.total), 1);
  const step = (CHART.width - CHART.left) / places.length;
  const y = (n: number): number => CHART.height * (1 - n / most);
  const name = (iso: string): string => (t.bucket === 'hour' ? hour : day).format(new Date(iso));
  const every = Math.ceil(places.length / 12);
  const total = t.buckets.reduce((n, b) => n + b.total, 0);
  const passed = t.buckets.reduce((n, b) => n + b.pass, 0);
  return (
    <figure>
      <svg
        class="chart"
        viewBox={`0 -8 ${CHART.width} ${CHART.height + CHART.foot + 8}`}
        role="img"
        aria-label={`${plural(total, 'part')}, ${percent(passed / total)} passed`}
      >
        <path class="grid" d={`M${CHART.left} ${y(most)}H${CHART.width}M${CHART.left} ${y(most / 2)}H${CHART.width}`} />
        <text x={CHART.left - 6} y={y(most) + 4} text-anchor="end">
          {most}
        </text>
        <path class="base" d={`M${CHART.left} ${CHART.height}H${CHART.width}`} />
        {places.map(({ at: time, bucket: b }, i) => {
          const x = CHART.left + i * step + (step * CHART.gap) / 2;
          const width = Math.min(60, step * (1 - CHART.gap));
          let below = 0;
          return (
            <g key={time}>
              {b ? <title>{`${name(time)}: ${STACK.map((k) => `${b[k]} ${k}`).join(', ')}`}</title> : null}
              {STACK.map((k) => {
                if (!b) return null;
                const from = below;
                below += b[k];
                return b[k] === 0 ? null : (
                  <rect key={k} class={k} x={x} width={width} y={y(below)} height={y(from) - y(below)} />
                );
              })}
              {i % every === 0 ? (
                <text x={x + width / 2} y={CHART.height + 16} text-anchor="middle">
                  {name(time)}
                </text>
              ) : null}
            </g>
          );
        })}
      </svg>
      <figcaption class="keys-line small">
        {STACK.map((k) => (
          <span key={k}>
            <i class={`key ${k}`} /> {k}
          </span>
        ))}
      </figcaption>
    </figure>
  );
}

function Fires({ t }: { t: Found }) {
  const fired = t.rules.filter((r) => r.fired > 0);
  if (fired.length === 0) return <p class="faint">No rule fired among the newest {t.window} parts.</p>;
  const most = Math.max(...fired.map((r) => r.share));
  return (
    <>
      <p class="faint small">Among the newest {plural(t.window, 'part')}.</p>
      <ul class="bars">
        {fired.map((r) => (
          <li key={r.rule}>
            <a href={to(['queue'], { product: t.product, rule: r.rule, review: 'any' })}>{r.rule}</a>
            <span class="track">
              <span
                class={`fill ${r.severity === 'warn' ? 'review' : 'reject'}`}
                style={{ width: `${(100 * r.share) / most}%` }}
              />
            </span>
            <span class="n">
              {r.fired} <span class="faint">· {percent(r.share)}</span>
            </span>
          </li>
        ))}
      </ul>
    </>
  );
}

const SPARK = { width: 150, height: 34 } as const;
const SHOWN = 14;

function Drift({ t }: { t: Found }) {
  if (t.drift.length === 0) return <p class="faint">Nothing was measured that could drift.</p>;
  return (
    <>
      {t.affected.length > 0 ? (
        <p class="reason">Rules that drift by half a tolerance or more: {t.affected.join(', ')}.</p>
      ) : (
        <p class="faint small">No measurement moved by half a tolerance.</p>
      )}
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling table must be reached by keys. */}
      <section class="scroll" tabIndex={0} aria-label="Drift">
        <table>
          <thead>
            <tr>
              <th>Rule</th>
              <th>Median over time</th>
              <th class="n">Now</th>
              <th class="n">Normals</th>
              <th class="n">Shift</th>
            </tr>
          </thead>
          <tbody>
            {t.drift.slice(0, SHOWN).map((d) => (
              <tr key={`${d.rule} ${d.quantity}`} class={Math.abs(d.shift) >= 0.5 ? 'bad' : ''}>
                <td>
                  {d.rule}
                  <br />
                  <span class="faint">{d.quantity}</span>
                </td>
                <td>
                  <Spark d={d} />
                </td>
                <td class="n">{figure(d.median)}</td>
                <td class="n">{figure(d.centre)}</td>
                <td class="n">{`${d.shift > 0 ? '+' : ''}${d.shift.toFixed(2)}`}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </section>
      <p class="faint small">Shift in tolerance units: the border is at 1.</p>
    </>
  );
}

/** Medians as a line over the band that the normals allow. */
function Spark({ d }: { d: Found['drift'][number] }) {
  const values = d.series.map((s) => s.median);
  const marks = [...values, d.low, d.high].filter((v): v is number => v !== null);
  const [least, most] = [Math.min(...marks), Math.max(...marks)];
  const y = (v: number): number => 3 + (SPARK.height - 6) * (1 - (v - least) / (most - least || 1));
  const x = (i: number): number =>
    values.length < 2 ? SPARK.width / 2 : 4 + (i * (SPARK.width - 8)) / (values.length - 1);
  const top = d.high === null ? 0 : y(d.high);
  const bottom = d.low === null ? SPARK.height : y(d.low);
  return (
    <svg
      class="spark"
      viewBox={`0 0 ${SPARK.width} ${SPARK.height}`}
      role="img"
      aria-label={`${values.length} medians, the last ${figure(d.median)}`}
    >
      <rect class="band" width={SPARK.width} y={Math.min(top, bottom - 2)} height={Math.max(2, bottom - top)} />
      <path class="line" d={values.map((v, i) => `${i === 0 ? 'M' : 'L'}${x(i)} ${y(v)}`).join('')} />
      {values.length > 0 ? <circle cx={x(values.length - 1)} cy={y(values.at(-1)!)} r="3" /> : null}
    </svg>
  );
}
