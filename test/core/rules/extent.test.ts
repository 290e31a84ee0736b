import { describe, expect, it } from 'vitest';
import { rankName } from '../../../src/core/rules/kinds/extent.ts';

describe('the name of a rank', () => {
  it('is an ordinal, and plain for the first', () => {
    const named = [1, 2, 3, 4, 11, 12, 13, 21, 22, 103, 112].map((n) => rankName(n).replace(' longest', ''));
    expect(named).toEqual(['longest', '2nd', '3rd', '4th', '11th', '12th', '13th', '21st', '22nd', '103rd', '112th']);
  });
});
