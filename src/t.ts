import { KINDS } from './core/rules/index.ts';
import { runExample } from './core/rules/examples.ts';
for (const k of KINDS) for (const e of k.examples) {
  try { const o = runExample(k.kind, e); const ok = (o.violations.length>0)===e.violated; console.log(ok?'ok ':'BAD', k.kind, '-', e.note, '->', o.unit.toFixed(3), o.violations.map(v=>v.message).join(' | ')|| o.measurements.map(m=>`${m.quantity}=${m.measured} [${m.expected.text}] ${m.skipped??''}`).join('; ')); } catch(err) { console.log('ERR', k.kind, e.note, (err as Error).message); }
}
