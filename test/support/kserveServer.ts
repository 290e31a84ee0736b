/**
 * A server of the KServe v2 protocol over HTTP with binary tensors, as small as a test needs: it serves the folders that
 * `logsad models export` writes, each run by the real onnxruntime in a child of ours. What it reads and writes is written
 * apart from the code under test, from the published protocol.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { readOnnx } from '../../src/adapters/backbones/onnx.ts';
import { createInference } from '../../src/adapters/inference/host.ts';
import type { Tensor } from '../../src/app/ports.ts';

const NAMES: Readonly<Record<number, string>> = { 1: 'FP32', 2: 'UINT8', 6: 'INT32', 7: 'INT64' };

export interface Served {
  readonly address: string;
  /** Calls of `infer`, the failed ones included. */
  readonly calls: () => number;
  /** Replaces answers: what it returns is sent instead of an answer; null lets the server answer. */
  misbehave(how: ((request: IncomingMessage, response: ServerResponse) => boolean) | null): void;
  /** Another graph under the name of a model, as a careless update would do. */
  swap(model: string, path: string): Promise<void>;
  /** Answers in JSON numbers, as servers without the binary extension do. */
  plain(on: boolean): void;
  close(): Promise<void>;
}

export async function serveRepository(folder: string): Promise<Served> {
  const host = await createInference({ threads: 1 });
  const graphs = new Map<string, string>();
  let loads = 0;
  const load = async (model: string, path: string): Promise<void> => {
    const id = `${model}#${loads++}`;
    await host.load(id, { path });
    graphs.set(model, id);
  };
  const pathOf = (model: string): string => join(folder, model, '1', 'model.onnx');
  const models = readdirSync(folder, { withFileTypes: true }).flatMap((e) => (e.isDirectory() ? [e.name] : []));
  for (const model of models) await load(model, pathOf(model));
  let [calls, plain] = [0, false];
  let fault: Parameters<Served['misbehave']>[0] = null;

  const metadata = (model: string) => {
    const { inputs, outputs } = readOnnx(readFileSync(pathOf(model)));
    const tensor = (v: (typeof inputs)[number]) => ({
      name: v.name,
      datatype: NAMES[v.type!.tensorType!.elemType!],
      shape: v.type!.tensorType!.shape!.dim.map((d) => Number(d.dimValue ?? -1) || -1),
    });
    return {
      name: model,
      versions: ['1'],
      platform: 'onnxruntime_onnx',
      inputs: inputs.map(tensor),
      outputs: outputs.map(tensor),
    };
  };

  const infer = async (model: string, body: Buffer, headLength: number, response: ServerResponse): Promise<void> => {
    const head = JSON.parse(body.subarray(0, headLength).toString()) as {
      inputs: { name: string; shape: number[]; datatype: string; parameters: { binary_data_size: number } }[];
      outputs: { name: string; parameters: { binary_data: boolean } }[];
    };
    let at = headLength;
    const feeds: Record<string, Tensor> = {};
    for (const i of head.inputs) {
      const own = new Uint8Array(body.subarray(at, at + i.parameters.binary_data_size));
      at += own.length;
      feeds[i.name] = { dims: i.shape, data: i.datatype === 'UINT8' ? own : new Float32Array(own.buffer) };
    }
    if (at !== body.length) throw new Error(`unexpected size: ${body.length} bytes, used ${at}`);
    const out = await host.run(
      [{ graph: graphs.get(model)!, feeds }],
      head.outputs.map((o) => [0, o.name] as const),
    );
    const bytes = out.map((t) => Buffer.from(t.data.buffer, t.data.byteOffset, t.data.byteLength));
    const answer = Buffer.from(
      JSON.stringify({
        model_name: model,
        outputs: head.outputs.map((o, i) => ({
          name: o.name,
          datatype: 'FP32',
          shape: out[i]!.dims,
          ...(plain
            ? { data: [...(out[i]!.data as Float32Array)] }
            : { parameters: { binary_data_size: bytes[i]!.length } }),
        })),
      }),
    );
    if (plain) response.end(answer);
    else
      response
        .setHeader('Inference-Header-Content-Length', answer.length)
        .setHeader('Content-Type', 'application/octet-stream')
        .end(Buffer.concat([answer, ...bytes]));
  };

  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const pieces: Buffer[] = [];
    for await (const piece of request) pieces.push(piece as Buffer);
    const [, model = '', , version, action] =
      /^\/v2\/models\/([^/]+)(\/versions\/([^/]+))?(\/infer)?$/.exec(request.url ?? '') ?? [];
    if (action) calls++;
    if (fault?.(request, response)) return;
    const refuse = (status: number, error: string): void => {
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify({ error }));
    };
    // As Triton words them.
    if (!graphs.has(model)) return refuse(400, `Request for unknown model: '${model}' is not found`);
    if (version !== undefined && version !== '1') return refuse(400, `'${model}' version ${version} is not found`);
    if (!action) return void response.end(JSON.stringify(metadata(model)));
    await infer(
      model,
      Buffer.concat(pieces),
      Number(request.headers['inference-header-content-length']),
      response,
    ).catch((error: Error) => refuse(500, error.message));
  };
  const server = createServer((request, response) => void answer(request, response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    address: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    calls: () => calls,
    misbehave(how) {
      fault = how;
    },
    swap: (model, path) => load(model, path),
    plain(on) {
      plain = on;
    },
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await host[Symbol.asyncDispose]();
    },
  };
}
