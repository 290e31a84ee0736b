/** The rule files of the repository, compiled as on a machine that has every kind of model. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { CompiledRules, CompileOptions } from '../../src/core/rules/index.ts';
import { compileRules } from '../../src/core/rules/index.ts';

export const EVERY_MODEL: CompileOptions = { models: ['dense', 'image-text', 'masks', 'text-recognition'] };

/** Text of `rules/<name>`. */
export const ruleText = (name: string): string =>
  readFileSync(fileURLToPath(new URL(`../../rules/${name}`, import.meta.url)), 'utf8');

export const ruleFile = (name: string, edit: (text: string) => string = (t) => t): CompiledRules =>
  compileRules(edit(ruleText(name)), `rules/${name}`, EVERY_MODEL);
