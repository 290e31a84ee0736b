/** The question of `llm probe`: a digit in a picture, to be answered in a shape that the question itself does not name. */
import { type Static, Type } from 'typebox';
import { Strict } from '../rules/schemaParts.ts';
import { replySchema } from './reply.ts';

const ProbeSchema = Strict({
  digit: Type.Integer({ minimum: 0, maximum: 9, description: 'the digit that is seen' }),
  sure: Type.Boolean(),
});
export const PROBE = replySchema<Static<typeof ProbeSchema>>('probe', ProbeSchema);

export const PROBE_QUESTION =
  'Which digit does this picture show? If you see no picture, say 0 and that you are not sure.';

/** A digit on white, as SVG. */
export function digitPicture(digit: number, side: number): string {
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${side}" height="${side}"><rect width="${side}" height="${side}" fill="#fff"/><text x="50%" y="72%" font-family="DejaVu Sans, Arial, sans-serif" font-size="${Math.round(side * 0.6)}" text-anchor="middle" fill="#123">${digit}</text></svg>`;
}
