/** The skeleton that `init` writes: a rule file that compiles as it stands, commented so that a person can fill it in. */

/** A product name as the rule language takes it, from any folder name. */
export function productName(folder: string): string {
  const name = folder
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^[^a-z]+|-+$/g, '');
  return name || 'product';
}

/**
 * Text of rules.yaml. `exemplar`: a file name of the normals, used in the examples; `schema`: where editors find the schema,
 * seen from the folder of the file.
 */
export function skeletonRules(product: string, exemplar: string, schema: string): string {
  const image = /^[\w.-]+$/.test(exemplar) ? exemplar : JSON.stringify(exemplar);
  return `# yaml-language-server: $schema=${schema}
# What a correct ${product} is. Written by logsad init; read docs/rules.md for the whole language.
# All coordinates are fractions of the image, x from the left and y from the top: read them off contact-sheet.png.
schema: logsad/rules/v1
product: ${product}
title: ${product}

# The size at which pictures are looked at: the long side in pixels, aspect kept.
frame: { fit: keep, long: 640 }

# What to look for. Draw each interest on one to four normal images: boxes [x0, y0, x1, y1] tight around whole things,
# points [x, y] on stuff (liquids, surfaces, the background). Every interest needs a place where it is not: draw the
# background too. Remove the leading "# " of what you need, and change the numbers.
interests: {}
# interests:
#   background: { role: background, form: stuff, exemplars: [{ image: ${image}, points: [[0.05, 0.05], [0.95, 0.05]] }] }
#   part:       { form: thing, exemplars: [{ image: ${image}, boxes: [[0.30, 0.40, 0.60, 0.60]] }] }

# What must hold. Tolerances are learnt from the normals unless a bound is stated: within: [low, high].
rules: []
# rules:
#   - { id: one-part, kind: count, of: part, equals: 1, because: Each product carries exactly one part. }
#   - { id: part-place, kind: position, of: part, because: The part sits in its place. }
`;
}
