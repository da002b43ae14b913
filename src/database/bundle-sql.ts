/** The SQL of an extension that is nothing but SQL, out of the bundle the embedded engine loads. */
import { readFile } from 'node:fs/promises';
import { gunzipSync } from 'node:zlib';
import { assets } from './assets.ts';

/** The installation script with its schema put in; null where the bundle holds none, or one that needs a library. */
export async function bundledSql(extension: string, schema: string): Promise<string | null> {
  const tar = gunzipSync(await readFile(assets.extension(extension)));
  const script = new RegExp(`/${extension}--[\\d.]+\\.sql$`);
  for (const file of entries(tar)) {
    if (!script.test(file.name)) continue;
    const sql = file.content.toString('utf8').replaceAll('@extschema@', schema);
    return /MODULE_PATHNAME/.test(sql) ? null : sql.replace(/^\\.*$/gm, '');
  }
  return null;
}

/** ustar: a header of 512 bytes (name at 0, size in octal at 124), the content, filled up to 512. */
function* entries(tar: Buffer): Generator<{ readonly name: string; readonly content: Buffer }> {
  for (let at = 0; at + 512 <= tar.length && tar[at] !== 0; ) {
    const name = tar.toString('utf8', at, at + 100).replace(/\0.*$/s, '');
    const size = Number.parseInt(tar.toString('latin1', at + 124, at + 136), 8);
    yield { name, content: tar.subarray(at + 512, at + 512 + size) };
    at += 512 + Math.ceil(size / 512) * 512;
  }
}
