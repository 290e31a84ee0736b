import { readFileSync, readdirSync, existsSync } from 'node:fs';
import { lintRules, printFault } from './core/rules/index.ts';
for (const d of readdirSync('rules')) { const f=`rules/${d}/rules.yaml`; if (existsSync(f)) { const x = lintRules(readFileSync(f,'utf8'), f); console.log(f, x.length); for (const y of x) console.log(printFault(y)); } }
