/** What is refused before it reaches a database or a network. */
import { Type } from 'typebox';
import { expect, it } from 'vitest';
import { checker } from '../../server/http/validate.ts';
import { isPublic } from '../../server/jobs/deliver.ts';

it('a NUL in a text, wherever it stands', () => {
  const check = checker(Type.Object({ why: Type.Unknown() }), 'body');
  for (const why of ['a\0b', ['\0'], { '\0': 1 }])
    expect(() => check({ why }, 'body')).toThrow(expect.objectContaining({ code: 'REQUEST_INVALID' }));
  expect(check({ why: 'a\\u0000b' }, 'body')).toEqual({ why: 'a\\u0000b' });
});

it('an IPv4 address inside an IPv6 one of the old form', () => {
  expect(['::7f00:1', '::10.0.0.1', '::1'].map(isPublic)).toEqual([false, false, false]);
  expect(['2606:4700::1111', '1.1.1.1'].map(isPublic)).toEqual([true, true]);
});
