import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { Desk } from '../../../server/engine/desk.ts';
import { bareScene } from '../../../src/core/detect/regions.ts';
import type { Profile } from '../../../src/core/profile.ts';
import { compileRules, encodeProfile, images, LogsadError, type Scene } from '../../../src/index.ts';

const rules = (equals: number): string => `schema: logsad/rules/v1
product: p
interests:
  cap: { form: thing, colour: [red] }
detectors: [composition]
rules:
  - { id: one, kind: count, of: cap, equals: ${equals}, because: x }
`;

it('a diff reads the profile as inspect does, and one damaged is told', async () => {
  const frame = { imageWidth: 64, imageHeight: 64, box: [0, 0, 1, 1] as const, width: 64, height: 64 };
  const scene: Scene = bareScene('a', frame, 8);
  const { grounding } = compileRules(rules(0), 'rules.yaml').digests;
  const folder = await mkdtemp(join(tmpdir(), 'desk-'));
  const path = join(folder, 'p.profile');
  const ask = { kind: 'diff', from: rules(0), to: rules(1), profile: path, scenes: [JSON.stringify(scene)] } as const;
  const profileOf = (stamp: string): Profile => ({
    schema: 'logsad/profile/v1',
    stamp: { product: 'p', grounding: stamp, backbones: {}, set: 'embedded', seed: 0, engine: 'e' },
    sections: {},
    normals: [],
    calibration: [],
    relit: [],
    worst: [],
  });
  try {
    for (const stamp of [grounding, 'of other rules']) {
      await writeFile(path, encodeProfile(profileOf(stamp)));
      const { changed, changes } = await new Desk().answer(ask, () => undefined);
      expect(changed).toEqual({ one: 'edited' });
      expect(changes.map((c) => [c.before, c.after])).toEqual([['pass', 'reject']]);
    }
    await writeFile(path, 'no profile');
    await expect(new Desk().answer(ask, () => undefined)).rejects.toThrow(LogsadError);
  } finally {
    await rm(folder, { recursive: true });
  }
});

it('a small picture keeps its shape and is never larger than the one that was sent', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'desk-'));
  const image = join(folder, 'a.png');
  const sent = { data: new Uint8Array(120 * 80 * 3).fill(90), width: 120, height: 80, channels: 3 as const };
  try {
    await writeFile(image, await images.encodePng(sent));
    const sizeFor = async (long: number) => {
      const webp = await new Desk().answer({ kind: 'small', image, long }, () => undefined);
      const { native } = await images.decode(webp, 'small.webp');
      return native;
    };
    expect(await sizeFor(60)).toEqual({ width: 60, height: 40 });
    expect(await sizeFor(2048)).toEqual({ width: 120, height: 80 });
  } finally {
    await rm(folder, { recursive: true });
  }
});
