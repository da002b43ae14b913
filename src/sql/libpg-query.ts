/**
 * libpg_query's WebAssembly, by its C interface. Importing this loads its code; the WebAssembly is compiled by
 * `loadModule`: parse.ts does so when it is time.
 *
 * The package's own `parseSync` does the same, and carries text in and out byte by byte.
 */
import instantiate from 'libpg-query/wasm/libpg-query.js';

/** What C has made, in the words of the package (`wasm/index.d.ts`). */
interface Instance {
  /** Replaced whenever the memory grows: never kept over a call. */
  readonly HEAPU8: Uint8Array;
  readonly HEAPU32: Uint32Array;
  _malloc(size: number): number;
  _free(address: number): void;
  _wasm_parse_query_raw(query: number): number;
  _wasm_free_parse_result(result: number): void;
}

/** As Postgres reports it. */
export class SqlError extends Error {
  /** In characters (code points), from 0. */
  readonly position: number;
  constructor(message: string, position: number) {
    super(message);
    this.position = position;
  }
}

let instance: Instance | undefined;

export async function loadModule(): Promise<void> {
  instance ??= (await instantiate()) as Instance;
}

/** Throws SqlError where Postgres can't parse the text, which must hold no NUL. */
export function parseSync(text: string): unknown {
  const wasm = instance!;
  const query = stringIn(wasm, text);
  let result = 0;
  try {
    // struct { char *parse_tree; char *stderr_buffer; PgQueryError *error; }
    result = wasm._wasm_parse_query_raw(query);
    const [tree, , error] = result === 0 ? [] : fieldsAt(wasm, result);
    if (error) throw errorAt(wasm, error);
    if (!tree) throw new Error('The parser ran out of memory');
    return JSON.parse(stringAt(wasm, tree));
  } finally {
    wasm._free(query);
    if (result !== 0) wasm._wasm_free_parse_result(result);
  }
}

// struct { char *message; char *funcname; char *filename; int lineno; int cursorpos; char *context; }
function errorAt(wasm: Instance, address: number): SqlError {
  const [message, , , , cursor] = fieldsAt(wasm, address);
  return new SqlError(message === 0 ? 'Unknown error' : stringAt(wasm, message!), Math.max(0, cursor! - 1));
}

/** Pointers and integers of a struct, as far as any of them reaches. */
const fieldsAt = ({ HEAPU32 }: Instance, address: number): readonly number[] => [
  ...HEAPU32.subarray(address >> 2, (address >> 2) + 5),
];

/** A C string of the text; the caller frees it. */
function stringIn(wasm: Instance, text: string): number {
  const length = Buffer.byteLength(text);
  const address = wasm._malloc(length + 1);
  bytesOf(wasm).write(text, address, length);
  wasm.HEAPU8[address + length] = 0;
  return address;
}

const stringAt = (wasm: Instance, address: number): string =>
  bytesOf(wasm).toString('utf8', address, wasm.HEAPU8.indexOf(0, address));

const bytesOf = ({ HEAPU8: { buffer } }: Instance): Buffer => Buffer.from(buffer);
