import { lintRules } from './core/rules/index.ts';
const head = 'schema: logsad/rules/v1\nproduct: p\n';
const N = 20000;
const big: Record<string,string> = {
 keys: head + Array.from({length:N},(_, i)=>`k${i}: 1`).join('\n'),
 interests: head + 'interests:\n' + Array.from({length:7000},(_, i)=>`  k${i}: { form: thing, colour: red }`).join('\n') + '\nrules:\n' + Array.from({length:500},(_, i)=>`  - { id: r${i}, kind: count, of: x${i}, equals: 1 }`).join('\n'),
 rules: head + 'interests:\n  a: {form: thing, colour: red}\nrules:\n' + Array.from({length:4500},(_, i)=>`  - { id: r${i}, kind: count, of: a, oneOf: [${i}, 10000] }`).join('\n'),
 list: head + 'states: [' + 'a, '.repeat(99000) + 'a]',
 quotes: head + 'title: "' + 'a'.repeat(290000) + '"',
 nl: '\n'.repeat(290000), colon: ': '.repeat(140000), dash: '- \n'.repeat(70000), amp: '&a '.repeat(70000), tags: '!a '.repeat(70000), hash: '#'.repeat(290000),
 comments: '# x\n'.repeat(70000), errs: '}\n'.repeat(70000), q: '? '.repeat(100), maps: head+'x: '+'{a: '.repeat(150)+'1'+'}'.repeat(150), points: head + 'interests:\n  a: {form: thing, exemplars: [{image: a, points: ['+'[2, 2], '.repeat(35000)+']}]}', indent: Array.from({length: 1000},(_, i)=>' '.repeat(i)+'a:').join('\n'), doc: '---\n'.repeat(70000), dir: '%A b\n'.repeat(50000), cr: '\r'.repeat(290000), anchors: head + Array.from({length:10000},(_, i)=>`a${i}: &x${i} 1`).join('\n'), aliases: head + 'a: &a 1\n' + Array.from({length:10000},(_, i)=>`b${i}: *a`).join('\n'),
};
for (const [k,t] of Object.entries(big)) { const s=performance.now(); const f=lintRules(t,'x'); console.log(k, t.length, (performance.now()-s).toFixed(0)+' ms', f.length, f[0]?.code, f[0]?.line, f[0]?.col); }
