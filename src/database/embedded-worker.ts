/**
 * Postgres in WebAssembly, in a thread of its own: it can be ended when a statement does not come to an end, its
 * environment is empty, and SQL from a stranger's pull request reaches nothing outside it.
 */
import { readFile } from 'node:fs/promises';
import { pathToFileURL } from 'node:url';
import { parentPort, workerData } from 'node:worker_threads';
import { brotliDecompressSync, constants } from 'node:zlib';
import { PGlite, protocol } from '@electric-sql/pglite';
import type { Request, RequestResult, WorkerOutcome, WorkerStart } from './embedded-protocol.ts';
import { clockSlots } from './embedded-protocol.ts';
import { startParameters, writeExtensionFiles } from './platform/extension-files.ts';

const { serialize } = protocol;
const start = workerData as WorkerStart;
const clock = new Float64Array(start.clock);
const port = parentPort!;

const database = await open();
/**
 * Where the C stack of the instance ends. An SQL error leaves Postgres by an exception that does not take the stack back
 * (1.2 kB each): after some 7,000 it would have grown over the memory below it.
 */
const stackPointer = (database.Module as unknown as { readonly ___stack_pointer: WebAssembly.Global })
  .___stack_pointer;
port.postMessage({ id: 0, result: { version: await versionOf() } });
port.on('message', async (request: Request) => {
  try {
    const result = await answer(request);
    const transfer = result instanceof Uint8Array ? [result.buffer as ArrayBuffer] : [];
    port.postMessage({ id: request.id, result }, transfer);
  } catch (error) {
    // Not an SQL error (those are outcomes): the instance itself broke.
    port.postMessage({ id: request.id, crash: error instanceof Error ? error.message : String(error) });
  }
});

async function open(): Promise<PGlite> {
  const [files, state] = await Promise.all([readFile(start.files), stateOfData()]);
  const extensions = Object.fromEntries(
    start.extensions.map(({ name, path }) => [
      name,
      { name, setup: async () => ({ bundlePath: pathToFileURL(path) }) },
    ]),
  );
  const database = await PGlite.create({
    loadDataDir: new Blob([new Uint8Array(state)]),
    pgliteWasmModule: start.wasm,
    fsBundle: new Blob([new Uint8Array(files)]),
    username: start.user,
    database: 'postgres',
    relaxedDurability: true,
    extensions,
    startParams: [...startParameters],
  });
  writeExtensionFiles(database);
  return database;
}

async function stateOfData(): Promise<Uint8Array> {
  if (start.state.kind === 'tar') return start.state.bytes;
  const params = { [constants.BROTLI_DECODER_PARAM_LARGE_WINDOW]: 1 };
  return brotliDecompressSync(await readFile(start.state.path), { params });
}

async function versionOf(): Promise<string> {
  const outcome = await simpleQuery('show server_version');
  return (outcome.ok && outcome.rows[0]?.server_version) || 'unknown';
}

async function answer(request: Request): Promise<RequestResult> {
  switch (request.op) {
    case 'run': {
      const outcomes: WorkerOutcome[] = [];
      for (const [index, sql] of request.statements.entries()) {
        clock[clockSlots.index] = index;
        clock[clockSlots.startedAt] = Date.now();
        const outcome = await simpleQuery(sql);
        outcomes.push(outcome);
        if (!outcome.ok && request.stopOnError) break;
      }
      clock[clockSlots.startedAt] = 0;
      return outcomes;
    }
    case 'query': {
      clock[clockSlots.index] = 0;
      clock[clockSlots.startedAt] = Date.now();
      const outcome = await extendedQuery(request.sql, request.parameters);
      clock[clockSlots.startedAt] = 0;
      return [outcome];
    }
    case 'dump': {
      const dump = await database.dumpDataDir('none');
      return new Uint8Array(await dump.arrayBuffer());
    }
  }
}

function simpleQuery(sql: string): Promise<WorkerOutcome> {
  return exchange([serialize.query(sql)]);
}

/** Parse, bind, describe, execute, sync in one go; values go and come as text. */
function extendedQuery(sql: string, values: readonly (string | null)[]): Promise<WorkerOutcome> {
  return exchange([
    serialize.parse({ text: sql }),
    serialize.bind({ values: [...values] }),
    serialize.describe({ type: 'P' }),
    serialize.execute({}),
    serialize.sync(),
  ]);
}

async function exchange(messages: readonly Uint8Array[]): Promise<WorkerOutcome> {
  const began = performance.now();
  const stackBefore = stackPointer.value;
  const answer = await database.execProtocol(Buffer.concat(messages), {
    throwOnError: false,
    syncToFs: false,
  });
  stackPointer.value = stackBefore;
  const ms = performance.now() - began;
  // After a PANIC (functions that call each other without end) every statement "succeeds" without a word.
  if (answer.messages.length === 0) throw new Error('Postgres broke down and no longer answers');
  let names: string[] = [];
  let rows: Record<string, string | null>[] = [];
  let affected = 0;
  for (const message of answer.messages as unknown as readonly ProtocolMessage[]) {
    switch (message.name) {
      case 'error':
        // Beyond an ERROR the server goes down; here nothing goes, and everything after it is wrong.
        if (/^(PANIC|FATAL)$/.test(message.severity ?? '')) throw new Error(message.message);
        return { ok: false, error: errorFields(message), ms };
      case 'rowDescription':
        names = message.fields.map((field) => field.name);
        rows = [];
        break;
      case 'dataRow':
        rows.push(Object.fromEntries(names.map((name, i) => [name, message.fields[i] ?? null])));
        break;
      case 'commandComplete':
        affected = Number(/(\d+)$/.exec(message.text)?.[1] ?? 0);
        break;
    }
  }
  return { ok: true, rows, affected, ms };
}

type ProtocolMessage =
  | ({ readonly name: 'error' } & Record<string, string | undefined>)
  | { readonly name: 'rowDescription'; readonly fields: readonly { readonly name: string }[] }
  | { readonly name: 'dataRow'; readonly fields: readonly (string | null)[] }
  | { readonly name: 'commandComplete'; readonly text: string };

function errorFields(error: Record<string, string | undefined>) {
  const text = (value: string | undefined) => value ?? null;
  return {
    sqlstate: error.code ?? 'XX000',
    message: error.message ?? 'unknown error',
    detail: text(error.detail),
    hint: text(error.hint),
    position: error.position === undefined ? null : Number(error.position),
    where: text(error.where),
    schema: text(error.schema),
    table: text(error.table),
    column: text(error.column),
    dataType: text(error.dataType),
    constraint: text(error.constraint),
  };
}
