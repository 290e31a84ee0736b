import { describe, expect, it } from 'vitest';
import { streamInOrder } from '../../src/app/batch.ts';
import { type EvaluatedImage, readCauses, summarise } from '../../src/app/evaluation.ts';
import { drawShots } from '../../src/app/shots.ts';
import { evaluationToText } from '../../src/app/tables.ts';

const image = (name: string, unit: number, cause?: [kind: string, ...interests: string[]]): EvaluatedImage => ({
  image: name,
  folder: name.split('/')[0]!,
  unit,
  score: unit / (1 + unit),
  verdict: unit > 1 ? 'reject' : 'pass',
  p: null,
  detectors: { composition: unit, patch: 1 - unit },
  first: cause
    ? { rule: `${cause[0]}-rule`, kind: cause[0], interests: cause.slice(1), margin: unit, message: '' }
    : null,
});

const RECORDS: EvaluatedImage[] = [
  image('good/0.jpg', 0.2),
  image('good/1.jpg', 1.4, ['count', 'pin']),
  { image: 'good/2.jpg', folder: 'good', excluded: true },
  image('logical/0.jpg', 3, ['agreement', 'fruit', 'liquid']),
  image('logical/1.jpg', 2, ['position', 'tray', 'label']),
  image('logical/2.jpg', 0.5),
  { image: 'logical/3.jpg', folder: 'logical', error: { code: 'IMAGE_EMPTY', message: 'm', fix: 'f' } },
];

const listing = RECORDS.map((r) => ({ name: r.image, folder: r.folder }));
const groups = { text: 'file,defect_group\n0.jpg,wrong\n1.jpg,moved\n2.jpg,moved\n9.jpg,moved\n', file: 'g.csv' };
const causes = {
  text: 'defect_group,allowed_kind,allowed_interest\nwrong,agreement,liquid+fruit\nmoved,position,label\n',
  file: 'c.csv',
};

describe('summarise', () => {
  const e = summarise(RECORDS, readCauses(groups, causes, listing));

  it('counts scored images only', () => {
    expect(e.n).toEqual({ good: 2, logical: 3 });
    expect(e.images).toHaveLength(7);
  });

  it('ranks and counts alarms by the unit score', () => {
    expect(e.auroc).toEqual({ all: 5 / 6, logical: 5 / 6 });
    expect(e.falseAlarms).toMatchObject({ n: 1, of: 2, rate: 0.5 });
    expect(e.falseAlarms.ci![0]).toBeCloseTo(0.0126, 4);
    expect(e.detected).toEqual({ logical: { n: 2, of: 3, rate: 2 / 3 } });
    expect(e.detectors.patch!.auroc.all).toBeCloseTo(1 / 6, 12);
  });

  it('takes joined interests in either order, and any of several otherwise', () => {
    expect(e.causes).toEqual({ right: 2, of: 2 });
    expect(e.groups).toEqual({ wrong: { 'agreement-rule': 1 }, moved: { 'position-rule': 1, none: 1 } });
    expect(e.images.find((i) => i.image === 'logical/2.jpg')).toMatchObject({ group: 'moved', causeRight: false });
  });

  it('an agreement that names only one of the joined interests is no match', () => {
    const one = [image('good/0.jpg', 0), image('logical/0.jpg', 3, ['agreement', 'fruit'])];
    const only = { text: 'file,defect_group\n0.jpg,wrong\n', file: 'g.csv' };
    const list = one.map((r) => ({ name: r.image, folder: r.folder }));
    expect(summarise(one, readCauses(only, causes, list)).causes).toEqual({ right: 0, of: 1 });
  });

  it('has no figures where there is nothing to compare', () => {
    const none = summarise([image('good/0.jpg', 0)], null);
    expect([none.auroc.all, none.ap, none.f1max, none.causes]).toEqual([null, null, null, null]);
  });

  it('prints as tables', () => {
    const text = evaluationToText(e);
    expect(text).toContain('right first cause 2/2 of the detected');
    expect(text).toMatch(/^logical +3 +2\/3 +0 +0\.833$/m);
    expect(text).toContain('1 images gave exemplars and are not scored');
  });
});

describe('readCauses', () => {
  it('names files that the dataset lacks', () => {
    expect(readCauses(groups, causes, listing).unmatched).toEqual(['9.jpg']);
  });

  it.each([
    ['file,group\n0.jpg,a\n', 'g.csv:1:1: no column defect_group; found file, group'],
    ['', 'g.csv:1:1: the file is empty'],
    ['file,defect_group\n0.jpg\n', 'g.csv:2:1: 1 values, expected 2'],
    ['file,defect_group\n"0.jpg",other\n', 'g.csv:2:1: group "other" has no cause in c.csv'],
  ])('refuses %j', (text, message) => {
    expect(() => readCauses({ text, file: 'g.csv' }, causes, listing)).toThrow(message);
  });

  it('asks for the folder where a name stands in two', () => {
    const both = [...listing, { name: 'structural/0.jpg', folder: 'structural' }];
    expect(() => readCauses(groups, causes, both)).toThrow(
      '0.jpg may be logical/0.jpg and structural/0.jpg; write the folder too',
    );
  });
});

describe('streamInOrder', () => {
  it('keeps the order, the width, and lets the first fault through after the others have settled', async () => {
    let running = 0;
    let most = 0;
    const work = async (n: number): Promise<number> => {
      most = Math.max(most, ++running);
      await new Promise((r) => setTimeout(r, n % 2 ? 1 : 6));
      running--;
      if (n === 5) throw new Error('five');
      return n;
    };
    const seen: number[] = [];
    const all = (async () => {
      for await (const n of streamInOrder([0, 1, 2, 3, 4, 5, 6, 7], 2, work)) seen.push(n);
    })();
    await expect(all).rejects.toThrow('five');
    expect([seen, most, running]).toEqual([[0, 1, 2, 3, 4], 2, 0]);
  });
});

describe('drawShots', () => {
  const all = Array.from({ length: 20 }, (_, i) => ({ name: `${i}.jpg`, path: `${i}.jpg` }));
  const names = (shots: number | undefined, seed = 0): string[] =>
    drawShots(all, ['7.jpg', '3.jpg'], shots, seed).map((i) => i.name);

  it('takes exemplars first, then a seeded draw, in folder order', () => {
    expect(names(2)).toEqual(['3.jpg', '7.jpg']);
    expect(names(6)).toHaveLength(6);
    expect(names(6)).toEqual(names(6));
    expect(names(6, 1)).not.toEqual(names(6));
    expect(names(undefined)).toHaveLength(20);
    expect(names(99)).toHaveLength(20);
  });
});
