/** Codes of images. */
import { type ErrorEntry, entry, list } from './entry.ts';

export const IMAGE_ERRORS = {
  IMAGE_NOT_FOUND: entry({
    exit: 2,
    http: 404,
    when: 'An image path does not exist, cannot be opened, or is a directory.',
    message: (p) => `${list(p.image)}: expected an image file, found ${list(p.found)}`,
    fix: () => 'check the path and its permissions',
  }),
  IMAGE_EMPTY: entry({
    exit: 2,
    http: 422,
    when: 'An image file holds no bytes.',
    message: (p) => `${list(p.image)}: expected an image, found an empty file`,
    fix: () => 'copy or export the picture again; the transfer or the camera wrote nothing',
  }),
  IMAGE_NOT_AN_IMAGE: entry({
    exit: 2,
    http: 422,
    when: 'A file is no picture at all, whatever its name says.',
    message: (p) => `${list(p.image)}: expected ${list(p.expected)}, found ${list(p.found)}`,
    fix: () => 'leave the file out, or export the picture as PNG or JPEG (the content counts, not the name)',
  }),
  IMAGE_FORMAT: entry({
    exit: 2,
    http: 415,
    when: 'A picture is in a format that is not read.',
    message: (p) => `${list(p.image)}: expected ${list(p.expected)}, found ${list(p.found)}`,
    fix: () => 'convert it to PNG (no loss) or JPEG, for example `magick picture.bmp picture.png`',
  }),
  IMAGE_UNREADABLE: entry({
    exit: 2,
    http: 422,
    when: 'A picture is truncated or corrupt.',
    message: (p) => `${list(p.image)}: expected a complete ${list(p.format)} file, found damage: ${list(p.reason)}`,
    fix: () => 'copy or export the picture again; compare its size with the original',
  }),
  IMAGE_TOO_LARGE: entry({
    exit: 2,
    http: 413,
    when: 'A picture has more bytes or pixels than the limit; it is refused before it is decoded.',
    message: (p) => `${list(p.image)}: expected at most ${list(p.limit)}, found ${list(p.found)}`,
    fix: () => 'scale the picture down or cut out the product before it is inspected',
  }),
  IMAGE_TOO_SMALL: entry({
    exit: 2,
    http: 422,
    when: 'A side of a picture is shorter than the smallest one that can be inspected.',
    message: (p) => `${list(p.image)}: expected sides of at least ${list(p.limit)} px, found ${list(p.found)}`,
    fix: () => 'use the original picture, not its thumbnail',
  }),
  IMAGE_ANIMATED: entry({
    exit: 2,
    http: 422,
    when: 'A file holds several frames or pages; which one shows the product would be a guess.',
    message: (p) => `${list(p.image)}: expected one still picture, found ${list(p.found)}`,
    fix: () => 'export the one frame to be inspected as PNG or JPEG',
  }),
  IMAGE_BOX: entry({
    exit: 2,
    http: 422,
    when: 'A part of a picture was asked for that is empty or lies outside it.',
    message: (p) =>
      `${list(p.image)}: expected a box [x0, y0, x1, y1] in fractions 0..1 with x0 < x1 and y0 < y1, found [${list(p.found)}]`,
    fix: () => 'correct the box; fractions count from the top left corner after the EXIF turn',
  }),
} as const satisfies Record<string, ErrorEntry>;
