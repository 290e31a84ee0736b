/**
 * The part of onnx.proto (field numbers of ONNX 1.x, Apache-2.0 specification) that reading, building and pruning a
 * graph needs, as a descriptor for `protobufjs/light`. Fields not named here are dropped on reading; none of them
 * changes what a graph computes.
 */
import protobuf from 'protobufjs/light.js';

type Field = readonly [type: string, id: number, rule?: 'repeated', packed?: boolean];

const MESSAGES: Readonly<Record<string, Readonly<Record<string, Field>>>> = {
  Model: {
    irVersion: ['int64', 1],
    producerName: ['string', 2],
    graph: ['Graph', 7],
    opsetImport: ['OpsetId', 8, 'repeated'],
    functions: ['bytes', 25, 'repeated'],
  },
  OpsetId: { domain: ['string', 1], version: ['int64', 2] },
  Graph: {
    node: ['Node', 1, 'repeated'],
    name: ['string', 2],
    initializer: ['Tensor', 5, 'repeated'],
    input: ['ValueInfo', 11, 'repeated'],
    output: ['ValueInfo', 12, 'repeated'],
    sparseInitializer: ['bytes', 15, 'repeated'],
  },
  Node: {
    input: ['string', 1, 'repeated'],
    output: ['string', 2, 'repeated'],
    name: ['string', 3],
    opType: ['string', 4],
    attribute: ['Attribute', 5, 'repeated'],
    domain: ['string', 7],
  },
  Attribute: {
    name: ['string', 1],
    f: ['float', 2],
    i: ['int64', 3],
    s: ['bytes', 4],
    t: ['Tensor', 5],
    g: ['Graph', 6],
    floats: ['float', 7, 'repeated', false],
    ints: ['int64', 8, 'repeated', false],
    strings: ['bytes', 9, 'repeated'],
    tensors: ['Tensor', 10, 'repeated'],
    graphs: ['Graph', 11, 'repeated'],
    type: ['int32', 20],
  },
  Tensor: {
    dims: ['int64', 1, 'repeated', false],
    dataType: ['int32', 2],
    floatData: ['float', 4, 'repeated', true],
    int32Data: ['int32', 5, 'repeated', true],
    stringData: ['bytes', 6, 'repeated'],
    int64Data: ['int64', 7, 'repeated', true],
    name: ['string', 8],
    rawData: ['bytes', 9],
    doubleData: ['double', 10, 'repeated', true],
    uint64Data: ['uint64', 11, 'repeated', true],
    externalData: ['bytes', 13, 'repeated'],
    dataLocation: ['int32', 14],
  },
  ValueInfo: { name: ['string', 1], type: ['TypeInfo', 2] },
  TypeInfo: { tensorType: ['TensorType', 1] },
  TensorType: { elemType: ['int32', 1], shape: ['Shape', 2] },
  Shape: { dim: ['Dim', 1, 'repeated'] },
  Dim: { dimValue: ['int64', 1], dimParam: ['string', 2] },
};

function descriptor(): protobuf.INamespace {
  const nested: Record<string, protobuf.IType> = {};
  for (const [name, message] of Object.entries(MESSAGES)) {
    const fields: Record<string, protobuf.IField> = {};
    for (const [field, [type, id, rule, packed]] of Object.entries(message)) {
      fields[field] = { type, id, ...(rule ? { rule } : {}), ...(packed === undefined ? {} : { options: { packed } }) };
    }
    nested[name] = { fields };
  }
  return { nested };
}

/** The message type of a whole ONNX file. */
export const ModelMessage: protobuf.Type = protobuf.Root.fromJSON(descriptor()).lookupType('Model');

/** A 64-bit integer as protobufjs hands it out: a `Long` when read, a number when we wrote it. */
export type Int64 = number | { toNumber(): number };

export interface TensorMessage {
  readonly name?: string;
  readonly dims?: readonly Int64[];
  readonly dataType: number;
  readonly rawData?: Uint8Array;
  readonly floatData?: readonly number[];
  readonly int32Data?: readonly number[];
  readonly int64Data?: readonly Int64[];
  readonly externalData?: readonly Uint8Array[];
  readonly dataLocation?: number;
}

export interface AttributeMessage {
  readonly name: string;
  readonly type?: number;
  readonly f?: number;
  readonly i?: Int64;
  readonly s?: Uint8Array;
  readonly t?: TensorMessage;
  readonly g?: GraphMessage;
  readonly floats?: readonly number[];
  readonly ints?: readonly Int64[];
  readonly graphs?: readonly GraphMessage[];
}

export interface NodeMessage {
  readonly input: readonly string[];
  readonly output: readonly string[];
  readonly name?: string;
  readonly opType: string;
  readonly domain?: string;
  readonly attribute?: readonly AttributeMessage[];
}

export interface ValueInfoMessage {
  readonly name: string;
  readonly type?: {
    readonly tensorType?: {
      readonly elemType: number;
      readonly shape?: { readonly dim: readonly { readonly dimValue?: Int64; readonly dimParam?: string }[] };
    };
  };
}

export interface GraphMessage {
  readonly name?: string;
  readonly node: readonly NodeMessage[];
  readonly initializer: readonly TensorMessage[];
  readonly sparseInitializer?: readonly Uint8Array[];
  readonly input: readonly ValueInfoMessage[];
  readonly output: readonly ValueInfoMessage[];
}

export interface ModelMessageFields {
  readonly irVersion: Int64;
  readonly producerName?: string;
  readonly opsetImport: readonly { readonly domain?: string; readonly version: Int64 }[];
  readonly graph: GraphMessage;
  readonly functions?: readonly Uint8Array[];
}
